-- runs once
--- The module inside the programs that embed LuaJIT: the same calls, outside of fibers, say the same there.
local program = require "spec.program"
local server = require "spec.local_api.server"

local TOLD = {
  "page 3", "rows 250", "ended SUCCEEDED", "fibers 3", "error api 404",
  "misuse bad option 'limit' of runs:list: 0 (expected an integer from 1 to 1000)",
}

describe("inside", function()
  local s, id, folder

  setup(function()
    s = server.start()
    folder = s.dir .. "/host"
    os.execute("mkdir -p '" .. folder .. "'")
  end)
  teardown(function() s:stop() end)

  before_each(function()
    s:admin("reset", { count = 249 })
    id = s:admin("add_runs", { actor = "someone~else", schedule = { { 0, "RUNNING" }, { 0.3, "SUCCEEDED" } } }).ids[1]
  end)

  local function write(name, text)
    local path = folder .. "/" .. name
    local file = assert(io.open(path, "w"))
    file:write(text)
    file:close()
    return path
  end

  -- A shell command in the environment of LuaJIT's build.
  local function under_luajit(command)
    return program.shell('unset LUA_PATH LUA_CPATH; eval "$(sh spec/setup/env luajit)"; ' .. command)
  end

  local function lines(text)
    local list = {}
    for line in text:gmatch "[^\r\n]+" do list[#list + 1] = line end
    return list
  end

  it("Neovim, the tour is the same", function()
    local path = write("tour.lua", ([[
      local tell = {}
      local ok, err = pcall(dofile "spec/hosts/tour.lua", %q, %q, function(...)
        tell[#tell + 1] = table.concat({ ... }, " ")
      end)
      if not ok then tell[#tell + 1] = tostring(err) end
      io.stdout:write(table.concat(tell, "\n"), "\n")
    ]]):format(s.url, id))
    local output, complaints, code = under_luajit(("timeout 60 nvim --headless -u NONE -c 'luafile %s' -c 'qa!'"):format(path))
    assert.same({ TOLD, "", 0 }, { lines(output), complaints, code })
  end)
end)
