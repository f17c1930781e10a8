--- Which adapter has to wait: the one that was named, or the one whose program is recognised, call by call.
local errors = require "apify.util.errors"
local block = require "apify.loop.adapters.block"

local choice = {}

local NAMES = { block = true, cqueues = true, luv = true, nginx = true, nvim = true }
local CONTRACT = { "usable", "check", "attach", "park", "wake", "sleep", "detach" }

local named                               -- by `use`
local recognised = {}                     -- what this program is for certain, whoever calls

if package.loaded.ngx then recognised[#recognised + 1] = require "apify.loop.adapters.nginx" end
if rawget(_G, "vim") then recognised[#recognised + 1] = require "apify.loop.adapters.nvim" end

--- cqueues may be there without being in use: the adapter is loaded once the caller is in a thread of it.
local function in_cqueues()
  local cqueues = package.loaded.cqueues
  return type(cqueues) == "table" and cqueues.running() and require "apify.loop.adapters.cqueues" or nil
end

--- The adapter for a call that is made here and now.
---@return apify.Loop
function choice.pick()
  if named and named.usable() then return named end
  for i = 1, #recognised do
    if recognised[i].usable() then return recognised[i] end
  end
  return in_cqueues() or block
end

--- Is this program an editor or a server that has Lua inside?
---@return boolean
function choice.is_hosted() return recognised[1] ~= nil end

local function load_adapter(name)
  if not NAMES[name] then
    errors.misuse('bad argument 1 of use: %s (expected "block", "cqueues", "luv", "nginx", "nvim", a table or nil)', errors.show(name))
  end
  if name == "nginx" and not package.loaded.ngx then errors.misuse 'apify.use "nginx": this program is not nginx' end
  local ok, adapter = pcall(require, "apify.loop.adapters." .. name)
  if not ok then errors.misuse('apify.use %s: %s', errors.show(name), tostring(adapter):match "[^\n]*") end
  if name == "nvim" and not adapter.usable() then errors.misuse 'apify.use "nvim": this program is not Neovim' end
  return adapter
end

local function check_table(adapter)
  for _, name in ipairs(CONTRACT) do
    if type(adapter[name]) ~= "function" then
      errors.misuse("bad argument 1 of use: its field %q is %s (expected a function)", name, errors.show(adapter[name]))
    end
  end
  return adapter
end

--- Name the adapter, or give one; nil: recognise it again. The one that was named before, and the one that is now.
---@param adapter? string|apify.Loop
---@return apify.Loop? before
---@return apify.Loop? now
function choice.use(adapter)
  local before = named
  if errors.is_module(adapter) then errors.misuse("bad argument 1 of use: %s", errors.show(adapter)) end
  if type(adapter) == "table" then named = check_table(adapter)
  elseif adapter == nil then named = nil
  else named = load_adapter(adapter)
  end
  return before, named
end

return choice
