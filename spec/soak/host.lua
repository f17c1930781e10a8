-- luacheck: read globals vim
--- A program that goes through the mix, in plain Lua or in Neovim (luafile): SOAK_URL, SOAK_REQUESTS and SOAK_PARALLEL say what, and SOAK_TO
--- the file that the report goes to.
local mix = require "spec.soak.mix"

local function play()
  local report = mix.report {
    url = os.getenv "SOAK_URL", requests = tonumber(os.getenv "SOAK_REQUESTS"), parallel = tonumber(os.getenv "SOAK_PARALLEL"),
  }
  local file = assert(io.open(os.getenv "SOAK_TO", "w"))
  assert(file:write(report))
  file:close()
end

if not rawget(_G, "vim") then return play() end
require("apify").spawn(function()
  local ok, why = xpcall(play, debug.traceback)
  if not ok then io.stderr:write(tostring(why), "\n") end
  vim.schedule(function() vim.cmd(ok and "qa!" or "cquit") end)
end)
