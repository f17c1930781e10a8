--- The endpoints that all storages have: the object itself, and the collection of its kind.
local answers = require "answers"
local auth = require "auth"
local bodies = require "bodies"
local cjson = require "cjson.safe"
local clock = require "clock"
local errors = require "errors"
local json_bodies = require "json_bodies"
local json_tree = require "json_tree"
local pages = require "pages"
local params = require "params"
local signatures = require "signatures"
local storages = require "storages"
local store = require "store"

local endpoints = {}

local GENERAL_ACCESS = {
  ANYONE_WITH_ID_CAN_READ = true, ANYONE_WITH_NAME_CAN_READ = true, FOLLOW_USER_SETTING = true, RESTRICTED = true,
}
local OWNERSHIPS = { ownedByMe = true, sharedWithMe = true }
local PATHS = { datasets = "datasets", key_value_stores = "key-value-stores", request_queues = "request-queues" }
local PUBLIC_URLS = {                   -- field of the object's view, and what follows the object's own URL
  datasets = { itemsPublicUrl = "/items" },
  key_value_stores = { keysPublicUrl = "/keys", recordsPublicUrl = "/records" },
  request_queues = {},
}

local function quoted(text)
  return text and cjson.encode(text) or "null"
end

local function own_url(storage)
  return answers.own_url(("/v2/%s/%s"):format(PATHS[storage.kind], storage.id))
end

local function add_public_urls(storage, parts)
  local own = own_url(storage)
  for field, below in pairs(PUBLIC_URLS[storage.kind]) do
    parts[#parts + 1] = ('"%s":"%s"'):format(field, own .. below)
  end
end

local function common_members(storage)
  local run = storage.run
  return {
    ('"id":"%s","name":%s,"userId":"%s","username":"%s"'):format(storage.id, quoted(storage.name), store.user.id, store.user.name),
    ('"createdAt":"%s","modifiedAt":"%s","accessedAt":"%s"'):format(clock.iso(storage.created), clock.iso(storage.modified),
      clock.iso(storage.accessed)),
    ('"actId":%s,"actRunId":%s'):format(quoted(run and run.actor.id), quoted(run and run.id)),
    ('"generalAccess":"%s"'):format(storage.access),
  }
end

local function add_object_members(storage, request, parts)
  parts[#parts + 1] = ('"consoleUrl":"https://console.apify.com/storage/%s/%s"'):format(PATHS[storage.kind], storage.id)
  add_public_urls(storage, parts)
  if request.token and storage.kind ~= "request_queues" then
    parts[#parts + 1] = ('"urlSigningSecretKey":"%s"'):format(signatures.key(storage))
  end
  if storage.kind ~= "request_queues" then parts[#parts + 1] = '"schema":' .. (storage.schema or "null") end
end

-- The storage as JSON: a row of a list, or the whole object.
local function view(storage, request, is_row)
  local parts = common_members(storage)
  if not is_row then add_object_members(storage, request, parts) end
  for _, members in ipairs(storages.own_members(storage, request)) do
    if members ~= "" then parts[#parts + 1] = members end
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

--- GET of a storage.
function endpoints.get(request, storage)
  storages.touch(storage)
  return answers.data(view(storage, request))
end

local function given_changes(request)
  local given = bodies.object(request)
  if given.generalAccess == cjson.null then given.generalAccess = "FOLLOW_USER_SETTING" end
  if given.generalAccess ~= nil and not GENERAL_ACCESS[given.generalAccess] then
    error(errors.invalid_body("generalAccess is not one of the allowed values."), 0)
  end
  return given
end

--- PUT of a storage: its name (null: none any more) and its general access.
function endpoints.put(request, storage)
  local given = given_changes(request)
  if given.name == cjson.null then storages.rename(storage, nil)
  elseif given.name ~= nil then storages.rename(storage, given.name) end
  storage.access = given.generalAccess or storage.access
  storages.touch(storage, true)
  return answers.data(view(storage, request))
end

--- DELETE of a storage.
function endpoints.delete(_, storage)
  storages.remove(storage)
  return answers.none()
end

local function listed(kind, query)
  local found = {}
  if query.ownership == "sharedWithMe" then return found end
  for _, storage in ipairs(storages.list[kind]) do
    if query.unnamed or storage.name then found[#found + 1] = storage end
  end
  return found
end

local function list_query(args)
  local query = pages.query(args)
  query.unnamed, query.ownership = params.flag(args, "unnamed"), params.one_of(args, "ownership", OWNERSHIPS)
  return query
end

-- GET of all storages of a kind.
local function list(kind, request)
  auth.check_list(request)
  local query = list_query(request.args)
  local function row(storage) return view(storage, request, true) end
  return pages.answer(listed(kind, query), query, row, (',"unnamed":%s'):format(tostring(query.unnamed)))
end

-- The schema in a body, as JSON; nil of an empty one.
local function given_schema(request)
  if bodies.read(request) == "" then return nil end
  local schema = json_tree.get(json_bodies.read(request), "schema")
  if schema and not schema.keys then error(errors.invalid_body("schema must be an object."), 0) end
  return schema and json_tree.encode(schema)
end

-- POST: the storage of the name given, or a new one, which has the schema given.
local function create(kind, request)
  auth.check(request)
  local schema = given_schema(request)
  local storage, is_new = storages.get_or_create(kind, params.text(request.args, "name"))
  if is_new then storage.schema = schema end
  local headers = is_new and { Location = own_url(storage) } or nil
  return answers.json(is_new and 201 or 200, '{"data":' .. view(storage, request) .. "}", headers)
end

--- The methods of a kind's collection.
---@param kind string
---@return table<string, function>
function endpoints.collection(kind)
  return {
    GET = function(request) return list(kind, request) end,
    POST = function(request) return create(kind, request) end,
  }
end

return endpoints
