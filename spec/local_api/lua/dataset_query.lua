--- The query of a list of items, checked.
local errors = require "errors"
local params = require "params"
local store = require "store"

local dataset_query = {}

local NO_LIMIT = 999999999999           -- what the API says when no limit was asked for
local FORMATS = { csv = true, html = true, json = true, jsonl = true, rss = true, xlsx = true, xml = true }
local SIMPLIFIED = { fields = { "url", "pageFunctionResult", "errorInfo" }, unwind = { "pageFunctionResult" } }

local function limit(args)
  local asked = params.whole_number(args, "limit", 0)
  if asked == 0 then asked = NO_LIMIT end
  return math.min(asked, store.settings.max_items_page or NO_LIMIT)
end

local function add_paging(query, args)
  query.offset, query.limit, query.desc = params.whole_number(args, "offset", 0), limit(args), params.flag(args, "desc")
end

local function view_fields(args, views)
  local name = params.text(args, "view")
  if name == nil then return nil end
  return views and views[name]
    or error(errors.new(400, "requested-dataset-view-does-not-exist", "The dataset has no view '" .. name .. "'."), 0)
end

local function add_shape(query, args, views)
  local clean, simplified = params.flag(args, "clean"), params.flag(args, "simplified") and SIMPLIFIED or {}
  query.skip_hidden = clean or params.flag(args, "skipHidden")
  query.skip_empty = clean or params.flag(args, "skipEmpty")
  query.skip_failed = params.flag(args, "skipFailedPages")
  query.fields = simplified.fields or params.csv(args, "fields") or view_fields(args, views)
  query.unwind = simplified.unwind or params.csv(args, "unwind")
  query.omit, query.flatten = params.csv(args, "omit"), params.csv(args, "flatten")
  query.output_fields = params.csv(args, "outputFields")
end

local function add_format(query, args)
  query.format = params.one_of(args, "format", FORMATS) or "json"
  query.is_attachment = params.flag(args, "attachment")
  query.bom = params.flag(args, "bom", query.format == "csv")
  query.delimiter = params.text(args, "delimiter") or ","
  query.skip_header_row = params.flag(args, "skipHeaderRow")
  query.xml_root, query.xml_row = params.text(args, "xmlRoot") or "items", params.text(args, "xmlRow") or "item"
  query.feed_title, query.feed_description = params.text(args, "feedTitle"), params.text(args, "feedDescription")
end

--- All parameters of a list of items.
---@param args table
---@param views? table<string, string[]> the fields of the dataset's views
function dataset_query.new(args, views)
  local query = {}
  add_paging(query, args)
  add_shape(query, args, views)
  add_format(query, args)
  return query
end

return dataset_query
