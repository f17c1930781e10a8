--- apify: the Apify API for Lua.
---
---     local apify = require "apify"
---     local client = apify.new { token = "apify_api_..." }
---     for run in client:actor("janedoe~my-actor"):runs():iterate { desc = true } do
---       print(run.id, run.status)
---     end
local client = require "apify.client"
local core = require "apify.core"
local dates = require "apify.util.dates"
local errors = require "apify.util.errors"
local fiber = require "apify.loop.fiber"
local loop = require "apify.loop"
local version = require "apify.version"
local run_wait = require "apify.resources.run_wait"

local apify = {
  _VERSION = version,

  --- What JSON's null is where it has to be seen: in lists, in items and records.
  null = core.null,
}

--- A client. Every option may be left out; see README.md for all of them.
---@param opts? table
---@return apify.Client
function apify.new(opts)
  return client.new(opts)
end

apify.all = fiber.all
apify.array = core.array
apify.date = dates.date
apify.is_error = errors.is
apify.is_finished = run_wait.is_finished
apify.map = fiber.map
apify.sleep = fiber.sleep
apify.spawn = fiber.spawn
apify.time = dates.time

--- Name the loop by which calls wait: "luv", "cqueues", "nvim", "nginx", "block", or a table of one's own. nil: it is recognised call by call.
---@type fun(loop?: string|apify.Loop)
apify.use = loop.use

return apify
