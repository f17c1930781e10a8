--- The core's transfers, driven by hand against a local API of the spec's own. A spec that uses them begins so:
--- setup(transfers.start), teardown(transfers.stop), before_each(transfers.reset), after_each(transfers.check).
local core = require "apify.core"
local server = require "spec.local_api.server"

local transfers = {
  patience = 60,            -- seconds until something hangs; no test waits for them
}

function transfers.start()
  transfers.server = server.start()
  transfers.multi = assert(core.multi())
end

function transfers.stop()
  transfers.multi:close()
  transfers.server:stop()
end

function transfers.reset()
  transfers.server:admin "reset"
end

--- Nothing is left in flight.
function transfers.check()
  collectgarbage()
  collectgarbage()
  assert(transfers.multi:in_flight() == 0, "a transfer is left in flight")
end

--- A new transfer; `path` instead of `url` is one of the local API.
function transfers.submit(o)
  o.method = o.method or "GET"
  o.url = o.url or transfers.server.url .. (o.path or "/v2/actor-runs")
  o.path = nil
  return assert(transfers.multi:submit(o))
end

--- Drive until `done()` is true.
function transfers.drive(done)
  local stop = core.now() + transfers.patience
  while not done() do
    assert(core.now() < stop, "it does not end")
    assert(transfers.multi:wait(0.02, {}))
  end
end

--- Drive until there is news: of which transfers.
function transfers.news()
  local news, stop = {}, core.now() + transfers.patience
  while #news == 0 do
    assert(core.now() < stop, "there is no news")
    assert(transfers.multi:wait(1, news))
  end
  return news
end

--- Drive the transfer to its end.
function transfers.finish(x)
  transfers.drive(function() return x:phase() == "done" end)
  return x
end

--- The local API gives this body. As text it leaves it as it is.
function transfers.answer(body, headers)
  transfers.server:faults { action = { status = { code = 200, body = body, headers = headers, content_type = "text/plain" } } }
end

--- All that `read()` gives until the end of a stream, or what it failed with; each call waits for one piece.
function transfers.read_all(x, read)
  local pieces, stop = {}, core.now() + transfers.patience
  x:want(true)
  while core.now() < stop do
    local piece, why, name, offset = read()
    if piece ~= nil then pieces[#pieces + 1] = piece
    elseif why == "more" then assert(transfers.multi:wait(1, {}))
    else return pieces, why, name, offset
    end
  end
  error "it does not end"
end

--- Have the collector begin its cycles early, so that finalizers run often: `pause` as Lua has it. The function that is returned undoes that.
---@param pause integer
---@return fun()
function transfers.hurry_collector(pause)
  local mode = not jit and collectgarbage "incremental"                -- busted has chosen another one, which knows no pause
  local before, speed = collectgarbage("setpause", pause), collectgarbage("setstepmul", 1000)
  return function()
    collectgarbage("setpause", before)
    collectgarbage("setstepmul", speed)
    if mode then collectgarbage(mode) end
  end
end

--- Call `fn` whenever garbage is collected, until it returns true.
function transfers.at_collections(fn)
  local function again()
    if fn() then return end
    if newproxy then getmetatable(newproxy(true)).__gc = again
    else setmetatable({}, { __gc = again }) end
  end
  again()
end

--- So many bytes of text, no two lines of which are the same.
function transfers.some_text(size)
  local lines = {}
  for i = 1, math.ceil(size / 20) do lines[i] = ("%012d a line\n"):format(i) end
  return table.concat(lines):sub(1, size)
end

return transfers
