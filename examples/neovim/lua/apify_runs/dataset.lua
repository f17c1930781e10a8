--- The items of a run's dataset in a buffer, one in a line, as JSON.
local tail = require "apify_runs.tail"
local view = require "apify_runs.view"

local PAGE = 100                          -- items in a request

---@class apify_runs.Dataset : apify_runs.View
---@field dataset apify.DatasetHandle
---@field count integer items that are shown

local function say_loading(self) tail.remark(self, "loading") end

local function begin(self)
  self.count = 0
  tail.clear(self)
  say_loading(self)
end

--- The next items, as text: they are shown as the API has them. How many are they?
local function load(self)
  local text = assert(self.dataset:download_items("jsonl", nil, { offset = self.count, limit = PAGE }))
  if text ~= "" and text:sub(-1) ~= "\n" then text = text .. "\n" end
  tail.append(self, text)
  local _, count = text:gsub("\n", "")
  self.count = self.count + count
  return count
end

local function work(self)
  local is_page_full = self:insist(load) == PAGE
  tail.remark(self, ("%d items%s"):format(self.count, is_page_full and ", m shows more" or ""))
end

local function show_more(self)
  if self.fiber:is_done() then self:start(say_loading) end
end

local dataset = {}

--- Show the dataset of a run below this window.
---@param client apify.Client
---@param id string of the run
---@param config apify_runs.Config
function dataset.open(client, id, config)
  view.show_below {
    name = "apify://dataset/" .. id, filetype = "apify_dataset", interval = config.interval,
    keys = vim.list_extend({ { "m", "more items", show_more } }, view.KEYS),
    begin = begin, work = work, tell = tail.remark, dataset = client:run(id):dataset(), count = 0,
  }
end

return dataset
