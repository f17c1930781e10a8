--- The query parameters of a start and of a resurrection, checked.
local actor_builds = require "actor_builds"
local errors = require "errors"
local params = require "params"

local start_params = {}

local MIN_MEMORY, MAX_MEMORY = 128, 32768
local PERMISSION_LEVELS = { FULL_PERMISSIONS = true, LIMITED_PERMISSIONS = true }

--- What a run has when nothing else is asked for.
start_params.DEFAULTS = { build = "latest", timeout = 300, memory = 1024 }

--- What a run has that was not started through the API.
function start_params.seeded()
  return { build = "latest", timeout = 300, memory = 1024, max_items = 1000, max_total_charge_usd = 5 }
end

local function is_power_of_two(number)
  while number > 1 do number = number / 2 end
  return number == 1
end

local function memory(args)
  local mb = params.number(args, "memory")
  if mb and (mb < MIN_MEMORY or mb > MAX_MEMORY or not is_power_of_two(mb)) then
    params.refuse("memory", "must be a power of 2 from " .. MIN_MEMORY .. " to " .. MAX_MEMORY)
  end
  return mb
end

--- The tag or number of the Actor's build that is asked for, or nil.
function start_params.build(args, actor)
  local tag = params.text(args, "build")
  if tag and not actor_builds.named(actor, tag) then
    error(errors.new(400, "unknown-build-tag", "The Actor has no build with the tag '" .. tag .. "'."), 0)
  end
  return tag
end

--- Let a run be of that build of its Actor, by its number or tag. nil: of the build that it is of.
function start_params.set_build(run, build)
  if not build then return end
  local known = actor_builds.named(run.actor, build) or {}
  run.options = run.options or start_params.seeded()
  run.options.build, run.build_id, run.build_number, run.row_status = build, known.id, known.number, nil
end

local function positive(args, name, failure_type)
  local value = params.number(args, name)
  if value == 0 then error(errors.new(400, failure_type, name .. " must be greater than zero."), 0) end
  return value
end

--- What the run is to have; `base` is what it has where nothing else is asked for.
---@param args table
---@param actor table
---@param base table
---@return {build: string, timeout: number, memory: integer, max_items: number?, max_total_charge_usd: number?} options
function start_params.options(args, actor, base)
  params.flag(args, "restartOnError")
  return {
    build = start_params.build(args, actor) or base.build, timeout = params.number(args, "timeout") or base.timeout,
    memory = memory(args) or base.memory,
    max_items = positive(args, "maxItems", "max-items-must-be-greater-than-zero") or base.max_items,
    max_total_charge_usd = positive(args, "maxTotalChargeUsd", "max-total-charge-usd-must-be-greater-than-zero")
      or base.max_total_charge_usd,
  }
end

--- The same for a start, which when `has_level` may have a permission level.
function start_params.of_start(args, has_level, actor, base)
  if has_level then params.one_of(args, "forcePermissionLevel", PERMISSION_LEVELS)
  else params.absent(args, "forcePermissionLevel") end
  return start_params.options(args, actor, base)
end

return start_params
