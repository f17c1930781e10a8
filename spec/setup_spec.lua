-- runs once
--- The scripts below spec/setup: what `make env` prints, and how specs that do not end well are counted.

local NAME = [[a 'quoted' "odd" $name]]    -- of the folder that a checkout is in

-- What a shell command printed, and whether it succeeded.
local function sh(command)
  local pipe = assert(io.popen("(" .. command .. "\n) 2>&1; echo status=$?"))
  local text = pipe:read "*a"
  pipe:close()
  local output, status = text:match "^(.*)status=(%d+)\n$"
  return output, status == "0"
end

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

describe("a checkout", function()
  local top, folder

  setup(function()
    top = sh("mktemp -d"):gsub("\n", "")
    folder = top .. "/" .. NAME
    sh("mkdir -p " .. quote(folder .. "/spec") .. " && cp -R Makefile " .. quote(folder) .. " && cp -R spec/setup " .. quote(folder .. "/spec"))
  end)

  teardown(function()
    sh("rm -rf " .. quote(top))
  end)

  -- Run a command in the copied checkout, without what a make around us has left in the environment.
  local function run(command)
    return sh("unset MAKEFLAGS MAKELEVEL MFLAGS; cd " .. quote(folder) .. " && " .. command)
  end

  describe("asked for its env", function()
    it("prints two lines with absolute paths, whatever the folder is called", function()
      local lua, core = quote(folder .. "/lua/?.lua;" .. folder .. "/lua/?/init.lua;;"), quote(folder .. "/build/5.4/?.so;;")
      assert.equal("export LUA_PATH=" .. lua .. "\nexport LUA_CPATH=" .. core .. "\n", (run "make -s env"))
    end)

    it("prints the same whatever the caller's paths are", function()
      local expected = run "make -s env"
      assert.equal(expected, (run "LUA_PATH=x LUA_CPATH=y CDPATH=/:/tmp make -s env"))
    end)

    it("names LuaJIT's build on request", function()
      assert.truthy(run "make -s env LUA=luajit":find("/build/luajit/?.so;;'\n", 1, true))
      assert.falsy(run "make -s env LUA=luajit":find("/build/5.4/", 1, true))
    end)

    it("is understood by a shell, and by a Lua that has a path of its own version", function()
      write(folder .. "/lua_path.lua", "print(package.path)")
      local output = run "LUA_PATH_5_4=wrong; export LUA_PATH_5_4; eval \"$(make -s env)\"; lua5.4 lua_path.lua"
      assert.equal(folder .. "/lua/?.lua;", output:sub(1, #folder + 11))
    end)

    it("refuses a Lua that has no build", function()
      local output, ok = run "make -s env LUA=lua5.3"
      assert.is_false(ok)
      assert.truthy(output:find("no build for LUA=lua5.3", 1, true))
    end)

    it("builds nothing", function()
      run "make -s env"
      assert.equal("", (run "ls build 2>/dev/null"))
    end)
  end)

  describe("running its specs", function()
    -- The runner's last line for one spec file of this text.
    local function total(text)
      write(folder .. "/spec/a_spec.lua", text)
      local output, ok = run "TEST_TIMEOUT=1 sh spec/setup/test -i lua5.4 spec/a_spec.lua"
      return output:match "([^\n]*)\n$", ok
    end

    it("counts what passed, failed and was skipped", function()
      local line, ok = total [[it("a", function() end) it("b", function() error "x" end) pending "c"]]
      assert.equal("1 passed, 1 failed, 1 skipped", line)
      assert.is_false(ok)
    end)

    it("succeeds when nothing failed", function()
      local line, ok = total [[it("a", function() end)]]
      assert.equal("1 passed, 0 failed", line)
      assert.is_true(ok)
    end)

    it("counts a crash, an early exit, a hang and a file that does not compile as a failure", function()
      assert.equal("0 passed, 1 failed", (total [[it("a", function() os.execute "kill -SEGV $PPID" end)]]))
      assert.equal("0 passed, 1 failed", (total [[it("a", function() os.exit(0) end)]]))
      assert.equal("0 passed, 1 failed", (total [[it("a", function() while true do end end)]]))
      assert.equal("0 passed, 1 failed", (total [[it("a", function(]]))
    end)

    it("hides the caller's settings from them", function()
      local line = total [[it("a", function() assert(not os.getenv "APIFY_TOKEN" and not os.getenv "https_proxy") end)]]
      assert.equal("1 passed, 0 failed", line)
      local output = run "APIFY_TOKEN=t https_proxy=p sh spec/setup/test -i lua5.4 spec/a_spec.lua"
      assert.truthy(output:find "1 passed, 0 failed\n$")
    end)
  end)
end)
