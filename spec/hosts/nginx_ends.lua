-- luacheck: globals ngx
--- Scenes in which something ends, is left, or runs short. See nginx_scenes.lua.
local apify = require "apify"
local core = require "apify.core"

--- Add the scenes. `help` has what all scenes use.
return function(scenes, help)
  local client, url, say, kind_of, status_of = help.client, help.url, help.say, help.kind_of, help.status_of
  local numbers, exists, until_there, counter = help.numbers, help.exists, help.until_there, help.counter

  -- kB of memory that this worker has.
  local function memory()
    local file = assert(io.open "/proc/self/status")
    local kb = file:read "*a":match "VmRSS:%s*(%d+)"
    file:close()
    return tonumber(kb)
  end

  local function collect()
    collectgarbage()
    collectgarbage()
  end

  --- Fibers wait for a run without end.
  function scenes.waits(args)
    say(kind_of(apify.map({ 1, 2, 3 }, function() return client:run(args.endless):wait_for_finish() end)))
  end

  function scenes.collect()
    collect()
    say(client:stats().in_flight)
  end

  --- A fiber waits for a run without end, until the file is there: then it is cancelled.
  function scenes.cancel(args)
    local others, result, ended_at = counter(), nil, nil
    local fiber = apify.spawn(function()
      result = status_of(client:run(args.endless):wait_for_finish())
      ended_at = core.now()
    end)
    until_there(args.file)
    local before, cancelled_at = others.count, core.now()
    fiber:cancel()
    fiber:wait()
    say(result, ended_at - cancelled_at < 0.1 and "at once" or ended_at - cancelled_at)
    say("in flight", client:stats().in_flight)
    ngx.sleep(0.05)
    say("others", others.count > before and not others.fiber:is_done())
    others.fiber:cancel()
    say("later", status_of(client:run(args.id):get()))
  end

  --- A client is closed while others wait through it.
  function scenes.close(args)
    local own = apify.new { base_url = url, token = "apify_api_host", min_delay_between_retries = 30 }
    local waits = {
      apify.spawn(function() return own:run(args.endless):wait_for_finish() end),
      apify.spawn(function() return own:actor("someone~hangs"):runs():list() end),
      apify.spawn(function() return own:actor("someone~fails"):runs():list() end),
    }
    until_there(args.file)
    own:close()
    for i = 1, 3 do say(kind_of(waits[i]:wait(5))) end
    say(client:stats().in_flight, status_of(client:run(args.id):get()))
  end

  --- A light thread of the user's own is killed while it waits.
  function scenes.kill(args)
    local thread = ngx.thread.spawn(function() return client:run(args.endless):wait_for_finish() end)
    until_there(args.file)
    say("killed", ngx.thread.kill(thread))
    say(status_of(client:run(args.id):get()))
  end

  --- The handler ends the request while its fibers wait, or are about to hear that they are cancelled.
  function scenes.exit(args)
    local fibers = {}
    for i = 1, 3 do fibers[i] = apify.spawn(function() return client:run(args.endless):wait_for_finish() end) end
    until_there(args.file)
    for i = 1, args.cancel and 3 or 0 do fibers[i]:cancel() end
    say "left"
    ngx.exit(200)
  end

  --- Take one row of an iterator that has more pages under way, and leave it once they are.
  function scenes.leave_iterator(args)
    for run in client:runs():iterate { chunk_size = 2, prefetch = 4 } do        -- luacheck: ignore 512
      say(#run.id > 0)
      ngx.sleep(tonumber(args.secs) or 0)
      break
    end
  end

  --- Take one item of a stream, and leave it.
  function scenes.leave_items(args)
    for item in client:run(args.id):dataset():iterate_items() do        -- luacheck: ignore 512
      say(item.n)
      break
    end
  end

  --- Take one item of a stream, linger, and take the next.
  function scenes.pause_items(args)
    local it = client:run(args.id):dataset():iterate_items()
    say(it:next().n)
    ngx.flush(true)
    ngx.sleep(tonumber(args.secs))
    say(it:next().n)
    it:close()
  end

  --- Ask once the worker is about to end.
  function scenes.exiting(args)
    while not ngx.worker.exiting() do ngx.sleep(0.005) end
    say(status_of(client:run(args.id):get()))
  end

  --- A timer that is due after the worker's end makes a call, and leaves what it got in the file.
  function scenes.late_timer(args)
    assert(ngx.timer.at(60, function(premature)
      local file = assert(io.open(args.file, "w"))
      file:write(tostring(premature), " ", status_of(client:run(args.id):get()))
      file:close()
    end))
  end

  --- So many requests, 100 at a time, then a pause in which nothing is under way. How often the driver was called.
  function scenes.bursts(args)
    local calls, at = 0, ngx.timer.at
    ngx.timer.at = function(...)                                  -- luacheck: ignore
      calls = calls + 1
      return at(...)
    end
    local right = 0
    for i = 1, tonumber(args.n) / 100 do
      local runs = assert(apify.map(numbers(100), function() return client:run(args.id):get() end, { max_parallel = 20 }))
      for k = 1, 100 do right = right + (runs[k].id == args.id and 1 or 0) end
      if i % 4 == 0 then ngx.sleep(0.15) end                      -- longer than the driver stays without work
    end
    ngx.timer.at = at                                             -- luacheck: ignore
    collect()
    say(right, calls)
  end

  --- So many fibers one after the other, 10 at a time: by how many kB memory has grown over the second half.
  function scenes.many_fibers(args)
    local half = tonumber(args.n) / 2
    local function run_half()
      local done = 0
      local function each()
        assert(apify.sleep(0.001))
        done = done + 1
      end
      local i = 0
      assert(apify.map(function()
        i = i + 1
        return i <= half and i or nil
      end, each, { max_parallel = 10 }))
      collect()
      return done, memory()
    end
    local first_done, first = run_half()
    local second_done, second = run_half()
    say(first_done + second_done, second - first)
  end

  --- Have so many timers running, or waiting for their time, for so long.
  function scenes.timers(args)
    local secs = tonumber(args.secs)
    for _ = 1, tonumber(args.n) do
      if args.pending then assert(ngx.timer.at(secs, function() end))
      else assert(ngx.timer.at(0, function() ngx.sleep(secs) end))
      end
    end
    ngx.sleep(0.01)
    say "held"
  end

  --- Take all descriptors but a few, and ask.
  function scenes.few_descriptors(args)
    local files = {}
    repeat files[#files + 1] = io.open "/dev/null" until not exists "/dev/null"
    for _ = 1, tonumber(args.left) do assert(table.remove(files)):close() end
    local began = core.now()
    local run, err = client:run(args.id):get()
    local secs = core.now() - began
    for _, file in ipairs(files) do file:close() end
    say(run and run.status or tostring(err), secs < 1 or secs)
  end

  --- Block this worker as long as the file is there, and say so in it. Which one is it, and does it still get answers?
  function scenes.block(args)
    if args.file then
      local file = assert(io.open(args.file, "w"))
      file:write "blocked"
      file:close()
      while exists(args.file) do end                                    -- luacheck: ignore 542
    end
    say(ngx.worker.pid(), status_of(client:run(args.id):get()))
  end

  --- Fibers that keep the worker busy for so long: how many of them go on to their end. A call is under way meanwhile.
  function scenes.busy(args)
    local call = apify.spawn(function() return client:run(args.endless):wait_for_finish() end)
    local ends_at, fibers, whole = core.now() + tonumber(args.secs), {}, 0
    for i = 1, 60 do
      fibers[i] = apify.spawn(function()
        while core.now() < ends_at do
          assert(apify.sleep(0.05))
          local until_time = core.now() + 0.0015
          while core.now() < until_time do end                    -- luacheck: ignore 542
        end
        return true
      end)
    end
    for i = 1, 60 do whole = whole + (fibers[i]:wait() and 1 or 0) end
    call:cancel()
    say("whole", whole)
  end

  --- Errors leave fibers that nobody waits for.
  function scenes.crash()
    apify.spawn(function() error "the text of a crash" end)
    apify.spawn(function() return (assert(client:run("nothing"):get())) end)
    while client:stats().in_flight > 0 do ngx.sleep(0.005) end
    ngx.sleep(0.02)
    collect()
    say "said"
  end

  --- An error that nobody catches.
  function scenes.uncaught(args)
    local runs = client:actor("no-such-actor"):runs()
    if args.iterator then
      for run in runs:iterate() do say(run.id) end
    end
    error((select(2, client:run("nothing"):get())))
  end
end
