-- runs last
--- A table of one's own for `apify.use`, proved with copas, a loop that the module does not know.
--- Under LuaJIT alone: Debian has copas for Lua 5.1 and 5.2, and this table is for that one (1.x).
if rawget(_G, "jit") == nil then return end

local program = require "spec.support.program"
local stage = require "spec.hosts.stage"

for unit, name in pairs { fiber = "fibers in copas", thread = "threads of copas" } do
  describe(name, function()
    local copas = stage.new(function(env) return program.command("spec/hosts/copas.lua", env) end)
    setup(function() copas:open() end)
    teardown(function() copas:close() end)
    before_each(function() copas:reset() end)
    copas:common(it, { UNIT = unit })
  end)
end
