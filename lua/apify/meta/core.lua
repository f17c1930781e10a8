---@meta apify.core
--- The types of the C module `apify.core`, for language servers; never loaded at run time.
--- Its functions return nil, a message and the name of a failure (see apify.ErrorKind) for what fails in operation, and raise for misuse.

local core = {}

---@type lightuserdata JSON's null
core.null = nil

---@type "linux"|"darwin"|"freebsd"|"unix"
core.platform = nil

---@type string
core.curl_version = nil

---@type string
core.zlib_version = nil

--- Seconds of a clock that only goes forward.
---@return number
function core.now() end

--- Seconds since 1970, with a fraction.
---@return number
function core.time() end

--- A number from 0 up to, not including, 1, from the system's source.
---@return number
function core.random() end

--- So many random bytes as hexadecimal digits.
---@param n integer 1 to 64
---@return string
function core.random_hex(n) end

---@param fd integer
---@return boolean
function core.is_terminal(fd) end

--- A token that only a transfer can read.
---@param token string printable ASCII
---@return apify.core.Secret
function core.secret(token) end

---@class apify.core.Secret : userdata

--- Mark a list, so that it is sent as one even when it is empty.
---@param t? table
---@return table
function core.array(t) end

---@param text string
---@param options? { nulls?: "omit"|"keep" }
---@return any value
---@return string? message
---@return string? name
---@return integer? offset
function core.decode(text, options) end

---@param value any
---@param options? { nulls?: "omit"|"keep", empty_arrays?: any[], array_mts?: table[], sort_keys?: boolean }
---@return string? text
---@return string? message
---@return string? name
function core.encode(value, options) end

--- A decoder remembers the shapes of the objects it met: keep it.
---@param options? { nulls?: "omit"|"keep", pick?: string[] }
---@return apify.core.Decoder
function core.decoder(options) end

---@class apify.core.Decoder : userdata
local Decoder = {}

---@param text string
---@return any value
---@return string? message
---@return string? name
---@return integer? offset
function Decoder:decode(text) end

--- A reader of the rows of a list from pieces of text.
---@param decoder apify.core.Decoder
---@param max_row? integer bytes
---@return apify.core.Rows
function core.rows(decoder, max_row) end

---@class apify.core.Rows : userdata
local Rows = {}

---@param bytes string
---@param first? integer a part of it alone
---@param last? integer
---@return true? ok
---@return string? message
---@return string? name
function Rows:feed(bytes, first, last) end

function Rows:finish() end

--- row | nil, "more" | nil, "end" | nil, message, name, offset
---@return any row
---@return string? state_or_message
---@return string? name
---@return integer? offset
function Rows:next() end

---@return table
function Rows:envelope() end

--- All transfers of a Lua state.
---@return apify.core.Multi?
---@return string? message
---@return string? name
function core.multi() end

---@class apify.core.Multi : userdata
local Multi = {}

---@class apify.core.TransferOptions
---@field url string
---@field method string
---@field body? string
---@field ca_file? string the only certificates to trust
---@field headers? string[] lines
---@field http1? boolean HTTP/1.1 only
---@field max_body_size? integer decoded bytes of a buffered body
---@field max_connections? integer to one host
---@field owner? any what `owner` gives back
---@field proxy? string "" for none
---@field secret? apify.core.Secret sent as a bearer token
---@field send_once? boolean never again over another connection
---@field stream? boolean the body is read while it comes
---@field user_agent? string

---@param options apify.core.TransferOptions
---@return apify.core.Transfer?
---@return string? message
---@return string? name
function Multi:submit(options) end

--- Wait at most `seconds`, less when something happens or a signal arrives; put the transfers with news into `list`.
---@param seconds number
---@param list apify.core.Transfer[]
---@return integer? count
---@return string? message
---@return string? name
function Multi:wait(seconds, list) end

--- A descriptor that is readable when `wait(0)` has work, or nil where the platform has none.
---@return integer?
function Multi:fd() end

---@return integer
function Multi:in_flight() end

--- Open, and made by this process?
---@return boolean
function Multi:is_usable() end

function Multi:close() end

---@class apify.core.Transfer : userdata
local Transfer = {}

---@return any
function Transfer:owner() end

---@return "queued"|"connecting"|"sent"|"head"|"done"
function Transfer:phase() end

--- May the server have seen it?
---@return boolean
function Transfer:was_sent() end

--- Bytes sent and received so far, and seconds since the last one came or the phase changed.
---@return integer moved
---@return number idle
function Transfer:progress() end

---@return integer? status nil while the headers are not there
function Transfer:status() end

---@param name string
---@return string?
function Transfer:header(name) end

---@return table<string, string> by lower-cased name
function Transfer:headers() end

--- Why it failed, and how many bytes of the body had come; nil while it has not.
---@return string? message
---@return string? name
---@return integer? received
function Transfer:failure() end

--- Shall new body bytes of a stream be news?
---@param data boolean
function Transfer:want(data) end

--- row | nil, "more" | nil, "end" | nil, message, name, offset
---@param decoder apify.core.Decoder
---@return any row
---@return string? state_or_message
---@return string? name
---@return integer? offset
function Transfer:row(decoder) end

--- The members around the rows, as far as they were met.
---@return table
function Transfer:envelope() end

--- The whole body as a value.
---@param decoder apify.core.Decoder
---@return any value
---@return string? message
---@return string? name
---@return integer? offset
function Transfer:value(decoder) end

--- The whole body as a string.
---@return string? text
---@return string? message
---@return string? name
---@return integer? offset
function Transfer:text() end

--- Did no byte of a body come?
---@return boolean
function Transfer:is_empty() end

---@return { bytes_wire: integer, bytes_decoded: integer, http_version: "1.0"|"1.1"|"2", is_reused: boolean, times: table<string, number> }
function Transfer:stats() end

---@return boolean
function Transfer:is_open() end

--- Stop and give everything back. Safe to call twice.
function Transfer:close() end

return core
