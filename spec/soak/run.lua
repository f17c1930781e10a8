--- The module for a long time, with a tenth of all requests failing in one way or another: in plain Lua, in nginx and in Neovim. What the
--- process has (memory, descriptors, threads, transfers) must not grow.
---   lua5.4 spec/soak/run.lua [requests]     each host so many, 100000
local core = require "apify.core"
local nginx_server = require "spec.hosts.nginx_server"
local program = require "spec.support.program"
local server = require "spec.local_api.server"
local shell = require "spec.support.shell"

local REQUESTS = tonumber(arg[1]) or 100000
local PARALLEL = 8
local PARTS = 10                         -- requests of nginx's own
local SLACK_KB = 1024                    -- pages of the allocator that are not its own

local function fault(probability, action) return { match = { probability = probability, path = "^/v2/" }, action = action, may_miss = true } end

local FAULTS = {                         -- each by chance, all together a tenth
  fault(0.02, { status = { code = 500 } }), fault(0.01, { status = { code = 429, retry_after = 0 } }), fault(0.02, { cut = {} }),
  fault(0.01, { cut_head = {} }), fault(0.01, { close_before_answer = {} }), fault(0.01, { bad_json = {} }), fault(0.01, { half_gzip = {} }),
  fault(0.005, { wrong_length = {} }), fault(0.005, { flip = {} }),
}

-- How a program of the shell is run: with what goes through the mix, or nil and why that host is left out.
local HOSTS = {
  { name = "lua5.4", command = [[eval "$(sh spec/setup/env lua5.4)"; exec lua5.4 spec/soak/host.lua]] },
  { name = "luajit", command = [[eval "$(sh spec/setup/env luajit)"; exec luajit spec/soak/host.lua]] },
  { name = "Neovim", command = [[eval "$(sh spec/setup/env luajit)"; exec nvim --headless -u NONE -i NONE -c "luafile spec/soak/host.lua"]] },
  { name = "nginx" },
}

local function run_program(host, api, to)
  local env = ("SOAK_URL=%s SOAK_REQUESTS=%d SOAK_PARALLEL=%d SOAK_TO=%s"):format(api.url, REQUESTS, PARALLEL, to)
  local output, complaints, code = program.shell(("(export %s; unset LUA_PATH LUA_CPATH; %s)"):format(env, host.command))
  if code ~= 0 then error(host.name .. ": " .. output .. complaints) end
  return shell.read_file(to)
end

local LOCATION = [[
  server {
    listen unix:@DIR@/soak;
    location /soak {
      lua_socket_log_errors off;
      content_by_lua_block {
        ngx.say(require("spec.soak.mix").report { url = os.getenv "API_URL", requests = tonumber(ngx.var.arg_requests),
          parallel = tonumber(ngx.var.arg_parallel) })
      }
    }
  }]]

-- Put what another request told behind what the ones before it did.
local function add(all, told)
  local last = all.samples[#all.samples]
  for _, sample in ipairs(told.samples) do
    sample.requests = sample.requests + (last and last.requests or 0)
    table.insert(all.samples, sample)
  end
  for how, count in pairs(told.outcomes) do all.outcomes[how] = (all.outcomes[how] or 0) + count end
  all.secs = all.secs + told.secs
end

-- In requests of nginx's own, one after the other: what one of them has of nginx's memory for each of its threads, it has until it ends.
local function run_nginx(_, api)
  local nginx, all = nginx_server.start(api.url, { servers = LOCATION }), { samples = {}, outcomes = {}, secs = 0 }
  local url = ("'http://host/soak?requests=%d&parallel=%d'"):format(math.ceil(REQUESTS / PARTS), PARALLEL)
  for _ = 1, PARTS do
    local output = program.shell(("curl -sS --max-time 7200 --unix-socket %s/soak %s"):format(nginx.dir, url))
    if not output:find "^{" then error("nginx: " .. output .. shell.read_file(nginx.dir .. "/error.log")) end
    add(all, core.decode(output))
  end
  nginx:stop()
  return core.encode(all)
end

-- What grew between the first third and the end: words, or nil.
local function growth(samples)
  local early, last = samples[math.ceil(#samples / 3)], samples[#samples]
  local grown = {}
  local function look(name, slack)
    if last[name] > early[name] + slack then grown[#grown + 1] = ("%s from %d to %d"):format(name, early[name], last[name]) end
  end
  look("rss_kb", SLACK_KB + early.rss_kb / 20)
  look("lua_kb", 256)
  look("descriptors", 8)                                   -- connections that are kept
  look("threads", 0)
  return #grown > 0 and table.concat(grown, ", ") or nil
end

local function words_of(outcomes)
  local words = {}
  for how, count in pairs(outcomes) do words[#words + 1] = how .. " " .. count end
  table.sort(words)
  return table.concat(words, ", ")
end

local failed = false
print(("%-8s %9s %7s %20s %12s %12s %8s"):format("host", "requests", "secs", "RSS MB early, end", "Lua MB", "descriptors", "threads"))
for _, host in ipairs(HOSTS) do
  local api = server.start()
  api:admin("reset", { count = 1000 })
  api:faults((unpack or table.unpack)(FAULTS))
  local to = os.tmpname()
  local told = core.decode((host.command and run_program or run_nginx)(host, api, to))
  os.remove(to)
  api:stop()
  local early, last = told.samples[math.ceil(#told.samples / 3)], told.samples[#told.samples]
  print(("%-8s %9d %7.0f %9.1f, %9.1f %5.1f, %5.1f %5d, %5d %3d, %3d"):format(host.name, last.requests, told.secs, early.rss_kb / 1024,
    last.rss_kb / 1024, early.lua_kb / 1024, last.lua_kb / 1024, early.descriptors, last.descriptors, early.threads, last.threads))
  print("         " .. words_of(told.outcomes))
  local grown = growth(told.samples)
  if told.outcomes["in flight"] > 0 then grown = (grown and grown .. ", " or "") .. "transfers are left" end
  if grown then
    failed = true
    print("         grew: " .. grown)
  end
end
os.exit(failed and 1 or 0)
