--- Checked query parameters. A wrong one raises the API's 400.
local clock = require "clock"
local errors = require "errors"
local statuses = require "statuses"

local params = {}

local MAX_LIMIT = 1000
local MAX_WAIT_SECS = 60
local FLAGS = { ["1"] = true, ["true"] = true, ["0"] = false, ["false"] = false }
local ORIGINS = {
  DEVELOPMENT = true, WEB = true, API = true, SCHEDULER = true, TEST = true, WEBHOOK = true, ACTOR = true, CLI = true,
  CI = true, STANDBY = true, MCP = true,
}

local function refuse(name, reason)
  error(errors.invalid_parameter(name, reason), 0)
end

--- The parameter's text, or nil when it is absent.
function params.text(args, name)
  local value = args[name]
  if type(value) == "table" then refuse(name, "must be given once") end
  if value == true then refuse(name, "must have a value") end
  return value
end

local text = params.text

--- A whole number from 0 to `max`, which may be absent.
function params.whole_number(args, name, default, max)
  local value = text(args, name)
  if value == nil then return default end
  if not value:find("^%d+$") then refuse(name, "must be a whole number that is not negative") end
  if max and tonumber(value) > max then refuse(name, "must be at most " .. max) end
  return tonumber(value)
end

local whole_number = params.whole_number

--- A number that is not negative, or nil when it is absent.
function params.number(args, name)
  local value = text(args, name)
  if value == nil then return nil end
  if not value:find("^%d+%.?%d*$") then refuse(name, "must be a number that is not negative") end
  return tonumber(value)
end

function params.offset(args)
  return whole_number(args, "offset", 0)
end

--- 0 asks for the default, which is the most; a page never has more rows, whatever is asked for.
function params.limit(args)
  local limit = whole_number(args, "limit", MAX_LIMIT)
  return limit > 0 and math.min(limit, MAX_LIMIT) or MAX_LIMIT
end

--- Longer than it holds an answer nobody waits, whatever is asked for: the official JavaScript client asks for 999999 seconds.
function params.wait_for_finish(args)
  return math.min(whole_number(args, "waitForFinish", 0), MAX_WAIT_SECS)
end

--- A boolean; absent: the default, or false.
function params.flag(args, name, default)
  local value = text(args, name)
  if value == nil then return default or false end
  if FLAGS[value] == nil then refuse(name, "must be a boolean") end
  return FLAGS[value]
end

--- One of the keys of `set`, or nil when it is absent.
function params.one_of(args, name, set)
  local value = text(args, name)
  if value ~= nil and not set[value] then refuse(name, "is not one of the allowed values") end
  return value
end

--- A list of texts separated by commas, or nil when it is absent or empty.
function params.csv(args, name)
  local value = text(args, name)
  if value == nil or value == "" then return nil end
  local list = {}
  for part in (value .. ","):gmatch("([^,]*),") do list[#list + 1] = part end
  return list
end

--- A set of statuses, or nil for all.
function params.statuses(args)
  local value = text(args, "status")
  if value == nil then return nil end
  local set = {}
  for name in (value .. ","):gmatch("([^,]*),") do
    if not statuses.is_known[name] then refuse("status", "must be a status or a comma-separated list of statuses") end
    set[name] = true
  end
  return set
end

function params.status(args)
  local value = text(args, "status")
  if value ~= nil and not statuses.is_known[value] then refuse("status", "must be one status") end
  return value
end

function params.origin(args)
  local value = text(args, "origin")
  if value ~= nil and not ORIGINS[value] then refuse("origin", "must be the origin of a run") end
  return value
end

--- Milliseconds, or nil when the parameter is absent.
function params.date(args, name)
  local value = text(args, name)
  if value == nil then return nil end
  return clock.parse(value) or refuse(name, "must be a valid ISO 8601 date and time in UTC")
end

--- Refuse a parameter for a reason.
params.refuse = refuse

--- Refuse a parameter that the endpoint does not have.
function params.absent(args, name)
  if args[name] ~= nil then refuse(name, "is not a parameter of this endpoint") end
end

return params
