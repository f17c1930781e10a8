--- Write lua/apify/meta/{runs,actors,builds,storages,account,webhooks}.lua, the objects of the API for editors, from its OpenAPI document:
---   eval "$(make -s env)"; lua5.4 spec/setup/types.lua ../shared/openapi/apify.openapi.json
--- Apify publishes it as https://docs.apify.com/api/openapi.json. What is written is checked in: nothing else needs the document.
local core = require "apify.core"

-- What each file begins with: all that these consist of follows in it. A schema is written once.
local FILES = {
  { "runs", "Runs", "Run", "RunShort", "WebhookRepresentation" },
  { "actors", "Actors and tasks", "Actor", "ActorShort", "Task", "TaskShort" },
  { "builds", "Builds", "Build", "BuildShort" },
  { "storages", "Datasets, key-value stores and request queues", "Dataset", "DatasetListItem", "DatasetStatistics", "KeyValueStore", "ListOfKeys",
    "RequestQueue", "RequestQueueShort", "Request", "ListOfRequests", "RequestQueueHead", "LockedRequestQueueHead", "RequestRegistration",
    "AddedRequest", "DeletedRequest", "RequestLockInfo", "UnlockRequestsResult" },
  { "account", "Users, schedules and the store", "UserPrivateInfo", "UserPublicInfo", "MonthlyUsage", "AccountLimits", "Schedule", "ScheduleShort",
    "ScheduleCreate", "ScheduleInvoked", "StoreListActor" },
  { "webhooks", "Webhooks and their dispatches", "Webhook", "WebhookShort", "WebhookCreate", "WebhookUpdate", "WebhookDispatch" },
}

-- Our names, where the document's would mean something else here: a handle, a request that is sent, options that are given.
local NAMES = {
  ActorJobStatus = "RunStatus", ActorShort = "ActorRow", BuildOptions = "BuildConfiguration", BuildShort = "BuildRow",
  DatasetListItem = "DatasetRow", DefaultRunOptions = "DefaultRunConfiguration",
  HeadRequest = "QueueHeadRow", ListOfKeys = "KeyPage", ListOfRequests = "QueueRequestPage", LockedHeadRequest = "LockedQueueHeadRow",
  LockedRequestQueueHead = "LockedQueueHead", Request = "QueueRequest", RequestLockInfo = "RequestLock", RequestQueueHead = "QueueHead",
  RequestQueueShort = "RequestQueueRow", RunOptions = "RunConfiguration", RunShort = "RunRow", Task = "ActorTask",
  TaskOptions = "ActorTaskConfiguration", TaskShort = "ActorTaskRow", TaskStats = "ActorTaskStats", Version = "ActorVersion",
  Current = "LimitsUsed", Limits = "LimitsSet", Plan = "UserPlan", Profile = "UserProfile",
  Proxy = "UserProxy", ScheduleCreate = "ScheduleFields", ScheduleInvoked = "ScheduleInvocation", ScheduleShort = "ScheduleRow",
  StoreListActor = "StoreActorRow", UserPrivateInfo = "User", UserPublicInfo = "PublicUser",
  ExampleWebhookDispatch = "LastWebhookDispatch", WebhookCreate = "WebhookFields", WebhookRepresentation = "AdHocWebhook",
  WebhookShort = "WebhookRow", WebhookUpdate = "WebhookChanges",
}

local CLOSED = { ActorJobStatus = true }           -- the API may add to the other enumerations
local MAX_TEXT, MAX_LINE = 90, 150                 -- characters of a description, and of a line with it
local MAX_INLINE = 120                             -- characters of an object that has a name but no class of its own

local schemas, version                             -- of the document; the former by name
local due, is_written = {}, {}                     -- names of schemas that are to be written; those that are

local function sorted_keys(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

local function name_in(ref)
  return ref:match "([^/]+)$"
end

-- The members of an object, whatever it is put together from: { [name] = { schema, is_required } }; nil of what is none.
local function members_of(schema)
  if schema["$ref"] then return members_of(schemas[name_in(schema["$ref"])]) end
  local parts, choices = schema.allOf or { schema }, schema.oneOf or schema.anyOf
  local all, is_object = {}, false
  for _, part in ipairs(choices or parts) do
    local members = part.properties or (choices or schema.allOf) and members_of(part)
    for name, member in pairs(members or {}) do
      is_object = true
      all[name] = all[name] or (part.properties and { schema = member, count = 0 }) or { schema = member.schema, count = 0 }
      local is_required = not part.properties and member.is_required
      for _, required in ipairs(part.required or {}) do is_required = is_required or required == name end
      if is_required then all[name].count = all[name].count + 1 end
    end
  end
  for _, member in pairs(all) do member.is_required = member.count >= (choices and #choices or 1) end
  return is_object and all or nil
end

local type_of, type_of_ref

-- What is referred to: a class or an alias of its own, unless it is a plain value.
function type_of_ref(name)
  local schema = schemas[name]
  if not schema.enum and not members_of(schema) then return type_of(schema) end
  due[#due + 1] = name
  return "apify." .. (NAMES[name] or name)
end

local function array_of(item)
  if item:find "|" and not item:find "^%b()$" then item = "(" .. item .. ")" end
  return item .. "[]"
end

local function inline_object(schema)
  local members, fields = members_of(schema), {}
  if not members then
    local value = schema.additionalProperties
    return type(value) == "table" and next(value) and ("table<string, %s>"):format((type_of(value))) or "table"
  end
  for _, name in ipairs(sorted_keys(members)) do
    local text, is_nullable = type_of(members[name].schema)
    local shown = name:find "^[%a_][%w_]*$" and name or ("[%q]"):format(name)
    fields[#fields + 1] = shown .. ((is_nullable or not members[name].is_required) and "?: " or ": ") .. text
  end
  local text = "{ " .. table.concat(fields, ", ") .. " }"
  if #text <= MAX_INLINE or not schema.title then return text end
  schemas[schema.title] = schema
  return type_of_ref(schema.title)
end

local PLAIN = { boolean = "boolean", integer = "integer", number = "number", string = "string" }

local function type_of_kind(kind, schema)
  if kind == "array" then return array_of((type_of(schema.items or {}))) end
  if kind == "object" then return inline_object(schema) end
  return PLAIN[kind]
end

local function union_of(list)
  local texts, seen, is_nullable = {}, {}, false
  for _, schema in ipairs(list) do
    if schema.type == "null" then is_nullable = true else
      local text, null_too = type_of(schema)
      is_nullable = is_nullable or null_too
      if not seen[text] then texts[#texts + 1], seen[text] = text, true end
    end
  end
  return table.concat(texts, "|"), is_nullable
end

--- The type of a value, and whether it may be null.
function type_of(schema)
  if schema["$ref"] then return type_of_ref(name_in(schema["$ref"])) end
  if schema.anyOf or schema.oneOf then return union_of(schema.anyOf or schema.oneOf) end
  local kinds, texts, is_nullable = type(schema.type) == "table" and schema.type or { schema.type }, {}, false
  for _, kind in ipairs(kinds) do
    if kind == "null" then is_nullable = true else texts[#texts + 1] = type_of_kind(kind, schema) end
  end
  return #texts > 0 and table.concat(texts, "|") or "any", is_nullable
end

-- The first sentence of a description, if it is short and says more than the name.
local function text_of(schema)
  local text = (schema.description or ""):gsub("%[([^%]]*)%]%b()", "%1"):gsub("%s+", " ")
  local sentence = (text .. " "):match "^(.-)%.? ?$":match "^(.-)%. %u" or text:gsub("%.$", "")
  if sentence == "" or #sentence > MAX_TEXT or sentence:find("..", 1, true) then return "" end
  return " " .. sentence
end

local function add_head(out, tag, name, schema)
  local text = text_of(schema)
  out[#out + 1] = text == "" and "" or "\n---" .. text
  out[#out + 1] = ("---@%s apify.%s"):format(tag, NAMES[name] or name)
end

local function field_line(name, text, schema)
  local line = ("---@field %s %s"):format(name, text)
  local described = line .. text_of(schema)
  return #described <= MAX_LINE and described or line
end

-- Its fields: those that are always there, then the others.
local function write_class(out, name, schema, members)
  local optional = {}
  add_head(out, "class", name, schema)
  for _, field in ipairs(sorted_keys(members)) do
    local member = members[field]
    local text, is_nullable = type_of(member.schema)
    local list = member.is_required and not is_nullable and out or optional
    list[#list + 1] = field_line(list == out and field or field .. "?", text, member.schema)
  end
  for _, line in ipairs(optional) do out[#out + 1] = line end
end

local function write_alias(out, name, schema)
  add_head(out, "alias", name, schema)
  for _, value in ipairs(schema.enum) do
    if type(value) == "string" then out[#out + 1] = ("---| %q"):format(value) end
  end
  if not CLOSED[name] then out[#out + 1] = "---| string" end
end

local function write_file(path, title, roots)
  local out = {
    "---@meta",
    ("--- %s as the API gives them, for editors; never loaded. A field that is null is absent."):format(title),
    ("--- Not to be edited: spec/setup/types.lua writes it, from version %s of the API's OpenAPI document."):format(version),
  }
  due = roots
  while #due > 0 do
    local name = table.remove(due, 1)
    local schema = schemas[name]
    if not is_written[name] then
      is_written[name] = true
      if schema.enum then write_alias(out, name, schema) else write_class(out, name, schema, members_of(schema)) end
    end
  end
  local file = assert(io.open(path, "w"))
  file:write(table.concat(out, "\n"), "\n")
  file:close()
end

local path = ...
local document = assert(io.open(assert(path, "the path of the OpenAPI document"), "rb"))
local api = assert(core.decode(document:read "*a"))
document:close()
schemas = api.components.schemas
version = api.info.version
for _, file in ipairs(FILES) do
  write_file(("lua/apify/meta/%s.lua"):format(file[1]), file[2], { (table.unpack or unpack)(file, 3) })
end
