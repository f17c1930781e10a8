--- The state of datasets, key-value stores and request queues: which there are, and by what ids and names they are found.
--- What is inside them is the noun's. Each run has one of each kind, made when it is first asked for.
local clock = require "clock"
local errors = require "errors"
local random = require "random"
local run_view = require "run_view"
local store = require "store"

local storages = {}

local KINDS = { "datasets", "key_value_stores", "request_queues" }
local NAME_PATTERN = "^%w[%w%-]*$"
local MAX_NAME = 63

---@class local_api.Storage
---@field id string
---@field kind "datasets"|"key_value_stores"|"request_queues"
---@field name string?
---@field run local_api.Run? whose default storage it is
---@field created integer milliseconds, as are modified and accessed
---@field modified integer
---@field accessed integer
---@field access string general access
---@field data any the noun's own

local nouns = {}
local ids, indexed_serial, run_of

--- Tell what makes the inside of a new storage, and what its view shows of it: a text of JSON members or a list of such.
---@param kind string
--- `catch_up` is called whenever the storage of a run is found.
---@param noun {init: fun(storage: local_api.Storage)?, view: nil|fun(storage: local_api.Storage, request: table): string|string[],
---  catch_up: fun(storage: local_api.Storage)?}
function storages.define(kind, noun)
  nouns[kind] = noun
end

--- The noun's own members of the object's view.
---@return string[] members each a text of JSON members
function storages.own_members(storage, request)
  local own = nouns[storage.kind].view and nouns[storage.kind].view(storage, request) or {}
  return type(own) == "table" and own or { own }
end

--- Forget all storages. To be called whenever the runs are forgotten.
function storages.reset()
  ids, indexed_serial, run_of = random.new(20200202), 0, {}
  storages.list, storages.by_name = {}, {}
  for _, kind in ipairs(KINDS) do
    storages[kind], storages.list[kind], storages.by_name[kind] = {}, {}, {}
  end
end

local function add(kind, fields)
  local now = clock.now()
  fields.kind, fields.access, fields.data = kind, "FOLLOW_USER_SETTING", {}
  fields.created = fields.run and fields.run.started or now
  fields.modified, fields.accessed = fields.created, now
  storages[kind][fields.id] = fields
  local list = storages.list[kind]
  list[#list + 1] = fields
  if fields.name then storages.by_name[kind][fields.name] = fields end
  if nouns[kind].init then nouns[kind].init(fields) end
  return fields
end

local function check_name(name)
  if type(name) ~= "string" or #name > MAX_NAME or not name:find(NAME_PATTERN) then
    error(errors.new(400, "invalid-value", "The name may have letters, digits and hyphens, and at most 63 of them."), 0)
  end
end

--- The storage of that name, or a new one; without a name always a new one.
---@return local_api.Storage
---@return boolean is_new
function storages.get_or_create(kind, name)
  if name then check_name(name) end
  local known = name and storages.by_name[kind][name]
  if known then return known, false end
  return add(kind, { id = ids:id(), name = name }), true
end

-- Make known which runs the default ids belong to, of runs added since the last time.
local function index_runs()
  if indexed_serial == store.serial then return end
  for _, run in ipairs(store.runs) do
    if run.serial > indexed_serial then
      for kind, id in pairs(run_view.storage_ids(run)) do run_of[kind .. id] = run end
    end
  end
  indexed_serial = store.serial
end

local function is_own(user)
  return user == "" or user == store.user.name or user == store.user.id
end

local function caught_up(storage)
  local catch_up = nouns[storage.kind].catch_up
  if storage.run and catch_up then catch_up(storage) end
  return storage
end

local function find_by_name(kind, id)
  local user, name = id:match("^([^~]*)~(.+)$")
  return user and is_own(user) and storages.by_name[kind][name]
end

--- The storage of that id, `user~name` or `~name`, or a failure.
---@return local_api.Storage
function storages.find(kind, id)
  local storage = storages[kind][id] or find_by_name(kind, id)
  if storage then return caught_up(storage) end
  index_runs()
  local run = run_of[kind .. id]
  if run and store.run_by_id[run.id] == run then return storages.of_run(kind, run) end
  error(errors.record_not_found, 0)
end

--- The run's default storage, or a failure when it was deleted.
---@return local_api.Storage
function storages.of_run(kind, run)
  local id = run_view.storage_ids(run)[kind]
  if storages[kind][id] then return caught_up(storages[kind][id]) end
  run.deleted = run.deleted or {}
  if run.deleted[kind] then error(errors.record_not_found, 0) end
  return caught_up(add(kind, { id = id, run = run }))
end

--- Note that something in the storage was read, or with `is_write` changed.
function storages.touch(storage, is_write)
  storage.accessed = clock.now()
  if is_write then storage.modified = storage.accessed end
end

--- Give a storage another name, or with nil none.
function storages.rename(storage, name)
  local names = storages.by_name[storage.kind]
  if name then check_name(name) end
  if name and names[name] and names[name] ~= storage then
    error(errors.new(409, "name-not-unique", "The name '" .. name .. "' is already in use."), 0)
  end
  if storage.name then names[storage.name] = nil end
  storage.name = name
  if name then names[name] = storage end
end

--- Delete a storage: from now on nobody finds it, by whatever way.
function storages.remove(storage)
  local kind = storage.kind
  storages[kind][storage.id] = nil
  if storage.name then storages.by_name[kind][storage.name] = nil end
  if storage.run then storage.run.deleted[kind] = true end
  local list = storages.list[kind]
  for i = 1, #list do
    if list[i] == storage then return table.remove(list, i) end
  end
end

return storages
