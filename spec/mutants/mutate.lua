--- Small changes to a source file, one at a time: an operator, a number, a truth value, a statement that is gone.
local mutate = {}

-- Each: a pattern, and what a match becomes.
local SHARED = {
  { "<=", "<" }, { ">=", ">" }, { " < ", " <= " }, { " > ", " >= " }, { "==", "!=" }, { " %+ ", " - " }, { " %- ", " + " },
  { "%f[%w_]true%f[^%w_]", "false" }, { "%f[%w_]false%f[^%w_]", "true" },
  { "%f[%w_.](%d+)%f[^%w_.]", function(digits) return ("%d"):format(tonumber(digits) + 1) end },
}

local OF = {
  lua = {
    { "~=", "==" }, { " and ", " or " }, { " or ", " and " }, { "%f[%w_]not ", "" }, { "math%.min", "math.max" }, { "math%.max", "math.min" },
    { "^(%s+)[%w_.%[%]]+ = .*$", "%1" }, { "^(%s+)[%w_.:]+%b()$", "%1" }, { "^(%s+)return .+$", "%1return nil" },
  },
  c = {
    { "!=", "==" }, { " && ", " || " }, { " || ", " && " }, { "!%f[%w_(]", "" }, { "%+%+", "--" },
    { "^(%s+)[%w_>%-.%[%]]+ [+|&-]?= .*;$", "%1;" }, { "^(%s+)[%w_]+%b();$", "%1;" }, { "^(%s+)return [^;]+;$", "%1return 0;" },
  },
}

-- Is the place inside a string or a comment of the line?
local function is_text(line, at, kind)
  local before = line:sub(1, at - 1):gsub("\\.", "")
  if before:find(kind == "lua" and "%-%-" or "//") or before:find "/%*" or line:find "^%s*%*" then return true end
  local _, quotes = before:gsub('"', "")
  local _, single = before:gsub("'", "")
  return quotes % 2 == 1 or kind == "c" and single % 2 == 1
end

local function is_of_interest(line, kind)
  if line:find "^%s*$" then return false end
  if kind == "lua" then return not line:find "^%s*%-%-" and not line:find "require" end
  return line:find "^%s" and not line:find "^%s*[/*#]"
end

-- Does the change make no difference by the language: another truth that is as true, another word for 0, a buffer that is one larger?
local function is_same(was, is, kind)
  if kind == "lua" then return was:find "^%s*return false$" and is:find "^%s*return nil$" end
  local function one(pattern, more) return was:find(pattern:format(1)) and is:find(pattern:format(more)) end
  if is:find "^%s+return 0;$" and (was:find "return NULL;" or was:find "return STEP_ON;") then return true end
  for _, statement in ipairs { "is", "was", "has", "in" } do
    if one("%%f[%%w]" .. statement .. "_%%w+ = %d[;,]", 2) then return true end
  end
  return one("return %d;", 2)
    or was:find "^%s+[%w_ ]+ [%w_]+%[%d+%][,;]" and was:gsub("%[%d+%]", "") == is:gsub("%[%d+%]", "")
end

-- All that a rule makes of a line.
local function changes(line, rule, kind)
  local found, from = {}, 1
  while true do
    local first, last = line:find(rule[1], from)
    if not first then return found end
    if not is_text(line, first, kind) then
      local changed = line:sub(1, first - 1) .. line:sub(first, last):gsub(rule[1], rule[2], 1) .. line:sub(last + 1)
      if rule[1]:sub(1, 1) == "^" then changed = line:gsub(rule[1], rule[2]) end
      if kind == "lua" then changed = changed:gsub("!=", "~=") end
      if changed ~= line and not is_same(line, changed, kind) then found[#found + 1] = changed end
    end
    from = last + 1
  end
end

local function lines_of(text)
  local lines = {}
  for line in (text:gsub("\n$", "") .. "\n"):gmatch "([^\n]*)\n" do lines[#lines + 1] = line end
  return lines
end

---@class mutants.Mutant
---@field line integer
---@field was string
---@field is string
---@field text string the whole file

--- All mutants of a source text, in the order of its lines. One that is no Lua at all is none.
---@param text string
---@param kind "lua"|"c"
---@return mutants.Mutant[]
function mutate.all(text, kind)
  local lines, found = lines_of(text), {}
  local function add(number, changed)
    local was = lines[number]
    lines[number] = changed
    local whole = table.concat(lines, "\n") .. "\n"
    lines[number] = was
    if kind == "c" or load(whole) then
      found[#found + 1] = { line = number, was = was:match "^%s*(.-)%s*$", is = changed:match "^%s*(.-)%s*$", text = whole }
    end
  end
  for number, line in ipairs(lines) do
    if is_of_interest(line, kind) then
      local seen = {}
      for _, rules in ipairs { SHARED, OF[kind] } do
        for _, rule in ipairs(rules) do
          for _, changed in ipairs(changes(line, rule, kind)) do
            if not seen[changed] then
              seen[changed] = true
              add(number, changed)
            end
          end
        end
      end
    end
  end
  return found
end

return mutate
