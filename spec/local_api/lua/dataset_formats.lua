--- A page of items in the format asked for, written piece by piece.
--- A page is {count, data, query, shape, at(i) -> position in the dataset, name}.
local clock = require "clock"
local dataset_items = require "dataset_items"
local dataset_xlsx = require "dataset_xlsx"
local json_tree = require "json_tree"

local dataset_formats = {}

local BOM = "\239\187\191"
local MAX_COLUMNS = 2000
local LOOKED_AT = 1000                  -- synthetic items beyond so many bring no new columns
local XML_ESCAPES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&apos;" }
local XML_BEGIN = '<?xml version="1.0" encoding="UTF-8"?>\n'

-- Call visit(item) with the text or tree of each item of the page, until it returns false.
local function each(page, visit)
  for i = 1, page.count do
    local text = dataset_items.text(page.data, page.at(i))
    for _, item in ipairs(page.shape and page.shape(text) or { text }) do
      if visit(item) == false then return end
    end
  end
end

local function tree_of(item)
  return type(item) == "string" and json_tree.parse(item) or item
end

local function text_of(item)
  return type(item) == "string" and item or json_tree.encode(item)
end

-- The items as JSON texts with a text before all but the first; those that nothing changes are never built as strings.
local function write_texts(page, write, separator)
  if page.shape then
    local before = ""
    return each(page, function(item)
      write(before)
      before = separator
      return write(text_of(item))
    end)
  end
  for i = 1, page.count do
    if i > 1 then write(separator) end
    if not dataset_items.write(page.data, page.at(i), write) then return end
  end
end

local function write_json(page, write)
  write("[")
  write_texts(page, write, ",\n")
  write("]")
end

local function write_jsonl(page, write)
  write_texts(page, write, "\n")
  if page.count > 0 then write("\n") end
end

-- The cells of a row: nested values are spread over columns named "a/b" and "a/0".
local function add_cells(value, name, cells)
  if type(value) == "string" then
    cells[#cells + 1] = { name = name, text = json_tree.text(value) }
    return
  end
  for i, part in ipairs(value.values) do
    local below = value.keys and value.keys[i] or tostring(i - 1)
    add_cells(part, name and name .. "/" .. below or below, cells)
  end
end

local function cells_of(item)
  local cells = {}
  add_cells(tree_of(item), nil, cells)
  return cells
end

local function add_columns(item, columns, known)
  for _, cell in ipairs(cells_of(item)) do
    if not known[cell.name] and #columns < MAX_COLUMNS then
      known[cell.name] = true
      columns[#columns + 1] = cell.name
    end
  end
end

-- The columns of the fields that were asked for, in the order in which they were, then the others.
local function in_order_of(fields, columns)
  local ordered, is_placed = {}, {}
  for _, field in ipairs(fields) do
    for _, name in ipairs(columns) do
      if (name == field or name:sub(1, #field + 1) == field .. "/") and not is_placed[name] then
        ordered[#ordered + 1], is_placed[name] = name, true
      end
    end
  end
  for _, name in ipairs(columns) do
    if not is_placed[name] then ordered[#ordered + 1] = name end
  end
  return ordered
end

-- All columns of the page, in order of appearance unless the query names fields.
local function columns_of(page)
  local columns, known, looked_at = {}, {}, 0
  local skipped = page.data.seeded.count == dataset_items.count(page.data) and LOOKED_AT or math.huge
  each(page, function(item)
    looked_at = looked_at + 1
    add_columns(item, columns, known)
    return looked_at < skipped
  end)
  local wanted = page.query.output_fields or page.query.fields
  return wanted and in_order_of(wanted, columns) or columns
end

-- The texts of an item's cells, one for each column.
local function row_of(item, columns)
  local texts, row = {}, {}
  for _, cell in ipairs(cells_of(item)) do texts[cell.name] = cell.text end
  for i, name in ipairs(columns) do row[i] = texts[name] or "" end
  return row
end

-- Call visit(row) with the columns' names, unless the query skips them, and with the cells of each item.
local function each_row(page, visit)
  local columns = columns_of(page)
  if not page.query.skip_header_row then visit(columns) end
  each(page, function(item) return visit(row_of(item, columns)) end)
end

local function csv_cell(text, delimiter)
  if text:find('["\r\n]') or text:find(delimiter, 1, true) then return '"' .. text:gsub('"', '""') .. '"' end
  return text
end

local function write_csv(page, write)
  local delimiter = page.query.delimiter
  each_row(page, function(row)
    local cells = {}
    for i, text in ipairs(row) do cells[i] = csv_cell(text, delimiter) end
    return write(table.concat(cells, delimiter) .. "\n")
  end)
end

local function escaped(text)
  return (text:gsub("[&<>\"']", XML_ESCAPES):gsub("[%z\1-\8\11\12\14-\31]", ""))
end

local function write_html(page, write)
  local tag = page.query.skip_header_row and "td" or "th"
  write("<table>")
  each_row(page, function(row)
    local cells = {}
    for i, text in ipairs(row) do cells[i] = ("<%s>%s</%s>"):format(tag, escaped(text), tag) end
    tag = "td"
    return write("<tr>" .. table.concat(cells) .. "</tr>")
  end)
  write("</table>")
end

local function element_name(key)
  local name = key:gsub("[^%w_.\128-\255-]", "_")
  return name:find("^[%a_\128-\255]") and name or "_" .. name
end

local add_elements

local function add_element(name, value, parts)
  if type(value) == "table" and value.type == "array" then
    for _, element in ipairs(value.values) do add_element(name, element, parts) end
    return
  end
  parts[#parts + 1] = "<" .. name .. ">"
  if type(value) == "table" then add_elements(value, parts) else parts[#parts + 1] = escaped(json_tree.text(value)) end
  parts[#parts + 1] = "</" .. name .. ">"
end

function add_elements(object, parts)
  for i, key in ipairs(object.keys) do add_element(element_name(key), object.values[i], parts) end
end

local function write_elements(page, write, row_name)
  each(page, function(item)
    local parts = {}
    add_element(row_name, tree_of(item), parts)
    return write(table.concat(parts) .. "\n")
  end)
end

local function write_xml(page, write)
  local root, row = element_name(page.query.xml_root), element_name(page.query.xml_row)
  write(XML_BEGIN .. "<" .. root .. ">\n")
  write_elements(page, write, row)
  write("</" .. root .. ">\n")
end

local function write_rss(page, write)
  local title = page.query.feed_title or "Dataset " .. page.name
  local description = page.query.feed_description or "Items in dataset " .. page.name
  write(("%s<rss version=\"2.0\"><channel><title>%s</title><description>%s</description>\n")
    :format(XML_BEGIN, escaped(title), escaped(description)))
  write_elements(page, write, "item")
  write("</channel></rss>\n")
end

local function sheet_row(row)
  local cells = {}
  for i, text in ipairs(row) do cells[i] = '<c t="inlineStr"><is><t>' .. escaped(text) .. "</t></is></c>" end
  return "<row>" .. table.concat(cells) .. "</row>"
end

local function write_xlsx(page, write)
  local rows = {}
  each_row(page, function(row) rows[#rows + 1] = sheet_row(row) end)
  dataset_xlsx.write(table.concat(rows), write, clock.now())
end

local FORMATS = {
  csv = { "text/csv; charset=utf-8", write_csv },
  html = { "text/html; charset=utf-8", write_html },
  json = { "application/json; charset=utf-8", write_json },
  jsonl = { "application/jsonl; charset=utf-8", write_jsonl },
  rss = { "application/rss+xml; charset=utf-8", write_rss },
  xlsx = { "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", write_xlsx },
  xml = { "application/xml; charset=utf-8", write_xml },
}

--- The Content-Type of a format.
function dataset_formats.content_type(format)
  return FORMATS[format][1]
end

--- Write the whole page in its query's format.
function dataset_formats.write(page, write)
  local query = page.query
  if query.bom and query.format ~= "xlsx" then write(BOM) end
  return FORMATS[query.format][2](page, write)
end

return dataset_formats
