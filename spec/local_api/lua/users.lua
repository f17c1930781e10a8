--- Users: the one that every token is of, with limits and usage, and the public profiles of others.
local answers = require "answers"
local auth = require "auth"
local bodies = require "bodies"
local cjson = require "cjson.safe"
local clock = require "clock"
local errors = require "errors"
local params = require "params"
local random = require "random"
local schedules = require "schedules"
local statuses = require "statuses"
local store = require "store"

local users = {}

local DAY_MS = 86400000
local CREATED_AT = "2019-04-08T11:27:57.401Z"
local FEATURES = {
  "ACTORS", "STORAGE", "SCHEDULER", "PROXY", "PROXY_EXTERNAL_ACCESS", "PROXY_RESIDENTIAL", "PROXY_SERPS", "WEBHOOKS", "ACTORS_PUBLIC_ALL",
  "ACTORS_PUBLIC_DEVELOPER",
}
local PRICES = { ACTOR_COMPUTE_UNITS = 0.25, DATA_TRANSFER_EXTERNAL_GBYTES = 0.2, DATASET_READS = 0.0004 }
local NAMES = { "ACTOR_COMPUTE_UNITS", "DATASET_READS", "DATA_TRANSFER_EXTERNAL_GBYTES" }
local OTHERS = { apify = "Apify", somebody = "Some Body" }          -- beside the owner of the token
local OWN_LIMITS = { dataRetentionDays = true, maxMonthlyUsageUsd = true }

local limits

--- Back to the limits of the beginning.
function users.reset()
  limits = {
    maxMonthlyUsageUsd = 300, maxMonthlyActorComputeUnits = 1000, maxMonthlyExternalDataTransferGbytes = 7, maxMonthlyProxySerps = 50,
    maxMonthlyResidentialProxyGbytes = 0.5, maxActorMemoryGbytes = 16, maxActorCount = 100, maxActorTaskCount = 1000,
    maxConcurrentActorJobs = 256, maxTeamAccountSeatCount = 9, dataRetentionDays = 90, maxScheduleCount = 100,
  }
end

local function check(request)
  auth.check(request)
  if request.token == nil then error(errors.token_not_valid, 0) end
end

local function profile(name)
  return { name = name, bio = cjson.null, pictureUrl = "https://apify-image-uploads.example.com/" .. name:lower():gsub("%W", "") .. ".png" }
end

local function features()
  local all = {}
  for _, name in ipairs(FEATURES) do
    all[name] = { isEnabled = true, isTrial = false, disabledReason = cjson.null, disabledReasonType = cjson.null, trialExpirationAt = cjson.null }
  end
  return all
end

local function plan()
  return {
    id = "PERSONAL", description = "For those who try things", isEnabled = true, monthlyBasePriceUsd = 49, monthlyUsageCreditsUsd = 49,
    enabledPlatformFeatures = FEATURES, maxMonthlyUsageUsd = 9999, availableProxyGroups = { DATACENTER = 10 }, dataRetentionDays = 90,
    supportLevel = "PERSONAL",
  }
end

--- GET /v2/users/me
function users.get_own(request)
  check(request)
  return answers.data(cjson.encode {
    id = store.user.id, username = store.user.name, profile = profile "Jane Doe", email = "janedoe@example.com", isPaying = true,
    createdAt = CREATED_AT, plan = plan(), effectivePlatformFeatures = features(),
    proxy = { password = "proxy-password", groups = { { name = "DATACENTER", description = "Of data centers", availableCount = 10 } } },
  })
end

--- GET /v2/users/{userId}: of whoever has an Actor here, what all may see.
function users.get(request, id)
  auth.check(request)
  if id == store.user.id or id == store.user.name then
    return answers.data(cjson.encode { username = store.user.name, profile = profile "Jane Doe" })
  end
  local name = OTHERS[id] or error(errors.record_not_found, 0)
  return answers.data(cjson.encode { username = id, profile = profile(name) })
end

local function start_of_day(ms)
  return math.floor(ms / DAY_MS) * DAY_MS
end

-- The month that holds a time: its first moment, and that of the next one.
local function cycle_of(ms)
  local first = start_of_day(ms) - (os.date("!*t", ms / 1000).day - 1) * DAY_MS
  local next_month = first + 31 * DAY_MS
  return first, start_of_day(next_month) - (os.date("!*t", next_month / 1000).day - 1) * DAY_MS
end

local function cycle_json(first, after)
  return { startAt = clock.iso(first), endAt = clock.iso(after - 1) }
end

local function add_usage(sums, service, quantity)
  local item = sums[service] or { quantity = 0, baseAmountUsd = 0, baseUnitPriceUsd = PRICES[service] }
  item.quantity = item.quantity + quantity
  item.baseAmountUsd = item.quantity * PRICES[service]
  item.amountAfterVolumeDiscountUsd = item.baseAmountUsd
  sums[service] = item
  return quantity * PRICES[service]
end

-- A day's usage, the same whenever it is asked for; added to the month's, too.
local function usage_of_day(ms, month)
  local r, own, total = random.new(ms / DAY_MS), {}, 0
  for _, service in ipairs(NAMES) do
    local quantity = r:below(1000) / 100
    total = total + add_usage(own, service, quantity)
    add_usage(month, service, quantity)
  end
  return { date = clock.iso(ms), serviceUsage = own, totalUsageCreditsUsd = total }
end

-- Day by day, from the month's first to its last or today.
local function usage_of(first, after)
  local days, month, total = {}, {}, 0
  for day = math.max(first, start_of_day(clock.parse(CREATED_AT))), math.min(after - 1, clock.now()), DAY_MS do
    days[#days + 1] = usage_of_day(day, month)
    total = total + days[#days].totalUsageCreditsUsd
  end
  return days, month, total
end

local function list_json(list)
  return #list == 0 and "[]" or cjson.encode(list)
end

--- GET /v2/users/me/usage/monthly
function users.get_usage(request)
  check(request)
  local text = params.text(request.args, "date")
  local at = text and (#text == 10 and clock.parse(text .. "T00:00:00.000Z") or params.refuse("date", "must be a date of the form YYYY-MM-DD"))
  local first, after = cycle_of(at or clock.now())
  local days, month, total = usage_of(first, after)
  return answers.data(('{"usageCycle":%s,"monthlyServiceUsage":%s,"dailyServiceUsages":%s,"totalUsageCreditsUsdBeforeVolumeDiscount":%.14g,'
    .. '"totalUsageCreditsUsdAfterVolumeDiscount":%.14g}'):format(cjson.encode(cycle_json(first, after)), cjson.encode(month),
    list_json(days), total, total))
end

local function active_runs()
  local count, now = 0, clock.now()
  for _, run in ipairs(store.runs) do
    if not statuses.is_terminal[store.status(run, now)] then count = count + 1 end
  end
  return count
end

local function current()
  local _, month, total = usage_of(cycle_of(clock.now()))
  return {
    monthlyUsageUsd = total, monthlyActorComputeUnits = month.ACTOR_COMPUTE_UNITS.quantity,
    monthlyExternalDataTransferGbytes = month.DATA_TRANSFER_EXTERNAL_GBYTES.quantity, monthlyProxySerps = 0,
    monthlyResidentialProxyGbytes = 0, actorMemoryGbytes = active_runs(), actorCount = #store.actor_list,
    actorTaskCount = #store.task_list, activeActorJobCount = active_runs(), teamAccountSeatCount = 1, scheduleCount = #schedules.list,
  }
end

--- GET /v2/users/me/limits
function users.get_limits(request)
  check(request)
  return answers.data(cjson.encode { monthlyUsageCycle = cycle_json(cycle_of(clock.now())), limits = limits, current = current() })
end

--- PUT /v2/users/me/limits
function users.put_limits(request)
  check(request)
  local given = bodies.object(request)
  for name, value in pairs(given) do
    if not OWN_LIMITS[name] then error(errors.invalid_body(tostring(name) .. " cannot be set."), 0) end
    if type(value) ~= "number" or value < 0 then error(errors.invalid_body(name .. " must be a number that is not negative."), 0) end
    if name == "dataRetentionDays" and value % 1 ~= 0 then error(errors.invalid_body(name .. " must be whole."), 0) end
  end
  if given.maxMonthlyUsageUsd and given.maxMonthlyUsageUsd < current().monthlyUsageUsd then
    error(errors.new(400, "monthly-usage-limit-too-low", "The limit is below what has been used this month."), 0)
  end
  for name, value in pairs(given) do limits[name] = value end
  return answers.json(201, "{}")
end

return users
