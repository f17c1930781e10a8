--- Header lines, such as "Accept: */*".
local headers = {}

local function name_of(line)
  return line:match "^[^:;]*":lower()
end

--- Is there a line of this name, which is in lower case?
function headers.has(lines, name)
  for _, line in ipairs(lines) do
    if name_of(line) == name then return true end
  end
  return false
end

--- The lines of `own`, which take the place of others with the same name, and those others that are left.
function headers.merge(lines, own)
  if not own[1] then return lines end
  local is_own, all = {}, {}
  for i, line in ipairs(own) do is_own[name_of(line)], all[i] = true, line end
  for _, line in ipairs(lines) do
    if not is_own[name_of(line)] then all[#all + 1] = line end
  end
  return all
end

return headers
