--- The endpoints of Actors and of tasks themselves: objects and lists. What nobody has changed is the same for all of them.
local actor_builds = require "actor_builds"
local actor_versions = require "actor_versions"
local answers = require "answers"
local auth = require "auth"
local cjson = require "cjson.safe"
local clock = require "clock"
local json_tree = require "json_tree"
local pages = require "pages"
local params = require "params"
local random = require "random"
local runs = require "runs"
local start_params = require "start_params"
local store = require "store"

local nouns = {}

local SORT_KEYS = { createdAt = true, ["stats.lastRunStartedAt"] = true }

-- "user~name" as its two parts.
local function user_and_name(noun)
  local user, name = noun.name:match("^(.-)~(.+)$")
  return user or store.user.name, name or noun.name
end

local function owner_id(user)
  return user == store.user.name and store.user.id or random.new(ngx.crc32_short(user)):id()
end

local function times(noun)
  return ('"createdAt":"%s","modifiedAt":"%s"'):format(clock.iso(noun.created), clock.iso(noun.modified))
end

-- The object as JSON text, with what was changed in it.
local function with_changes(noun, text)
  local changes = noun.changes
  if #changes.keys == 0 then return text end
  local object = json_tree.parse(text)
  for i, name in ipairs(changes.keys) do json_tree.set(object, name, changes.values[i]) end
  return json_tree.encode(object)
end

local function actor_stats(actor)
  local last = actor.runs[#actor.runs]
  return ('"stats":{"totalBuilds":%d,"totalRuns":%d,"totalUsers":6,"totalUsers7Days":2,"totalUsers30Days":6,"totalUsers90Days":6,'
    .. '"totalMetamorphs":0%s}'):format(#actor.builds, #actor.runs, last and (',"lastRunStartedAt":"%s"'):format(clock.iso(last.started)) or "")
end

local function actor_row(actor)
  local user, name = user_and_name(actor)
  local title = json_tree.get(actor.changes, "title") or ('"%s"'):format(name)
  return ('{"id":"%s",%s,"name":"%s","username":"%s",%s%s}'):format(actor.id, times(actor), name, user,
    title ~= "null" and ('"title":%s,'):format(title) or "", actor_stats(actor))
end

--- The Actor as JSON text.
function nouns.actor_object(actor)
  local user, name = user_and_name(actor)
  local defaults = start_params.DEFAULTS
  return with_changes(actor, table.concat {
    ('{"id":"%s","userId":"%s","name":"%s","username":"%s","title":"%s",'):format(actor.id, owner_id(user), name, user, name),
    '"description":"Reads pages.","isPublic":false,"isDeprecated":false,"actorPermissionLevel":"LIMITED_PERMISSIONS",',
    times(actor), ",", actor_stats(actor), ',"versions":[', actor_versions.rows(actor), '],"pricingInfos":[],',
    ('"defaultRunOptions":{"build":"%s","timeoutSecs":%d,"memoryMbytes":%d},'):format(defaults.build, defaults.timeout,
      defaults.memory), '"exampleRunInput":{"body":"{ \\"helloWorld\\": 123 }","contentType":"application/json; charset=utf-8"},',
    '"taggedBuilds":', cjson.encode(actor_builds.tags(actor, clock.now())), "}",
  })
end

local function task_members(task)
  local actor, user, name = store.actor_of(task), user_and_name(task)
  return ('"id":"%s","userId":"%s","actId":"%s","name":"%s","username":"%s",%s,"stats":{"totalRuns":%d}'):format(task.id,
    owner_id(user), actor.id, name, user, times(task), #task.runs)
end

local function task_row(task)
  local actor_user, actor_name = user_and_name(store.actor_of(task))
  return ('{%s,"actName":"%s","actUsername":"%s"}'):format(task_members(task), actor_name, actor_user)
end

--- The task as JSON text.
function nouns.task_object(task)
  return with_changes(task, ('{%s,"title":null,"options":{"build":"latest","timeoutSecs":300,"memoryMbytes":1024},"input":%s}')
    :format(task_members(task), task.input or "null"))
end

--- GET /v2/acts/{actorId}
function nouns.get_actor(request, id)
  auth.check(request)
  return answers.data(nouns.actor_object(runs.find_actor_itself(id)))
end

--- GET /v2/actor-tasks/{taskId}
function nouns.get_task(request, id)
  auth.check(request)
  return answers.data(nouns.task_object(runs.find_task(id)))
end

local function last_started(actor)
  local last = actor.runs[#actor.runs]
  return last and last.started or 0
end

-- In the order of their creation, or of their last runs; those that never ran come first.
local function sorted_actors(is_mine_only, sort_by)
  local list = {}
  for _, actor in ipairs(store.actor_list) do
    if not is_mine_only or user_and_name(actor) == store.user.name then list[#list + 1] = actor end
  end
  if sort_by ~= "stats.lastRunStartedAt" then return list end
  table.sort(list, function(a, b)
    local first, second = last_started(a), last_started(b)
    if first ~= second then return first < second end
    return a.number < b.number
  end)
  return list
end

--- GET /v2/acts
function nouns.list_actors(request)
  auth.check_list(request)
  local sort_by = params.one_of(request.args, "sortBy", SORT_KEYS)
  return pages.answer(sorted_actors(params.flag(request.args, "my"), sort_by), pages.query(request.args), actor_row)
end

--- GET /v2/actor-tasks
function nouns.list_tasks(request)
  auth.check_list(request)
  return pages.answer(store.task_list, pages.query(request.args), task_row)
end

return nouns
