--- The names that a user of the module can write, found in the module itself: each method of a handle of each kind, the options that
--- each call takes, the fields of what some of them return. Nothing is sent for it.
local public_names = {}

local options                            -- of the module as it is loaded below
local taken                              -- by "run:get" and the like: set of the options that were checked under that name

--- The module, loaded anew with an ear at each check of options.
local function load_module()
  for name in pairs(package.loaded) do
    if name:find "^apify" and name ~= "apify.core" then package.loaded[name] = nil end
  end
  options, taken = require "apify.util.options", {}
  local make = options.spec
  function options.spec(spec, required)
    local check = make(spec, required)
    return function(opts, where)
      local names = taken[where] or {}
      for name in pairs(spec) do names[name] = true end
      taken[where] = names
      return check(opts, where)
    end
  end
  return require "apify"
end

--- The method as it is written, inside of what sees to it that it is called with a colon.
local function written(fn)
  for i = 1, debug.getinfo(fn, "u").nups do
    local name, value = debug.getupvalue(fn, i)
    if name == "method" then return value end
  end
  return fn
end

--- What stands for the arguments before the options: the first of these that a call does not refuse before it looks at them.
local STAND_INS = { "csv", { id = "csv", eventTypes = { "TEST" } }, print, {}, "0.1" }

--- Call a function with a wrong option, so that it tells its options and does nothing else.
local function provoke(fn, self)
  local count = debug.getinfo(fn, "u").nparams
  if count == 0 or (self and count == 1) then return end
  for _, stand_in in ipairs(STAND_INS) do
    local args = { self }
    for i = #args + 1, count - 1 do args[i] = stand_in end
    args[count] = { ["no such option"] = true }
    local ok, why = pcall(fn, (table.unpack or unpack)(args, 1, count))
    if not ok and tostring(why):find("unknown option 'no such option'", 1, true) then return end
  end
end

--- A handle of each kind, under the name that the reference has for it.
local function handles(apify)
  local client = apify.new { token = false, base_url = "http://127.0.0.1:9", max_retries = 0 }
  local run = client:run "id"
  local list = {
    { "client", client }, { "actor", client:actor "id" }, { "task", client:task "id" }, { "run", run },
    { "build", client:build "id" }, { "builds", client:builds() }, { "runs", client:runs() }, { "runs", client:task("id"):runs() },
    { "actors", client:actors() }, { "tasks", client:tasks() }, { "datasets", client:datasets() },
    { "key_value_stores", client:key_value_stores() }, { "request_queues", client:request_queues() },
    { "user", client:user() }, { "schedules", client:schedules() }, { "schedule", client:schedule "id" }, { "store", client:store() },
    { "webhooks", client:webhooks() }, { "webhook", client:webhook "id" },
    { "webhook_dispatches", client:webhook_dispatches() }, { "webhook_dispatch", client:webhook_dispatch "id" },
    { "log", run:log() }, { "dataset", run:dataset() }, { "key_value_store", run:key_value_store() }, { "request_queue", run:request_queue() },
    { "versions", client:actor("id"):versions() }, { "version", client:actor("id"):version "0.1" },
    { "env_vars", client:actor("id"):version("0.1"):env_vars() }, { "env_var", client:actor("id"):version("0.1"):env_var "A" },
    { "iterator", (client:runs():iterate()) }, { "watch", (run:watch()) }, { "waits", (client:wait_each {}) },
    { "lines", (run:log():lines()) }, { "pieces", (run:log():stream()) }, { "fiber", apify.spawn(function() end) },
  }
  return list, client
end

---@class spec.PublicNames
---@field calls table<string, table<string, true>> "run:get" and "apify.map" -> its options
---@field functions table<string, function> the same names
---@field values table<string, true> "apify.null" and the like
---@field classes table<string, true> what `__name` says of each kind of handle
---@field stats table<string, any> what `client:stats` returns

---@return spec.PublicNames
function public_names.collect()
  local apify = load_module()
  local found = { calls = {}, functions = {}, values = {}, classes = {} }
  for name, value in pairs(apify) do
    if type(value) == "function" then
      provoke(value)
      found.calls["apify." .. name] = taken["apify." .. name] or taken[name] or {}
      found.functions["apify." .. name] = value
    else
      found.values["apify." .. name] = true
    end
  end
  local list, client = handles(apify)
  for _, entry in ipairs(list) do
    local noun, handle = entry[1], entry[2]
    local mt = getmetatable(handle)
    found.classes[mt.__name] = true
    for name, method in pairs(mt.__index) do
      if type(method) == "function" and not name:find "^__" then
        local where = noun .. ":" .. name
        provoke(written(method), handle)
        found.calls[where], found.functions[where] = taken[where] or {}, written(method)
      end
    end
  end
  found.stats = client:stats()
  return found
end

return public_names
