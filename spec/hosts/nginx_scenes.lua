-- luacheck: globals ngx
--- What is played inside a real nginx: PREFIX/NAME?ARGUMENTS calls the scene of that name with the arguments.
--- Scenes wait for the spec by the existence of a file: it makes or removes them.
local apify = require "apify"
local core = require "apify.core"
local ticks = require "spec.hosts.ticks"

local scenes, entry = {}, {}

local OPTIONS = { base_url = os.getenv "API_URL", token = "apify_api_host", min_delay_between_retries = 0.01 }
local client = apify.new(OPTIONS)

local function say(...)
  local words = { ... }
  for i, word in ipairs(words) do words[i] = tostring(word) end
  ngx.say(table.concat(words, " "))
end

local function kind_of(value, err)
  return value == nil and apify.is_error(err) and err.kind or tostring(value)
end

local function status_of(run, err)
  return run and run.status or kind_of(run, err)
end

local function numbers(n)
  local list = {}
  for i = 1, n do list[i] = i end
  return list
end

local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

local function until_there(path)
  while not exists(path) do ngx.sleep(0.005) end
end

-- A fiber that counts how often it goes on, each 5 ms.
local function counter()
  local counted = { count = 0 }
  counted.fiber = apify.spawn(function()
    while apify.sleep(0.005) do counted.count = counted.count + 1 end
  end)
  return counted
end

--- Call the scene that the path names.
function entry.play()
  local name = ngx.var.uri:match "([%w_]+)$"
  assert(scenes[name], name)(ngx.req.get_uri_args())
  ngx.exit(200)
end

local noted = {}

--- Note what waits say in the running phase.
function entry.note()
  local run, err = client:run("anything"):get()
  local _, refusal = pcall(apify.spawn, function() return client:run("anything"):get() end)
  noted[ngx.get_phase()] = table.concat({
    status_of(run, err), kind_of(apify.map({ 1 }, function() return 1 end)), kind_of(apify.sleep(0.1)), err and err.message or "", tostring(refusal),
  }, "|")
  return noted[ngx.get_phase()]
end

--- Get the run with the id in the environment, and note how it went.
function entry.note_get()
  local client_here = apify.new(OPTIONS)
  noted[ngx.get_phase()] = status_of(client_here:run(os.getenv "RUN_ID"):get())
end

--- What was noted in that phase.
function scenes.noted(args) say(noted[args.phase]) end

--- Are all modules loaded?
function scenes.all_loaded() say(package.loaded["apify.resources.webhook"] ~= nil) end

function scenes.get(args) say(status_of(client:run(args.id):get())) end

function scenes.wait(args) say(status_of(client:run(args.id):wait_for_finish { wait_secs = tonumber(args.secs) })) end

function scenes.in_flight() say(client:stats().in_flight) end

--- Tick every 5 ms while the file is there; how late.
function scenes.tick(args)
  local watched = ticks.new()
  while exists(args.file) do
    ngx.sleep(0.005)
    watched:tick()
  end
  say(watched:tell())
end

--- So many fibers at once, each gets the run.
function scenes.fibers(args)
  local n, right, began = tonumber(args.n), 0, core.now()
  local runs = assert(apify.map(numbers(n), function() return client:run(args.id):get() end))
  for i = 1, n do right = right + (runs[i].id == args.id and 1 or 0) end
  say("right", right, "secs", core.now() - began)
end

--- So many calls, some at a time: calls a second, and the median and the 99th percentile of what each took, in milliseconds.
function scenes.calls(args)
  local secs, began = {}, core.now()
  assert(apify.map(numbers(tonumber(args.n)), function(i)
    local begun_at = core.now()
    local run, err = client:run(args.id):get()
    secs[i] = core.now() - begun_at
    return run, err
  end, { max_parallel = tonumber(args.parallel) }))
  local rate = #secs / (core.now() - began)
  table.sort(secs)
  say(("%.1f %.2f %.2f"):format(rate, secs[math.ceil(#secs * 0.5)] * 1000, secs[math.ceil(#secs * 0.99)] * 1000))
end

-- Seconds until the server has answered.
local function ask(host, port, path)
  local began, socket = core.now(), ngx.socket.tcp()
  assert(socket:connect(host, port))
  assert(socket:send(("GET %s HTTP/1.0\r\nHost: host\r\n\r\n"):format(path)))
  assert(assert(socket:receive "*a"):find "^HTTP/1.1 200 ")
  socket:close()
  return core.now() - began
end

--- Send 400 requests to a server, one each millisecond, without the module: their median and their largest but four, in milliseconds.
function scenes.load(args)
  local host, port = args.to:match "^([^u].*):(%d+)$"
  local threads, secs = {}, {}
  for i = 1, 400 do
    threads[i] = ngx.thread.spawn(function()
      ngx.sleep(i / 1000)
      secs[i] = ask(host or args.to, tonumber(port), args.path)
    end)
  end
  for i = 1, 400 do assert(ngx.thread.wait(threads[i])) end
  table.sort(secs)
  say(("%.1f %.1f"):format(secs[200] * 1000, secs[396] * 1000))
end

function scenes.pages()
  local count, distinct, ids = 0, 0, {}
  for run in client:runs():iterate { chunk_size = 1000, prefetch = 4 } do
    count = count + 1
    distinct = distinct + (ids[run.id] and 0 or 1)
    ids[run.id] = true
  end
  say("rows", count, "distinct", distinct)
end

--- The first answer is a 429.
function scenes.retry(args)
  local others, began = counter(), core.now()
  local status, secs = status_of(client:run(args.id):get()), core.now() - began
  say(status, secs >= 1 and secs < 2.5 and "after a second" or secs)
  say("others", others.count >= 20 or others.count)
  others.fiber:cancel()
end

--- All items and lines of a run.
function scenes.streams(args)
  local items, lines = 0, 0
  for item in client:run(args.id):dataset():iterate_items() do items = items + (item.n == items and 1 or 0) end
  for line in client:run(args.id):log():lines() do lines = lines + (line:find "^line" and 1 or 0) end
  say("items", items, "lines", lines)
end

--- Fibers whose functions wait by nginx's own means.
function scenes.own_means(args)
  local host, port = OPTIONS.base_url:match "//([^:/]+):(%d+)"
  local results = assert(apify.all {
    function()
      ngx.sleep(0.02)
      return status_of(client:run(args.id):get())
    end,
    function()
      local socket = ngx.socket.tcp()
      assert(socket:connect(host, tonumber(port)))
      assert(socket:send "GET /v2/actor-runs?limit=1 HTTP/1.0\r\nHost: h\r\n\r\n")
      local line = assert(socket:receive "*l")
      socket:close()
      return line .. " " .. status_of(client:run(args.id):get())
    end,
  })
  say(results[1], results[2])
end

--- A generator of the user's own, in the handler and in a fiber.
function scenes.generator(args)
  local function generated()
    local list = {}
    for value in coroutine.wrap(function()
      for i = 1, 3 do coroutine.yield(i .. status_of(client:run(args.id):get())) end
    end) do list[#list + 1] = value end
    return table.concat(list, " ")
  end
  say("handler", generated())
  say("fiber", apify.spawn(generated):wait())
end

--- Light threads of the user's own.
function scenes.threads(args)
  local threads, list = {}, {}
  for i = 1, 3 do threads[i] = ngx.thread.spawn(function() return status_of(client:run(args.id):get()) end) end
  for i = 1, 3 do
    local ok, status = ngx.thread.wait(threads[i])
    list[i] = ok and status
  end
  say(table.concat(list, " "))
end

--- All items of a run, straight on to the client.
function scenes.proxy(args)
  assert(client:run(args.id):dataset():download_items("jsonl", function(piece)
    ngx.print(piece)
    return ngx.flush(true)
  end))
end

--- Subrequests that make calls.
function scenes.subrequests(args)
  local a, b = ngx.location.capture_multi { { "/play/get?id=" .. args.id }, { "/play/get?id=" .. args.id } }
  say(a.body:sub(1, -2), b.body:sub(1, -2))
end

--- Over TLS, from another client.
function scenes.tls(args)
  local own = apify.new { base_url = args.url, ca_file = args.ca_file, token = "apify_api_host" }
  say(status_of(own:run(args.id):get()))
end

--- Fibers in fibers.
function scenes.nested(args)
  local function branch(depth)
    if depth == 0 then return status_of(client:run(args.id):get()):sub(1, 1) end
    local results = assert(apify.map({ 1, 2 }, function() return branch(depth - 1) end))
    return results[1] .. results[2]
  end
  say(branch(1), apify.spawn(branch, 3):wait())
end

--- A call in a timer.
function scenes.timer(args)
  local status
  assert(ngx.timer.at(0, function() status = status_of(client:run(args.id):get()) end))
  while not status do ngx.sleep(0.005) end
  say(status)
end

--- A hook hears of each attempt, and must not wait.
function scenes.hook(args)
  local heard, kinds = 0, {}
  local own = client:with {
    on_attempt = function(attempt)
      heard = heard + 1
      kinds[heard] = attempt.status .. kind_of(client:run(args.id):get())
    end,
  }
  local results = assert(apify.map({ 1, 2 }, function() return own:run(args.id):get() end))
  say(#results, heard, kinds[1], kinds[2])
end

--- An error of each sort.
function scenes.errors()
  local _, err = client:run("nothing"):get()
  say(err.kind, err.status, err.not_found)
  say((select(2, pcall(function() client:runs():list { limit = 0 } end))))
end

require "spec.hosts.nginx_ends"(scenes, {
  client = client, url = OPTIONS.base_url, say = say, kind_of = kind_of, status_of = status_of,
  numbers = numbers, exists = exists, until_there = until_there, counter = counter,
})

return entry
