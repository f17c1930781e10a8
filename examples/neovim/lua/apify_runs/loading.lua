--- What a list of runs asks the API for: all runs, more runs, what is new. Runs in the list's fiber.
local apify = require "apify"
local columns = require "apify_runs.columns"
local sheet = require "apify_runs.sheet"

local PAGE = 100                          -- runs in a request
local PARALLEL = 8                        -- requests at once about single runs
local OVERLAP = 10                        -- runs that are asked for again before more: some of the list may have gone

local loading = {}

--- Forget the runs for which `is_kept` does not hold.
local function keep(self, is_kept)
  self.ids = vim.tbl_filter(is_kept, self.ids)
  for id in pairs(self.runs) do
    if not is_kept(id) then self.runs[id] = nil end
  end
  sheet.draw(self)
end

--- Put new runs in their places.
local function add(self, ids)
  local function is_newer(a, b)
    local one, other = self.runs[a].startedAt, self.runs[b].startedAt
    return one > other or (one == other and a > b)
  end
  local count = #self.ids
  vim.list_extend(self.ids, ids)
  if count == 0 or is_newer(self.ids[count], ids[1]) then return sheet.draw_end(self, count + 1) end
  table.sort(self.ids, is_newer)
  sheet.draw(self)
end

--- Take in runs as they are now, newest first. Were some of them known?
local function take(self, runs)
  local new = {}
  for _, run in ipairs(runs) do
    if not self.runs[run.id] then new[#new + 1] = run.id end
    self.runs[run.id] = run
  end
  local were_known = #new < #runs
  if were_known then sheet.draw(self) end           -- what has changed goes first: then the new ones move whole lines
  if new[1] then add(self, new) end
  return were_known
end

--- Hand the runs to `fn` as they come, as many at a time as there are in a page.
local function each_page(self, offset, fn)
  local it = self.source:iterate {
    desc = true, status = self.status, offset = offset, limit = self.limit - offset, chunk_size = PAGE, pick = columns.FIELDS,
  }
  local runs = {}
  local function hand_over()
    self.total = it:progress().total or self.total
    fn(runs)
    runs = {}
  end
  local ok, err = pcall(function()
    for run in it do
      runs[#runs + 1] = run
      if #runs == PAGE then hand_over() end
    end
    hand_over()
  end)
  it:close()                              -- LuaJIT does not when an error leaves the loop, such as that of a cancelled fiber
  if not ok then error(err, 0) end
end

---@param self apify_runs.List
function loading.all(self)
  local seen, runs, is_first = {}, {}, not self.ids[1]
  each_page(self, 0, function(items)
    for _, run in ipairs(items) do seen[run.id] = true end
    if is_first then take(self, items) else vim.list_extend(runs, items) end
  end)
  take(self, runs)
  keep(self, function(id) return seen[id] end)
end

--- The next runs, behind those that are shown.
---@param self apify_runs.List
function loading.more(self)
  each_page(self, math.max(0, #self.ids - OVERLAP), function(items) take(self, items) end)
end

--- What is new, and what has become of the runs that went on.
---@param self apify_runs.List
function loading.refresh(self)
  local page = assert(self.source:list { desc = true, status = self.status, limit = PAGE })
  self.total = page.total
  local seen = {}
  for _, run in ipairs(page.items) do seen[run.id] = true end
  local is_all_new = not take(self, page.items) and page.items[1]
  if is_all_new then return loading.all(self) end
  local going_on = vim.tbl_filter(function(id) return not seen[id] and not apify.is_finished(self.runs[id]) end, self.ids)
  local gone = {}
  local runs = assert(apify.map(going_on, function(id)
    local run, err = self.client:run(id):get()
    if not run and not err.not_found then return nil, err end
    gone[id] = not run or (self.status and run.status ~= self.status)
    return run or self.runs[id]
  end, { max_parallel = PARALLEL }))
  take(self, runs)
  if next(gone) then keep(self, function(id) return not gone[id] end) end
end

return loading
