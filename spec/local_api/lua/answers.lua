--- Answers as values, so that faults can spoil them before they are sent.
local random = require "random"

local answers = {}

local JSON_TYPE = "application/json; charset=utf-8"
local request_ids

---@class local_api.Answer
---@field status integer
---@field headers table<string, string>
---@field body string

--- Made in the worker, so that servers differ.
function answers.init_worker()
  request_ids = random.new(ngx.worker.pid() * 65537 + ngx.now() * 1000)
end

local function new(status, content_type, body, headers)
  local all = { ["Content-Type"] = content_type, ["X-Apify-Request-Id"] = request_ids:id() }
  for name, value in pairs(headers or {}) do all[name] = tostring(value) end
  return { status = status, headers = all, body = body }
end

--- An answer of JSON text.
---@param status integer
---@param body string
---@param headers? table
---@return local_api.Answer
function answers.json(status, body, headers)
  return new(status, JSON_TYPE, body, headers)
end

--- 200 with `{"data": ...}` around JSON text.
---@return local_api.Answer
function answers.data(body)
  return answers.json(200, '{"data":' .. body .. "}")
end

--- An answer of another content type.
---@return local_api.Answer
function answers.other(status, content_type, body, headers)
  return new(status, content_type, body, headers)
end

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\" }

local function quote(text)
  return '"' .. text:gsub('["\\]', ESCAPES):gsub("%c", function(c) return ("\\u%04x"):format(c:byte()) end) .. '"'
end

--- The API's error answer.
---@param failure local_api.Failure
---@param headers? table
---@return local_api.Answer
function answers.error(failure, headers)
  local body = ('{"error":{"type":%s,"message":%s}}'):format(quote(failure.type), quote(failure.message))
  return answers.json(failure.status, body, headers or failure.headers)
end

--- Put status and headers into the response; the body is the caller's.
function answers.begin(answer)
  ngx.status = answer.status
  for name, value in pairs(answer.headers) do ngx.header[name] = value end
end

--- Send an answer whole.
function answers.send(answer)
  answers.begin(answer)
  ngx.header["Content-Length"] = #answer.body
  ngx.print(answer.body)
end

return answers
