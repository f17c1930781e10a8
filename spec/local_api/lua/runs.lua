--- The run endpoints: lists of an Actor's, a task's and all runs; a run by its id; the last run.
local answers = require "answers"
local auth = require "auth"
local clock = require "clock"
local errors = require "errors"
local movement = require "movement"
local pages = require "pages"
local params = require "params"
local run_view = require "run_view"
local store = require "store"

local runs = {}

local function is_match(run, filter, now)
  if filter.statuses and not filter.statuses[store.status(run, now)] then return false end
  if filter.after and run.started < filter.after then return false end
  return not (filter.before and run.started > filter.before)
end

--- The runs of `list` that `filter` lets through, in the order asked for. Without filters that is `list` itself.
---@param list local_api.Run[] ascending
---@param filter {statuses: table?, after: integer?, before: integer?}
---@param now integer milliseconds
---@return local_api.Run[] matching ascending
function runs.matching(list, filter, now)
  if not (filter.statuses or filter.after or filter.before) then return list end
  local matching = {}
  for i = 1, #list do
    if is_match(list[i], filter, now) then matching[#matching + 1] = list[i] end
  end
  return matching
end

local function page(list, query, now)
  return pages.answer(runs.matching(list, query.filter, now), query, function(run)
    store.status(run, now)
    return run_view.row(run)
  end)
end

local function list_query(args)
  local query = pages.query(args)
  query.filter = { statuses = params.statuses(args), after = params.date(args, "startedAfter"), before = params.date(args, "startedBefore") }
  return query
end

local function list(query, noun)
  movement.before_list(noun, query)
  return page(noun and noun.runs or store.runs, query, clock.now())
end

--- The Actor of that id or name, or a failure.
function runs.find_actor(id)
  return store.actors[id] or error(errors.actor_not_found, 0)
end

--- The same where the Actor itself is asked for: the failure is that of any object, which clients know as "there is none".
function runs.find_actor_itself(id)
  return store.actors[id] or error(errors.record_not_found, 0)
end

--- The task of that id or name, or a failure.
function runs.find_task(id)
  return store.tasks[id] or error(errors.record_not_found, 0)
end

--- The run of that id, or a failure.
function runs.find(id)
  return store.run_by_id[id] or error(errors.record_not_found, 0)
end

--- GET /v2/acts/{actorId}/runs
function runs.list_of_actor(request, actor_id)
  auth.check_list(request)
  local query = list_query(request.args)
  return list(query, runs.find_actor(actor_id))
end

--- GET /v2/actor-tasks/{taskId}/runs
function runs.list_of_task(request, task_id)
  auth.check_list(request)
  params.absent(request.args, "startedAfter")
  params.absent(request.args, "startedBefore")
  local query = list_query(request.args)
  return list(query, runs.find_task(task_id))
end

--- GET /v2/actor-runs
function runs.list_all(request)
  auth.check_list(request)
  return list(list_query(request.args), nil)
end

--- The answer with the run as it is now.
function runs.show(request, run)
  local now = clock.now()
  store.status(run, now)
  return answers.data(run_view.full(run, store.user, now, request.token ~= nil))
end

--- The answer with the run as it is when it has finished or the wait is over; it may have been deleted meanwhile.
function runs.wait_and_show(request, run, wait_secs)
  if wait_secs > 0 then store.wait(run, wait_secs) end
  return runs.show(request, runs.find(run.id))
end

--- GET /v2/actor-runs/{runId}
function runs.get(request, run_id)
  auth.check(request)
  local wait_secs = params.wait_for_finish(request.args)
  return runs.wait_and_show(request, runs.find(run_id), wait_secs)
end

local function last_run(list_of_runs, status, origin)
  local now = clock.now()
  for i = #list_of_runs, 1, -1 do
    local run = list_of_runs[i]
    if (not status or store.status(run, now) == status) and (not origin or run_view.origin(run) == origin) then
      return run
    end
  end
  error(errors.record_not_found, 0)
end

--- The last run of an Actor, as the request's `status` and `origin` choose it, or a failure.
function runs.find_last_of_actor(request, actor_id)
  return last_run(runs.find_actor(actor_id).runs, params.status(request.args), params.origin(request.args))
end

--- The last run of a task.
function runs.find_last_of_task(request, task_id)
  return last_run(runs.find_task(task_id).runs, params.status(request.args), params.origin(request.args))
end

local function get_last(request, find, id)
  auth.check(request)
  local wait_secs = params.wait_for_finish(request.args)
  return runs.wait_and_show(request, find(request, id), wait_secs)
end

--- GET /v2/acts/{actorId}/runs/last
function runs.last_of_actor(request, actor_id)
  return get_last(request, runs.find_last_of_actor, actor_id)
end

--- GET /v2/actor-tasks/{taskId}/runs/last
function runs.last_of_task(request, task_id)
  return get_last(request, runs.find_last_of_task, task_id)
end

return runs
