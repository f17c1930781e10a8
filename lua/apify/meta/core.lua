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

--- Who decodes the gzip bodies that begin from now on. A name asks for that one, which is used if it is here.
---@param name? "isa-l"|"zlib"
---@return "isa-l"|"zlib"
function core.inflater(name) end

---@param fd integer
---@return boolean
function core.is_terminal(fd) end

--- The CRC-32 of what `crc` stands for (0: nothing) and the bytes behind it.
---@param crc integer
---@param bytes string
---@param first? integer a part of it alone
---@param last? integer
---@return integer
function core.crc32(crc, bytes, first, last) end

--- The SHA-256 digest of the bytes or, with a key, their HMAC-SHA256, in 64 hexadecimal digits.
---@param bytes string
---@param key? string
---@return string
function core.sha256(bytes, key) end

--- The body of a request, compressed while its pieces come.
---@return apify.core.Gzip
function core.gzip() end

---@class apify.core.Gzip : userdata
local Gzip = {}

--- Add pieces at the end. After a failure it is empty.
---@param ... string
---@return true? ok
---@return string? message
---@return string? name
function Gzip:add(...) end

--- All that was added, and these pieces behind it, as gzip where that is smaller and worth it. It is empty then, and may be used again.
---@param ... string
---@return string? body
---@return boolean|string is_compressed_or_message
---@return string? name
function Gzip:finish(...) end

--- Is all of it UTF-8, strictly?
---@param bytes string
---@return boolean
function core.is_utf8(bytes) end

--- Length of the longest prefix that does not end inside an unfinished character; bytes that are not UTF-8 count as complete.
---@param bytes string
---@return integer
function core.utf8_end(bytes) end

--- A file that is written beside `path` and renamed when it is committed. What is not a regular file is written directly.
---@param path string
---@return apify.core.File?
---@return string? message
---@return string? name
---@return integer? errno
function core.file(path) end

---@class apify.core.File : userdata
local File = {}

--- All bytes, or a failure.
---@param bytes string
---@return true? ok
---@return string? message
---@return string? name
---@return integer? errno
function File:write(bytes) end

--- Forget what was written; what was written directly cannot be forgotten.
---@return true? ok
---@return string? message
---@return string? name
---@return integer? errno
function File:rewind() end

--- All is written: the file takes its place. Nothing is left after a failure.
---@return true? ok
---@return string? message
---@return string? name
---@return integer? errno
function File:commit() end

--- What was written is gone, unless it was committed. Safe to call twice.
function File:discard() end

--- A token that only a transfer can read.
---@param token string printable ASCII
---@return apify.core.Secret
function core.secret(token) end

---@class apify.core.Secret : userdata
local Secret = {}

--- The text with *** wherever the token is in it: plain, percent-encoded, or with JSON's backslashes. One of less than 8 bytes is not looked for.
---@param text string
---@return string
function Secret:mask(text) end

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
--- `nulls`, `empty_arrays`: values, of any type, that are written as null or []; `array_mts`: metatables of arrays; `max_bytes`: 2^30 when absent.
---@param options? { nulls?: any[], empty_arrays?: any[], array_mts?: table[], sort_keys?: boolean, max_bytes?: integer }
---@return string? text
---@return string? message
---@return string? name
function core.encode(value, options) end

--- A decoder remembers the shapes of the objects it met: keep it. A raw one gives rows as their JSON text, and can do nothing else.
---@param options? { nulls?: "omit"|"keep", pick?: string[], raw?: boolean }
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
---@param max_gap? integer bytes between two rows
---@return apify.core.Rows
function core.rows(decoder, max_row, max_gap) end

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

--- Pass over the row that could not be decoded; false: it was no row that failed, or its end cannot be told or does not come, as `next`
--- says then.
---@return boolean? is_passed
---@return "more"? state
function Rows:skip() end

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
---@field max_connections? integer to one host; on https with `http1` as many again
---@field owner? any what `owner` gives back
---@field proxy? string "" for none
---@field raw? boolean the body of a success as it came, whatever it is compressed with
---@field secret? apify.core.Secret sent as a bearer token
---@field send_once? boolean never again over another connection
---@field stream? boolean the body is read while it comes
---@field upload? boolean the body is sent while it comes, by `write` and `finish`
---@field upload_size? integer bytes that it will have, if known
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
---@return boolean|string has_moved was there anything on a socket? Without a count: the message
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

return core
