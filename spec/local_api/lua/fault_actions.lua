--- What a fault does to a request. `delay` and `jitter` come before the answer and go with any other action;
--- of the others a rule has at most one.
local bit = require "bit"

local answers = require "answers"
local errors = require "errors"
local gzip = require "gzip"
local options = require "options"
local random = require "random"
local raw = require "raw"
local router = require "router"

local fault_actions = {}

local FOREVER_SECS = 86400
local CHUNK = 65536
local MEGABYTE = 1048576
local NOT_JSON = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1>"
  .. "</center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
local LIST_BEGIN = '{"data":{"total":1,"offset":0,"limit":1000,"desc":false,"count":1,"items":[{"id":"HG7ML7M8z78YcAPEB","text":"'
local LIST_END = '"}]}}'

local INTERIM = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload; as=style\r\n\r\n"

-- Options of each action with their defaults.
local DEFAULTS = {
  bad_json = { body = false },
  big_string = { mb = options.required },
  close_before_answer = { act = false },
  cut = { after_bytes = false, chunked = false, identity = false, part = 0.5 },
  cut_head = { after_bytes = false, interim = false },
  cut_upload = { after_bytes = options.required, status = false },
  deep = { depth = options.required },
  drip = { bytes = 1000, secs = 0.01 },
  flip = { bit = 0, byte = 0.5 },
  gzip_bomb = { mb = options.required, whitespace = false },
  half_gzip = {},
  hang = {},
  not_json = { status = 200 },
  redirect = { code = 302, location = options.required },
  slow_headers = { bytes = 1, secs = 0.01 },
  status = { act = false, body = false, code = options.required, content_type = false, headers = {}, message = false,
    retry_after = false, type = false },
  wrong_length = { by = 10, keep_open = false },
}
local WAITS = { delay = true, jitter = true }

--- Check an action and complete its options in place. Raises a text that names what is wrong.
---@param action table
---@return string kind the action's name; "wait" for a mere delay
function fault_actions.check(action)
  local kind
  for name, args in pairs(action) do
    if DEFAULTS[name] then
      if kind then error(("a rule cannot have both '%s' and '%s'"):format(kind, name), 0) end
      kind = name
      action[name] = options.check(type(args) == "table" and args or {}, DEFAULTS[name], name)
    elseif not WAITS[name] then
      error(("unknown action '%s'"):format(tostring(name)), 0)
    end
  end
  if action.jitter then action.random = random.new(1) end
  return kind or "wait"
end

-- Never shorter than said: nginx sleeps from the time that it has looked at last.
local function sleep(secs)
  ngx.update_time()
  ngx.sleep(secs)
end

--- Hold the request back as the action says.
function fault_actions.wait(action)
  local secs = action.delay or 0
  if action.jitter then
    local min, max = action.jitter.min or action.jitter[1], action.jitter.max or action.jitter[2]
    secs = secs + min + (max - min) * action.random:fraction()
  end
  if secs > 0 then sleep(secs) end
end

local function accepts_gzip()
  return (ngx.var.http_accept_encoding or ""):find("gzip", 1, true) ~= nil
end

local function whole_answer(exchange)
  return answers.whole(router.answer(exchange.request))
end

-- The answer as it would go over the wire to this client.
local function wire_form(answer)
  if accepts_gzip() then
    answer.body, answer.headers["Content-Encoding"] = gzip.compress(answer.body), "gzip"
  end
  return answer
end

local function wire_answer(exchange)
  return wire_form(whole_answer(exchange))
end

local function note_status(exchange, answer)
  exchange.entry.sent_status = answer.status
end

-- Without a raw socket: what nginx lets through of a false length or of half a body.
local function send_framed(answer, length, body, is_cut)
  answers.begin(answer)
  ngx.header["Content-Length"] = length
  ngx.print(body)
  if is_cut then
    ngx.flush(true)
    raw.close()
  end
end

-- So many bytes of what the producer makes, before any compression; it is not asked for more.
local function cut_stream(answer, after_bytes)
  local left = after_bytes
  answers.begin(answer)
  answer.producer(function(text)
    ngx.print(text:sub(1, left))
    left = left - #text
    local is_open = ngx.flush(true) ~= nil
    if left <= 0 then raw.close() end
    return is_open
  end)
  return raw.close()
end

-- Complete headers, some bytes of the body, then the connection closes (in HTTP/2: the stream is reset).
local function cut(args, exchange)
  local answer = router.answer(exchange.request)
  note_status(exchange, answer)
  if answer.producer and args.after_bytes then return cut_stream(answer, args.after_bytes) end
  answer = answers.whole(answer)
  if not args.identity then answer = wire_form(answer) end
  local length = #answer.body
  local part = answer.body:sub(1, args.after_bytes or math.floor(length * args.part))
  if not raw.is_possible() then return send_framed(answer, length, part, true) end
  if args.chunked then
    return raw.send_and_close(raw.head(answer, "Transfer-Encoding: chunked") .. ("%x\r\n"):format(length) .. part)
  end
  return raw.send_and_close(raw.head(answer, "Content-Length: " .. length) .. part)
end

-- So many bytes of the head, or all of an interim one, then the connection closes politely.
local function cut_head(args, exchange)
  local answer = wire_answer(exchange)
  note_status(exchange, answer)
  if not raw.is_possible() then return raw.close() end
  local head = args.interim and INTERIM or raw.head(answer, "Content-Length: " .. #answer.body)
  return raw.send_and_close(head:sub(1, args.after_bytes or (args.interim and -1 or math.floor(#head / 2))))
end

-- The header names `by` bytes more or, negative, fewer than there are.
local function wrong_length(args, exchange)
  local answer = wire_answer(exchange)
  local length = math.max(0, #answer.body + args.by)
  note_status(exchange, answer)
  if not raw.is_possible() then return send_framed(answer, length, answer.body, false) end
  local bytes = raw.head(answer, "Content-Length: " .. length) .. answer.body
  if not args.keep_open then return raw.send_and_close(bytes) end
  raw.socket():send(bytes)
  ngx.sleep(FOREVER_SECS)
end

local function close_before_answer(args, exchange)
  if args.act then whole_answer(exchange) end
  exchange.entry.sent_status = 444
  return raw.close()
end

-- So many bytes of the request's body are taken, then the connection closes, inside an answer if there is a status. Not in
-- HTTP/2, nor when the journal has taken the body already: there nothing but the closing is left.
local function cut_upload(args, exchange)
  local socket = raw.is_possible() and not exchange.entry.body_bytes and ngx.req.socket(args.status ~= false)
  if socket then socket:receive(args.after_bytes) end
  exchange.entry.sent_status = args.status or 444
  if socket and args.status then
    socket:send(raw.head(answers.json(args.status, ""), "Content-Length: 100") .. "{")
    socket:receive(args.after_bytes)                     -- so that the answer is read before the connection is gone
  end
  return raw.close()
end

local function hang()
  ngx.sleep(FOREVER_SECS)
end

-- The body in pieces of some bytes, each sent at once; the client sees them before any compression ends.
local function drip(args, exchange)
  local answer = whole_answer(exchange)
  answers.begin(answer)
  ngx.header["Content-Length"] = #answer.body
  for first = 1, #answer.body, args.bytes do
    ngx.print(answer.body:sub(first, first + args.bytes - 1))
    if not ngx.flush(true) then return end
    sleep(args.secs)
  end
end

local function slow_headers(args, exchange)
  local answer = wire_answer(exchange)
  note_status(exchange, answer)
  if not raw.is_possible() then
    sleep(args.secs * #raw.head(answer, "") / args.bytes)
    return answers.send(answer)
  end
  local socket, head = raw.socket(), raw.head(answer, "Connection: close\r\nContent-Length: " .. #answer.body)
  for first = 1, #head, args.bytes do
    if not socket:send(head:sub(first, first + args.bytes - 1)) then return raw.close() end
    sleep(args.secs)
  end
  socket:send(answer.body)
  return raw.close()
end

local function bad_json(args, exchange)
  local answer = whole_answer(exchange)
  if args.body then answer.status, answer.body = 200, args.body
  else answer.body = answer.body:sub(1, math.floor(#answer.body * 0.6)) end
  answers.send(answer)
end

-- Proper framing around the first half of a gzip stream.
local function half_gzip(_, exchange)
  local answer = whole_answer(exchange)
  local stream = gzip.compress(answer.body)
  answer.headers["Content-Encoding"], answer.body = "gzip", stream:sub(1, math.floor(#stream / 2))
  answers.send(answer)
end

-- A whole gzip stream, well framed, of which one bit is another: of the byte at so much of its length, or at this place from its end.
local function flip(args, exchange)
  local answer = whole_answer(exchange)
  local stream = gzip.compress(answer.body)
  local at = args.byte < 0 and #stream + args.byte + 1 or math.min(#stream, math.floor(#stream * args.byte) + 1)
  local other = bit.bxor(stream:byte(at), 2 ^ args.bit)
  answer.headers["Content-Encoding"], answer.body = "gzip", stream:sub(1, at - 1) .. string.char(other) .. stream:sub(at + 1)
  answers.send(answer)
end

-- Megabytes of spaces in a string or, with `whitespace`, between two tokens.
local function gzip_bomb(args)
  local first = args.whitespace and '{"data":{"items":[' or LIST_BEGIN
  local answer = answers.json(200, gzip.bomb(first, args.mb, args.whitespace and "]}}" or LIST_END))
  answer.headers["Content-Encoding"] = "gzip"
  answers.send(answer)
end

local function big_string(args)
  answers.begin(answers.json(200, ""))
  ngx.print(LIST_BEGIN)
  local chunk = ("x"):rep(CHUNK)
  for _ = 1, args.mb * MEGABYTE / CHUNK do
    ngx.print(chunk)
    if not ngx.flush(true) then return end
  end
  ngx.print(LIST_END)
end

local function deep(args)
  answers.send(answers.json(200, '{"data":' .. ("["):rep(args.depth) .. ("]"):rep(args.depth) .. "}"))
end

local function not_json(args)
  answers.send(answers.other(args.status, "text/html", NOT_JSON))
end

-- {main}, {other}, {tls}, {h1_tls} in a location are this server's addresses, {path} is the path asked for.
local function redirect(args, exchange)
  local location = args.location:gsub("{([%w_]+)}", function(name)
    return name == "path" and exchange.entry.path or fault_actions.urls[name]
  end)
  answers.send(answers.other(args.code, "text/html", "", { Location = location }))
end

local function status_failure(args)
  local usual = errors.of_status(args.code)
  return { status = args.code, type = args.type or usual.type, message = args.message or usual.message }
end

local function status(args, exchange)
  if args.act then whole_answer(exchange) end
  local answer = answers.error(status_failure(args))
  if args.body then answer.body = args.body end
  if args.content_type then answer.headers["Content-Type"] = args.content_type end
  if args.retry_after then answer.headers["Retry-After"] = tostring(args.retry_after) end
  for name, value in pairs(args.headers) do answer.headers[name] = value end
  answers.send(answer)
end

fault_actions.spoilers = {
  bad_json = bad_json, big_string = big_string, close_before_answer = close_before_answer, cut = cut,
  cut_head = cut_head, cut_upload = cut_upload, deep = deep, drip = drip, flip = flip, gzip_bomb = gzip_bomb, half_gzip = half_gzip,
  hang = hang,
  not_json = not_json, redirect = redirect, slow_headers = slow_headers, status = status, wrong_length = wrong_length,
}

return fault_actions
