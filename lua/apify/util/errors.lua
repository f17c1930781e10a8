--- What can go wrong: the error object of operations, and the raising of misuse at the caller's line.
local tables = require "apify.util.tables"

---@alias apify.ErrorKind
---| "api"        # the API answered with an error; see status and type
---| "timeout"    # the time allowed was over
---| "unfinished" # the run or the build was still going when `wait_secs` was over; see run, build
---| "connect"    # no connection was made: nothing was sent
---| "network"    # the connection failed after it was made
---| "tls"        # the server could not be trusted, or does not speak TLS
---| "decode"     # bytes that are not what they say they are
---| "too_large"  # a named maximum was reached
---| "redirect"   # too many redirects, or one that is refused
---| "io"         # a sink or a source failed
---| "cancelled"  # stopped by the program
---| "context"    # the host cannot wait here
---| "closed"     # used after close
---| "memory"

---@class apify.ErrorFields
---@field kind apify.ErrorKind
---@field message? string the reason, as it came; the kind's name when there is none
---@field status? integer HTTP status
---@field type? string the API's own name of the error, such as "record-not-found"
---@field data? any what the API added to the error
---@field method? string
---@field path? string path of the URL, without its query
---@field attempts? integer how often the request was tried
---@field retryable? boolean may the same call succeed later?
---@field sent? boolean may the server have acted?
---@field retry_after? number seconds the server asked to wait
---@field request_id? string
---@field run? apify.Run the run as last seen
---@field build? apify.Build the build as last seen
---@field partial? any what was finished before the failure
---@field value? any what the call would have returned, had a hook not raised
---@field pushed? integer items that are stored for certain
---@field in_doubt? integer[] of items the first and the last position that may be stored; of queue requests all such positions; of an
---iteration the first and the last row that may be wrong
---@field unprocessed? integer[] positions of queue requests that are certainly not stored
---@field cause? any what a function of the user's raised or said
---@field offset? integer where in the data it happened
---@field errno? integer the operating system's number

---@class apify.Error : apify.ErrorFields
---@field message string
---@field not_found? boolean true for status 404

local errors = {}

local MAX_MESSAGE = 500          -- bytes of a message in the text of an error; the field keeps all of it
local MAX_SHOWN = 60             -- bytes of a bad string in a message about it

local KINDS = {}
for _, kind in ipairs {
  "api", "timeout", "unfinished", "connect", "network", "tls", "decode", "too_large", "redirect", "io",
  "cancelled", "context", "closed", "memory",
} do KINDS[kind] = true end

--- Well-formed UTF-8 beyond ASCII, save for what acts on a terminal or a line rather than being seen:
--- C1 controls (C2 80-9F), line separators and text direction overrides (E2 80 A8-AE, E2 81 A6-A9).
local CHARACTERS = {
  "^\194[\160-\191]", "^[\195-\223][\128-\191]",
  "^\224[\160-\191][\128-\191]", "^\225[\128-\191][\128-\191]",
  "^\226\128[\128-\167\175-\191]", "^\226\129[\128-\165\170-\191]", "^\226[\130-\191][\128-\191]",
  "^[\227-\236\238\239][\128-\191][\128-\191]", "^\237[\128-\159][\128-\191]",
  "^\240[\144-\191][\128-\191][\128-\191]", "^[\241-\243][\128-\191][\128-\191][\128-\191]",
  "^\244[\128-\143][\128-\191][\128-\191]",
}

local function escape_byte(byte)
  return byte == "\n" and "\\n" or ("\\x%02X"):format(byte:byte())
end

--- The character that starts at `at`, as it is to be seen, and where the next one starts.
local function visible(s, at)
  local byte = s:byte(at)
  if byte >= 32 and byte < 127 then return s:sub(at, at), at + 1 end
  if byte >= 128 then
    for _, pattern in ipairs(CHARACTERS) do
      local _, last = s:find(pattern, at)
      if last then return s:sub(at, last), last + 1 end
    end
  end
  return escape_byte(s:sub(at, at)), at + 1
end

--- Make control characters and invalid bytes visible (`\n`, `\xNN`); other UTF-8 text stays as it is.
---@param s string
---@param max? integer cut the result to so many bytes, marked by `...`
---@return string
function errors.escape(s, max)
  max = max or math.huge
  if #s <= max and not s:find "[^ -~]" then return s end
  local parts, size, at = {}, 0, 1
  while at <= #s do
    local part, next_at = visible(s, at)
    if size + #part > max then
      parts[#parts + 1] = "..."
      break
    end
    parts[#parts + 1] = part
    size, at = size + #part, next_at
  end
  return table.concat(parts)
end

--- Is the value the module itself? So it is where `apify:spawn(fn)` was written.
---@param v any
---@return boolean
function errors.is_module(v)
  return v ~= nil and v == package.loaded.apify
end

--- A short display of a bad value, for a message about it.
---@param v any
---@return string
function errors.show(v)
  if errors.is_module(v) then return "apify itself, as a colon gives it: use a dot" end
  if errors.is(v) then return ("the error of another call (%s)"):format(tostring(v)) end
  local kind = type(v)
  if kind == "string" then return '"' .. errors.escape(v, MAX_SHOWN) .. '"' end
  if kind == "number" then return v == v and tostring(v) or "nan" end
  if kind == "nil" or kind == "boolean" then return tostring(v) end
  return "a " .. kind
end

--- What a function of the user's raised or said, in words.
---@param why any
---@return string
function errors.text(why)
  local is_shown, text = pcall(tostring, why)
  return is_shown and text or "a " .. type(why)
end

--- Seconds as people write them: what is left of a second that has just begun is one.
---@param secs number
---@return string
function errors.secs(secs)
  return ("%g s"):format(math.floor(secs * 1000 + 0.5) / 1000)
end

--- What is known of the reason: `404 record-not-found`, or the kind where the API did not speak.
local function reason(e)
  if e.kind ~= "api" or not e.status then return e.kind end
  return e.type and ("%d %s"):format(e.status, e.type) or ("%d"):format(e.status)
end

--- One readable line, such as `GET /v2/actor-runs/x: timeout: no answer within 5 s (3 attempts)`.
local function to_text(e)
  local parts = {}
  if e.method or e.path then
    parts[1] = (e.method or "") .. (e.method and e.path and " " or "") .. (e.path or "")
  end
  parts[#parts + 1] = reason(e)
  local text = errors.escape(table.concat(parts, ": "), MAX_MESSAGE)
  if e.message ~= e.kind then text = text .. ": " .. errors.escape(e.message, MAX_MESSAGE) end
  return e.attempts and ("%s (%d attempt%s)"):format(text, e.attempts, e.attempts == 1 and "" or "s") or text
end

--- There is no __concat on purpose: it crashes Lua 5.4.4.
local Error = { __name = "apify.Error", __tostring = to_text }

--- Make an error object. An unknown kind is a bug of the caller and is raised.
---@param fields apify.ErrorFields
---@return apify.Error
function errors.new(fields)
  if not KINDS[fields.kind] then
    error(("not a kind of error: %s"):format(errors.show(fields.kind)), 2)
  end
  local e = tables.merge(fields)
  e.message = tostring(e.message or e.kind)
  if e.status == 404 then e.not_found = true end
  return setmetatable(e, Error)
end

--- The kind of error that something is which a function of the user's raised. Lua itself raises this text when it has no memory.
---@param why any
---@return "io"|"memory"
function errors.kind_of_raised(why)
  return why == "not enough memory" and "memory" or "io"
end

--- The error object of what a function of the user's raised; an apify.Error stays as it is.
---@param who string such as "the log function"
---@param why any
---@param fields? table what else is known
---@return apify.Error
function errors.of_user(who, why, fields)
  if errors.is(why) then return why end
  local message = ("%s raised: %s"):format(who, errors.text(why))
  return errors.new(tables.merge({ kind = errors.kind_of_raised(why), message = message, cause = why }, fields))
end

--- Is this value an error object of this module?
---@param e any
---@return boolean
function errors.is(e)
  return getmetatable(e) == Error
end

--- Is this the name of a kind of error?
---@param name any
---@return boolean
function errors.is_kind(name)
  return KINDS[name] == true
end

--- The prefix of the sources of all files of this module: the folder above this one's.
local SOURCE = debug.getinfo(1, "S").source
local HOME = SOURCE:match "^(@.*[/\\])util[/\\]errors%.lua$" or SOURCE

local function is_ours(source)
  return source:sub(1, #HOME) == HOME
end

--- `file:line: ` of the innermost Lua function that is not of this module, or "".
local function caller_position()
  local level = 3
  local info = debug.getinfo(level, "Sl")
  while info do
    if info.currentline > 0 and not is_ours(info.source) then
      return ("%s:%d: "):format(info.short_src, info.currentline)
    end
    level = level + 1
    info = debug.getinfo(level, "Sl")
  end
  return ""
end

--- Raise a string about a wrong use of the module, at the line of the program that called it.
---@param fmt string as for string.format
---@param ... any
function errors.misuse(fmt, ...)
  error(caller_position() .. fmt:format(...), 0)
end

--- Complain about a method that was called with a dot.
---@param self any
---@param mt table the metatable of what has the method
---@param method string such as "iterator:next"
function errors.check_self(self, mt, method)
  if getmetatable(self) ~= mt then errors.misuse("%s is a method: call it with a colon", method) end
end

return errors
