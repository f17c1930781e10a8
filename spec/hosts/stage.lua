--- What all hosts have in common: each `it` here plays a scene in the real program, and says what must come of it.
local assert = require "luassert"
local core = require "apify.core"
local program = require "spec.support.program"
local server = require "spec.local_api.server"
local ticks = require "spec.hosts.ticks"

local stage = {}

local MOST_LATE = 20                     -- milliseconds

--- Rules for the Actors of these names.
stage.HANGS = { match = { path = "someone~hangs" }, action = { hang = true } }
stage.FAILS = { match = { path = "someone~fails" }, action = { status = { code = 500 } } }
-- Where a program ends before its loop has run, its requests may not have left it.
local MAY_HANG = { match = stage.HANGS.match, action = stage.HANGS.action, may_miss = true }

---@class hosts.Stage
---@field s local_api.Server
---@field env table<string, string> what each scene gets
local Stage = {}
Stage.__index = Stage

--- A host for the specs. `command(env)`: the shell command that plays a scene in it.
---@param command fun(env: table<string, string>): string
---@return hosts.Stage
function stage.new(command)
  return setmetatable({ command = command }, Stage)
end

--- The lines that a text has.
---@param text string
---@return string[]
function stage.lines(text)
  local list = {}
  for line in text:gmatch "[^\r\n]+" do list[#list + 1] = line end
  return list
end

--- Start the local API.
function Stage:open() self.s = server.start() end

--- End the local API.
function Stage:close() self.s:stop() end

--- The local API anew, with so many runs.
---@param count? integer 25 when absent
function Stage:reset(count)
  local s = self.s
  local seeded = s:admin("reset", { count = count or 25 })
  s:admin("behaviour", { actor = "someone~slow", schedule = { { 0, "READY" }, { 0.5, "RUNNING" }, { 1, "SUCCEEDED" } } })
  local endless = s:admin("add_runs", { actor = "someone~else", schedule = { { 0, "RUNNING" } } }).ids[1]
  self.env = { API_URL = s.url, RUN_ID = seeded.last_id, ENDLESS_ID = endless }
end

--- Rules for the scene that follows.
function Stage:faults(...) self.s:faults(...) end

--- The shell command that plays a scene.
---@param scene string
---@param env? table<string, string>
---@return string
function Stage:command_of(scene, env)
  local all = { SCENE = scene }
  for name, value in pairs(self.env) do all[name] = value end
  for name, value in pairs(env or {}) do all[name] = value end
  return self.command(all)
end

--- Play a scene: its lines. It must succeed, and complain of nothing; `has_fibers`: but of fibers that are under way at its end.
---@param scene string
---@param env? table<string, string>
---@param has_fibers? boolean
---@return string[]
function Stage:play(scene, env, has_fibers)
  local output, complaints, code = program.shell("timeout 60 " .. self:command_of(scene, env))
  if has_fibers then complaints = complaints:gsub("^apify: the program has ended while %d+ fibers were under way[^\n]*\n$", "") end
  assert.same({ "", 0 }, { complaints, code }, output)
  return stage.lines(output)
end

-- The first line of a file, which is removed.
local function take_line(path)
  local file = assert(io.open(path))
  local line = file:read "*l"
  file:close()
  os.remove(path)
  return line
end

--- Play a scene while an idle copy of the host ticks beside it: the lines without the last, which tells how late the host's timer
--- was. It must not have been late by more than 20 ms, beyond what the machine is to blame for: the time for which the host was
--- ready and others had the processor, or what the idle copy was late at the same time.
---@param scene string
---@param env? table<string, string>
---@return string[]
function Stage:play_on_time(scene, env)
  local until_file, control_file = os.tmpname(), os.tmpname()
  local both = "timeout 60 %s >%s & control=$!; timeout 60 %s; code=$?; rm -f %s; wait $control; (exit $code)"
  local output, complaints, code = program.shell(both:format(
    self:command_of("idle", { UNTIL = until_file }), control_file, self:command_of(scene, env), until_file))
  local control = take_line(control_file)
  assert.same({ "", 0 }, { complaints, code }, output)
  local told = stage.lines(output)
  local late = table.remove(told)
  local worst = ticks.worst(ticks.read(late), ticks.read(control or "nothing"))
  if os.getenv "SHOW_LATENESS" then io.stderr:write(("%s: %.1f ms late\n"):format(scene, worst)) end
  assert.is_true(worst <= MOST_LATE, ("%.1f ms late; %s; its idle copy: %s"):format(worst, late, control))
  return told
end

--- The `it`s that hold in every host.
---@param it function busted's
---@param env? table<string, string> for all of them
function Stage:common(it, env)
  it("gets 50 answers of 500 ms at once, and its timer stays on time", function()
    self:faults { match = { path = "/actor%-runs/" }, action = { delay = 0.5 } }
    local told = self:play_on_time("fifty", env)
    local secs = tonumber(told[2]:match "^secs (%S+)$")
    assert.equal("right 50", told[1])
    assert.is_true(secs >= 0.5 and secs < 1.5, secs)
  end)

  it("pages through 10,000 runs, and its timer stays on time", function()
    self:reset(9999)
    assert.same({ "rows 10000 distinct 10000" }, self:play_on_time("pages", env))
  end)

  it("lets the loop go round while a fiber works on rows that are there", function()
    self:reset(3000)
    assert.same({ "rows 3000" }, self:play_on_time("slow_rows", env))
  end)

  it("waits for a run", function()
    assert.same({ "READY>RUNNING>SUCCEEDED ended SUCCEEDED" }, self:play("wait", env))
  end)

  it("cancels a wait at once, and the others go on", function()
    assert.same({ "cancelled at once", "in flight 0", "others true", "later SUCCEEDED" }, self:play("cancel", env))
  end)

  it("waits as long as a 429 says, while others go on", function()
    self:faults { match = { path = "/actor%-runs/", first = 1 }, action = { status = { code = 429, retry_after = 1 } } }
    assert.same({ "SUCCEEDED after a second", "others true", "retries 1 limited 1" }, self:play("retry", env))
  end)

  it("never yields into a generator of the user's", function()
    local values = "1SUCCEEDED 2SUCCEEDED 3SUCCEEDED"
    assert.same({ "outside " .. values, "inside " .. values, "in a fiber " .. values }, self:play("generator", env))
  end)

  it("reports an error object that leaves a fiber nobody waits for, once", function()
    local output, _, code = program.shell("{ timeout 60 " .. self:command_of("crash", env) .. "; } 2>&1")
    local report, others = output:gsub("later SUCCEEDED\n", "")          -- the report comes when the collector finds the fiber
    assert.same({ 1, 0 }, { others, code }, output)
    local rest, count = report:gsub("apify: error in a fiber that nobody waited for: ", "")
    assert.equal(1, count, report)
    assert.matches("404", rest)
  end)

  it("runs fibers in fibers", function()
    assert.same({ ("SUCCEEDED"):rep(8), ("SUCCEEDED"):rep(2) }, self:play("nested", env))
  end)

  it("ends the waits of a client that is closed", function()
    self:faults(stage.HANGS, stage.FAILS)
    assert.same({ "closed", "closed", "closed", "later SUCCEEDED" }, self:play("close", env))
  end)

  it("ends what is in flight for an iterator that is forgotten", function()
    self:faults { match = { query = "offset=[1-9]" }, action = { hang = true } }
    assert.same({ "before 2", "after 0", "later SUCCEEDED" }, self:play("collect", env))
  end)

  it("ends at once in the middle of its work, and at its end with work left", function()
    for scene, rule in pairs { exit = stage.HANGS, fall_off = MAY_HANG } do
      self:faults(rule)
      local told = self:play(scene, env, true)
      local secs = core.now() - tonumber(told[1]:match "^bye (%S+)$")
      assert.equal(1, #told, told[2])
      assert.is_true(secs < 1, secs)
    end
  end)

  it("waits outside of fibers too, which go on meanwhile", function()
    assert.same({ "page 3", "fibers 3", "fiber SUCCEEDED", "error api", "slept true" }, self:play("outside", env))
  end)
end

return stage
