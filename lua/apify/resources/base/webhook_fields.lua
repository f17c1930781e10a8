--- What a webhook must say before it is sent: which events it is about. Their names are checked by their shape, as the API may add some.
local base64 = require "apify.util.base64"
local core = require "apify.core"
local errors = require "apify.util.errors"
local options = require "apify.util.options"

local webhook_fields = {}

local EVENT_TYPES = {
  "ACTOR.RUN.CREATED", "ACTOR.RUN.SUCCEEDED", "ACTOR.RUN.FAILED", "ACTOR.RUN.TIMED_OUT", "ACTOR.RUN.ABORTED", "ACTOR.RUN.RESURRECTED",
  "ACTOR.BUILD.CREATED", "ACTOR.BUILD.SUCCEEDED", "ACTOR.BUILD.FAILED", "ACTOR.BUILD.TIMED_OUT", "ACTOR.BUILD.ABORTED", "TEST",
}

local events = options.list_of(options.open_enum(EVENT_TYPES))

--- As a checker does: true; or false, the part at fault, and what was meant. A single name is no list to the API.
local function check_events(list)
  if type(list) ~= "table" then return false, list end
  return events.check(list)
end

--- Raise misuse where the `eventTypes` of a webhook's fields are no list of events. Those of a change may be absent or null.
---@param fields any
---@param where string for messages
---@param is_change boolean
function webhook_fields.check(fields, where, is_change)
  if type(fields) ~= "table" then return end             -- whoever sends it says so
  local list = fields.eventTypes
  if is_change and (list == nil or list == core.null) then return end
  local ok, fault, meant = check_events(list)
  if ok then return end
  if list == nil then errors.misuse("missing field 'eventTypes' of %s (a list of events, such as \"ACTOR.RUN.SUCCEEDED\")", where) end
  local advice = meant and ("did you mean %s?"):format(errors.show(meant)) or "expected a list of events, such as \"ACTOR.RUN.SUCCEEDED\""
  errors.misuse("bad field 'eventTypes' of %s: %s (%s)", where, errors.show(fault), advice)
end

--- Ad hoc webhooks, as the API wants them in a query: the base64 of their JSON.
webhook_fields.ad_hoc = {
  expected = "a list of webhooks, each with eventTypes and requestUrl",
  check = function(v)
    if type(v) ~= "table" or #v == 0 then return false, v end
    for _, webhook in ipairs(v) do
      if type(webhook) ~= "table" or type(webhook.requestUrl) ~= "string" or type(webhook.eventTypes) ~= "table" then return false, webhook end
      local ok, fault, meant = check_events(webhook.eventTypes)
      if not ok then return false, fault, meant end
    end
    local json = core.encode(v, { sort_keys = true })
    return json ~= nil, json and base64.encode(json)
  end,
}

return webhook_fields
