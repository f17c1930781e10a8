-- runs once
--- The scripts below spec/setup: what `make env` prints, and how specs that do not end well are counted.

local shell = require "spec.support.shell"
local sources = require "spec.support.sources"

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

  describe("installed by make", function()
    local SHARED = "share/lua/%s/apify/init.lua share/lua/%s/apify/meta/core.lua share/lua/%s/apify/util/url.lua"
    local OWN = "lib/lua/%s/apify/core.so"

    local place                          -- not in the checkout: make itself takes a `$` in its name for a variable

    before_each(function()
      place = top .. "/a place"
      run "mkdir -p lua/apify/util lua/apify/meta build/5.4/apify build/luajit/apify"
      run "touch lua/apify/init.lua lua/apify/util/url.lua lua/apify/README.md lua/apify/meta/core.lua"
      run "echo of 5.4 >build/5.4/apify/core.so; echo of luajit >build/luajit/apify/core.so"
    end)

    after_each(function() run("rm -rf lua build " .. quote(place)) end)

    -- The files below a folder of the place, sorted, in one line.
    local function placed(below)
      return (run("cd " .. quote(place .. (below or "")) .. " && find . ! -type d | LC_ALL=C sort | sed 's/..//'"):gsub("\n", " "):gsub(" $", ""))
    end

    local function make(words)
      return run("make -s " .. words:gsub("PLACE", quote(place)))
    end

    local function files_of(number)
      return (OWN .. " " .. SHARED):gsub("%%s", number)
    end

    it("is where its Lua looks, with what is for editors, and says so", function()
      local output, ok = make "install LUA=lua5.4 PREFIX=PLACE"
      assert.is_true(ok, output)
      assert.equal(files_of "5.4", placed())
      assert.equal("of 5.4\n", shell.read_file(place .. "/lib/lua/5.4/apify/core.so"))
      assert.truthy(output:find(("Installed: %s/share/lua/5.4/apify, "):format(place), 1, true))
      assert.truthy(output:find(("export LUA_PATH='%s/share/lua/5.4/?.lua;"):format(place), 1, true))
    end)

    it("is below DESTDIR for LuaJIT, and for both where no Lua is named", function()
      local output = make "install LUA=luajit DESTDIR=PLACE PREFIX=/opt"
      assert.equal(files_of "5.1", placed "/opt")
      assert.equal("of luajit\n", shell.read_file(place .. "/opt/lib/lua/5.1/apify/core.so"))
      assert.falsy(output:find("export", 1, true))
      make "install DESTDIR=PLACE PREFIX=/opt LUA54_INCDIR=/usr/include LUAJIT_INCDIR=/usr/include"
      assert.equal(8, select(2, placed("/opt"):gsub("apify/", "")))
    end)

    it("takes the place of another version, and leaves nothing of its own when it is uninstalled", function()
      run(("mkdir -p %s && cd %s && mkdir -p share/lua/5.4/apify lib/lua/5.4 && touch share/lua/5.4/apify/old.lua lib/lua/5.4/other.so"):format(
        quote(place), quote(place)))
      make "install LUA=lua5.4 PREFIX=PLACE"
      assert.equal(files_of("5.4"):gsub(" ", " lib/lua/5.4/other.so ", 1), placed())
      assert.matches("^Removed: [^\n]+/share/lua/5.4/apify, [^\n]+/lib/lua/5.4/apify/core.so\n$", (make "uninstall LUA=lua5.4 PREFIX=PLACE"))
      assert.matches("^Not there: ", (make "uninstall LUA=lua5.4 PREFIX=PLACE"))
      assert.equal("lib/lua/5.4/other.so", placed())
      assert.equal("", (run("find " .. quote(place) .. " -name apify")))
    end)

    it("is not where there is no core, no build for the Lua, or no absolute path", function()
      for command, why in pairs {
        ["make -s install LUA=lua5.3"] = "no build for LUA=lua5.3",
        ["make -s install LUA=lua5.4 PREFIX=placed"] = "not an absolute path: placed/share/lua/5.4",
        ["DESTDIR=placed sh spec/setup/install other lua5.4"] = "there is no other/5.4/apify/core.so",
      } do
        local output, ok = run(command)
        assert.is_false(ok)
        assert.truthy(output:find(why, 1, true), output)
      end
      assert.equal("", (run "ls -d placed 2>/dev/null"))
    end)
  end)

  describe("that does not have what it needs", function()
    local SAYS = {                       -- what sudo, apt-get or dpkg say; what we say
      ["sudo: a terminal is required to read the password"] = "sudo does not let %w+ do it; as root: apt%-get update && apt%-get install [^\n]*gcc",
      ["Waiting for cache lock: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (aptitude)...\n"
        .. "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?"] =
        "dpkg's lock is held by process 7 %(aptitude%); try again when it has ended",
      ["E: dpkg was interrupted, you must manually run 'dpkg --configure -a'"] = "this mends it: sudo dpkg %-%-configure %-a",
      ["E: You don't have enough free space in /var/cache/apt/archives/."] = "there is no space left on the device",
      ["It is held by process 7 (aptitude)...\nE: Unable to locate package gcc\n  Temporary failure resolving 'deb.debian.org'"] =
        "there is no network %(Temporary failure resolving 'deb.debian.org'%)",
      ["E: Unable to locate package gcc\nE: Package 'g++' has no installation candidate"] = "package sources have no g%+%+ gcc %(",
      ["E: something else"] = "^Installing gcc [^\n]*\nE: something else\nnothing was installed: apt%-get failed as it says above",
    }

    -- The packages for building, asked for by a user to whom these programs belong.
    local function packages(programs)
      run "mkdir -p fake"
      for name, code in pairs(programs) do write(folder .. "/fake/" .. name, "#!/bin/sh\n" .. code) end
      local output, ok = run "chmod +x fake/*; CC=no-such-compiler PATH=\"$PWD/fake:$PATH\" sh spec/setup/packages build"
      run "rm -rf fake build"
      return output, ok
    end

    it("says why nothing was installed", function()
      for said, sentence in pairs(SAYS) do
        local output, ok = packages { id = "echo 1000", ["apt-get"] = "", sudo = "echo " .. quote(said) .. "; exit 100" }
        assert.is_false(ok)
        assert.truthy(output:find(sentence), output)
        assert.truthy(output:find "[^\n] %(all that was said is in build/setup.log%)\n$", output)
      end
    end)
  end)

  -- Without root there is nobody else whose files could be in the way.
  local describe_as_root = sh "id -u" == "0\n" and describe or function() end

  describe_as_root("of another user", function()
    local function as_nobody(command)
      return run("setpriv --reuid=65534 --regid=65534 --clear-groups " .. command)
    end

    local function strangers()
      return (run "find build src apify ! -user 65534")
    end

    before_each(function()
      run "mkdir -p lua/apify src apify build/5.4/apify && touch lua/apify/init.lua build/5.4/apify/core.so src/a.o apify/core.so"
      run "chmod 755 .. && chown -R 65534:65534 . && chown 0:0 src/a.o apify/core.so"
    end)
    after_each(function() run "chown -R 0:0 . && rm -rf lua src apify build ../place" end)

    it("is still all that user's after root has installed or tested", function()
      assert.truthy(strangers():find "core.so")
      assert.same({ "", true }, { run(("make -s install LUA=lua5.4 LUA54_INCDIR=/usr/include DESTDIR=%s/place >/dev/null"):format(top)) })
      assert.equal("", strangers())
      write(folder .. "/spec/a_spec.lua", "it('passes', function() end)")
      run "sh spec/setup/test -i lua5.4 spec/a_spec.lua && rm spec/a_spec.lua"
      assert.equal("1 0 0\n", (run "cat build/totals"))
      assert.equal("", strangers())
    end)

    it("says to the user what cannot be written, and a command that mends it", function()
      for command, what in pairs {
        ["chown 0:0 build/5.4/apify"] = "build/5.4/apify, which belongs to root", ["chown -R 0:0 build"] = "build, which belongs to root",
        ["rm -rf build && chown 0:0 ."] = folder .. ", which belongs to root", ["chmod a-w build"] = "build, which belongs to nobody",
      } do
        run(command)
        local output, ok = as_nobody "make -s clean"
        assert.is_false(ok)
        assert.truthy(output:find("cannot write " .. what .. ". This mends it: ", 1, true), output)
        run((output:match "This mends it: ([^\n]+)":gsub("^sudo ", "")))
        assert.same({ "", true }, { as_nobody "make -s clean" })
        run "mkdir -p build/5.4/apify && chown -R 65534:65534 build"
      end
    end)

    it("says to the user where it cannot be installed, and how it can", function()
      run "mkdir ../place && mkdir ../place/lib"
      for _, case in ipairs { { "install", "share" }, { "uninstall", "share/lua/5.4" } } do
        local verb, tree = case[1], case[2]
        run("mkdir -p ../place/" .. tree)
        local output, ok = as_nobody(("make -s %s LUA=lua5.4 LUA54_INCDIR=/usr/include PREFIX=%s/place"):format(verb, top))
        assert.is_false(ok)
        assert.truthy(output:find(("nobody cannot write %s/place/%s: 'sudo make %s', or PREFIX=$HOME/.local for you alone\n"):format(
          top, tree, verb), 1, true), output)
      end
      assert.equal("lib\nshare\n", (run "ls ../place"))
    end)

    it("is asked for no package before its log can be written", function()
      run "mkdir fake && touch fake/sudo && chmod 755 fake/sudo && chown -R 0:0 build"
      local output = as_nobody "env CC=no-such-compiler PATH=\"$PWD/fake:$PATH\" sh spec/setup/packages build"
      run "rm -r fake"
      assert.truthy(output:find "^cannot write build, which belongs to root%. [^\n]+\n$", output)
    end)
  end)

  describe("running its specs", function()
    -- The runner's last line for one spec file of this text.
    local function total(text, settings)
      write(folder .. "/spec/a_spec.lua", text)
      local output, ok = run((settings or "") .. " sh spec/setup/test -i lua5.4 spec/a_spec.lua")
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
      assert.equal("0 passed, 1 failed", (total([[it("a", function() while true do end end)]], "TEST_TIMEOUT=1")))
      assert.equal("0 passed, 1 failed", (total [[it("a", function(]]))
    end)

    it("hides the caller's settings from them", function()
      local line = total [[it("a", function() assert(not os.getenv "APIFY_TOKEN" and not os.getenv "https_proxy") end)]]
      assert.equal("1 passed, 0 failed", line)
      local output = run "APIFY_TOKEN=t https_proxy=p sh spec/setup/test -i lua5.4 spec/a_spec.lua"
      assert.truthy(output:find "1 passed, 0 failed\n$")
    end)
  end)

  describe("asked for some of its specs", function()
    setup(function()
      run "mkdir -p spec/sub/deep"
      for _, name in ipairs { "a_spec", "b_spec", "sub/c_spec", "sub/deep/d_spec", "sub/no_specs" } do
        write(folder .. "/spec/" .. name .. ".lua", "it('passes', function() end)")
      end
    end)
    teardown(function() run "rm -rf spec/sub spec/*_spec.lua" end)

    -- The runner's last line.
    local function total(paths)
      return run("sh spec/setup/test -i lua5.4 " .. paths):match "([^\n]*)\n$"
    end

    it("runs those that it names, and all in a folder", function()
      assert.equal("1 passed, 0 failed", total "spec/b_spec.lua")
      assert.equal("3 passed, 0 failed", total "spec/a_spec.lua spec/sub")
      assert.equal("4 passed, 0 failed", total "")
    end)

    it("says so when one is not there, or a folder has none", function()
      for _, paths in ipairs { "spec/a_spec.lua spec/none_spec.lua", "spec/setup" } do
        local output, ok = run("sh spec/setup/test -i lua5.4 " .. paths)
        assert.is_false(ok)
        assert.truthy(output:find "spec/none_spec.lua" or output:find "no spec found", output)
      end
    end)

    it("has them from make", function()
      assert.truthy(run "make -n test SPEC='spec/a_spec.lua spec/sub'":find("-i lua5.4 -i luajit spec/a_spec.lua spec/sub\n", 1, true))
    end)
  end)

  describe("running several specs", function()
    local names

    -- A spec that tells when it begins and ends, and waits in between while the shell's condition holds.
    local function add(name, head, condition)
      names[#names + 1] = "spec/" .. name .. "_spec.lua"
      local command = "echo $$ >>pids; echo +%s >>told; n=0; while { %s; } && [ $n -lt 500 ]; do n=$((n+1)); sleep 0.02; done; echo -%s >>told"
      write(folder .. "/" .. names[#names], ("%s\nit('waits', function() os.execute %q end)\n"):format(head, command:format(name, condition, name)))
    end

    -- What they told, and all that the runner printed.
    local function play(settings)
      local output = run(settings .. " sh spec/setup/test -i lua5.4 " .. table.concat(names, " "))
      return shell.read_file(folder .. "/told"):gsub("\n", ""), output
    end

    before_each(function() names = {} end)

    after_each(function()
      run "rm -f told pids spec/*_spec.lua"
    end)

    it("runs as many at a time as it is told", function()
      for _, name in ipairs { "a", "b", "c" } do add(name, "", "[ $(grep -c + told) -lt 3 ]") end
      local told, output = play "TEST_JOBS=3"
      assert.matches("^%+%w%+%w%+%w%-", told)
      assert.truthy(output:find "\n3 passed, 0 failed\n$")
      assert.equal(4, select(2, output:gsub("\n", "\n")), output)
      assert.equal("3 0 0\n", shell.read_file(folder .. "/build/totals"))
    end)

    it("runs one after the other where that is asked for", function()
      for _, name in ipairs { "a", "b", "c" } do add(name, "", "false") end
      assert.equal("+a-a+b-b+c-c", (play "TEST_JOBS=1"))
    end)

    it("begins with those that say so, and ends with those that run last", function()
      add("a", "-- runs last", "false")
      add("b", "-- runs once\n-- runs last", "false")
      add("c", "", "false")
      add("d", "-- runs first", "false")
      assert.equal("+d-d+c-c+a-a+b-b", (play "TEST_JOBS=1"))
      run "rm told"
      local told = play "TEST_JOBS=4"
      assert.matches("^[%+%-ab]+$", told:sub(-8))
    end)

    it("stops all of them when it is stopped", function()
      for _, name in ipairs { "a", "b", "c" } do add(name, "", "true") end
      local pid = run(("TEST_JOBS=2 TMPDIR=%s sh spec/setup/test -i lua5.4 %s >stopped 2>&1 & echo $!"):format("$PWD", table.concat(names, " ")))
      shell.eventually(function() return #shell.read_file(folder .. "/told") == 6 end)
      run("kill -TERM " .. pid)
      shell.eventually(function() return run("ls -d tmp.* 2>/dev/null || kill -0 " .. pid:gsub("\n", "") .. " 2>/dev/null") == "" end)
      assert.equal("", shell.read_file(folder .. "/stopped"))
      for waiting in shell.read_file(folder .. "/pids"):gmatch "%d+" do
        local stat = "/proc/" .. waiting .. "/stat"
        shell.eventually(function() return not shell.read_file(stat):find "%) [^Z]" end)
      end
      assert.equal(6, #shell.read_file(folder .. "/told"))
    end)
  end)

  describe("in which luarocks has made a rock", function()
    local OBJECTS = { "src/a.o", "src/sub.o", "apify/core.so" }

    setup(function()
      run "mkdir -p src lua apify && touch src/a.c src/a.h src/make lua/a.lua src/a.o src/sub.o apify/core.so"
    end)

    it("has its sources without the objects, with git and without", function()
      local expected = { "lua/a.lua", "src/a.c", "src/a.h", "src/make" }
      assert.same(expected, sources.list("lua src apify", folder))
      write(folder .. "/.gitignore", "*.o\n*.so\n")
      run "git init -q . && git add src/a.c && rm -f src/a.h"
      table.remove(expected, 3)
      assert.same(expected, sources.list("lua src apify", folder))
    end)

    it("is cleaned of them, and of nothing else", function()
      write(folder .. "/src/kept.txt", "")
      run "make -s clean"
      for _, path in ipairs(OBJECTS) do assert.equal("", (run("ls " .. path .. " 2>/dev/null"))) end
      assert.equal("a.c kept.txt make ", (run "ls src | grep -v 'a.h' | tr '\\n' ' '"))
      assert.equal("", (run "ls -d build apify/* 2>/dev/null"))
    end)
  end)

  it("of this project has sources", function()
    local found = {}
    for _, path in ipairs(sources.list "src lua spec") do found[path] = true end
    for _, path in ipairs { "src/core.c", "src/core.h", "lua/apify/init.lua", "spec/setup/test", "spec/project/setup_spec.lua" } do
      assert.is_true(found[path], path)
    end
  end)
end)
