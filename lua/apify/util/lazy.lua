--- Modules that are loaded when something of them is first asked for: what a program does not use costs it neither time nor memory, in which
--- every collection of garbage looks at it again.
local lazy = {}

local MARKS = { number = true, userdata = true }
local named = {}                         -- modules that may not be loaded yet

--- A `require` that was broken off leaves a mark under LuaJIT, which forbids every later one of the same module.
local function clear_marks()
  for name, module in pairs(package.loaded) do
    if MARKS[type(module)] and tostring(name):find "^apify%." then package.loaded[name] = nil end
  end
end

local function load(name)
  local is_loaded, module = pcall(require, name)
  if is_loaded then return module end
  clear_marks()
  error(module, 0)
end

--- A table with all that the module has.
---@param name string such as "apify.resources.dataset"
---@return table
function lazy.module(name)
  named[#named + 1] = name
  return setmetatable({}, {
    __index = function(self, key)
      local module = load(name)
      setmetatable(self, { __index = module })
      return module[key]
    end,
  })
end

--- Load now all that has been named, and what that names.
function lazy.load_all()
  local at = 1
  while named[at] do
    load(named[at])
    at = at + 1
  end
  named = {}
end

return lazy
