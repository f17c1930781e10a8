--- Do the specs see it when the code is wrong? Each small change to the files of targets.lua must make one of their specs fail.
---   lua5.4 spec/mutants/run.lua [-n MUTANTS] [-s PERCENT] [FILE...]     of each file so many, spread evenly; all when absent
--- Fails if fewer than so many percent are seen; 90 when absent.
--- Prints the score of each file and what survived; `survivors.txt` holds those that cannot be told from the original, with the reason.
local mutate = require "spec.mutants.mutate"
local targets = require "spec.mutants.targets"

local HOME = "build/mutants"
local PATIENCE = 12                      -- times as long as with the original code, and this many seconds: a spec that takes longer has seen it
local JOBS = 2
local BUSTED = "spec/setup/busted.lua -o spec/setup/counts.lua"

-- What runs the specs of a target, with the folder of its build and what its headers are in.
local LUAS = { { "lua5.4", "5.4", "lua5.4" }, { "luajit", "luajit", "luajit-2.1" } }

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "*a"
  file:close()
  return text
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

-- "file: was -> is" of those that are known to change nothing that anybody could see.
local function equivalents()
  local known = {}
  for path, was, is in read "spec/mutants/survivors.txt":gmatch "\n(%S+)  # [^\n]+\n  ([^\n]+)\n  => ([^\n]+)" do
    known[("%s: %s -> %s"):format(path, was, is)] = true
  end
  return known
end

local function name_of(path, mutant) return ("%s: %s -> %s"):format(path, mutant.was, mutant.is == "" and "(nothing)" or mutant.is) end

local function spread(list, count)
  if not count or #list <= count then return list end
  local some = {}
  for i = 1, count do some[i] = list[math.floor((i - 0.5) * #list / count) + 1] end
  return some
end

-- What a C mutant is: a core of its own for each Lua.
local BUILD = [[
mkdir -p DIR/BUILD/apify
objects=$(ls src/*.c | sed -n '/\/NAME.c$/d; s,src/\(.*\)c$,build/BUILD/obj/\1o,p')
cc -std=gnu11 -O1 -fPIC -fvisibility=hidden -w -Isrc -I/usr/include/HEADERS -c -o DIR/m.o DIR/NAME.c 2>/dev/null || { echo nonsense; exit; }
cc -shared -o DIR/BUILD/apify/core.so DIR/m.o $objects -lcurl -lz -lpthread 2>/dev/null || { echo nonsense; exit; }
]]

--- Put the mutant into a folder, with the script that says what became of it.
local function prepare(dir, path, mutant, specs, limits)
  local script = { "export COUNTS_FILE=" .. dir .. "/counts\n" }
  local function add(...) script[#script + 1] = (...):format(select(2, ...)) end
  local name = path:match "([%w_]+)%.c$"
  if name then
    assert(os.execute("mkdir -p " .. dir))
    write(("%s/%s.c"):format(dir, name), mutant.text)
  else
    assert(os.execute(('mkdir -p %s && cp -rs "$PWD/lua" %s/ && rm %s/%s'):format(dir, dir, dir, path)))   -- the module in one place, as ever
    write(dir .. "/" .. path, mutant.text)
  end
  for i = 1, specs.luajit_too and 2 or 1 do
    local lua, build, headers = table.unpack(LUAS[i])
    if name then script[#script + 1] = BUILD:gsub("%u%u+", { DIR = dir, NAME = name, BUILD = build, HEADERS = headers }) end
    add('export LUA_PATH="%s/lua/?.lua;%s/lua/?/init.lua;./lua/?.lua;./lua/?/init.lua;;" LUA_CPATH="%s/%s/?.so;./build/%s/?.so;;"\n',
      dir, dir, dir, build, build)
    for _, spec in ipairs(specs) do
      add('timeout -k 5 %d %s %s --no-keep-going --lpath="$LUA_PATH" --cpath="$LUA_CPATH" %s </dev/null >/dev/null 2>&1 || { echo killed; exit; }\n',
        limits[spec], lua, BUSTED, spec)
    end
  end
  add "echo survived\n"
  write(dir .. "/run.sh", table.concat(script))
end

-- How long each spec may take. It must pass with the original code.
local limits = {}

local function measure(specs)
  for _, spec in ipairs(specs) do
    if not limits[spec] then
      local began = os.time()
      assert(os.execute(("COUNTS_FILE=/dev/null lua5.4 %s %s </dev/null >/dev/null 2>&1"):format(BUSTED, spec)), spec .. " fails")
      limits[spec] = PATIENCE * (os.time() - began + 1)
    end
  end
end

-- What the line of a script's output says.
local function ask(command)
  local pipe = io.popen(command)
  local answer = pipe:read "*l"
  pipe:close()
  return answer
end

local function judge(path, count, known)
  local home = HOME .. "/" .. path:gsub("%W", "_")
  os.execute("rm -rf " .. home)
  measure(targets[path])
  prepare(home .. "/original", path, { text = read(path) }, targets[path], limits)
  assert(ask(("sh %s/original/run.sh"):format(home)) == "survived", path .. " is taken for a mutant of itself")
  local all, killed, open = {}, 0, {}
  for _, mutant in ipairs(mutate.all(read(path), path:match "%a+$")) do
    if not known[name_of(path, mutant)] then all[#all + 1] = mutant end
  end
  all = spread(all, count)
  for i, mutant in ipairs(all) do prepare(("%s/%d"):format(home, i), path, mutant, targets[path], limits) end
  local pipe = io.popen(("seq 1 %d | xargs -P %d -I N sh -c 'echo N $(sh %s/N/run.sh)'"):format(#all, JOBS, home))
  local judged = 0
  for line in pipe:lines() do
    local number, how = line:match "^(%d+) (%a+)$"
    local mutant = all[tonumber(number)]
    if how ~= "nonsense" then judged = judged + 1 end
    if how == "killed" then killed = killed + 1
    elseif how == "survived" then open[#open + 1] = mutant end
  end
  pipe:close()
  table.sort(open, function(a, b) return a.line < b.line end)
  return judged, killed, open
end

local count, least, paths = nil, 90, {}
do
  local i = 1
  while arg[i] do
    if arg[i] == "-n" then count, i = tonumber(arg[i + 1]), i + 1
    elseif arg[i] == "-s" then least, i = tonumber(arg[i + 1]), i + 1
    else paths[#paths + 1] = arg[i] end
    i = i + 1
  end
end
if #paths == 0 then
  for path in pairs(targets) do paths[#paths + 1] = path end
  table.sort(paths)
end

local known, all_judged, all_killed = equivalents(), 0, 0
for _, path in ipairs(paths) do
  assert(targets[path], path .. " is not among the targets")
  local judged, killed, open = judge(path, count, known)
  all_judged, all_killed = all_judged + judged, all_killed + killed
  print(("%-36s %4d of %4d seen, %5.1f %%"):format(path, killed, judged, judged > 0 and killed / judged * 100 or 100))
  for _, mutant in ipairs(open) do
    print(("    %d: %s\n       => %s"):format(mutant.line, mutant.was, mutant.is == "" and "(nothing)" or mutant.is))
  end
  io.stdout:flush()
end
print(("%-36s %4d of %4d seen, %5.1f %%"):format("all", all_killed, all_judged, all_killed / all_judged * 100))
os.exit(all_killed >= least / 100 * all_judged and 0 or 1)
