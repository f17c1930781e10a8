--- The build endpoints: lists, a build by its id or by its Actor, its start, abort, deletion, log and definition; and their controls.
local actor_builds = require "actor_builds"
local actor_versions = require "actor_versions"
local answers = require "answers"
local auth = require "auth"
local behaviours = require "behaviours"
local build_view = require "build_view"
local clock = require "clock"
local errors = require "errors"
local log_texts = require "log_texts"
local logs = require "logs"
local options = require "options"
local pages = require "pages"
local params = require "params"
local runs = require "runs"
local statuses = require "statuses"
local store = require "store"
local webhook_events = require "webhook_events"

local builds = { controls = {} }

local ABORTING_MS = 50
local BEHAVIOUR = {
  actor = "janedoe~my-actor",
  log_lines = 5,
  schedule = { { 0, "READY" }, { 0.05, "RUNNING" }, { 0.3, "SUCCEEDED" } },
}

webhook_events.add_kind {
  prefix = "ACTOR.BUILD.", id_name = "actorBuildId", all = function() return store.builds end, find = function(id) return store.build_by_id[id] end,
  view = function(build) return build_view.full(build, clock.now(), true) end,
}

-- Lists

local function page(list, args)
  local now = clock.now()
  return pages.answer(list, pages.query(args), function(build)
    store.status(build, now)
    return build_view.row(build, now)
  end)
end

--- GET /v2/actor-builds
function builds.list_all(request)
  auth.check_list(request)
  return page(store.builds, request.args)
end

--- GET /v2/acts/{actorId}/builds
function builds.list_of_actor(request, actor_id)
  auth.check_list(request)
  return page(runs.find_actor(actor_id).builds, request.args)
end

-- One build

local function find(id)
  return store.build_by_id[id] or error(errors.record_not_found, 0)
end

-- That of an Actor; "default" is the one that its runs are of when they do not say another.
local function find_of_actor(actor_id, id)
  local actor = runs.find_actor(actor_id)
  local build = id == "default" and actor_builds.default_of(actor) or store.build_by_id[id]
  return build and build.actor == actor and build or error(errors.record_not_found, 0)
end

local function show(request, build)
  local now = clock.now()
  store.status(build, now)
  return answers.data(build_view.full(build, now, request.token ~= nil))
end

-- The build as it is when it has finished or the wait is over; it may have been deleted meanwhile.
local function wait_and_show(request, build)
  local wait_secs = params.wait_for_finish(request.args)
  if wait_secs > 0 then store.wait(build, wait_secs) end
  return show(request, find(build.id))
end

--- GET /v2/actor-builds/{buildId}
function builds.get(request, id)
  auth.check(request)
  return wait_and_show(request, find(id))
end

--- GET /v2/acts/{actorId}/builds/{buildId}
function builds.get_of_actor(request, actor_id, id)
  auth.check(request)
  return wait_and_show(request, find_of_actor(actor_id, id))
end

--- GET /v2/acts/{actorId}/builds/default
function builds.get_default(request, actor_id)
  return builds.get_of_actor(request, actor_id, "default")
end

local function abort(request, build)
  store.abort(build, ABORTING_MS)
  return show(request, build)
end

--- POST /v2/actor-builds/{buildId}/abort
function builds.abort(request, id)
  auth.check(request)
  return abort(request, find(id))
end

--- POST /v2/acts/{actorId}/builds/{buildId}/abort
function builds.abort_of_actor(request, actor_id, id)
  auth.check(request)
  return abort(request, find_of_actor(actor_id, id))
end

--- DELETE /v2/actor-builds/{buildId}
function builds.delete(request, id)
  auth.check(request)
  local build = find(id)
  if not statuses.is_terminal[store.status(build, clock.now())] then
    error(errors.new(400, "deleting-unfinished-build", "A build that has not finished cannot be deleted."), 0)
  end
  if actor_builds.default_of(build.actor) == build then
    error(errors.new(400, "deleting-default-build", "The default build of an Actor cannot be deleted."), 0)
  end
  store.remove_build(build)
  return answers.none()
end

--- GET /v2/actor-builds/{buildId}/log
function builds.log(request, id)
  auth.check(request)
  return logs.get(request, find(id))
end

local function definition(build)
  return answers.json(200, build_view.definition(build, answers.own_url("/v2")))
end

--- GET /v2/actor-builds/{buildId}/openapi.json
function builds.definition(_, id)
  return definition(find(id))
end

--- GET /v2/acts/{actorId}/builds/{buildId}/openapi.json
function builds.definition_of_actor(_, actor_id, id)
  return definition(find_of_actor(actor_id, id))
end

--- GET /v2/acts/{actorId}/builds/default/openapi.json
function builds.definition_of_default(_, actor_id)
  return definition(find_of_actor(actor_id, "default"))
end

-- Starts

-- What the build does from its start on: its statuses, and lines of its log while it is running.
local function begin(build, steps, log_lines)
  local first, last = behaviours.running_time(steps)
  local function line(number, ms) return ("%s build %s line %d\n"):format(clock.iso(math.floor(ms)), build.id, number) end
  local at_once = {}
  for number = 1, first == last and log_lines or 0 do at_once[number] = line(number, build.started + first) end
  build.log = log_texts.spread {
    before = at_once, lines = log_lines - #at_once, started = build.started + first, ended = build.started + last, line = line,
  }
  store.set_schedule(build, steps)
end

local function tag_of(actor, args, version)
  local own = actor_versions.build_tag(actor, version)
  return params.text(args, "tag") or own
end

--- POST /v2/acts/{actorId}/builds
function builds.start(request, actor_id)
  auth.check(request)
  local actor, args = runs.find_actor(actor_id), request.args
  local version = params.text(args, "version") or params.refuse("version", "is required")
  if not version:find("^%d%d?%.%d%d?$") then params.refuse("version", "must be the number of a version") end
  params.wait_for_finish(args)
  local build = store.add_build {
    actor = actor, version = version, number = actor_builds.next_number(actor, version), tag = tag_of(actor, args, version),
    use_cache = params.flag(args, "useCache"), beta_packages = params.flag(args, "betaPackages"), started = clock.now(), status = "READY",
    meta = { origin = "API", clientIp = ngx.var.remote_addr, userAgent = ngx.var.http_user_agent },
  }
  local behaviour = actor.build_behaviour or BEHAVIOUR
  begin(build, behaviours.milliseconds(behaviour.schedule), behaviour.log_lines)
  webhook_events.created(build)
  local answer = wait_and_show(request, build)
  answer.status, answer.headers.Location = 201, answers.own_url("/v2/actor-builds/" .. build.id)
  return answer
end

-- Controls

--- What builds of the Actor do from their start on.
function builds.controls.build_behaviour(given)
  local wanted = options.check(given, BEHAVIOUR, "build_behaviour")
  behaviours.milliseconds(wanted.schedule)
  store.actor(wanted.actor).build_behaviour = wanted
  return {}
end

local ADDED = {
  actor = BEHAVIOUR.actor, count = 1, log_lines = BEHAVIOUR.log_lines, schedule = { { 0, "SUCCEEDED" } }, spacing_secs = 0, started_at = false,
  tag = false, version = "0.1",
}

--- Builds that began at a time, now by default.
function builds.controls.add_builds(given)
  local wanted = options.check(given, ADDED, "add_builds")
  local actor, started = store.actor(wanted.actor), wanted.started_at and clock.parse(wanted.started_at) or clock.now()
  local steps, ids = behaviours.milliseconds(wanted.schedule), {}
  for i = 1, wanted.count do
    local build = store.add_build {
      actor = actor, version = wanted.version, number = actor_builds.next_number(actor, wanted.version), tag = wanted.tag or nil,
      started = started + math.floor((i - 1) * wanted.spacing_secs * 1000), status = "READY",
    }
    begin(build, steps, wanted.log_lines)
    webhook_events.created(build)
    ids[i] = build.id
  end
  return { ids = ids }
end

return builds
