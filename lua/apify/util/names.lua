--- Names that there are not: which one was probably meant; classes and pages that say so.
local errors = require "apify.util.errors"
local tables = require "apify.util.tables"

local names = {}

local MAX_LISTED = 8                   -- names worth listing in a message
local MAX_NAME = 60                    -- bytes of a wrong name that are shown, and searched for a typo
local MAX_TYPOS = 2                    -- edits between a wrong name and the one it was meant to be
local MIN_SLIP = 5                     -- letters of a name of which one may be wrong by mistake
local MIN_BEGINNING, MIN_PART = 3, 4   -- letters that make one name look like the beginning of another, or a part of it

--- What people know under other names, mostly those of the official clients, in plain letters: the first of these that there is.
local SYNONYMS = {
  -- options
  apikey = "token", apipublicurl = "public_base_url base_url", apiurl = "base_url", batchsize = "chunk_size", ca = "ca_file", cacert = "ca_file",
  columns = "fields pick", concurrency = "max_parallel prefetch", continueonerror = "keep_going", count = "limit",
  cursor = "bookmark exclusive_start_key", exclude = "omit", fields = "pick", from = "started_after", ignoreerrors = "keep_going",
  limit = "max_parallel", lockduration = "lock_secs", lockseconds = "lock_secs", logger = "log", max = "limit max_parallel",
  maxconcurrency = "max_parallel prefetch", maxitems = "limit", newestfirst = "desc", order = "desc", pagesize = "chunk_size limit",
  resume = "bookmark", reverse = "desc", select = "fields pick", sep = "delimiter", separator = "delimiter", since = "started_after",
  sort = "sort_by desc", timeout = "wait_secs request_timeout", timeoutsecs = "timeout wait_secs request_timeout", to = "started_before",
  ["until"] = "started_before", url = "base_url", waitduration = "wait_secs wait_for_finish", waitforfinish = "wait_secs",
  waitsecs = "wait_for_finish",
  -- methods
  acts = "actors", addrequests = "batch_add_requests", all = "collect iterate", await = "wait wait_for_finish", call = "actor",
  cancel = "abort close", deletevalue = "delete_record", each = "iterate iterate_items", execute = "call",
  fetchnextrequest = "list_and_lock_head", follow = "lines", getdata = "list_items", getitem = "get_record list_items", getitems = "list_items",
  getitemsasbytes = "download_items", getstatusmessagewatcher = "watch", getstreamedlog = "log", getvalue = "get_record",
  items = "iterate_items dataset", iterateitems = "dataset",
  join = "wait", kill = "abort cancel", kvs = "key_value_store", lastbuild = "default_build", lines = "log", log = "get_log",
  markrequestashandled = "update_request", me = "user", output = "key_value_store", paginaterequests = "iterate_requests", pop = "list_and_lock_head",
  pushdata = "push_items", put = "set_record", reclaimrequest = "update_request", restart = "reboot resurrect", run = "call",
  setinput = "update_input", setvalue = "set_record", start = "actor", stop = "abort cancel close", streamitems = "download_items",
  streamrecord = "download_record", tail = "lines", toarray = "collect", tolist = "collect", total = "progress",
}

--- How many letters must be changed, added or dropped to make `b` of `a`.
local function edit_distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local change = a:byte(i) == b:byte(j) and 0 or 1
      local best = math.min(diagonal + change, row[j] + 1, row[j - 1] + 1)
      diagonal, row[j] = row[j], best
    end
  end
  return row[#b]
end

--- A name without what people confuse: case and underscores, so that `startedAfter` finds `started_after`.
local function plain(name)
  return (name:lower():gsub("_", ""))
end

-- Measures: how far a candidate is from being meant by a name, both in plain letters; nil: too far.

local function spelling(name, candidate)
  return name == candidate and 0 or nil
end

--- How much longer a candidate is that begins with the name: `mem` of `memory`.
local function missing(name, candidate)
  return #name >= MIN_BEGINNING and candidate:sub(1, #name) == name and #candidate - #name or nil
end

--- How many letters are wrong.
local function typos(name, candidate)
  local distance = edit_distance(name, candidate)
  return distance <= MAX_TYPOS and distance < math.min(#name, #candidate) and distance or nil
end

local function is_part(part, whole)
  return #part >= MIN_PART and whole:find(part, 1, true) ~= nil
end

--- How much of the longer name is not in the shorter one: `memory_mbytes` and `memory`.
local function rest(name, candidate)
  return (is_part(name, candidate) or is_part(candidate, name)) and math.abs(#name - #candidate) or nil
end

--- The candidate for which the measure is smallest.
local function closest(name, list, measure)
  local best, best_distance = nil, math.huge
  for _, candidate in ipairs(list) do
    local distance = measure(name, plain(candidate))
    if distance and distance < best_distance then best, best_distance = candidate, distance end
  end
  return best
end

local function synonym(name, list)
  for meant in (SYNONYMS[name] or ""):gmatch "%S+" do
    for _, candidate in ipairs(list) do
      if candidate == meant then return meant end
    end
  end
end

--- The name of the list that this one is but for case, underscores or a single letter; nil if there is none, and where it is of the list.
--- A letter is much of a short name, which another one may well be, as CI is beside CLI.
---@param name string
---@param list string[]
---@return string?
function names.slip(name, list)
  local own, meant = plain(name), nil
  for _, known in ipairs(list) do
    if known == name then return nil end
    local is_long = math.min(#name, #known) >= MIN_SLIP
    if plain(known) == own or is_long and #name <= MAX_NAME and edit_distance(name, known) == 1 then meant = meant or known end
  end
  return meant
end

--- The name of the list that a wrong one was probably meant to be, or nil; and does nothing but case and underscores part them?
---@param name any
---@param list string[]
---@return string?
---@return boolean? is_spelling
function names.nearest(name, list)
  if type(name) ~= "string" or #name > MAX_NAME then return nil end
  name = plain(name)
  local spelled = closest(name, list, spelling)
  if spelled then return spelled, true end
  local meant = synonym(name, list) or closest(name, list, missing) or closest(name, list, typos) or closest(name, list, rest)
  return meant, meant and false
end

--- A wrong name as texts show it.
---@param name any
---@return string
function names.show(name)
  return type(name) == "string" and "'" .. errors.escape(name, MAX_NAME) .. "'" or errors.show(name)
end

--- The names of a list, if they are few enough to be read.
---@param list string[]
---@return string?
function names.listed(list)
  return #list <= MAX_LISTED and table.concat(list, ", ") or nil
end

--- The keys of a table that are strings, in order.
---@param t table<string, any>
---@return string[]
function names.of(t)
  local list = tables.keys(t)
  table.sort(list)
  return list
end

-- Classes

local function methods_of(class)
  local methods = {}
  for name, value in pairs(class) do
    if type(value) == "function" then methods[name] = value end
  end
  return names.of(methods)
end

--- What an object of the class is good for.
local function purpose(class)
  if rawget(class, "new") then return "the module: a client is made by apify.new" end
  if rawget(class, "get") then return "a handle: the fields of what it stands for come with :get()" end
  if rawget(class, "request") then return "what has no method of its own is asked for by :request()" end
  if rawget(class, "iterate") then return "a collection: its rows come with :iterate(), a page of them with :list()" end
  return "its methods are " .. (names.listed(methods_of(class)) or "many")
end

local function refuse(class, title, name)
  local what = rawget(class, "new") and "name" or "method or field"
  local meant, is_spelling = names.nearest(name, methods_of(class))
  local advice = meant and ("did you mean '%s'?"):format(meant)
  if not is_spelling then advice = purpose(class) .. (advice and "; " .. advice or "") end
  errors.misuse("unknown %s %s of %s (%s)", what, names.show(name), title, advice)
end

--- Let the objects of a class raise misuse where they are asked for a name that they do not have. The class is what `__index` is.
---@param class table
---@param title string such as "apify.Run"
---@param fields? table<string, true> that may be nil
---@return table class
function names.guard(class, title, fields)
  return setmetatable(class, {
    __index = function(_, name)
      if fields and fields[name] then return nil end
      if type(name) == "string" and name:sub(1, 1) == "_" then return nil end             -- class libraries and printers ask for such
      refuse(class, title, name)
    end,
  })
end

local WALKERS = { "iterate", "iterate_items", "iterate_keys", "iterate_requests", "lines" }

--- Raise misuse about an object of the class that was called, as in `for row in client:runs() do`.
---@param class table
---@param title string how users get one, such as "runs()"
function names.refuse_call(class, title)
  for _, method in ipairs(WALKERS) do
    if rawget(class, method) then errors.misuse("%s cannot be called: use :%s()", title, method) end
  end
  errors.misuse("%s cannot be called (%s)", title, purpose(class))
end

-- Pages

local step = ipairs {}                                                -- what `ipairs` has called for each row
local OBEYED = step(setmetatable({}, { __index = { true } }), 0) ~= nil            -- not by LuaJIT

local function refuse_page()
  errors.misuse "a page is no list: its rows are in its items, ipairs(page.items)"
end

local page_mt = {
  __call = refuse_page, refuses_call = true,
  __index = OBEYED and function(_, key)
    if key == 1 and debug.getinfo(2, "f").func == step then refuse_page() end
  end or nil,
}

--- A page, which stays a plain table: `page[1]` is nil, and nothing is seen by `pairs` or by what makes JSON of it. It raises misuse where it
--- is walked itself, and no rows would be found: by `for row in page do`; by `ipairs`, where that obeys metatables.
---@generic T : table
---@param page T
---@return T
function names.page(page)
  return setmetatable(page, page_mt)
end

return names
