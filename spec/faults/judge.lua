--- Plays a fault on a call and judges what comes of it.
---
--- Right is: the value, or every row once and in order (save for those that an error has called in doubt, which come again); or an error of
--- a kind that the fault may have, which says what was asked for and does not show the token, within the time allowed, behind which a list
--- goes on where it was. What may not be done twice is done at most once, and exactly once where the call says so. Afterwards nothing is in
--- flight, and the client is good for another call.
local apify = require "apify"
local core = require "apify.core"
local reactor = require "apify.loop.reactor"
local scene = require "spec.faults.scene"

local judge = {}

local ALLOWED_SECS = 4                                         -- of one call or step: its request_timeout, and what a busy machine adds
local MAX_ROWS = 20000                                         -- or pieces
local MAX_ERRORS = 4                                            -- the pages that are in flight may all have failed when the first error is told
local FOLLOW_SECS = 0.6                                         -- for what nothing but its deadline ends

local function problem(text, ...) error({ problem = text:format(...) }, 0) end

local function check(condition, text, ...)
  if not condition then problem(text, ...) end
  return condition
end

local function timed(call, ...)
  local started = core.now()
  local value, err = call(...)
  local secs = core.now() - started
  check(secs <= ALLOWED_SECS, "it took %.1f s", secs)
  return value, value == nil and err or nil                     -- beside a value there may be more
end

local function check_error(err, kinds)
  check(apify.is_error(err), "no error of the module: %s", tostring(err))
  local text = tostring(err)
  check(kinds[err.kind], "kind %s: %s", err.kind, text)
  check(#err.message > 0 and not text:find "%c", "not one line: %s", text)
  check(not text:find(scene.TOKEN, 1, true), "the token is shown")
  check(err.method and err.path, "does not say what was asked for: %s", text)
  check(text:find(err.path, 1, true), "its text does not name the path: %s", text)
end

--- Take the fault away; true if it happened at all.
local function heal(cell)
  if cell.is_healed then return cell.has_happened end
  cell.is_healed = true
  local stage = cell.stage
  if cell.fault.relay then cell.has_happened = stage.relay:set { upstream = stage:port_of(cell.fault.tls or "url") } > 0
  elseif cell.fault.action then cell.has_happened = pcall(stage.api.faults, stage.api)
  else cell.has_happened = true end
  return cell.has_happened
end

-- Where the client is sent, and its other options.
local function base(cell)
  local stage, fault = cell.stage, cell.fault
  if fault.base then return fault.base(stage) end
  if not fault.relay then return stage.api.url end
  return (fault.tls and "https" or "http") .. "://127.0.0.1:" .. stage.relay.port
end

local function spoil(cell)
  local stage, fault, call = cell.stage, cell.fault, cell.call
  local skip, count = call.skip or 0, cell.times == "once" and 1 or nil
  if fault.relay then
    local rule = { upstream = stage:port_of(fault.tls or "url"), skip = not fault.tls and skip or nil, count = count }
    for name, value in pairs(fault.relay) do rule[name] = value end
    rule.divert = rule.divert and stage[rule.divert]
    stage.relay:set(rule)
  elseif fault.action then
    stage.api:faults { match = { path = call.path, method = call.method, after = skip, first = count }, action = fault.action }
  end
end

-- Is there nothing to go on with, after an error?
local function is_over(cell)
  return cell.call.once or cell.fault.base or (cell.fault.silent and cell.call.follows)
end

-- Its rows, and the first error. An error is followed by the healing, and by the rest.
local function walk(cell, client)
  local call, rows, first_err, errors = cell.call, {}, nil, 0
  local it = call.open(client, cell.stage.world, cell.fault.silent and call.follows and FOLLOW_SECS or nil)
  cell.it = it
  while true do
    local row, err = timed(it.next, it)
    if row ~= nil then rows[#rows + 1] = call.of(row)
    elseif not err then break
    else
      check_error(err, cell.fault.always)
      first_err, errors = first_err or err, errors + 1
      for _ = err.in_doubt and err.in_doubt[1] or math.huge, #rows do table.remove(rows) end      -- they come again
      check(errors <= MAX_ERRORS, "it does not go on: %s", tostring(err))
      heal(cell)
      if is_over(cell) then break end
    end
    check(#rows < MAX_ROWS, "no end of rows")
  end
  it:close()
  return table.concat(rows, call.pieces and "" or "\n"), first_err
end

-- What was given, and the error. A list has both.
local function play(cell, client)
  if cell.call.open then return walk(cell, client) end
  local value, err = timed(cell.call.run, client, cell.stage.world)
  if value == nil then check_error(err, cell.fault.always) end
  if value ~= nil then value = cell.call.of(value) end
  return value, err
end

local function check_value(cell, value, err)
  local call, expected = cell.call, cell.stage.expected[cell.call.name]
  if call.open and err and is_over(cell) then
    return check(expected:sub(1, #value) == value, "rows that are not those before")
  end
  if call.open or not err then check(value == expected, "not what it is: %s", tostring(value):gsub("\n", " "):sub(1, 300)) end
end

local function check_done(cell, err, before)
  local call = cell.call
  if not call.done then return end
  local done = call.done(cell.stage.api, cell.stage.world)
  if call.reads then return check(err or done, "it says that it stored, and has not") end
  local times = done - before
  check(times <= call.once, "done %d times", times / call.once)
  check(err or times == call.once, "it says that it is done, and it is not")
  check(times == 0 or not err or err.sent, "the error says that nothing was sent")
end

-- May what happened once be made good?
local function is_made_good(cell)
  local fault, call = cell.fault, cell.call
  if fault.silent and (call.holds or call.follows) then return false end
  return cell.times == "once" and fault.once == "ok" and (not call.once or fault.refused) and not (call.method and fault.name:find "^redirect")
end

local function check_after(cell, client)
  if reactor.in_flight() > 0 then collectgarbage() end
  check(reactor.in_flight() == 0, "%d transfers are left", reactor.in_flight())
  if cell.fault.base then return end
  local run, err = client:run(cell.stage.world.run):get()
  check(run and run.id == cell.stage.world.run, "the client is of no use afterwards: %s", tostring(err or run.id))
end

local function play_and_check(cell)
  local stage, call = cell.stage, cell.call
  if call.done then stage:empty_storages() end
  local before = call.done and not call.reads and call.done(stage.api, stage.world)
  local url, more = base(cell)
  more = more or {}
  more.base_url = url
  more.on_attempt = function() cell.attempts = cell.attempts + 1 end
  local client = stage:client(more)
  spoil(cell)
  local value, err = play(cell, client)
  if not heal(cell) then return "-" end
  check_value(cell, value, err)
  check_done(cell, err, before or 0)
  if is_made_good(cell) and not (err and err.in_doubt) then check(not err, "what happened once is an error: %s", tostring(err)) end
  if cell.times == "always" and not cell.fault.always.ok and not call.open then check(err, "there is no error") end
  cell.attempts_made = cell.attempts
  check_after(cell, client)
  return err and err.kind or "ok"
end

--- Does the fault make sense of this call?
function judge.fits(fault, call)
  if fault.only then return fault.only[call.name] end
  if fault.but[call.name] then return false end
  if (fault.body and call.bodyless) or (fault.shape and call.opaque) then return false end
  return not fault.h2 or not (call.h1 or call.once)
end

--- The kind of error that came, "ok", or "-" where the fault could not happen; and what is wrong about it, or nil.
---@param stage spec.Scene
---@param fault table of `kinds`
---@param call table of `calls`
---@param times "once"|"always"
---@return string outcome
---@return string? problem
function judge.play(stage, fault, call, times)
  local cell = { stage = stage, fault = fault, call = call, times = times, attempts = 0 }
  local ok, outcome = xpcall(play_and_check, function(err)
    return type(err) == "table" and err.problem and err or { problem = debug.traceback(tostring(err)) }
  end, cell)
  if ok then return outcome end
  heal(cell)
  if cell.it then pcall(cell.it.close, cell.it) end
  return "BAD", outcome.problem
end

--- What the calls give when nothing is wrong.
function judge.learn(stage, calls)
  stage.expected = {}
  for _, call in ipairs(calls) do
    stage:empty_storages()
    local cell = { stage = stage, fault = { always = {} }, call = call, is_healed = true }
    local ok, value, err = pcall(play, cell, stage.world.good)
    assert(ok, type(value) == "table" and call.name .. ": " .. tostring(value.problem) or value)
    assert(not err, call.name .. ": " .. tostring(err))
    stage.expected[call.name] = value
  end
end

return judge
