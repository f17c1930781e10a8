--- The runs of an Actor in a buffer, newest first, kept up to date.
local apify = require "apify"
local dataset = require "apify_runs.dataset"
local loading = require "apify_runs.loading"
local log = require "apify_runs.log"
local sheet = require "apify_runs.sheet"
local view = require "apify_runs.view"

local STATUSES = { "READY", "RUNNING", "SUCCEEDED", "FAILED", "TIMING-OUT", "TIMED-OUT", "ABORTING", "ABORTED" }

---@class apify_runs.List : apify_runs.View
---@field client apify.Client
---@field source apify.Runs
---@field config apify_runs.Config
---@field title string
---@field has_actor boolean are they runs of several Actors?
---@field status? string only runs of this status are shown
---@field state string how fresh the buffer is
---@field step fun(list) what is next: to load all, to load more, or to refresh
---@field limit integer runs to load
---@field total integer runs that there are, as the API says
---@field ids string[] of the runs, newest first
---@field runs table<string, table> by id
---@field texts table<table, string> run -> its line, for runs that have ended
---@field lines string[] what the buffer shows

local function tell(self, text)
  self.state = text
  sheet.draw(self)
end

local function begin(self)
  self.step = loading.all
  tell(self, "loading")
end

--- Runs in a fiber: none of these calls stops the editor.
local function work(self)
  while true do
    self:insist(self.step)
    self.step = loading.refresh
    tell(self, os.date "updated %H:%M:%S %z")
    self:pause()
  end
end

local function show_more(self)
  self.limit = #self.ids + self.config.limit
  self:start(function()
    self.step = loading.more
    tell(self, "loading")
  end)
end

--- Only the runs of a status, or all.
local function filter(self)
  vim.ui.select(vim.list_extend({ "all" }, STATUSES), { prompt = "Show the runs that are" }, function(choice)
    if not choice or not vim.api.nvim_buf_is_valid(self.buffer) then return end
    self.status = choice ~= "all" and choice or nil
    self.ids, self.runs, self.total, self.limit = {}, {}, 0, self.config.limit
    self:start()
  end)
end

local function id_at_cursor(self)
  return self.ids[vim.fn.line "." - sheet.HEADER]
end

local function open_log(self)
  local id = id_at_cursor(self)
  if id then log.open(self.client, id, self.config) end
end

local function open_dataset(self)
  local id = id_at_cursor(self)
  if id then dataset.open(self.client, id, self.config) end
end

local function abort(self)
  local id = id_at_cursor(self)
  if not id then return end
  if apify.is_finished(self.runs[id]) then return vim.notify("apify: the run has ended, it is " .. self.runs[id].status) end
  vim.ui.select({ "no", "yes" }, { prompt = "Abort the run " .. id .. "?" }, function(choice)
    if choice ~= "yes" then return end
    view.run_errand(function()
      assert(self.client:run(id):abort())
      self:wake()
    end)
  end)
end

local KEYS = {
  { "<CR>", "log", open_log, is_shown = true }, { "d", "dataset", open_dataset, is_shown = true },
  { "s", "filter by status", filter }, { "m", "more runs", show_more }, { "X", "abort the run", abort },
}

local list = {}

--- Show the runs in this window.
---@param client apify.Client
---@param actor? string
---@param config apify_runs.Config
function list.open(client, actor, config)
  view.show {
    name = "apify://runs" .. (actor and "/" .. actor or ""), filetype = "apify_runs", interval = config.interval,
    keys = vim.list_extend(vim.list_extend({}, KEYS), view.KEYS), begin = begin, work = work, tell = tell,
    client = client, source = actor and client:actor(actor):runs() or client:runs(), config = config,
    title = actor or "All runs", has_actor = not actor, limit = config.limit, ids = {}, runs = {}, lines = { "" }, total = 0,
    texts = setmetatable({}, { __mode = "k" }),
  }
end

return list
