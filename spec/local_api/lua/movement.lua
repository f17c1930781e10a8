--- Lists that move: on each n-th list request runs are added, change their status or are deleted, before the answer.
local clock = require "clock"
local random = require "random"
local statuses = require "statuses"
local store = require "store"

local movement = {}

movement.defaults = {
  add = 0,                              -- runs added each time
  add_at = "end",                       -- "end": as the newest; "start": as the oldest
  add_status = "SUCCEEDED",
  delete = 0,                           -- rows before the offset deleted each time
  every = 1,                            -- act on every n-th list request
  move = 0,                             -- rows before the offset that leave the filter; as many join it there
  seed = 1,
}

--- Begin anew with these options; nil: nothing moves.
---@param options table? all of movement.defaults
function movement.reset(options)
  movement.options, movement.seen = options, 0
  movement.random = random.new(options and options.seed or 1)
  movement.changes = { added = {}, removed = {}, joined = {}, left = {} }
end

local function note(kind, run)
  local list = movement.changes[kind]
  list[#list + 1] = run.id
end

-- Each beyond the present end of the list: newer than the newest, or older than the oldest.
local function start_time(list, add_at)
  local edge = list[add_at == "end" and #list or 1]
  if not edge then return clock.now() end
  return add_at == "end" and edge.started + 1000 or edge.started - 1000
end

local function add_runs(options, noun, list)
  for _ = 1, options.add do
    local started = start_time(list, options.add_at)
    local is_terminal = statuses.is_terminal[options.add_status]
    local actor = noun and store.actors[noun.id] or store.actor("janedoe~my-actor")
    note("added", store.add_run {
      actor = actor, task = noun and store.tasks[noun.id], started = started, status = options.add_status,
      finished = is_terminal and started + 500 or nil,
    })
  end
end

-- The rows that a client has behind it: `inside` match its filter, `outside` lie between them and do not.
local function rows_before_offset(list, query, now)
  local inside, outside = {}, {}
  local wanted = query.filter.statuses
  for position = 1, #list do
    if #inside >= query.offset then break end
    local run = list[query.desc and #list + 1 - position or position]
    local is_inside = not wanted or wanted[store.status(run, now)]
    table.insert(is_inside and inside or outside, run)
  end
  return inside, outside
end

local function any_status(wanted, is_inside)
  for _, status in ipairs(statuses.all) do
    if statuses.is_terminal[status] and (wanted[status] or false) == is_inside then return status end
  end
end

-- As many leave as join, so that neither the total nor the rows at the offset tell that anything happened.
local function move_rows(count, query, inside, outside)
  local wanted = query.filter.statuses
  local leave, join = any_status(wanted, false), any_status(wanted, true)
  if not (leave and join) then return end
  count = math.min(count, #inside, #outside)
  for _, run in ipairs(movement.random:sample(inside, count)) do
    store.set_status(run, leave)
    note("left", run)
  end
  for _, run in ipairs(movement.random:sample(outside, count)) do
    store.set_status(run, join)
    note("joined", run)
  end
end

local function delete_rows(count, inside)
  local ids = {}
  for _, run in ipairs(movement.random:sample(inside, count)) do
    ids[run.id] = true
    note("removed", run)
  end
  store.remove_runs(ids)
end

--- Let the list move, if it is time to.
---@param noun table? an Actor or a task; nil: all runs
---@param query {offset: integer, desc: boolean, filter: table}
function movement.before_list(noun, query)
  local options = movement.options
  if not options then return end
  movement.seen = movement.seen + 1
  if movement.seen % options.every ~= 0 then return end
  local list = noun and noun.runs or store.runs
  local inside, outside = rows_before_offset(list, query, clock.now())
  if options.move > 0 and query.filter.statuses then move_rows(options.move, query, inside, outside) end
  if options.delete > 0 then delete_rows(options.delete, (rows_before_offset(list, query, clock.now()))) end
  add_runs(options, noun, noun and noun.runs or store.runs)
end

return movement
