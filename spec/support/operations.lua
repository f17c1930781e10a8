--- The table of all operations of the API: which of our methods and of the official JavaScript client's does each. Nobody writes it: the
--- vocabulary is asked of the local API, and what arrived there is looked up among the operations.
local cases = require "spec.peers.cases"

local operations = {}

-- Why an operation has no method.
local WITHOUT = {
  { "GET", "/run%-sync", "the same as POST, without an input" },
  { "POST", "/records/{recordKey}$", "the same as PUT" },
  { "POST", "/versions/{versionNumber}$", "the same as PUT" },
  { "POST", "/env%-vars/{envVarName}$", "the same as PUT" },
  { "%u+", "^/v2/actors/{actorId}/runs/{runId}", "deprecated: `run`, by the run's own path" },
  { "%u+", "^/v2/actors/{actorId}/builds/{buildId}", "deprecated: `build`, by the build's own path" },
  { "%u+", "^/v2/tools/", "in no client: `client:request`" },
  { "%u+", "^/v2/browser%-info", "in no client: `client:request`" },
}

--- The operations that a text of the API's description (a line each: method, TAB, path) or of our table names.
---@param text string
---@return { method: string, path: string }[]
function operations.parse(text)
  local list = {}
  for line in text:gmatch "[^\n]+" do
    local method, path = line:match "^([A-Z]+)\t(/v2/[^\t]*)"
    if not method then method, path = line:match "^| `([A-Z]+)` | `(/v2/[^`]*)`" end
    if method then list[#list + 1] = { method = method, path = path } end
  end
  return list
end

-- Does the path fit the template, and in how many segments to the letter? nil if not.
local function fit(path, template)
  local given, letters = {}, 0
  for segment in path:gmatch "[^/]+" do given[#given + 1] = segment end
  local at = 0
  for segment in template:gmatch "[^/]+" do
    at = at + 1
    if segment == given[at] then letters = letters + 1
    elseif not given[at] or not segment:find "^{" then return nil end
  end
  return at == #given and letters or nil
end

local find

-- The operation that a wire is a call of. A HEAD that the description does not have is that of a GET.
function find(list, wire)
  local method, path = wire:match "^(%u+) (%S+)"
  path = path:gsub("^/v2/acts", "/v2/actors")
  local best, best_letters
  for _, operation in ipairs(list) do
    local letters = operation.method == method and fit(path, operation.path)
    if letters and (not best or letters > best_letters) then best, best_letters = operation, letters end
  end
  if not best and method == "HEAD" then return find(list, (wire:gsub("^HEAD", "GET"))) end
  return assert(best, "no operation of the API: " .. wire)
end

local function note(operation, column, name)
  local names = operation[column] or {}
  operation[column] = names
  for _, known in ipairs(names) do
    if known == name then return end
  end
  names[#names + 1] = name
end

-- The request that a case is about. Below a last run its own path is meant, though the run may have been found first.
local function meant(case, wires)
  local parent = case.last_of
  local wire = wires[case.is_first and (parent and 2 or 1) or #wires]
  return parent and wire:gsub("/v2/actor%-runs/[^/%s]+", "/v2/" .. parent .. "/id/runs/last") or wire
end

--- Ask for the whole vocabulary and note it at the operations: `ours` and `theirs`, lists of names.
---@param api local_api.Server
---@param client apify.Client
---@param list { method: string, path: string }[]
function operations.note_all(api, client, list)
  for _, case in ipairs(cases.all()) do
    local value, err, wires = cases.ask(api, client, case, function(w) return case.call(client, w, api) end)
    assert(value ~= nil, ("%s: %s"):format(case.name, tostring(err)))
    local operation = find(list, meant(case, wires))
    note(operation, "ours", case.method)
    if case.js then note(operation, "theirs", case.their_method) end
  end
end

local function cell(names)
  return names and "`" .. table.concat(names, "`, `") .. "`" or ""
end

--- Why it has no method of ours; "missing" if for none.
---@param operation table
---@return string
function operations.reason_of(operation)
  for _, without in ipairs(WITHOUT) do
    if operation.method:find(without[1]) and operation.path:find(without[2]) then return without[3] end
  end
  return "missing"
end

local HEAD = [[
# Every operation of the API

`make test` asks the local API for what each method of ours does, and fails when this table, which `sh spec/setup/operations` writes, says
something else. JavaScript is the official client, version 2.25.0.

%d operations, of which %d have a method of ours and %d one of the JavaScript client's.

| method | path | ours | JavaScript |
|---|---|---|---|
]]

--- The page with the table of operations that have been noted.
---@param list table[]
---@return string
function operations.page(list)
  local lines, ours, theirs = {}, 0, 0
  for i, operation in ipairs(list) do
    if operation.ours then ours = ours + 1 end
    if operation.theirs then theirs = theirs + 1 end
    lines[i] = ("| `%s` | `%s` | %s | %s |\n"):format(operation.method, operation.path,
      operation.ours and cell(operation.ours) or operations.reason_of(operation), cell(operation.theirs))
  end
  return HEAD:format(#list, ours, theirs) .. table.concat(lines)
end

return operations
