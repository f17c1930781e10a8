--- The files of a ZIP archive whose entries are stored as they are, read by its own directory.

--- A number of so many bytes, the lowest first, behind the first `at` bytes.
local function number(text, at, bytes)
  local n = 0
  for i = bytes, 1, -1 do n = n * 256 + text:byte(at + i) end
  return n
end

--- The bytes of the entry whose row of the directory begins behind `row`, and the length of its name.
local function entry(zip, row)
  local name_size = number(zip, row + 28, 2)
  local size, header = number(zip, row + 24, 4), number(zip, row + 42, 4)
  assert(zip:sub(row + 1, row + 4) == "PK\1\2" and zip:sub(header + 1, header + 4) == "PK\3\4", "no entry there")
  assert(number(zip, row + 10, 2) == 0 and number(zip, row + 20, 4) == size, "an entry that is not stored as it is")
  local data = header + 30 + number(zip, header + 26, 2) + number(zip, header + 28, 2)
  return {
    name = zip:sub(row + 47, row + 46 + name_size), bytes = zip:sub(data + 1, data + size), crc = number(zip, row + 16, 4),
    next_row = row + 46 + name_size + number(zip, row + 30, 2) + number(zip, row + 32, 2),
  }
end

--- The files by their names, each { bytes, crc }, and how many there are; an error for what is no such archive.
---@param zip string
---@return table<string, { bytes: string, crc: integer }> files
---@return integer count
local function unzip(zip)
  local last = #zip - 22
  assert(zip:sub(last + 1, last + 4) == "PK\5\6", "no end of a directory")
  local row, count, files = number(zip, last + 16, 4), number(zip, last + 10, 2), {}
  for _ = 1, count do
    local found = entry(zip, row)
    files[found.name], row = { bytes = found.bytes, crc = found.crc }, found.next_row
  end
  assert(row == last, "a directory that ends elsewhere")
  return files, count
end

return unzip
