--- The files of a ZIP archive whose entries are stored as they are, read by its own directory.

--- A number of so many bytes, the lowest first, behind the first `at` bytes.
local function number(text, at, bytes)
  local n = 0
  for i = bytes, 1, -1 do n = n * 256 + text:byte(at + i) end
  return n
end

--- The bytes of the entry that the directory names behind `at`, and the length of its name.
local function entry(zip, at)
  local name_size = number(zip, at + 28, 2)
  local size, header = number(zip, at + 24, 4), number(zip, at + 42, 4)
  assert(zip:sub(at + 1, at + 4) == "PK\1\2" and zip:sub(header + 1, header + 4) == "PK\3\4", "no entry there")
  assert(number(zip, at + 10, 2) == 0 and number(zip, at + 20, 4) == size, "an entry that is not stored as it is")
  local data = header + 30 + number(zip, header + 26, 2) + number(zip, header + 28, 2)
  return {
    name = zip:sub(at + 47, at + 46 + name_size), bytes = zip:sub(data + 1, data + size), crc = number(zip, at + 16, 4),
    next_at = at + 46 + name_size + number(zip, at + 30, 2) + number(zip, at + 32, 2),
  }
end

--- The files by their names, each { bytes, crc }, and how many there are; an error for what is no such archive.
---@param zip string
---@return table<string, { bytes: string, crc: integer }> files
---@return integer count
local function unzip(zip)
  local last = #zip - 22
  assert(zip:sub(last + 1, last + 4) == "PK\5\6", "no end of a directory")
  local at, count, files = number(zip, last + 16, 4), number(zip, last + 10, 2), {}
  for _ = 1, count do
    local found = entry(zip, at)
    files[found.name], at = { bytes = found.bytes, crc = found.crc }, found.next_at
  end
  assert(at == last, "a directory that ends elsewhere")
  return files, count
end

return unzip
