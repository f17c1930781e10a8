--- Webhooks: requests that Apify makes when something happens to runs or builds; and their dispatches, each of which tells of one event.
--- https://docs.apify.com/api/v2/webhook-get
local collection = require "apify.resources.base.collection"
local errors = require "apify.util.errors"
local operations = require "apify.resources.base.operations"
local resource = require "apify.resources.base.resource"
local webhook_fields = require "apify.resources.base.webhook_fields"

---@class apify.WebhookPage : apify.Page
---@field items apify.WebhookRow[]

---@class apify.WebhookDispatchPage : apify.Page
---@field items apify.WebhookDispatch[]

---@class apify.WebhookDispatches : apify.Resource
local WebhookDispatches = resource.define "WebhookDispatches"

--- One page of dispatches.
---@param opts? apify.CollectionListOptions
---@return apify.WebhookDispatchPage? page
---@return apify.Error? err
function WebhookDispatches:list(opts)
  return collection.list(self, operations.webhook_dispatches.list, opts)
end

--- Walk all dispatches, page after page.
---@param opts? apify.CollectionIterateOptions
---@return (fun(): apify.WebhookDispatch?)|apify.Iterator, nil, nil, apify.Iterator
function WebhookDispatches:iterate(opts)
  return collection.iterate(self, operations.webhook_dispatches.iterate, opts)
end

---@class apify.WebhookDispatchHandle : apify.Resource
local WebhookDispatch = resource.define "WebhookDispatch"

--- The dispatch's own object, with the calls that were made for it.
---@param opts? apify.ObjectOptions
---@return apify.WebhookDispatch? dispatch
---@return apify.Error? err `not_found` when there is none
function WebhookDispatch:get(opts)
  return resource.perform(self, "get", operations.webhook_dispatch.get, opts)
end

---@class apify.Webhooks : apify.Resource
local Webhooks = resource.define "Webhooks"

--- One page of webhooks.
---@param opts? apify.CollectionListOptions
---@return apify.WebhookPage? page
---@return apify.Error? err
function Webhooks:list(opts)
  return collection.list(self, operations.webhooks.list, opts)
end

--- Walk all webhooks, page after page.
---@param opts? apify.CollectionIterateOptions
---@return (fun(): apify.WebhookRow?)|apify.Iterator, nil, nil, apify.Iterator
function Webhooks:iterate(opts)
  return collection.iterate(self, operations.webhooks.iterate, opts)
end

--- Make a webhook from its fields: `eventTypes`, `condition`, `requestUrl` and others. With an `idempotencyKey` it is made once, however
--- often this is called, and retried like a GET.
---@param fields apify.WebhookFields
---@param opts? apify.ObjectOptions
---@return apify.Webhook? webhook
---@return apify.Error? err
function Webhooks:create(fields, opts)
  if self.path ~= "/webhooks" then errors.misuse "webhooks:create is for client:webhooks(), with what it belongs to in the field 'condition'" end
  webhook_fields.check(fields, "webhooks:create", false)
  local has_key = type(fields) == "table" and type(fields.idempotencyKey) == "string"
  return resource.send(self, "create", operations.webhooks.create, fields, opts, { is_safe = has_key or nil })
end

---@class apify.WebhookHandle : apify.Resource
local Webhook = resource.define "Webhook"

--- The webhook's own object.
---@param opts? apify.ObjectOptions
---@return apify.Webhook? webhook
---@return apify.Error? err `not_found` when there is none
function Webhook:get(opts)
  return resource.perform(self, "get", operations.webhook.get, opts)
end

--- Change the fields that are given; `apify.null` resets one. Returns the webhook.
---@param fields apify.WebhookChanges
---@param opts? apify.ObjectOptions
---@return apify.Webhook? webhook
---@return apify.Error? err
function Webhook:update(fields, opts)
  webhook_fields.check(fields, "webhook:update", true)
  return resource.send(self, "update", operations.webhook.update, fields, opts)
end

--- Delete the webhook.
---@param opts? apify.TimeoutOptions
---@return true? ok
---@return apify.Error? err `not_found` when there is none
function Webhook:delete(opts)
  return resource.perform(self, "delete", operations.webhook.delete, opts)
end

--- Let it tell of an event that did not happen, `TEST`: returns the dispatch, which may be under way still.
---@param opts? apify.ObjectOptions
---@return apify.WebhookDispatch? dispatch
---@return apify.Error? err
function Webhook:test(opts)
  return resource.perform(self, "test", operations.webhook.test, opts)
end

--- What the webhook has told.
---@return apify.WebhookDispatches
function Webhook:dispatches(...)
  return resource.list(WebhookDispatches, self, "/dispatches", "dispatches", ...)
end

return { Webhook = Webhook, WebhookDispatch = WebhookDispatch, WebhookDispatches = WebhookDispatches, Webhooks = Webhooks }
