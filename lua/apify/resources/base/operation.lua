--- How an operation of the API is written down: its method, its path, its options and what answers it; and the options that many have.
local options = require "apify.util.options"
local tables = require "apify.util.tables"

local operation = {}

local positive_secs = options.positive_secs

operation.text = options.string { nonempty = true }
operation.whole = options.integer { min = 0 }

--- Members of a list are parted by commas, so that none can have one.
operation.names = options.list_of {
  expected = "a non-empty string without a comma",
  check = function(v) return type(v) == "string" and v ~= "" and not v:find(",", 1, true), v end,
}

local MAX_KEY = 256                      -- characters

operation.record_key = {
  expected = ("a key of 1 to %d of the characters a-z A-Z 0-9 ! - _ . ' ( )"):format(MAX_KEY),
  check = function(v) return type(v) == "string" and #v <= MAX_KEY and v:find "^[A-Za-z0-9!_.'()-]+$" ~= nil, v end,
}

--- What can be the value of a header.
operation.header_text = {
  expected = "printable ASCII, as a header has",
  check = function(v) return type(v) == "string" and v:find "%S" and not v:find "[^\32-\126]", v end,
}

---@class apify.Operation
---@field method string
---@field path string
---@field check fun(opts: table?, where: string): table
---@field query fun(o: table): { [1]: string, [2]: string }[]
---@field answers? string what its answer is, by the names of answers.lua: an object of the API, or "nothing" beyond its status
---@field media? string what kind of bytes its answer is, by the names of answers.lua
---@field members? { [1]: string, [2]: string }[] options that are sent in the body, and their names there
---@field takes_client_key? boolean

--- What every method takes that sends something.
---@class apify.TimeoutOptions
---@field request_timeout? number seconds for one answer, all attempts together

--- What is answered with an object.
---@class apify.ObjectOptions : apify.TimeoutOptions
---@field nulls? apify.Nulls

--- Null fields: absent, as in objects of the API when nothing is said, or apify.null, as in the user's own data.
---@alias apify.Nulls "omit"|"keep"

operation.nulls = { nulls = options.enum { "omit", "keep" } }

--- What is made of an operation when it is first asked for.
local makers = {}

makers.check = function(made)
  local has_nulls, required = made.answers and made.answers ~= "nothing", {}
  local spec = tables.merge({ request_timeout = positive_secs, nulls = has_nulls and operation.nulls.nulls or nil }, made.more)
  for _, parameter in ipairs(made.parameters) do
    spec[parameter[1]] = parameter[3]
    if parameter.is_required then required[#required + 1] = parameter[1] end
  end
  return options.spec(spec, required)
end

makers.query = function(made)
  return options.query(made.parameters)
end

local operation_mt = {
  __index = function(made, name)
    if makers[name] then made[name] = makers[name](made) end
    return rawget(made, name)
  end,
}

--- An operation from its parameters { option, parameter, checker } and further options, which are not sent. A parameter without a checker
--- is no option: the method sets it. What is answered with an object of the API may be asked to keep its nulls.
function operation.new(method, path, kind, parameters, more)
  return setmetatable({ method = method, path = path, answers = kind, parameters = parameters or {}, more = more }, operation_mt)
end

--- The same for an operation whose answer is not an object but bytes of a kind.
function operation.media(method, path, kind, ...)
  local made = operation.new(method, path, nil, ...)
  made.media = kind
  return made
end

--- The same for an operation in which the owner of locks is named.
function operation.locking(...)
  local made = operation.new(...)
  made.takes_client_key = true
  return made
end

--- The same for a change whose body is made of options, given as { option, name in the body, checker }.
function operation.change(path, kind, members)
  local more = {}
  for _, member in ipairs(members) do more[member[1]] = member[3] end
  local made = operation.new("PUT", path, kind, nil, more)
  made.members = members
  return made
end

--- Several lists of parameters as one.
function operation.join(...)
  local all = {}
  for _, list in ipairs { ... } do
    for _, item in ipairs(list) do all[#all + 1] = item end
  end
  return all
end

--- What every iterator over rows takes.
---@class apify.RowsOptions : apify.ObjectOptions
---@field bookmark? string go on where `it:bookmark()` was taken
---@field deadline? number seconds inside the iterator, all in all
---@field limit? integer rows in all
---@field pick? string[] build only these fields of each row

operation.iterating = {
  bookmark = operation.text, deadline = positive_secs, limit = options.integer { min = 1 }, nulls = operation.nulls.nulls,
  pick = options.list_of(operation.text),
}

local max_page = options.integer { min = 1, max = 1000 }

--- A list that is paged by offset, with its own filters and further options of its iterator.
function operation.collection(filters, more)
  return {
    list = operation.new("GET", "", "page", operation.join({ { "offset", "offset", operation.whole }, { "limit", "limit", max_page } }, filters)),
    iterate = operation.new("GET", "", nil, filters, tables.merge(operation.iterating, {
      chunk_size = max_page, offset = operation.whole, prefetch = options.integer { min = 1, max = 64 },
    }, more)),
  }
end

return operation
