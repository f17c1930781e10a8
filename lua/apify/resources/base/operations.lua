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

--- A list of what can be made anew.
local function with_create(kind, made)
  made.create = operation.new("POST", "", kind)
  return made
end

--- By noun, what makes its operations.
local makers = {}

local raw = { { "raw", "raw", flag } }
local followed = { raw[1], { "stream", "stream" } }

makers.log = function()
  return {
    get = operation.media("GET", "", "log", raw),
    stream = operation.media("GET", "", "log", followed, { deadline = positive_secs }),
    lines = operation.media("GET", "", "log", followed, {
      deadline = positive_secs, follow = flag, from_start = flag, prefix = options.either(flag, options.string()),
    }),
    download = operation.media("GET", "", "log", raw, { deadline = positive_secs }),
  }
end

makers.dataset = function()
  local made = storage()
  made.list_items = operation.new("GET", "/items", nil, join(item_range, item_shape, signed), nulls)
  made.iterate_items = operation.new("GET", "/items", nil, join({ item_range[3] }, item_shape, signed),
    tables.merge(iterating_items, { offset = whole }))
  made.download_items = operation.new("GET", "/items", nil,
    join(item_range, item_shape, signed, item_format, { { "format", "format" } }), { deadline = positive_secs })
  made.count_items = operation.new("HEAD", "/items", nil, signed)
  made.create_items_public_url = operation.new("GET", "/items", nil,
    join(item_range, item_shape, item_format, { { "format", "format", formats } }), expiring)
  made.push_items = operation.new("POST", "/items", "nothing", nil, { content_encoding = header_text, deadline = positive_secs })
  made.get_statistics = operation.new("GET", "/statistics", "statistics")
  return made
end

makers.key_value_store = function()
  local made = storage()
  made.list_keys = operation.new("GET", "/keys", "page", join(key_range, key_filter))
  made.create_keys_public_url = operation.new("GET", "/keys", nil, join(key_range, key_choice), expiring)
  made.get_record_public_url = operation.new("GET", "/records/{}")
  made.iterate_keys = operation.new("GET", "/keys", nil, key_filter,
    tables.merge(iterating, { chunk_size = options.integer { min = 1, max = MAX_KEYS }, exclusive_start_key = text }))
  made.download_records = operation.media("GET", "/records", "zip", key_filter, { deadline = positive_secs })
  made.get_record = operation.new("GET", "/records/{}", nil, record_form, tables.merge(nulls, { raw = flag }))
  made.download_record = operation.media("GET", "/records/{}", "record", record_form,
    { deadline = positive_secs, raw = flag })
  made.record_exists = operation.new("HEAD", "/records/{}", "nothing")
  made.set_record = operation.new("PUT", "/records/{}", "nothing", nil,
    { content_encoding = header_text, content_type = header_text })
  made.upload_record = operation.new("PUT", "/records/{}", "nothing", nil, {
    content_encoding = header_text, content_type = header_text, deadline = positive_secs, size = whole,
  })
  made.delete_record = operation.new("DELETE", "/records/{}", "nothing")
  return made
end

makers.request_queue = function()
  local made = storage()
  made.list_requests = operation.locking("GET", "/requests", "page", join({
    { "limit", "limit", options.integer { min = 1, max = MAX_REQUESTS } },
    { "cursor", "cursor", text }, { "exclusive_start_id", "exclusiveStartId", text },
  }, request_filter))
  made.iterate_requests = operation.locking("GET", "/requests", nil, request_filter,
    tables.merge(iterating, { chunk_size = options.integer { min = 1, max = MAX_REQUESTS }, cursor = text }))
  made.add_request = operation.locking("POST", "/requests", "registration", forefront)
  made.batch_add_requests = operation.locking("POST", "/requests/batch", "batch", forefront, batching)
  made.batch_delete_requests = operation.locking("DELETE", "/requests/batch", "batch", nil, batching)
  made.get_request = operation.new("GET", "/requests/{}", "request")
  made.update_request = operation.locking("PUT", "/requests/{}", "registration", forefront)
  made.delete_request = operation.locking("DELETE", "/requests/{}", "nothing")
  made.list_head = operation.locking("GET", "/head", "page",
    { { "limit", "limit", options.integer { min = 1, max = MAX_HEAD } } })
  made.list_and_lock_head = operation.locking("POST", "/head/lock", "page",
    { lock_secs, { "limit", "limit", options.integer { min = 1, max = MAX_LOCKED } } })
  made.prolong_request_lock = operation.locking("PUT", "/requests/{}/lock", "lock", join({ lock_secs }, forefront))
  made.delete_request_lock = operation.locking("DELETE", "/requests/{}/lock", "nothing", forefront)
  made.unlock_requests = operation.locking("POST", "/requests/unlock", "unlocked")
  return made
end

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
local output_key = { { "output_record_key", "outputRecordKey", operation.record_key } }

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

makers.actor = function()
  local made = with_changes("object", startable(permission))
  made.validate_input = operation.new("POST", "/validate-input", nil, { { "build", "build", text } }, input)
  made.build = operation.new("POST", "/builds", "build", join({
    { "version", "version" }, { "beta_packages", "betaPackages", flag }, { "tag", "tag", text }, { "use_cache", "useCache", flag },
  }, wait_for_finish))
  made.default_build = operation.new("GET", "/builds/default", nil, wait_for_finish)
  return made
end

makers.task = function()
  local made = with_changes("object", startable {})
  made.get_input = operation.new("GET", "/input", nil, nil, nulls)
  made.update_input = operation.new("PUT", "/input", nil, nil, nulls)
  return made
end

for _, noun in ipairs { "version", "env_var" } do
  makers[noun] = function() return with_changes(noun, {}) end
  makers[noun .. "s"] = function() return with_create(noun, { list = operation.new("GET", "", "page") }) end
end

makers.run = function()
  return {
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
end

-- Builds

makers.build = function()
  return {
    get = operation.new("GET", "", "build", wait_for_finish),
    wait_for_finish = operation.new("GET", "", "build", nil, waiting),
    abort = operation.new("POST", "/abort", "build"),
    delete = operation.new("DELETE", "", "nothing"),
    get_open_api_definition = operation.new("GET", "/openapi.json", "definition"),
  }
end

-- What a client is asked for itself

makers.client = function()
  return {
    set_status_message = operation.new("PUT", "", "run", nil, { is_terminal = flag }),
    wait_many = operation.new("GET", "", "run", nil, tables.merge(waiting, {
      max_parallel = options.integer { min = 1 }, on_progress = options.func,
    })),
  }
end

-- Collections

local desc = { { "desc", "desc", flag } }

makers.storages = function()
  local made = collection(join(desc, {
    { "unnamed", "unnamed", flag }, { "ownership", "ownership", options.open_enum { "ownedByMe", "sharedWithMe" } },
  }))
  made.get_or_create = operation.new("POST", "", "object", { { "name", "name" } }, { schema = options.table })
  return made
end

makers.actors = function()
  return with_create("object", collection(join(desc, {
    { "my", "my", flag }, { "sort_by", "sortBy", options.open_enum { "createdAt", "stats.lastRunStartedAt" } },
  })))
end

makers.tasks = function()
  return with_create("object", collection(desc))
end

makers.builds = function()
  return collection(desc)
end

local of_status = join(desc, { { "status", "status", options.csv_of(options.enum(job_status.STATUSES)) } })
local started = { { "started_after", "startedAfter", options.date }, { "started_before", "startedBefore", options.date } }
local following = { follow = flag, poll_secs = positive_secs }

makers.runs = function()
  return collection(join(of_status, started), following)
end

makers.task_runs = function()
  return collection(of_status, following)                             -- they cannot be filtered by date
end

-- Users, schedules and the store

--- A day, as the API wants one.
local day = {
  expected = "an ISO date such as \"2025-09-01\" or seconds since 1970",
  check = function(v)
    local iso = dates.normalize(v)
    return iso ~= nil, iso and iso:sub(1, 10)
  end,
}

makers.user = function()
  return {
    get = operation.new("GET", "", "user"),
    monthly_usage = operation.new("GET", "/usage/monthly", "usage", { { "date", "date", day } }),
    limits = operation.new("GET", "/limits", "limits"),
    update_limits = operation.change("/limits", "nothing", {
      { "data_retention_days", "dataRetentionDays", whole }, { "max_monthly_usage_usd", "maxMonthlyUsageUsd", options.number { min = 0 } },
    }),
  }
end

makers.schedules = function()
  return with_create("object", collection(desc))
end

makers.schedule = function()
  return with_changes("object", { get_log = operation.new("GET", "/log", "schedule_log") })
end

makers.store = function()
  return collection {
    { "search", "search", text }, { "category", "category", text }, { "username", "username", text },
    { "sort_by", "sortBy", options.open_enum { "relevance", "popularity", "newest", "lastUpdate" } },
    { "pricing_model", "pricingModel", options.open_enum { "FREE", "FLAT_PRICE_PER_MONTH", "PRICE_PER_DATASET_ITEM", "PAY_PER_EVENT" } },
    { "allows_agentic_users", "allowsAgenticUsers", flag }, { "include_unrunnable_actors", "includeUnrunnableActors", flag },
    { "response_format", "responseFormat", options.open_enum { "full", "agent" } },
  }
end

-- Webhooks

makers.webhooks = function()
  return with_create("object", collection(desc))
end

makers.webhook = function()
  return with_changes("object", { test = operation.new("POST", "/test", "object") })
end

makers.webhook_dispatches = function()
  return collection(desc)
end

makers.webhook_dispatch = function()
  return { get = operation.new("GET", "", "object") }
end

--- Any other list of the API.
makers.custom = function()
  return collection(desc, { path = text, query = options.table })
end

--- Those of a noun are made when they are first asked for.
return setmetatable({}, {
  __index = function(operations, noun)
    operations[noun] = makers[noun]()
    return operations[noun]
  end,
})
