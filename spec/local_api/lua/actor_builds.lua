--- The builds of an Actor: which has which tag, which is meant by a tag or a number, and what the next one is called.
local clock = require "clock"
local store = require "store"

local actor_builds = {}

local DEFAULT_TAG = "latest"

-- The builds with a tag: of those that have succeeded the one that was last to end.
local function tagged(actor, now)
  local found = {}
  for _, build in ipairs(actor.builds) do
    local is_ready = build.tag and store.status(build, now) == "SUCCEEDED"
    local other = found[build.tag]
    if is_ready and not (other and other.finished > build.finished) then found[build.tag] = build end
  end
  return found
end

--- `taggedBuilds` of the Actor.
function actor_builds.tags(actor, now)
  local tags = {}
  for tag, build in pairs(tagged(actor, now)) do
    tags[tag] = { buildId = build.id, buildNumber = build.number, finishedAt = clock.iso(build.finished) }
  end
  return tags
end

--- The build that is run when nothing else is asked for, or nil.
---@return local_api.Build?
function actor_builds.default_of(actor)
  return tagged(actor, clock.now())[DEFAULT_TAG]
end

--- The build that a run with the option `build` is of: a tag, or the number of a build that has succeeded. nil when there is none.
---@param name string
---@return local_api.Build?
function actor_builds.named(actor, name)
  local now = clock.now()
  for _, build in ipairs(actor.builds) do
    if build.number == name and store.status(build, now) == "SUCCEEDED" then return build end
  end
  return tagged(actor, now)[name]
end

--- The number of the version's next build; that of a deleted build does not come again.
function actor_builds.next_number(actor, version)
  actor.patches = actor.patches or {}
  local last = actor.patches[version] or 0
  for _, build in ipairs(actor.builds) do
    if build.version == version then last = math.max(last, tonumber(build.number:match("%d+$"))) end
  end
  actor.patches[version] = last + 1
  return version .. "." .. last + 1
end

return actor_builds
