---@meta
-- A transfer of the core: src/xfer_lua.c, src/xfer_info_lua.c.

---@class apify.core.Transfer : userdata
local Transfer = {}

---@return any
function Transfer:owner() end

---@return "queued"|"connecting"|"sent"|"head"|"done"
function Transfer:phase() end

--- May the server have seen it?
---@return boolean
function Transfer:was_sent() end

--- May the server have seen it twice? libcurl repeats by itself what it may, when a reused connection closes without an answer.
---@return boolean
function Transfer:was_resent() end

--- Bytes sent and received so far, seconds since the last one came or the phase changed, and bytes of the body that were sent.
---@return integer moved
---@return number idle
---@return integer uploaded
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

--- Pass over the row that `row` could not decode; false: it was no row that failed, or its end cannot be told or does not come, as `row`
--- says then.
---@return boolean? is_passed
---@return "more"? state
function Transfer:skip_row() end

--- Was the document around the rows read to its end, whatever becomes of the rest of the body?
---@return boolean
function Transfer:has_all_rows() end

--- What the checksum says of the body, so far; nil where there is none.
---@return "good"|"bad"|"open"|nil
function Transfer:proof() end

--- The next decoded bytes of a stream, never none: bytes | nil, "more" | nil, "end" | nil, message, name, offset
---@param max? integer 65536
---@return string? bytes
---@return string? state_or_message
---@return string? name
---@return integer? offset
function Transfer:read(max) end

--- The members around the rows, as far as they were met.
---@return table
function Transfer:envelope() end

--- Add bytes to the body of an upload. Once the answer is there they are dropped, and that is no failure.
---@param bytes string
---@return true? ok
---@return string? message
---@return string? name
function Transfer:write(bytes) end

--- No more bytes of the upload follow.
---@return true? ok
---@return string? message
---@return string? name
function Transfer:finish() end

--- Is the body of the upload not finished, under way, and less than 64 KiB of it waiting to be sent?
---@return boolean
function Transfer:wants_body() end

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

--- Is it over without a body? A compressed one has bytes even when it means none.
---@return boolean
function Transfer:is_empty() end

---@return { bytes_wire: integer, bytes_decoded: integer, http_version: "1.0"|"1.1"|"2", is_reused: boolean, times: table<string, number> }
function Transfer:stats() end

--- Bytes received, those of the body after decoding, and whether the connection was there already.
---@return integer wire
---@return integer decoded
---@return boolean is_reused
function Transfer:totals() end

---@return boolean
function Transfer:is_open() end

--- Was it begun by the parent, before a fork, so that nothing more comes of it here?
---@return boolean
function Transfer:is_foreign() end

--- End it now, if it is under way: its owner sees the connection fail.
function Transfer:abort() end

--- Stop and give everything back. Safe to call twice.
function Transfer:close() end
