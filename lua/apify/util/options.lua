--- The options of a call: checked against their specification, copied, and turned into query parameters.
local dates = require "apify.util.dates"
local errors = require "apify.util.errors"
local names = require "apify.util.names"

---@class apify.Checker
---@field expected string what is allowed, for messages
---@field check fun(value: any): boolean, any, string?   true and the value to use; or false, the part at fault, if not all, and what was meant
---@field secret? boolean the value is never shown

---@class apify.NumberBounds
---@field min? number
---@field max? number
---@field exclusive_min? number
---@field huge? boolean infinity is allowed

local options = {}

local MAX_EXACT = 2 ^ 53               -- beyond it a double does not hold every integer

-- Checkers

local function checker(expected, check)
  return { expected = expected, check = check }
end

local function of_type(name, expected)
  return checker(expected, function(v) return type(v) == name, v end)
end

--- " from 1 to 1000" and the like.
local function describe_bounds(bounds)
  local parts = {}
  if bounds.exclusive_min then parts[#parts + 1] = (" above %s"):format(bounds.exclusive_min) end
  if bounds.min then parts[#parts + 1] = (" from %s"):format(bounds.min) end
  if bounds.max then
    parts[#parts + 1] = (bounds.exclusive_min and " and" or "") .. (bounds.min and " to " or " up to ") .. bounds.max
  elseif bounds.min then
    parts[#parts + 1] = " up"
  end
  return table.concat(parts)
end

local function is_within(v, bounds)
  return not (bounds.min and v < bounds.min or bounds.max and v > bounds.max
    or bounds.exclusive_min and v <= bounds.exclusive_min)
end

--- The integer that a value is, in the integer type where there is one; nil if it is none.
local function to_integer(v)
  if type(v) ~= "number" then return nil end
  if math.tointeger then return math.tointeger(v) or nil end
  if v == math.floor(v) and v >= -MAX_EXACT and v <= MAX_EXACT then return v end
  return nil
end

---@param bounds? apify.NumberBounds
---@return apify.Checker
function options.integer(bounds)
  bounds = bounds or {}
  return checker("an integer" .. describe_bounds(bounds), function(v)
    local n = to_integer(v)
    return n ~= nil and is_within(n, bounds), n
  end)
end

--- A number; never NaN, and infinity only where `huge` is set.
---@param bounds? apify.NumberBounds
---@return apify.Checker
function options.number(bounds)
  bounds = bounds or {}
  return checker("a number" .. describe_bounds(bounds), function(v)
    if type(v) ~= "number" or v ~= v then return false end
    if not bounds.huge and (v == math.huge or v == -math.huge) then return false end
    return is_within(v, bounds), v
  end)
end

--- Seconds in which something can happen.
options.positive_secs = options.number { exclusive_min = 0 }

--- A string; `secret` keeps its value out of messages.
---@param rules? { nonempty?: boolean, max?: integer, secret?: boolean }
---@return apify.Checker
function options.string(rules)
  rules = rules or {}
  local expected = rules.nonempty and "a non-empty string" or "a string"
  if rules.max then expected = ("%s of at most %d bytes"):format(expected, rules.max) end
  local made = checker(expected, function(v)
    return type(v) == "string" and not (rules.nonempty and v == "") and #v <= (rules.max or #v), v
  end)
  made.secret = rules.secret
  return made
end

--- One of the listed values.
---@param values any[]
---@return apify.Checker
function options.enum(values)
  local shown, is_allowed = {}, {}
  for i, value in ipairs(values) do
    shown[i], is_allowed[value] = errors.show(value), true
  end
  local expected = (#shown > 1 and "one of " or "") .. table.concat(shown, ", ")
  return checker(expected, function(v) return is_allowed[v] == true, v end)
end

--- One of the listed names, or another of their shape, which the API may have got since; but none that differs from a listed one by a
--- letter, by case or by underscores.
---@param known string[]
---@return apify.Checker
function options.open_enum(known)
  local all = table.concat(known)
  local more = "_%-" .. (all:find("%.") and "." or "")
  local shape = all:find "%l" and ("^%a[%w" .. more .. "]*$") or ("^%u[%u%d" .. more .. "]*$")
  local shown = {}
  for i, name in ipairs(known) do shown[i] = errors.show(name) end
  return checker(table.concat(shown, ", ") .. " or another name like these", function(v)
    local meant = type(v) == "string" and names.slip(v, known)
    if meant then return false, v, meant end
    return type(v) == "string" and v:find(shape) ~= nil, v
  end)
end

--- Is this a table with the keys 1 to n and no other, n at least 1?
local function is_list(t)
  local n = 0
  for _ in pairs(t) do n = n + 1 end
  return n > 0 and n == #t
end

--- A list with at least one value; a single value is a list of one.
---@param item apify.Checker
---@return apify.Checker
function options.list_of(item)
  local made = checker(item.expected .. ", or a non-empty list of them", function(v)
    local values = type(v) == "table" and v or { v }
    if not is_list(values) then return false, v end
    local list = {}
    for i, value in ipairs(values) do
      local ok, checked, meant = item.check(value)
      if not ok then return false, value, meant end
      list[i] = checked
    end
    return true, list
  end)
  made.secret = item.secret
  return made
end

--- The same, or its members in one string, parted by commas.
---@param item apify.Checker
---@return apify.Checker
function options.csv_of(item)
  local list = options.list_of(item)
  return checker(list.expected, function(v)
    if type(v) ~= "string" then return list.check(v) end
    local members = {}
    for member in (v .. ","):gmatch "%s*([^,]-)%s*," do members[#members + 1] = member end
    return list.check(members)
  end)
end

--- The first of several checkers that accepts the value.
---@param ... apify.Checker
---@return apify.Checker
function options.either(...)
  local choices, expected, secret = { ... }, {}, nil
  for i, choice in ipairs(choices) do
    expected[i], secret = choice.expected, secret or choice.secret
  end
  local made = checker(table.concat(expected, ", or "), function(v)
    local meant
    for _, choice in ipairs(choices) do
      local ok, checked, nearest = choice.check(v)
      if ok then return true, checked end
      meant = meant or nearest
    end
    return false, nil, meant
  end)
  made.secret = secret
  return made
end

options.boolean = of_type("boolean", "true or false")

--- A flag of the API's, whose own spelling counts, too: 1 or 0.
options.flag = checker("true or false", function(v)
  if v == 1 or v == 0 then return true, v == 1 end
  return type(v) == "boolean", v
end)

options.func = of_type("function", "a function")
options.table = of_type("table", "a table")

--- A point in time, made the ISO text that the API is sent.
options.date = checker("an ISO date such as \"2025-09-01T00:00:00.000Z\" or seconds since 1970", function(v)
  local iso = dates.normalize(v)
  return iso ~= nil, iso
end)

-- Messages

--- What would have been right instead of an unknown name, in brackets; "" when there is too much to say.
local function advise(name, known)
  local meant = names.nearest(name, known)
  if meant then return (" (did you mean '%s'?)"):format(meant) end
  if #known == 0 then return " (it has no options)" end
  local listed = names.listed(known)
  return listed and (" (its options are %s)"):format(listed) or ""
end

local function refuse_name(name, known, where)
  errors.misuse("unknown option %s of %s%s", names.show(name), where, advise(name, known))
end

local function refuse_value(name, value, rule, where, meant)
  local shown = rule.secret and value ~= "" and ("a %s"):format(type(value)) or errors.show(value)
  local advice = meant and ("did you mean %s?"):format(errors.show(meant)) or "expected " .. rule.expected
  errors.misuse("bad option '%s' of %s: %s (%s)", name, where, shown, advice)
end

--- The value to use for one option; misuse if it is not allowed.
local function check_one(name, value, rule, where)
  local ok, checked, meant = rule.check(value)
  if ok then return checked end
  if checked == nil then checked = value end
  return refuse_value(name, checked, rule, where, meant)
end

-- Specifications

--- Misuse of what is no table of options, or was put in the place of one.
local function check_table(opts, where)
  if type(opts) ~= "table" then
    errors.misuse("bad options of %s: a %s (expected a table)", where, type(opts))    -- may be a token: not shown
  end
  if errors.is_module(opts) or errors.is(opts) then errors.misuse("bad options of %s: %s", where, errors.show(opts)) end
end

--- Make the checker of a call's options from the checker of each. It returns a fresh table; misuse names the option.
---
---     local check = options.spec { limit = options.integer { min = 1 } }
---     local o = check(opts, "runs:list")
---@param spec table<string, apify.Checker>
---@param required? string[] options that must be given
---@return fun(opts: table?, where: string): table
function options.spec(spec, required)
  local known = names.of(spec)
  for _, name in ipairs(known) do
    assert(type(spec[name]) == "table", name)                         -- options.integer without its call
  end
  return function(opts, where)
    if opts ~= nil then check_table(opts, where) end
    local checked = {}
    for name, value in pairs(opts or {}) do
      if not spec[name] then refuse_name(name, known, where) end
      checked[name] = check_one(name, value, spec[name], where)
    end
    for _, name in ipairs(required or {}) do
      if checked[name] == nil then errors.misuse("missing option '%s' of %s (%s)", name, where, spec[name].expected) end
    end
    return checked
  end
end

-- Queries

--- The shortest plain decimal text of a number: no exponent, no `.0`, and it reads back as the same number.
local function number_text(n)
  if n == 0 then return "0" end                                       -- not "-0"
  if n == math.floor(n) then return ("%.0f"):format(n) end
  local text
  for digits = 15, 17 do
    local decimals = digits - 1 - math.floor(math.log(math.abs(n)) / math.log(10))
    decimals = math.min(math.max(decimals, 1), 99)                    -- what string.format can do
    text = ("%%.%df"):format(decimals):format(n):gsub("%.?0+$", "")
    if tonumber(text) == n then break end
  end
  return text
end

--- The text of a checked value in a query.
---@param value string|number|boolean|table
---@return string
function options.text(value)
  local kind = type(value)
  if kind == "string" then return value end
  if kind == "boolean" then return value and "1" or "0" end
  if kind == "number" then return math.type and math.type(value) == "integer" and ("%d"):format(value) or number_text(value) end
  local texts = {}
  for i, item in ipairs(value) do texts[i] = options.text(item) end
  return table.concat(texts, ",")
end

--- Make the function that turns checked options into parameters for url.query, in the order of the map.
---@param map { [1]: string, [2]: string }[] pairs of option and parameter, such as {"started_after", "startedAfter"}
---@return fun(opts: table): { [1]: string, [2]: string }[]
function options.query(map)
  return function(opts)
    local list = {}
    for _, pair in ipairs(map) do
      local value = opts[pair[1]]
      if value ~= nil then list[#list + 1] = { pair[2], options.text(value) } end
    end
    return list
  end
end

return options
