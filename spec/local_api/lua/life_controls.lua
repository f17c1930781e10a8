--- The controls of runs that are started through the API, see control.lua.
local behaviours = require "behaviours"
local options = require "options"
local store = require "store"

local controls = {}

--- What the Actor's runs do from now on. The behaviour is as a whole: what is not given has its default.
function controls.behaviour(given)
  local wanted = behaviours.check(given)
  store.actor(wanted.actor).behaviour = wanted
  return {}
end

--- How many runs were started through the API since the last reset, and which: the oracle of "at most once".
function controls.starts()
  return { count = #store.starts, ids = store.starts }
end

local function find(given, what)
  local id = options.check(given, { run = options.required }, what).run
  return store.run_by_id[id] or error(("unknown run '%s'"):format(tostring(id)), 0)
end

--- The input that a run was started with, as text; nothing when there was none.
function controls.input_of(given)
  return find(given, "input_of").input or {}
end

--- How often each event was charged.
function controls.charges(given)
  return find(given, "charges").charges or {}
end

return controls
