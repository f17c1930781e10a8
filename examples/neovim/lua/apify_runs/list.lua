--- The runs of an Actor in a buffer, newest first, kept up to date.
local apify = require "apify"
local columns = require "apify_runs.columns"
local log = require "apify_runs.log"
local view = require "apify_runs.view"

local PAGE = 100                          -- runs in a request
local PARALLEL = 8                        -- requests at once about single runs
local HEADER = 3                          -- lines above the first run

---@class apify_runs.List : apify_runs.View
---@field client apify.Client
---@field source apify.Runs
---@field title string
---@field has_actor boolean are they runs of several Actors?
---@field state string how fresh the buffer is
---@field config { interval: number, limit: integer }
---@field ids string[] of the runs, newest first
---@field runs table<string, table> by id
---@field texts table<table, string> run -> its line, for runs that have ended
---@field lines string[] what the buffer shows
---@field total integer runs that there are, as the API says

local function replace(self, first, last, lines)
  vim.api.nvim_buf_set_lines(self.buffer, first - 1, last, false, lines)
end

--- As many lines as before: only those that differ are written, so that marks and cursors stay.
local function show_changed(self, lines)
  for i, line in ipairs(lines) do
    if line ~= self.lines[i] then replace(self, i, i, { line }) end
  end
end

--- Lines have come or gone: what is between the first and the last difference is written.
local function show_moved(self, lines)
  local old, new, first = #self.lines, #lines, 1
  while first <= math.min(old, new) and lines[first] == self.lines[first] do first = first + 1 end
  while old >= first and new >= first and lines[new] == self.lines[old] do old, new = old - 1, new - 1 end
  replace(self, first, old, vim.list_slice(lines, first, new))
end

local function line_of(self, run)
  local text = self.texts[run] or columns.row(run, self.has_actor)
  if apify.is_finished(run) then self.texts[run] = text end
  return text
end

local function draw(self)
  local lines = {
    ("%s   %d of %d runs   %s"):format(self.title, #self.ids, math.max(self.total, #self.ids), self.state),
    self:help(),
    columns.titles(self.has_actor),
  }
  for i, id in ipairs(self.ids) do lines[HEADER + i] = line_of(self, self.runs[id]) end
  self:edit(function()
    if #lines == #self.lines then show_changed(self, lines) else show_moved(self, lines) end
  end)
  self.lines = lines
end

local function set_state(self, text)
  self.state = text
  draw(self)
end

--- Forget the runs for which `is_kept` does not hold.
local function keep(self, is_kept)
  self.ids = vim.tbl_filter(is_kept, self.ids)
  for id in pairs(self.runs) do
    if not is_kept(id) then self.runs[id] = nil end
  end
  draw(self)
end

--- Cursors that are above the first run go there.
local function leave_header(self)
  for _, window in ipairs(self:windows()) do
    if vim.api.nvim_win_get_cursor(window)[1] <= HEADER then vim.api.nvim_win_set_cursor(window, { HEADER + 1, 0 }) end
  end
end

--- Put new runs in their places.
local function add(self, ids)
  local function is_newer(a, b)
    local one, other = self.runs[a].startedAt, self.runs[b].startedAt
    return one > other or (one == other and a > b)
  end
  local last = self.ids[#self.ids]
  vim.list_extend(self.ids, ids)
  if last and not is_newer(last, ids[1]) then table.sort(self.ids, is_newer) end
  draw(self)
  if not last then leave_header(self) end
end

--- Take in runs as they are now, newest first. Were some of them known?
local function take(self, runs)
  local new = {}
  for _, run in ipairs(runs) do
    if not self.runs[run.id] then new[#new + 1] = run.id end
    self.runs[run.id] = run
  end
  local were_known = #new < #runs
  if were_known then draw(self) end       -- what has changed goes first: then the new ones move whole lines
  if new[1] then add(self, new) end
  return were_known
end

--- All runs up to the limit, page by page; what is not among them any more goes.
local function load(self)
  local seen = {}
  local pages = self.source:iterate { desc = true, chunk_size = PAGE, limit = self.config.limit, pick = columns.FIELDS }
  local ok, err = pcall(function()
    for page in pages:pages() do
      self.total = page.total or self.total
      for _, run in ipairs(page.items) do seen[run.id] = true end
      take(self, page.items)
    end
  end)
  pages:close()                           -- LuaJIT does not when an error leaves the loop, such as that of a cancelled fiber
  if not ok then error(err, 0) end
  keep(self, function(id) return seen[id] end)
end

--- Ask about each run that goes on, some side by side.
local function look_after(self, ids)
  local gone = {}
  local runs = assert(apify.map(ids, function(id)
    local run, err = self.client:run(id):get()
    if not run and not err.not_found then return nil, err end
    gone[id] = not run
    return run or self.runs[id]
  end, { max_parallel = PARALLEL }))
  take(self, runs)
  if next(gone) then keep(self, function(id) return not gone[id] end) end
end

--- What is new, and what has become of the runs that went on.
local function refresh(self)
  local page = assert(self.source:list { desc = true, limit = PAGE })
  self.total = page.total
  local seen = {}
  for _, run in ipairs(page.items) do seen[run.id] = true end
  local is_all_new = not take(self, page.items) and page.items[1]
  if is_all_new then return load(self) end
  look_after(self, vim.tbl_filter(function(id) return not seen[id] and not apify.is_finished(self.runs[id]) end, self.ids))
end

--- Runs in a fiber: none of these calls stops the editor. A failure that may pass is told in the buffer, any other ends the work.
local function work(self)
  local step = load
  while true do
    local ok, err = pcall(step, self)
    if ok then
      step = refresh
      set_state(self, os.date "updated %H:%M:%S")
    elseif apify.is_error(err) and err.retryable then
      set_state(self, "trying again after: " .. err.message)
    else
      if not view.is_cancelled(err) then set_state(self, "stopped, R starts again") end
      error(err, 0)
    end
    assert(apify.sleep(self.config.interval))
  end
end

local function open_log(self)
  local id = self.ids[vim.fn.line "." - HEADER]
  if id then log.open(self.client, id) end
end

local list = {}

--- Show the runs in this window.
---@param client apify.Client
---@param actor? string
---@param config { interval: number, limit: integer }
function list.open(client, actor, config)
  view.show {
    name = "apify://runs" .. (actor and "/" .. actor or ""), filetype = "apify_runs", work = work,
    keys = vim.list_extend({ { "<CR>", "log", open_log } }, view.KEYS),
    client = client, source = actor and client:actor(actor):runs() or client:runs(), config = config,
    title = actor or "All runs", has_actor = not actor, state = "loading", ids = {}, runs = {}, lines = { "" }, total = 0,
    texts = setmetatable({}, { __mode = "k" }),
  }
end

return list
