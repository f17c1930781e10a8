--- What a case needs that asks the local API. The server is started once for the file, or the block, that asks for it, and reset before each
--- case. When a case is over nothing may be under way: no transfer, no fiber.
---
---   local api = testbed.local_api { count = 3 }              -- at the top of the file, with what `reset` takes
---   local client
---   before_each(function() client = testbed.client(api, { max_retries = 1 }) end)
---
--- An after_each of the same level comes after the look at what is left, one of a block inside before it.
local busted = require "busted"
local program = require "spec.support.program"
local server = require "spec.local_api.server"

local testbed = {}

-- What is under way, in words, or nil. (A spec that runs programs alone has not loaded the module.)
local function left_over()
  local reactor, scheduler = package.loaded["apify.loop.reactor"], package.loaded["apify.loop.scheduler"]
  if not reactor then return nil end
  local transfers = reactor.in_flight()
  if transfers > 0 then return transfers .. " transfers are left" end
  return scheduler.has_waiting_tasks() and "fibers are left" or nil
end

--- Raise an error when something is under way. Iterators that were left in the middle are the collector's to end, which is asked only
--- then: after each of some thousand cases it would take longer than they do.
function testbed.check_nothing_left()
  if not left_over() then return end
  collectgarbage()
  collectgarbage()
  local what = left_over()
  if what then error(what, 0) end
end

--- A server for the cases of the file or block that is being read. Its fields are there once the first of them begins.
---@param reset? table|false for the reset before each case; false: none
---@param options? table of `server.start`
---@return local_api.Server api with what the last reset answered as `seeded`
function testbed.local_api(reset, options)
  local api = {}
  busted.setup(function() server.start(options, api) end)
  busted.teardown(function() api:stop() end)
  if reset ~= false then busted.before_each(function() api.seeded = api:admin("reset", reset) end) end
  busted.after_each(testbed.check_nothing_left)
  return api
end

--- A client of the server, with a token, that tries again soon.
---@param api local_api.Server
---@param options? table of `apify.new`; `url`: which of the server's addresses, if no `base_url` is given ("url")
---@return apify.Client
function testbed.client(api, options)
  options = options or {}
  local o = { base_url = api[options.url or "url"], ca_file = api.ca_file, token = "apify_api_test", min_delay_between_retries = 0.001 }
  for name, value in pairs(options) do
    if name ~= "url" then o[name] = value end
  end
  return require "apify".new(o)
end

--- A folder for the cases of the file or block that is being read, empty when each begins.
---@return string path
function testbed.folder()
  local path = program.shell("mktemp -d"):match "[^\n]+"
  busted.after_each(function() program.shell(("rm -rf %s; mkdir %s"):format(path, path)) end)
  busted.teardown(function() program.shell("rm -rf " .. path) end)
  return path
end

--- Three functions for the files of a folder, which must be there: the path of one by its name, writing it (which gives the path), reading it.
---@param folder string
---@return fun(name: string): string path
---@return fun(name: string, bytes: string): string write
---@return fun(name: string): string read
function testbed.files(folder)
  local function path(name) return folder .. "/" .. name end
  local function write(name, bytes)
    local file = assert(io.open(path(name), "wb"))
    assert(file:write(bytes))
    file:close()
    return path(name)
  end
  local function read(name)
    local file = assert(io.open(path(name), "rb"))
    local bytes = file:read "*a"
    file:close()
    return bytes
  end
  return path, write, read
end

return testbed
