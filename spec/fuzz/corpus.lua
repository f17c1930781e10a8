--- corpus.lua unpack FILE FOLDER: the inputs of a file, a line each, as files of a folder.
--- corpus.lua pack FOLDER FILE: the reverse. A line is the input with `\xx` for a backslash and what is not printable ASCII.

local function unpack_file(path, folder)
  local number = 0
  for line in io.lines(path) do
    number = number + 1
    local file = assert(io.open(("%s/%04d"):format(folder, number), "wb"))
    file:write((line:gsub("\\(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end)))
    file:close()
  end
end

local function escape(byte)
  return ("\\%02x"):format(byte:byte())
end

local function pack_folder(folder, path)
  local all, names = {}, io.popen("ls " .. folder)
  for name in names:lines() do
    local file = assert(io.open(folder .. "/" .. name, "rb"))
    all[#all + 1] = file:read "*a":gsub("\\", escape):gsub("[^ -~]", escape)
    file:close()
  end
  names:close()
  table.sort(all)
  local file = assert(io.open(path, "w"))
  for _, line in ipairs(all) do file:write(line, "\n") end
  file:close()
end

if arg[1] == "pack" then pack_folder(arg[2], arg[3]) else unpack_file(arg[2], arg[3]) end
