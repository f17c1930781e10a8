--- The endpoints of datasets: items in many formats, pushes, statistics.
local answers = require "answers"
local bodies = require "bodies"
local cjson = require "cjson.safe"
local dataset_formats = require "dataset_formats"
local dataset_gzip = require "dataset_gzip"
local dataset_items = require "dataset_items"
local dataset_query = require "dataset_query"
local dataset_rules = require "dataset_rules"
local dataset_shape = require "dataset_shape"
local dataset_statistics = require "dataset_statistics"
local errors = require "errors"
local json_tree = require "json_tree"
local storages = require "storages"
local store = require "store"

local datasets = {}

local strict = cjson.new()
strict.decode_invalid_numbers(false)

--- The inside of a new dataset; that of a run which pushes items has those.
function datasets.init(storage)
  storage.data = dataset_items.new()
  storage.data.growth = storage.run and storage.run.growth
  storage.reads, storage.writes = 0, 0
end

--- What a dataset's object has beside what all storages have.
function datasets.view(storage)
  local count, summary = dataset_items.count(storage.data), dataset_items.summary(storage.data)
  local fields = #summary.fields > 0 and cjson.encode(summary.fields) or "[]"
  return {
    ('"itemCount":%d,"cleanItemCount":%d,"fields":%s'):format(count, summary.clean, fields),
    ('"stats":{"readCount":%d,"writeCount":%d,"storageBytes":%d,"inflatedBytes":%d}'):format(storage.reads, storage.writes,
      summary.bytes, summary.bytes),
  }
end

-- The part of the dataset that the query asks for; items that come later do not join it.
local function page_of(storage, query)
  local total = dataset_items.count(storage.data)
  local offset = query.offset
  return {
    data = storage.data, query = query, total = total, name = storage.name or storage.id,
    count = math.max(0, math.min(query.limit, total - offset)), shape = dataset_shape.new(query),
    at = query.desc and function(i) return total + 1 - offset - i end or function(i) return offset + i end,
  }
end

local function headers_of(page)
  local query = page.query
  local headers = answers.page_headers(query, math.max(0, page.total - store.settings.total_lag), page.count)
  if query.is_attachment then
    headers["Content-Disposition"] = ('attachment; filename="dataset_%s.%s"'):format(page.name, query.format)
  end
  return headers
end

--- GET items: the answer, also for those who give items by another path.
function datasets.get_items(request, storage)
  local page = page_of(storage, dataset_query.new(request.args, storage.views))
  storage.reads = storage.reads + 1
  storages.touch(storage)
  local headers, format_page = headers_of(page), dataset_formats.write
  if dataset_gzip.is_possible(page) then
    headers["Content-Encoding"], format_page = "gzip", dataset_gzip.write
  end
  return answers.stream(200, dataset_formats.content_type(page.query.format), function(write)
    format_page(page, write)
  end, headers)
end

-- The JSON texts of the objects in a pushed body.
local function pushed_items(text)
  local value = strict.decode(text)
  if type(value) ~= "table" then error(errors.invalid_body("The request body must be a JSON object or an array of objects."), 0) end
  if text:find("^%s*{") then return { text } end
  local texts = json_tree.elements(text)
  for i, item in ipairs(texts) do
    if item:byte() ~= 123 then
      error(errors.invalid_body(("The item at index %d is not a JSON object."):format(i - 1)), 0)
    end
  end
  return texts
end

-- Without the blanks of pretty printing: an item is one line of JSON Lines.
local function on_one_line(text)
  return text:find("[\r\n]") and json_tree.encode(json_tree.parse(text)) or text
end

-- POST items
local function push_items(request, storage)
  local texts = pushed_items(bodies.read(request))
  dataset_rules.check(storage.required, texts)
  dataset_items.count(storage.data)     -- what has grown by now comes before
  for _, text in ipairs(texts) do dataset_items.append(storage.data, on_one_line(text)) end
  storage.writes = storage.writes + #texts
  storages.touch(storage, true)
  return answers.json(201, "{}", { Location = answers.own_url(request.path) })
end

-- GET statistics
local function get_statistics(_, storage)
  storages.touch(storage)
  return answers.data('{"fieldStatistics":' .. dataset_statistics.json(storage.data) .. "}")
end

datasets.routes = {
  { "items", GET = datasets.get_items, POST = push_items },
  { "statistics", GET = get_statistics },
}

return datasets
