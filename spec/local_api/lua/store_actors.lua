--- Apify Store: some hundred made-up Actors, the same each time, to be searched and sorted.
local auth = require "auth"
local cjson = require "cjson.safe"
local clock = require "clock"
local pages = require "pages"
local params = require "params"
local random = require "random"

local store_actors = {}

local COUNT = 300
local FIRST_CREATED, SPACING_MS = clock.parse("2021-01-01T00:00:00.000Z"), 86400000
local SITES = { "Maps", "Shop", "News", "Jobs", "Forum", "Travel", "Weather", "Recipes", "Music", "Patents" }
local KINDS = { "Scraper", "Crawler", "Monitor", "Search", "Extractor", "Downloader" }
local CATEGORIES = { "AI", "ECOMMERCE", "NEWS", "JOBS", "SOCIAL_MEDIA", "TRAVEL", "DEVELOPER_TOOLS" }
local MODELS = { "FREE", "FLAT_PRICE_PER_MONTH", "PRICE_PER_DATASET_ITEM", "PAY_PER_EVENT" }
local USERS = { "apify", "janedoe", "somebody" }
local FORMATS = { agent = true, full = true }
local SORTS = {
  newest = function(a, b) return a.created > b.created end,
  lastUpdate = function(a, b) return a.modified > b.modified end,
  popularity = function(a, b) return a.users > b.users end,
}
SORTS.relevance = SORTS.popularity

local all

local function set_of(list)
  local set = {}
  for _, name in ipairs(list) do set[name] = true end
  return set
end

local function make(number)
  local r = random.new(number * 7919)
  local site, kind = SITES[number % #SITES + 1], KINDS[r:below(#KINDS)]
  local created = FIRST_CREATED + number * SPACING_MS
  local title = ("%s %s %d"):format(site, kind, number)
  return {
    id = r:id(), title = title, name = title:lower():gsub(" ", "-"), username = USERS[r:below(#USERS)], created = created,
    modified = created + r:below(1000) * 3600000, users = r:below(100000) * 1000 + number, category = CATEGORIES[r:below(#CATEGORIES)],
    model = MODELS[r:below(#MODELS)], is_agentic = r:below(2) == 1, is_unrunnable = number % 11 == 0,
    description = ("Gives what there is of %s as data."):format(site:lower()),
  }
end

local function everything()
  if not all then
    all = {}
    for number = 1, COUNT do all[number] = make(number) end
  end
  return all
end

local function row(actor, is_full)
  local fields = {
    id = actor.id, title = actor.title, name = actor.name, username = actor.username, description = actor.description,
    categories = { actor.category }, stats = { totalUsers = actor.users, totalRuns = actor.users * 3, totalBuilds = 7 },
    currentPricingInfo = { pricingModel = actor.model }, isWhiteListedForAgenticPayments = actor.is_agentic,
    actorReviewCount = 3, actorReviewRating = 4.5, bookmarkCount = 5,
  }
  if is_full then
    fields.userFullName, fields.badge, fields.notice = actor.username:upper(), cjson.null, "NONE"
    fields.pictureUrl, fields.userPictureUrl = "https://images.example.com/" .. actor.id .. ".png", cjson.null
    fields.url = ("https://apify.com/%s/%s"):format(actor.username, actor.name)
  end
  return cjson.encode(fields)
end

-- What is asked for: for each field of an Actor the value that it must have.
local function wanted_of(args)
  local wanted = {
    category = params.text(args, "category"), username = params.text(args, "username"),
    model = params.one_of(args, "pricingModel", set_of(MODELS)),
  }
  if args.allowsAgenticUsers ~= nil then wanted.is_agentic = params.flag(args, "allowsAgenticUsers") end
  if not params.flag(args, "includeUnrunnableActors") then wanted.is_unrunnable = false end
  return wanted
end

local function fits(actor, wanted, search)
  for field, value in pairs(wanted) do
    if actor[field] ~= value then return false end
  end
  local texts = table.concat({ actor.title, actor.name, actor.description, actor.username }, "\n"):lower()
  return not search or texts:find(search:lower(), 1, true) ~= nil
end

--- GET /v2/store
function store_actors.list(request)
  auth.check(request)
  local args = request.args
  local query = { offset = params.offset(args), limit = params.limit(args), desc = false }
  local wanted, search = wanted_of(args), params.text(args, "search")
  local order, format = params.one_of(args, "sortBy", SORTS), params.one_of(args, "responseFormat", FORMATS)
  local found = {}
  for _, actor in ipairs(everything()) do
    if fits(actor, wanted, search) then found[#found + 1] = actor end
  end
  table.sort(found, SORTS[order or "relevance"])
  return pages.answer(found, query, function(actor) return row(actor, format ~= "agent") end)
end

return store_actors
