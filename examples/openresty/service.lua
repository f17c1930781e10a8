--- The example service: the runs of an Actor as one JSON list that is written as it is read, and waiting for a run.
--- Nothing here knows that nginx serves others meanwhile: each call parks the request that makes it, and no other.
local apify = require "apify"
local cjson = require "cjson"

local ROWS_A_PIECE = 50                  -- that are sent at once; all that is kept of the list is a piece and the pages in flight
local REQUEST_TIMEOUT = 30               -- seconds for one answer of the API, repeated attempts included
local WAIT_SECS, MAX_WAIT_SECS = 60, 3600

-- One for all requests of a worker: they share its connections. Made when nginx starts, where bad settings stop it.
local client = apify.new { max_retries = 4, nulls = "keep", request_timeout = REQUEST_TIMEOUT, user_agent_suffix = "example-service" }
local has_token = (os.getenv "APIFY_TOKEN" or "") ~= ""

-- What an error is called in HTTP, where it is not 502: the API, or the way to it, does not work.
local STATUS = { cancelled = 503, closed = 503, context = 500, memory = 503, timeout = 504 }

local service = {}

--- Answer with a value. Only before anything was sent.
local function answer(status, value)
  ngx.status = status
  ngx.say(cjson.encode(value))
end

--- Answer that the request itself is wrong.
local function refuse(status, kind, message)
  if status == 401 then ngx.header.www_authenticate = "Bearer" end
  answer(status, { error = { kind = kind, message = message } })
end

local function status_of(err)
  if err.kind ~= "api" then return STATUS[err.kind] or 502 end
  if err.status == 429 then return 503 end                       -- it is this service that the API found too busy
  return err.status < 500 and err.status or 502
end

--- Answer with an error of the module. Only before anything was sent.
local function fail(err)
  local status = status_of(err)
  ngx.log(status < 500 and ngx.INFO or ngx.ERR, tostring(err))
  if status == 503 then ngx.header.retry_after = math.ceil(err.retry_after or 5) end
  if status == 401 then ngx.header.www_authenticate = "Bearer" end
  answer(status, { error = { kind = err.kind, type = err.type, message = err.message } })
end

--- The client with the token of this request; nil when it has none that can be used, which has been answered.
local function client_of_request()
  local header = ngx.var.http_authorization
  if not header and has_token then return client end
  local token = header and header:match "^[Bb]earer +([\33-\126]+)$"
  if token then return client:with { token = token } end
  refuse(401, "token", "the header Authorization: Bearer TOKEN is needed")
end

local function number(text) return tonumber(text) or text end    -- what is no number is refused with its name

local function flag(text)
  if text == "1" or text == "true" then return true end
  if text == "0" or text == "false" then return false end
  return text
end

local function list(text)
  local names = {}
  for name in text:gmatch "[^,]+" do names[#names + 1] = name end
  return names
end

-- Options of a query: how they are read, and what the module calls them.
local RUNS_QUERY = { desc = { flag }, fields = { list, "pick" }, limit = { number }, status = { list } }
local WAIT_QUERY = { secs = { number, "wait_secs" } }

--- The options in the query; nil and a message.
local function read_query(rules)
  local options = {}
  for name, text in pairs(ngx.req.get_uri_args()) do
    local rule = rules[name]
    if not rule then return nil, "unknown option '" .. name .. "'" end
    if type(text) ~= "string" then return nil, "option '" .. name .. "' needs one value" end
    options[rule[2] or name] = rule[1](text)
  end
  return options
end

--- What `open(client, options)` returns; nil when the request is wrong, which has been answered. `open` sends nothing: it
--- raises a text where the module finds an option or an id wrong.
local function open_request(rules, open)
  if ngx.req.get_method() ~= "GET" then
    ngx.header.allow = "GET"
    return refuse(405, "method", "only GET")
  end
  local mine = client_of_request()
  if not mine then return end
  local options, why = read_query(rules)
  if not options then return refuse(400, "query", why) end
  local ok, opened = pcall(open, mine, options)
  if not ok then return refuse(400, "query", (tostring(opened):gsub("^[^ ]+:%d+: ", ""))) end
  return opened, options
end

--- Send a piece, and wait until the client has taken it. False: there is nobody who does.
local function send(piece)
  return ngx.print(piece) and ngx.flush(true)
end

--- Write the rows, the first of which is `row`. False: the client has left. nil and an error: the rest could not be had.
local function write_rows(it, row)
  local piece, count, err = { "[\n" }, 0, nil
  while row do
    count = count + 1
    piece[#piece + 1] = (count > 1 and ",\n" or "") .. cjson.encode(row)
    if count % ROWS_A_PIECE == 0 then
      if not send(piece) then return false end
      piece = {}
    end
    row, err = it:next()
  end
  if err then return nil, err end
  piece[#piece + 1] = count > 0 and "\n]\n" or "]\n"
  return send(piece) and true or false
end

--- GET /runs/ACTOR?status=A,B&limit=N&desc=1&fields=id,status: a list of runs. An error in the midst of it cuts the
--- connection, so that no client can take what it has for the whole.
---@param actor string
function service.runs(actor)
  local it = open_request(RUNS_QUERY, function(mine, options) return (mine:actor(actor):runs():iterate(options)) end)
  if not it then return end
  local row, err = it:next()
  if err then return fail(err) end
  local ok
  ok, err = write_rows(it, row)
  it:close()                                                     -- what is in flight is of no use any more
  if err then ngx.log(ngx.ERR, "list cut short: ", tostring(err)) end
  if not ok then return ngx.exit(ngx.ERROR) end
end

--- GET /wait/RUN?secs=60: the run, once it has ended; with 202 as it was last seen, if it still goes on then.
---@param id string
function service.wait(id)
  local handle, options = open_request(WAIT_QUERY, function(mine, options)
    options.wait_secs = options.wait_secs or WAIT_SECS
    local secs = options.wait_secs
    if type(secs) ~= "number" or not (secs >= 0 and secs <= MAX_WAIT_SECS) then
      error(("bad option 'secs': expected a number from 0 to %d"):format(MAX_WAIT_SECS), 0)
    end
    return mine:run(id)
  end)
  if not handle then return end
  local run, err = handle:wait_for_finish(options)
  if run then return answer(200, run) end
  if err.kind == "unfinished" and err.run then return answer(202, err.run) end
  return fail(err)
end

return service
