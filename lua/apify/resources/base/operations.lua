--- What the API can do, operation by operation. Those of a log, a dataset, a key-value store and a request queue are the same
--- wherever they are mounted: below a run, below an Actor's or a task's last run, or as a storage of its own.
---
--- An operation says the method, the path below the mount ("{}" stands for a key or an id) and the options that become query
--- parameters; no other parameter is ever sent. Limits are the API's.
local core = require "apify.core"
local dates = require "apify.util.dates"
local operation = require "apify.resources.base.operation"
local options = require "apify.util.options"
local job_status = require "apify.resources.base.job_status"
local tables = require "apify.util.tables"
local webhook_fields = require "apify.resources.base.webhook_fields"

local MAX_KEYS, MAX_REQUESTS, MAX_HEAD, MAX_LOCKED = 1000, 10000, 1000, 25

local flag, positive_secs = options.flag, options.positive_secs
local header_text, names, text, whole = operation.header_text, operation.names, operation.text, operation.whole
local collection, iterating, join, nulls = operation.collection, operation.iterating, operation.join, operation.nulls

-- Parameters

--- What chooses stored items.
local item_range = { { "offset", "offset", whole }, { "limit", "limit", options.integer { min = 1 } }, { "desc", "desc", flag } }

--- What changes items on their way out.
local item_shape = {
  { "clean", "clean", flag }, { "skip_empty", "skipEmpty", flag }, { "skip_hidden", "skipHidden", flag },
  { "fields", "fields", names }, { "output_fields", "outputFields", names }, { "omit", "omit", names },
  { "unwind", "unwind", names }, { "flatten", "flatten", names }, { "view", "view", text },
  { "simplified", "simplified", flag }, { "skip_failed_pages", "skipFailedPages", flag },
}

--- What lets one in who has no token.
local signed = { { "signature", "signature", text } }

--- What changes the text of a format.
local item_format = {
  { "attachment", "attachment", flag }, { "delimiter", "delimiter", text }, { "bom", "bom", flag },
  { "xml_root", "xmlRoot", text }, { "xml_row", "xmlRow", text }, { "skip_header_row", "skipHeaderRow", flag },
  { "feed_title", "feedTitle", text }, { "feed_description", "feedDescription", text },
}

local key_range = {
  { "limit", "limit", options.integer { min = 1, max = MAX_KEYS } }, { "exclusive_start_key", "exclusiveStartKey", text },
}
local key_choice = { { "prefix", "prefix", text }, { "collection", "collection", text } }
local key_filter = join(key_choice, signed)
local record_form = join(signed, { { "attachment", "attachment" } })   -- unless as an attachment, the API may edit HTML
local forefront = { { "forefront", "forefront", flag } }
local lock_secs = { "lock_secs", "lockSecs", options.integer { min = 1 }, is_required = true }
local request_filter = { { "filter", "filter", options.list_of(options.open_enum { "locked", "pending" }) } }

local formats = options.enum { "json", "jsonl", "csv", "xlsx", "xml", "html", "rss" }

-- Options that are not sent

local expiring = { expires_in_secs = positive_secs }

local iterating_items = tables.merge(iterating, {
  chunk_size = options.integer { min = 1 }, follow = flag, poll_secs = positive_secs, prefetch = options.integer { min = 1, max = 64 },
})

local batching = {
  deadline = positive_secs,
  max_parallel = options.integer { min = 1, max = 50 }, max_unprocessed_requests_retries = whole,
  max_unprocessed_retries = whole,                                     -- the same, as it was called at first
}

-- Changes

--- false stands for the API's null.
local none = { expected = "false", check = function(v) return v == false, core.null end }

local general_access = { "general_access", "generalAccess", options.either(none, options.open_enum {
  "ANYONE_WITH_ID_CAN_READ", "ANYONE_WITH_NAME_CAN_READ", "FOLLOW_USER_SETTING", "RESTRICTED",
}) }

local function storage()
  local name_or_none = options.either(text, none)
  return {
    get = operation.new("GET", "", "object"),
    update = operation.change("", "object", { general_access, { "name", "name", name_or_none }, { "title", "title", name_or_none } }),
    delete = operation.new("DELETE", "", "nothing"),
  }
end

--- What is changed by its fields.
local function with_changes(kind, made)
  made.get = operation.new("GET", "", kind)
  made.update = operation.new("PUT", "", kind)
  made.delete = operation.new("DELETE", "", "nothing")
  return made
end

local operations = {}

local raw = { { "raw", "raw", flag } }
local followed = { raw[1], { "stream", "stream" } }

operations.log = {
  get = operation.media("GET", "", "log", raw),
  stream = operation.media("GET", "", "log", followed, { deadline = positive_secs }),
  lines = operation.media("GET", "", "log", followed, {
    deadline = positive_secs, follow = flag, from_start = flag, prefix = options.either(flag, options.string()),
  }),
  download = operation.media("GET", "", "log", raw, { deadline = positive_secs }),
}

operations.dataset = storage()
operations.dataset.list_items = operation.new("GET", "/items", nil, join(item_range, item_shape, signed), nulls)
operations.dataset.iterate_items = operation.new("GET", "/items", nil, join({ item_range[3] }, item_shape, signed),
  tables.merge(iterating_items, { offset = whole }))
operations.dataset.download_items = operation.new("GET", "/items", nil,
  join(item_range, item_shape, signed, item_format, { { "format", "format" } }), { deadline = positive_secs })
operations.dataset.count_items = operation.new("HEAD", "/items", nil, signed)
operations.dataset.create_items_public_url = operation.new("GET", "/items", nil,
  join(item_range, item_shape, item_format, { { "format", "format", formats } }), expiring)
operations.dataset.push_items = operation.new("POST", "/items", "nothing", nil, { content_encoding = header_text, deadline = positive_secs })
operations.dataset.get_statistics = operation.new("GET", "/statistics", "statistics")

operations.key_value_store = storage()
operations.key_value_store.list_keys = operation.new("GET", "/keys", "page", join(key_range, key_filter))
operations.key_value_store.create_keys_public_url = operation.new("GET", "/keys", nil, join(key_range, key_choice), expiring)
operations.key_value_store.get_record_public_url = operation.new("GET", "/records/{}")
operations.key_value_store.iterate_keys = operation.new("GET", "/keys", nil, key_filter,
  tables.merge(iterating, { chunk_size = options.integer { min = 1, max = MAX_KEYS }, exclusive_start_key = text }))
operations.key_value_store.download_records = operation.media("GET", "/records", "zip", key_filter, { deadline = positive_secs })
operations.key_value_store.get_record = operation.new("GET", "/records/{}", nil, record_form, tables.merge(nulls, { raw = flag }))
operations.key_value_store.download_record = operation.media("GET", "/records/{}", "record", record_form,
  { deadline = positive_secs, raw = flag })
operations.key_value_store.record_exists = operation.new("HEAD", "/records/{}", "nothing")
operations.key_value_store.set_record = operation.new("PUT", "/records/{}", "nothing", nil,
  { content_encoding = header_text, content_type = header_text })
operations.key_value_store.upload_record = operation.new("PUT", "/records/{}", "nothing", nil, {
  content_encoding = header_text, content_type = header_text, deadline = positive_secs, size = whole,
})
operations.key_value_store.delete_record = operation.new("DELETE", "/records/{}", "nothing")

operations.request_queue = storage()
operations.request_queue.list_requests = operation.locking("GET", "/requests", "page", join({
  { "limit", "limit", options.integer { min = 1, max = MAX_REQUESTS } },
  { "cursor", "cursor", text }, { "exclusive_start_id", "exclusiveStartId", text },
}, request_filter))
operations.request_queue.iterate_requests = operation.locking("GET", "/requests", nil, request_filter,
  tables.merge(iterating, { chunk_size = options.integer { min = 1, max = MAX_REQUESTS }, cursor = text }))
operations.request_queue.add_request = operation.locking("POST", "/requests", "registration", forefront)
operations.request_queue.batch_add_requests = operation.locking("POST", "/requests/batch", "batch", forefront, batching)
operations.request_queue.batch_delete_requests = operation.locking("DELETE", "/requests/batch", "batch", nil, batching)
operations.request_queue.get_request = operation.new("GET", "/requests/{}", "request")
operations.request_queue.update_request = operation.locking("PUT", "/requests/{}", "registration", forefront)
operations.request_queue.delete_request = operation.locking("DELETE", "/requests/{}", "nothing")
operations.request_queue.list_head = operation.locking("GET", "/head", "page",
  { { "limit", "limit", options.integer { min = 1, max = MAX_HEAD } } })
operations.request_queue.list_and_lock_head = operation.locking("POST", "/head/lock", "page",
  { lock_secs, { "limit", "limit", options.integer { min = 1, max = MAX_LOCKED } } })
operations.request_queue.prolong_request_lock = operation.locking("PUT", "/requests/{}/lock", "lock", join({ lock_secs }, forefront))
operations.request_queue.delete_request_lock = operation.locking("DELETE", "/requests/{}/lock", "nothing", forefront)
operations.request_queue.unlock_requests = operation.locking("POST", "/requests/unlock", "unlocked")

-- Runs

local memory = {
  expected = "a power of 2 from 128 up, in megabytes",
  check = function(v)
    local power = 128
    while type(v) == "number" and power < v and power < 2 ^ 40 do power = power * 2 end
    if v ~= power then return false, v end
    return true, power
  end,
}

--- Limits of a run, when it is started or resurrected. `timeout` is the run's own, in seconds.
local run_limits = {
  { "build", "build", text }, { "memory", "memory", memory }, { "timeout", "timeout", whole },
  { "max_items", "maxItems", options.integer { min = 1 } },
  { "max_total_charge_usd", "maxTotalChargeUsd", options.number { exclusive_min = 0 } },
  { "restart_on_error", "restartOnError", flag },
}
local wait_for_finish = { { "wait_for_finish", "waitForFinish", options.integer { min = 0, max = 60 } } }
local hooks = { { "webhooks", "webhooks", webhook_fields.ad_hoc } }
local permission = { { "force_permission_level", "forcePermissionLevel", options.open_enum { "LIMITED_PERMISSIONS", "FULL_PERMISSIONS" } } }
local output_key = { { "output_record_key", "outputRecordKey", text } }

local input = { content_type = header_text }
local waiting = { deadline = positive_secs, wait_secs = options.number { min = 0, huge = true } }
local calling = tables.merge(input, waiting, { log = options.either(flag, options.func) })

--- What an Actor and a task can be asked to do; `own` are the parameters that only one of them has.
local function startable(own)
  local start, items = join(run_limits, hooks, own), join(run_limits, hooks, item_range, item_shape)
  return {
    start = operation.new("POST", "/runs", "run", join(start, wait_for_finish), input),
    call = operation.new("POST", "/runs", "run", start, calling),
    run_sync = operation.new("POST", "/run-sync", nil, join(run_limits, hooks, output_key), tables.merge(input, { nulls = nulls.nulls, raw = flag })),
    run_sync_get_dataset_items = operation.new("POST", "/run-sync-get-dataset-items", nil, items, tables.merge(input, nulls)),
    run_sync_download_items = operation.new("POST", "/run-sync-get-dataset-items", nil, join(items, item_format, { { "format", "format" } }),
      tables.merge(input, { deadline = positive_secs })),
    run_sync_iterate_items = operation.new("POST", "/run-sync-get-dataset-items", nil, items,
      tables.merge(input, { deadline = positive_secs, nulls = nulls.nulls, pick = iterating.pick })),
  }
end

operations.actor = with_changes("object", startable(permission))
operations.actor.validate_input = operation.new("POST", "/validate-input", nil, { { "build", "build", text } }, input)

operations.task = with_changes("object", startable {})
operations.task.get_input = operation.new("GET", "/input", nil, nil, nulls)
operations.task.update_input = operation.new("PUT", "/input", nil, nil, nulls)

for _, noun in ipairs { "version", "env_var" } do
  operations[noun] = with_changes(noun, {})
  operations[noun .. "s"] = { list = operation.new("GET", "", "page"), create = operation.new("POST", "", noun) }
end

operations.run = {
  get = operation.new("GET", "", "run", wait_for_finish),
  wait_for_finish = operation.new("GET", "", "run", nil, waiting),
  update = operation.change("", "run", {
    general_access, { "is_status_message_terminal", "isStatusMessageTerminal", flag }, { "status_message", "statusMessage", options.string() },
  }),
  delete = operation.new("DELETE", "", "nothing"),
  abort = operation.new("POST", "/abort", "run", { { "gracefully", "gracefully", flag } }),
  metamorph = operation.new("POST", "/metamorph", "run", { { "target_actor_id", "targetActorId" }, { "build", "build", text } }, input),
  reboot = operation.new("POST", "/reboot", "run"),
  resurrect = operation.new("POST", "/resurrect", "run", run_limits),
  pin = operation.new("GET", ""),
  charge = operation.new("POST", "/charge", "nothing", nil, { count = options.integer { min = 1 }, idempotency_key = header_text }),
  watch = operation.new("GET", "", "run", nil, { interval = positive_secs, deadline = positive_secs }),
}

-- Builds

operations.build = {
  get = operation.new("GET", "", "build", wait_for_finish),
  wait_for_finish = operation.new("GET", "", "build", nil, waiting),
  abort = operation.new("POST", "/abort", "build"),
  delete = operation.new("DELETE", "", "nothing"),
  get_open_api_definition = operation.new("GET", "/openapi.json", "definition"),
}

operations.actor.build = operation.new("POST", "/builds", "build", join({
  { "version", "version" }, { "beta_packages", "betaPackages", flag }, { "tag", "tag", text }, { "use_cache", "useCache", flag },
}, wait_for_finish))
operations.actor.default_build = operation.new("GET", "/builds/default", nil, wait_for_finish)

-- What a client is asked for itself

operations.client = {
  set_status_message = operation.new("PUT", "", "run", nil, { is_terminal = flag }),
  wait_many = operation.new("GET", "", "run", nil, tables.merge(waiting, {
    max_parallel = options.integer { min = 1 }, on_progress = options.func,
  })),
}

-- Collections

local desc = { { "desc", "desc", flag } }

operations.storages = collection(join(desc, {
  { "unnamed", "unnamed", flag }, { "ownership", "ownership", options.open_enum { "ownedByMe", "sharedWithMe" } },
}))
operations.storages.get_or_create = operation.new("POST", "", "object", { { "name", "name" } }, { schema = options.table })

operations.actors = collection(join(desc, {
  { "my", "my", flag }, { "sort_by", "sortBy", options.open_enum { "createdAt", "stats.lastRunStartedAt" } },
}))
operations.actors.create = operation.new("POST", "", "object")
operations.tasks = collection(desc)
operations.tasks.create = operation.new("POST", "", "object")
operations.builds = collection(desc)

local of_status = join(desc, { { "status", "status", options.csv_of(options.enum(job_status.STATUSES)) } })
local started = { { "started_after", "startedAfter", options.date }, { "started_before", "startedBefore", options.date } }
local following = { follow = flag, poll_secs = positive_secs }

operations.runs = collection(join(of_status, started), following)
operations.task_runs = collection(of_status, following)               -- they cannot be filtered by date

-- Users, schedules and the store

--- A day, as the API wants one.
local day = {
  expected = "an ISO date such as \"2025-09-01\" or seconds since 1970",
  check = function(v)
    local iso = dates.normalize(v)
    return iso ~= nil, iso and iso:sub(1, 10)
  end,
}

operations.user = {
  get = operation.new("GET", "", "user"),
  monthly_usage = operation.new("GET", "/usage/monthly", "usage", { { "date", "date", day } }),
  limits = operation.new("GET", "/limits", "limits"),
  update_limits = operation.change("/limits", "nothing", {
    { "data_retention_days", "dataRetentionDays", whole }, { "max_monthly_usage_usd", "maxMonthlyUsageUsd", options.number { min = 0 } },
  }),
}

operations.schedules = collection(desc)
operations.schedules.create = operation.new("POST", "", "object")
operations.schedule = with_changes("object", { get_log = operation.new("GET", "/log", "schedule_log") })

operations.store = collection {
  { "search", "search", text }, { "category", "category", text }, { "username", "username", text },
  { "sort_by", "sortBy", options.open_enum { "relevance", "popularity", "newest", "lastUpdate" } },
  { "pricing_model", "pricingModel", options.open_enum { "FREE", "FLAT_PRICE_PER_MONTH", "PRICE_PER_DATASET_ITEM", "PAY_PER_EVENT" } },
  { "allows_agentic_users", "allowsAgenticUsers", flag }, { "include_unrunnable_actors", "includeUnrunnableActors", flag },
  { "response_format", "responseFormat", options.open_enum { "full", "agent" } },
}

-- Webhooks

operations.webhooks = collection(desc)
operations.webhooks.create = operation.new("POST", "", "object")
operations.webhook = with_changes("object", { test = operation.new("POST", "/test", "object") })
operations.webhook_dispatches = collection(desc)
operations.webhook_dispatch = { get = operation.new("GET", "", "object") }

--- Any other list of the API.
operations.custom = collection(desc, { path = text, query = options.table })

return operations
