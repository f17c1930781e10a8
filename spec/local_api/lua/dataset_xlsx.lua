--- A workbook of one sheet, as little of one as spreadsheet programs open.
local zip = require "zip"

local dataset_xlsx = {}

local XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
local PACKAGE = "http://schemas.openxmlformats.org/package/2006/"
local DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
local SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
local CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml."
local ENTRIES = {
  { "[Content_Types].xml", '<Types xmlns="' .. PACKAGE .. 'content-types">'
    .. '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    .. '<Override PartName="/xl/workbook.xml" ContentType="' .. CONTENT_TYPE .. 'sheet.main+xml"/>'
    .. '<Override PartName="/xl/worksheets/sheet1.xml" ContentType="' .. CONTENT_TYPE .. 'worksheet+xml"/></Types>' },
  { "_rels/.rels", '<Relationships xmlns="' .. PACKAGE .. 'relationships"><Relationship Id="rId1" Type="' .. DOCUMENT
    .. '/officeDocument" Target="xl/workbook.xml"/></Relationships>' },
  { "xl/workbook.xml", '<workbook xmlns="' .. SHEET .. '" xmlns:r="' .. DOCUMENT
    .. '"><sheets><sheet name="Data" sheetId="1" r:id="rId1"/></sheets></workbook>' },
  { "xl/_rels/workbook.xml.rels", '<Relationships xmlns="' .. PACKAGE .. 'relationships"><Relationship Id="rId1" Type="'
    .. DOCUMENT .. '/worksheet" Target="worksheets/sheet1.xml"/></Relationships>' },
}

--- Write a workbook.
---@param rows string the sheet's <row> elements
---@param write fun(text: string): boolean
---@param ms integer the time of its entries
function dataset_xlsx.write(rows, write, ms)
  local archive = zip.writer(write)
  for _, entry in ipairs(ENTRIES) do archive:add(entry[1], XML .. entry[2], ms) end
  archive:add("xl/worksheets/sheet1.xml", XML .. '<worksheet xmlns="' .. SHEET .. '"><sheetData>' .. rows
    .. "</sheetData></worksheet>", ms)
  archive:finish()
end

return dataset_xlsx
