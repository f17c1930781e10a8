--- Lists that change while they are read: many random histories of a simulated server, read to the end.
local offset_plan = require "apify.paging.offset_plan"

local HISTORIES = 40                     -- of each kind, on each window

--- The same numbers on every Lua.
local function random_from(seed)
  local state = seed % 2147483646 + 1
  local function random(n)                                             -- 1 to n
    state = state * 48271 % 2147483647
    return state % n + 1
  end
  for _ = 1, 5 do random(2) end
  return random
end

-- The server

local Server = {}
Server.__index = Server

local function date(n) return ("2025-09-01T00:%02d:%02d.000Z"):format(math.floor(n / 60), n % 60) end

--- `runs` is what there is, ascending; those with `is_in` are in the list.
local function new_server(random, kind)
  local self = setmetatable({ random = random, kind = kind, runs = {}, serial = 0, clock = 0 }, Server)
  local count = kind.count or 60 + random(120)
  for i = 1, count do self:insert(self.clock + math.floor(i / (kind.ties or 1)), kind.joins == nil or random(3) > 1) end
  self.clock = self.clock + count
  self.stays = {}
  for _, run in ipairs(self.runs) do if run.is_in then self.stays[run.id] = true end end
  return self
end

function Server:insert(started, is_in, place)
  self.serial = self.serial + 1
  local run = { id = "run" .. self.serial, startedAt = date(started), started = started, is_in = is_in }
  table.insert(self.runs, place or #self.runs + 1, run)
end

--- The list as it is now, in the order asked for.
function Server:rows()
  local rows = {}
  for i = 1, #self.runs do
    local run = self.runs[self.kind.desc and #self.runs + 1 - i or i]
    if run.is_in then rows[#rows + 1] = run end
  end
  return rows
end

function Server:page(plan)
  local rows, random, kind = self:rows(), self.random, self.kind
  local upto = math.min(plan.offset + plan.limit, #rows)
  if kind.short_pages and random(4) == 1 then upto = math.min(upto, plan.offset + 1 + random(plan.limit)) end
  local page = { total = #rows + (kind.extra_total or 0) }
  for i = plan.offset + 1, upto do page[#page + 1] = rows[i] end
  return page
end

--- A random run for which `is_in` holds; nil when there seems to be none.
function Server:pick(is_in)
  for _ = 1, 50 do
    local i = self.random(math.max(1, #self.runs))
    if self.runs[i] and self.runs[i].is_in == is_in then return self.runs[i], i end
  end
end

local changes = {}

function changes.add(self, n)                                           -- the newest: at the end, or in front when desc
  for _ = 1, n do
    if self.random(3) > 1 or not self.kind.ties then self.clock = self.clock + 1 end
    self:insert(self.clock, true)
  end
end

function changes.remove(self, n)
  for _ = 1, n do
    local run, i = self:pick(true)
    if run then
      self.stays[run.id] = nil
      table.remove(self.runs, i)
    end
  end
end

--- As many leave the filter as join it, so that no total tells.
function changes.move(self, n)
  for _ = 1, n do
    local leaves, joins = self:pick(true), self:pick(false)
    if leaves and joins then
      self.stays[leaves.id] = nil
      leaves.is_in, joins.is_in = false, true
    end
  end
end

function changes.replace(self, n)
  changes.remove(self, n)
  changes.add(self, n)
end

function Server:change()
  local names = self.kind.changes
  changes[names[self.random(#names)]](self, self.random(self.kind.most or 3))
  self.changed = (self.changed or 0) + 1
end

-- The reader

local Reader = {}
Reader.__index = Reader

local function new_reader(server, options)
  return setmetatable({ server = server, plan = offset_plan.new(options), answers = {}, delivered = {}, requests = 0 }, Reader)
end

function Reader:deliver(row)
  self.delivered[#self.delivered + 1] = row
end

--- Ask for what is planned. Answers are of the moment when the server gets to them, in any order.
function Reader:ask()
  repeat until not self.plan:next_page()
  for _, page in ipairs(self.plan.pages) do
    if not page.is_asked then
      page.is_asked = true
      self.requests = self.requests + 1
    end
  end
end

function Reader:answer_one()
  local waiting = {}
  for _, page in ipairs(self.plan.pages) do
    if not self.answers[page] then waiting[#waiting + 1] = page end
  end
  local page = waiting[self.server.random(math.max(1, #waiting))]
  if page then self.answers[page] = self.server:page(page) end
end

--- Read the head page up to row `cut`. Is it still the head?
function Reader:read_rows(page, rows, cut)
  for i = 1, cut do
    local action = self.plan:take(page, rows[i])
    if action == "deliver" then self:deliver(rows[i]) end
    if action == "release" then
      for row in function() return self.plan:release(page) end do self:deliver(row) end
    elseif action == "reject" then
      self.plan:reject(page)
      return false
    end
  end
  return true
end

function Reader:read_head()
  local page = self.plan.pages[1]
  local rows = page and self.answers[page]
  if not rows then return end
  self.plan:note_total(page, rows.total)
  local is_cut = self.server.kind.cuts and self.server.random(5) == 1
  if not self:read_rows(page, rows, is_cut and self.server.random(#rows + 1) - 1 or #rows) then return end
  if is_cut then
    self.plan:go_on(page)
  elseif self.plan:finish(page, {}) == "reject" then
    self.plan:reject(page)
  end
end

local MAX_REQUESTS = 2000                -- of a history, which needs a tenth of them

function Reader:run(most_changes)
  local server = self.server
  while not self.plan.is_ended and self.requests < MAX_REQUESTS do
    self:ask()
    if most_changes > (server.changed or 0) and server.random(2) == 1 then server:change() end
    self:answer_one()
    self:read_head()
  end
end

-- What must hold

--- What is wrong with what was delivered, or nil.
local function fault_of(reader)
  local server, seen, latest = reader.server, {}, nil
  for _, run in ipairs(reader.delivered) do
    if seen[run.id] then return run.id .. " came twice" end
    seen[run.id] = true
    if server.stays[run.id] then
      local is_back = latest and (server.kind.desc and run.started > latest or not server.kind.desc and run.started < latest)
      if is_back then return run.id .. " is out of order" end
      latest = run.started
    end
  end
  for id in pairs(server.stays) do
    if not seen[id] then return id .. " is missing" end
  end
  if not reader.plan.is_ended then return "no end" end
end

--- More than this many requests are too many: some for each page, and each change may spoil a window of them.
local function fair_requests(reader, options)
  local server = reader.server
  local pages = #reader.delivered / options.chunk_size + 1
  local share = (server.kind.short_pages or server.kind.cuts) and 6 or 2
  return pages * share + (server.changed or 0) * (options.prefetch + 7) + 4
end

local function check(kind, prefetch)
  for seed = 1, HISTORIES do
    local random = random_from(seed * 1009 + prefetch)
    local options = {
      prefetch = prefetch, chunk_size = 4 + random(8), max_page = 12, desc = kind.desc, is_filtered = kind.is_filtered,
    }
    local reader = new_reader(new_server(random, kind), options)
    reader:run(kind.most_changes or 25)
    local fault = fault_of(reader)
    if not fault and reader.requests > fair_requests(reader, options) then
      fault = ("%d requests, not %d"):format(reader.requests, fair_requests(reader, options))
    end
    if fault then error(("seed %d, prefetch %d: %s"):format(seed, prefetch, fault), 0) end
  end
end

local KINDS = {
  { "new runs at the end", { changes = { "add" } } },
  { "new runs in front", { changes = { "add" }, desc = true } },
  { "more new runs in front than are remembered", { changes = { "add" }, desc = true, most = 90, most_changes = 4 } },
  { "deletions", { changes = { "remove" } } },
  { "deletions, newest first", { changes = { "remove" }, desc = true } },
  { "more deletions than are remembered", { changes = { "remove" }, count = 400, most = 150, most_changes = 3 } },
  { "deletions made up for by new runs", { changes = { "replace" } } },
  { "deletions made up for by new runs, newest first", { changes = { "replace" }, desc = true } },
  { "as many runs leaving a filter as joining it", { changes = { "move" }, joins = true, is_filtered = true } },
  { "as many leaving as joining, newest first", { changes = { "move" }, joins = true, is_filtered = true, desc = true } },
  { "many leaving and joining at once", { changes = { "move" }, joins = true, is_filtered = true, most = 40, most_changes = 6 } },
  { "runs that started together", { changes = { "add", "remove", "move" }, joins = true, is_filtered = true, ties = 4 } },
  { "many runs that started together, newest first",
    { changes = { "add", "remove", "move" }, joins = true, is_filtered = true, ties = 30, desc = true } },
  { "all runs started together", { changes = { "remove", "move" }, joins = true, is_filtered = true, ties = 1000 } },
  { "everything, short pages", { changes = { "add", "remove", "move", "replace" }, joins = true, is_filtered = true, short_pages = true } },
  { "everything, cuts in the middle of pages", { changes = { "add", "remove", "move", "replace" }, joins = true, is_filtered = true, cuts = true } },
  { "everything at once, newest first", { changes = { "add", "remove", "move", "replace" }, joins = true, is_filtered = true, desc = true,
    cuts = true, short_pages = true, ties = 3 } },
  { "a total that is too high", { changes = { "add", "remove" }, extra_total = 500, short_pages = true } },
}

describe("a list that changes while it is read", function()
  for _, row in ipairs(KINDS) do
    it("gives each run that stays exactly once, in order, and ends: " .. row[1], function()
      for _, prefetch in ipairs { 1, 4, 16 } do check(row[2], prefetch) end
    end)
  end
end)
