--- What nginx calls: once at start, once per worker, and twice per request.
local answers = require "answers"
local bodies = require "bodies"
local control = require "control"
local faults = require "faults"
local gzip_cache = require "gzip_cache"
local journal = require "journal"
local logs = require "logs"
local router = require "router"
local store = require "store"
local watch = require "watch"

local main = {}

local config

--- In the master, before the worker exists.
---@param options {root: string, dir: string, watch: integer, urls: table<string, string>}
function main.init(options)
  config = options
  faults.init(options.urls)
  control.reset {}
end

--- In the worker: from here on requests are answered.
function main.init_worker()
  answers.init_worker()
  if config.watch > 0 then watch.start(config) end
  assert(io.open(config.dir .. "/ready", "w")):close()
end

--- Answer one request.
function main.handle()
  if ngx.var.uri:find("^/_control/") then return control.handle() end
  local entry = journal.open()
  ngx.ctx.entry = entry
  if store.settings.journal_bodies then bodies.note(entry) end
  local request = router.request()
  local rule = faults.pick(entry)
  if rule then return faults.apply(rule, request, entry) end
  local answer = router.answer(request)
  if store.settings.cache_gzip then gzip_cache.pack(answer) end
  answers.send(answer)
end

--- After the request has ended, however it did.
function main.finish()
  logs.finish(ngx.ctx)
  if ngx.ctx.entry then journal.close(ngx.ctx.entry) end
end

return main
