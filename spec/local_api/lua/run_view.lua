--- A run as JSON: the short row of a list, and the full object. What nobody has said or done to the run is made up from its serial
--- number, so that it is the same whenever it is asked.
local cjson = require "cjson.safe"
local clock = require "clock"
local random = require "random"
local statuses = require "statuses"

local run_view = {}

local EXIT_CODES = { SUCCEEDED = "0", FAILED = "1", ["TIMED-OUT"] = "143", ABORTED = "137" }
local MESSAGES = {
  READY = "Actor is ready to start", RUNNING = "Actor is running", SUCCEEDED = "Actor finished (exit code %s)",
  FAILED = "Actor failed (exit code %s) – see the log", ["TIMING-OUT"] = "Actor is timing out",
  ["TIMED-OUT"] = "Actor timed out", ABORTING = "Actor is being aborted", ABORTED = "Actor was aborted",
}
local METAS = {
  '"origin":"WEB"',
  '"origin":"DEVELOPMENT","clientIp":null,"userAgent":null',
  '"origin":"API","clientIp":"203.0.113.7","userAgent":"ApifyClient/2.25.0 (linux; Node/v20.20.2); isAtHome/false"',
  '"origin":"SCHEDULER","clientIp":null,"userAgent":null,"scheduleId":"qT3fWbUmyAe9sLkc2","scheduledAt":"%s"',
  '"origin":"WEB","clientIp":"198.51.100.23","userAgent":"Mozilla/5.0 (X11; Linux x86_64) \\"caf\\u00e9\\" \\/ 1.0"',
  '"origin":"TEST"',
  '"origin":"WEBHOOK","clientIp":null,"userAgent":null',
  '"origin":"ACTOR","clientIp":"10.0.12.4","userAgent":null',
  '"origin":"CLI","clientIp":"2001:db8::17","userAgent":"ApifyCLI/0.21.1 (příliš žluťoučký kůň)"',
  '"origin":"STANDBY"',
}

local SEEDED_OPTIONS = '{"build":"latest","timeoutSecs":300,"memoryMbytes":1024,"diskMbytes":2048,"maxItems":1000,'
  .. '"maxTotalChargeUsd":5}'

local ROW = '{"id":"%s","actId":"%s",%s"status":"%s","startedAt":"%s","finishedAt":%s,"buildId":"%s",'
  .. '"buildNumber":"%s","meta":{%s},"usageTotalUsd":%.14g,"defaultKeyValueStoreId":"%s",'
  .. '"defaultDatasetId":"%s","defaultRequestQueueId":"%s"}'

local USAGE_KEYS = {
  "ACTOR_COMPUTE_UNITS", "DATASET_READS", "DATASET_WRITES", "KEY_VALUE_STORE_READS", "KEY_VALUE_STORE_WRITES",
  "KEY_VALUE_STORE_LISTS", "REQUEST_QUEUE_READS", "REQUEST_QUEUE_WRITES", "DATA_TRANSFER_INTERNAL_GBYTES",
  "DATA_TRANSFER_EXTERNAL_GBYTES", "PROXY_RESIDENTIAL_TRANSFER_GBYTES", "PROXY_SERPS",
}

-- What is made up, in the order of making; both views begin with these.
local function invent(run)
  local r = random.new(run.serial * 7919)
  local made = { random = r }
  made.meta = METAS[r:below(#METAS)]
  if made.meta:find("%s", 1, true) then made.meta = made.meta:format(clock.iso(run.started - r:below(900))) end
  made.meta = run.meta or made.meta
  made.build_minor, made.build_patch = r:below(3) - 1, r:below(40)
  made.build_number = run.build_number or ("0.%d.%d"):format(made.build_minor, made.build_patch)
  made.build_id, made.store_id, made.dataset_id, made.queue_id = r:id(), r:id(), r:id(), r:id()
  made.build_id = run.build_id or made.build_id
  made.usage_total = r:below(5) == 1 and r:below(40) / 20 or r:fraction() / 3
  return made
end

--- The members of the meta of a run that was started through the API.
---@param address string
---@param user_agent string?
function run_view.api_meta(address, user_agent)
  return ('"origin":"API","clientIp":"%s","userAgent":%s'):format(address, user_agent and cjson.encode(user_agent) or "null")
end

--- The `origin` of the run's meta.
function run_view.origin(run)
  return invent(run).meta:match('^"origin":"(%u+)"')
end

--- The ids of the run's default storages, by kind.
---@return table<string, string>
function run_view.storage_ids(run)
  if not run.storage_ids then
    local made = invent(run)
    run.storage_ids = { datasets = made.dataset_id, key_value_stores = made.store_id, request_queues = made.queue_id }
  end
  return run.storage_ids
end

local function quoted_time(ms)
  return ms and '"' .. clock.iso(ms) .. '"' or "null"
end

-- Of the runs without a task, most lack the field and some have a null.
local function task_field(run)
  if run.task then return '"actorTaskId":"' .. run.task.id .. '",' end
  return run.serial % 2 == 0 and '"actorTaskId":null,' or ""
end

local function render_row(run)
  local made = invent(run)
  return ROW:format(run.id, run.actor.id, task_field(run), run.status, clock.iso(run.started), quoted_time(run.finished),
    made.build_id, made.build_number, made.meta, made.usage_total, made.store_id, made.dataset_id,
    made.queue_id)
end

--- The run as a row of a list; its status must be up to date. Rendered once for each status.
---@param run local_api.Run
---@return string json
function run_view.row(run)
  if run.row_status ~= run.status then
    run.row, run.row_status = render_row(run), run.status
  end
  return run.row
end

local function usage(made, scale)
  local parts = {}
  for i, key in ipairs(USAGE_KEYS) do
    parts[i] = ('"%s":%.14g'):format(key, made.random:below(40) * scale)
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

local function pricing(run)
  local since = clock.iso(run.started - 86400000)
  return ('{"apifyMarginPercentage":0.2,"createdAt":"%s","startedAt":"%s","notifiedAboutFutureChangeAt":null,'
    .. '"notifiedAboutChangeAt":null,"reasonForChange":null,"pricingModel":"PAY_PER_EVENT","pricingPerEvent":'
    .. '{"actorChargeEvents":{"page-crawled":{"eventPriceUsd":0.001,"eventTitle":"Page crawled",'
    .. '"eventDescription":"A page was opened and read."},"result-item":{"eventPriceUsd":0.002,"eventTitle":"Result item",'
    .. '"eventDescription":"An item was found."}}},"minimalMaxTotalChargeUsd":null}'):format(since, since)
end

local function input_length(run, r)
  local made_up = r:below(2000)
  if not run.is_started then return made_up end
  return run.input and #run.input.value or 0
end

local function stats(run, made, now)
  local r = made.random
  local duration = math.max(0, (run.finished or now) - run.started)
  return ('{"inputBodyLen":%d,"migrationCount":0,"rebootCount":%d,"restartCount":0,"resurrectCount":%d,'
    .. '"memAvgBytes":%.14g,"memMaxBytes":%d,"memCurrentBytes":%d,"cpuAvgUsage":%.14g,"cpuMaxUsage":%.14g,'
    .. '"cpuCurrentUsage":%d,"netRxBytes":%d,"netTxBytes":%d,"durationMillis":%.0f,"runTimeSecs":%.14g,'
    .. '"metamorph":%d,"computeUnits":%.14g}'):format(input_length(run, r), run.reboots or 0, run.resurrections or 0,
    r:next() / 7, r:below(1073741824), run.finished and 0 or r:below(500000000), r:fraction() * 60, 60 + r:fraction() * 140, run.finished and 0 or 30,
    r:next(), r:below(9000000), duration, duration / 1000, #(run.metamorphs or {}), duration / 3600000)
end

local function storage_ids(made)
  return ('{"datasets":{"default":"%s"},"keyValueStores":{"default":"%s"},"requestQueues":{"default":"%s"}}')
    :format(made.dataset_id, made.store_id, made.queue_id)
end

local function costs(made)
  return ('"usageTotalUsd":%.14g,"usageUsd":%s,'):format(made.usage_total, usage(made, 0.00005))
end

-- The latest status message that is due, and whether it is the last one.
local function own_message(run, now)
  local message = run.message
  for _, step in ipairs(run.behaviour and run.behaviour.messages or {}) do
    local at = run.behaves_since + step[1] * 1000
    if at <= now and not (message and message.at > at) then message = { text = step[2], at = at } end
  end
  return message
end

-- A run that came to its own end may have an exit code of its own.
local function exit_code(run)
  local own = run.behaviour and run.behaviour.exit_code
  local is_own_end = run.status == "SUCCEEDED" or run.status == "FAILED"
  return own and is_own_end and ("%d"):format(own) or EXIT_CODES[run.status] or "null"
end

-- What a run says of itself. When it has finished that is forgotten, unless it was said to be terminal or was said later.
local function status_message(run, now)
  local message, is_finished = own_message(run, now), statuses.is_terminal[run.status] or false
  local is_forgotten = message and is_finished and not message.is_terminal and message.at < run.finished
  if not message or is_forgotten then return (MESSAGES[run.status]:gsub("%%s", exit_code(run))), is_finished end
  return message.text, message.is_terminal or false
end

local function identity(run, user, now)
  local message, is_last = status_message(run, now)
  return ('{"id":"%s","actId":"%s","userId":"%s",%s"startedAt":"%s","finishedAt":%s,"status":"%s","statusMessage":%s,'
    .. '"isStatusMessageTerminal":%s,'):format(run.id, run.actor.id, user.id, task_field(run), clock.iso(run.started),
    quoted_time(run.finished), run.status, cjson.encode(message), tostring(is_last))
end

-- What was asked for at the start.
local function run_options(run)
  local o = run.options
  if not o then return SEEDED_OPTIONS end
  return ('{"build":%s,"timeoutSecs":%d,"memoryMbytes":%d,"diskMbytes":%d,"maxItems":%s,"maxTotalChargeUsd":%s}'):format(
    cjson.encode(o.build), math.ceil(o.timeout), o.memory, o.memory * 2, cjson.encode(o.max_items or cjson.null),
    cjson.encode(o.max_total_charge_usd or cjson.null))
end

-- The made-up counts of a run that was not started through the API, and what was charged since.
local function charged_events(run, made)
  local counts = run.is_started and {} or { ["actor-start"] = 1, ["page-crawled"] = made.random:below(500) }
  for event, count in pairs(run.charges or {}) do counts[event] = (counts[event] or 0) + count end
  return cjson.encode(counts)
end

local function metamorphs(run)
  local rows = {}
  for i, m in ipairs(run.metamorphs or {}) do
    rows[i] = ('{"createdAt":"%s","actorId":"%s","buildId":"%s","inputKey":%s}'):format(clock.iso(m.at), m.actor_id, m.build_id,
      m.input_key and '"' .. m.input_key .. '"' or "null")
  end
  return "[" .. table.concat(rows, ",") .. "]"
end

local function container(made)
  return ('"buildNumber":"%s","containerUrl":"https://%s.runs.apify.net","isContainerServerReady":true,'
    .. '"gitBranchName":"master",'):format(made.build_number, made.build_id:lower())
end

--- The full run object; its status must be up to date.
---@param run local_api.Run
---@param user table
---@param now integer milliseconds
---@param with_costs boolean false hides what a caller without a token may not see
---@return string json
function run_view.full(run, user, now, with_costs)
  local made = invent(run)
  return table.concat {
    identity(run, user, now), '"meta":{', made.meta, '},"pricingInfo":', pricing(run), ',"stats":', stats(run, made, now),
    ',"chargedEventCounts":', charged_events(run, made), ',"options":', run_options(run), ',"buildId":"', made.build_id,
    '","exitCode":', exit_code(run), ',"generalAccess":"', run.access or "RESTRICTED", '","defaultKeyValueStoreId":"',
    made.store_id, '","defaultDatasetId":"', made.dataset_id, '","defaultRequestQueueId":"', made.queue_id, '","storageIds":',
    storage_ids(made), ",", container(made), '"usage":', usage(made, 1), ",", with_costs and costs(made) or "", '"metamorphs":',
    metamorphs(run), "}",
  }
end

return run_view
