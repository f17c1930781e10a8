--- apify: the Apify API for Lua.
---
---     local apify = require "apify"
---     local client = apify.new { token = "apify_api_..." }
---     for run in client:actor("janedoe~my-actor"):runs():iterate { desc = true } do
---       print(run.id, run.status)
---     end

--- Why there is no core, from what `require` said of it; nil when that was something else.
local function core_fault(said, lua)
  if said:find "^module 'apify.core' not found" then return ("there is no core for %s in package.cpath"):format(lua) end
  local path, reason = said:match "from file '(.-)':%s*([^\n]*)"
  if not path then return nil end
  reason = reason:match "^[./].-: (.*)" or reason                       -- without the path again
  local fault = reason:find "%f[%a]luaL?_%a" and "is built for another Lua than " .. lua or "cannot be loaded"
  return ("the core %s %s (%s)"):format(path, fault, reason)
end

--- How to get a core.
local function cure()
  if rawget(_G, "vim") then return "in the folder of lua-apify `make nvim` builds it; then start Neovim anew" end
  return ("in the folder of lua-apify `make` builds those of Lua 5.4 and LuaJIT, and `eval \"$(make -s env%s)\"` makes it known")
    :format(jit and " LUA=luajit" or "")
end

--- The core, asked for before anything else does: without it one sentence, in place of Lua's list of folders.
local function load_core()
  local is_loaded, core = pcall(require, "apify.core")
  if is_loaded then return core end
  local fault = core_fault(tostring(core), jit and "LuaJIT" or _VERSION)
  if not fault then error(core, 0) end
  error(("apify: %s; %s"):format(fault, cure()), 0)
end

---@module "apify.core"
local core = load_core()
local client = require "apify.client"
local dates = require "apify.util.dates"
local errors = require "apify.util.errors"
local fiber = require "apify.loop.fiber"
local lazy = require "apify.util.lazy"
local loop = require "apify.loop"
local names = require "apify.util.names"
local version = require "apify.version"
local job_status = require "apify.resources.base.job_status"

local apify = {
  _VERSION = version,

  --- What JSON's null is where it has to be seen: in lists, in items and records.
  null = core.null,
}

--- A client. Every option may be left out.
---@param opts? apify.Options
---@return apify.Client
function apify.new(opts)
  return client.new(opts)
end

apify.all = fiber.all
apify.array = core.array
apify.date = dates.date
apify.is_error = errors.is
apify.is_finished = job_status.is_finished
apify.map = fiber.map
apify.sleep = fiber.sleep
apify.spawn = fiber.spawn
apify.time = dates.time

--- Name the loop by which calls wait: "luv", "cqueues", "nvim", "nginx", "block", or a table of one's own. nil: it is recognised call by call.
---@type fun(loop?: string|apify.Loop)
apify.use = loop.use

--- Load now what is otherwise loaded with its first use: for a program that will have another folder, root or user by then.
---@type fun()
apify.preload = lazy.load_all

names.guard(apify, "apify")

-- What nginx loads before there are workers they share; and they may not be allowed to read it.
local ngx = rawget(_G, "ngx")
if ngx and ngx.get_phase and ngx.get_phase() == "init" then lazy.load_all() end

return apify
