--- Answers as values, so that faults can spoil them before they are sent.
local cjson = require "cjson.safe"
local random = require "random"

local answers = {}

local JSON_TYPE = "application/json; charset=utf-8"
local PIECE = 65536                     -- a stream's pieces are gathered to so much before they are sent
local request_ids

---@class local_api.Answer
---@field status integer
---@field headers table<string, string>
---@field body string? absent when there is a producer
---@field producer? fun(write: fun(text: string): boolean)

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

--- A page of rows of JSON text, in the envelope of offset-paged lists, with its headers.
---@param rows string[]
---@param query {offset: integer, limit: integer, desc: boolean}
---@param total integer
---@param extra? string more members, each with a comma before it
---@return local_api.Answer
function answers.page(rows, query, total, extra)
  local body = ('{"data":{"total":%d,"offset":%d,"limit":%d,"desc":%s,"count":%d%s,"items":[%s]}}')
    :format(total, query.offset, query.limit, tostring(query.desc), #rows, extra or "", table.concat(rows, ","))
  return answers.json(200, body, answers.page_headers(query, total, #rows))
end

--- The headers that say where a page is in its list.
function answers.page_headers(query, total, count)
  return {
    ["X-Apify-Pagination-Total"] = total, ["X-Apify-Pagination-Offset"] = query.offset,
    ["X-Apify-Pagination-Limit"] = query.limit, ["X-Apify-Pagination-Count"] = count,
    ["X-Apify-Pagination-Desc"] = tostring(query.desc),
  }
end

--- An answer of another content type.
---@return local_api.Answer
function answers.other(status, content_type, body, headers)
  return new(status, content_type, body, headers)
end

--- The URL of a path on the server that was asked.
function answers.own_url(path)
  return ngx.var.scheme .. "://" .. (ngx.var.http_host or "127.0.0.1") .. path
end

--- 204 without a body.
---@return local_api.Answer
function answers.none()
  return new(204, nil, "")
end

--- An answer whose body is made while it is sent, so that it needs no memory. The producer gets write(text, is_urgent):
--- what is urgent is sent at once, the rest now and then; write returns false when nobody wants more.
---@param status integer
---@param content_type string
---@param producer fun(write: fun(text: string, is_urgent: boolean?): boolean)
---@param headers? table
---@return local_api.Answer
function answers.stream(status, content_type, producer, headers)
  local answer = new(status, content_type, nil, headers)
  answer.producer = producer
  return answer
end

--- The answer with its whole body as text: for those who mean to spoil it.
---@return local_api.Answer
function answers.whole(answer)
  if not answer.producer then return answer end
  local pieces = {}
  answer.producer(function(text)
    pieces[#pieces + 1] = text
    return true
  end)
  answer.body, answer.producer = table.concat(pieces), nil
  return answer
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
  local data = failure.data
  if type(data) == "table" then data = cjson.encode(data) end
  local body = ('{"error":{"type":%s,"message":%s%s}}'):format(quote(failure.type), quote(failure.message),
    data and ',"data":' .. data or "")
  return answers.json(failure.status, body, headers or failure.headers)
end

--- Put status and headers into the response; the body is the caller's.
function answers.begin(answer)
  ngx.status = answer.status
  for name, value in pairs(answer.headers) do ngx.header[name] = value end
end

-- Gathers small pieces; each call returns whether the client is still there.
local function writer()
  local pieces, size, is_open = {}, 0, true
  return function(text, is_urgent)
    pieces[#pieces + 1], size = text, size + #text
    if is_open and (is_urgent or size >= PIECE) then
      is_open = ngx.print(pieces) ~= nil and ngx.flush(true) ~= nil
      pieces, size = {}, 0
    end
    return is_open
  end
end

local function send_stream(answer)
  if ngx.req.get_method() == "HEAD" then return ngx.send_headers() end
  local write = writer()
  answer.producer(write)
  write("", true)
end

--- Send an answer.
function answers.send(answer)
  answers.begin(answer)
  if answer.producer then return send_stream(answer) end
  if answer.status ~= 204 then ngx.header["Content-Length"] = #answer.body end
  ngx.print(answer.body)
end

return answers
