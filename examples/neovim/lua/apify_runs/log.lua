--- The log of a run in a buffer, which grows until the run ends.
local tail = require "apify_runs.tail"
local view = require "apify_runs.view"

---@class apify_runs.Log : apify_runs.View
---@field run apify.RunHandle
---@field pieces apify.Chunks

local function begin(self)
  tail.clear(self)
  tail.remark(self, "loading")
end

--- Everything up to the end of the run. After a failure `next` goes on where it was.
local function follow(self)
  while true do
    local piece, err = self.pieces:next()
    if err then error(err, 0) end
    if not piece then return end
    tail.append(self, piece)
  end
end

local function status_of(self)
  return assert(self.run:get()).status
end

--- Runs in a fiber: the loop waits for each piece, the editor does not.
local function work(self)
  local pieces = self.run:log():stream()
  self.pieces = pieces
  local ok, err = pcall(self.insist, self, follow)
  pieces:close()                          -- LuaJIT does not when an error leaves the loop, such as that of a cancelled fiber
  if not ok then error(err, 0) end
  tail.remark(self, "the run is " .. self:insist(status_of))
end

local log = {}

--- Show the log of a run below this window.
---@param client apify.Client
---@param id string
---@param config apify_runs.Config
function log.open(client, id, config)
  view.show_below {
    name = "apify://log/" .. id, filetype = "apify_log", keys = view.KEYS, interval = config.interval,
    begin = begin, work = work, tell = tail.remark, run = client:run(id),
  }
end

return log
