--- What is measured, and by whom.
---
--- A side: a program in sides/ (see measure.c for what it prints) and a line in `sides` below: its name, its command, and what must be
--- there for it, as a shell command that succeeds. Then a line in each of the works that it can do: the side, its arguments.
---
--- A line with `is_taken_off` is what others of its side take besides their work: it is taken off them.
---
--- A floor is how many times less wall time, CPU and memory than the first line of its work a line must take: `make bench` fails below. It is
--- a quarter under what was reached on a machine at rest; for small requests half, as the JavaScript client's share varies most there.
--- Wall times are judged only if nothing else kept the machine busy.

local FAST, LATE = "@FAST@", "@LATE@"                       -- URLs of the server, see nginx.conf
local DATA = "build/bench"
local RUNS = "/v2/acts/bench/runs"

local MEASURE = "exec build/bench/measure "

-- A program of Lua with this checkout's modules.
local function on(lua, program) return ('eval "$(sh spec/setup/env %s)"; %s %s spec/bench/sides/%s.lua'):format(lua, MEASURE, lua, program) end

local CORE_54, CORE_JIT = "test -e build/5.4/apify/core.so", "test -e build/luajit/apify/core.so"
local TABLES_54, TABLES_JIT = "test -e build/bench/5.4/tables.so", "test -e build/bench/luajit/tables.so"

local sides = {
  here = { name = "this module, Lua 5.4", command = on("lua5.4", "apify"), needs = CORE_54 },
  jit = { name = "this module, LuaJIT", command = on("luajit", "apify"), needs = CORE_JIT },
  javascript = {
    name = "JavaScript client 2.25.0", command = MEASURE .. "node build/javascript/javascript.mjs",
    needs = "cp spec/bench/sides/javascript.mjs build/javascript/ && cd build/javascript && node -e 'import(\"apify-client\")'",
    missing = "npm install --prefix build/javascript apify-client@2.25.0",
  },
  lua_curl = {
    name = "lua-cURL, lua-cjson, LuaJIT", command = on("luajit", "lua_curl"),
    needs = "luajit -lcurl -lcjson -e ''", missing = "apt-get install lua-curl lua-cjson",
  },
  lua_http = {
    name = "lua-http, lua-cjson, LuaJIT", command = on("luajit", "lua_http"),
    needs = "luajit -lhttp.client -lzlib -lcjson -e ''", missing = "apt-get install lua-http lua-zlib lua-cjson",
  },
  floor = { name = "C: download, inflate", command = MEASURE .. "build/bench/floor", needs = "test -e build/bench/floor", is_bytes = true },
  tables = { name = "building the tables, Lua 5.4", command = on("lua5.4", "tables"), needs = TABLES_54 },
  tables_jit = { name = "building the tables, LuaJIT", command = on("luajit", "tables"), needs = TABLES_JIT },
  waits = { name = "1000 waits, Lua 5.4", command = on("lua5.4", "waits"), needs = CORE_54 },
  waits_jit = { name = "1000 waits, LuaJIT", command = on("luajit", "waits"), needs = CORE_JIT },
  decode = {
    name = "decoding, Lua 5.4", command = on("lua5.4", "decode"),
    needs = CORE_54 .. " && lua5.4 -lcjson -e ''", missing = "apt-get install lua-cjson",
  },
  decode_jit = {
    name = "decoding, LuaJIT", command = on("luajit", "decode"),
    needs = CORE_JIT .. " && luajit -lcjson -e ''", missing = "apt-get install lua-cjson",
  },
}

local function decoders(name, side, tables)
  return {
    title = "decode 100 pages of 1000 runs, " .. name,
    { side, "cjson " .. DATA, label = "lua-cjson, whole" },
    { side, "read " .. DATA, label = "start, and the files' bytes: taken off", is_taken_off = true },
    { side, "whole " .. DATA, label = "whole", floor = { cpu = 1.35 } },
    { side, "rows " .. DATA, label = "row by row", floor = { cpu = 1.7 } },
    { side, "pick " .. DATA, label = "row by row, pick of 4 fields", floor = { cpu = 4.2 } },
    { tables, DATA, label = "building the tables" },
  }
end

local works = {
  {
    title = "100,000 runs",
    { "javascript", "runs " .. FAST },
    { "javascript", "runs8 " .. FAST, label = "JavaScript, 8 lists in flight" },
    { "lua_curl", "runs " .. FAST },
    { "lua_http", "runs " .. FAST },
    { "here", "runs " .. FAST .. " 8", floor = { wall = 3.3, cpu = 3.9, memory = 6.9 } },
    { "jit", "runs " .. FAST .. " 8", floor = { wall = 3.1, cpu = 3.7, memory = 6.5 } },
    { "here", "pick " .. FAST .. " 8", label = "this module, Lua 5.4, pick of 4 fields", floor = { wall = 5.2, cpu = 5.6, memory = 6.9 } },
    { "jit", "pick " .. FAST .. " 8", label = "this module, LuaJIT, pick of 4 fields", floor = { wall = 5.2, cpu = 5.6, memory = 6.6 } },
    { "tables", DATA },
    { "tables_jit", DATA },
    { "floor", FAST .. RUNS .. " 100000 1000 1" },
  },
  {
    title = "100,000 runs, each answer 50 ms away",
    { "javascript", "runs " .. LATE },
    { "javascript", "runs8 " .. LATE, label = "JavaScript, 8 lists in flight" },
    { "here", "runs " .. LATE .. " 8", floor = { wall = 5.7, cpu = 4, memory = 6.8 } },
    { "jit", "runs " .. LATE .. " 8", floor = { wall = 5.6, cpu = 3.7, memory = 6.5 } },
    { "here", "runs " .. LATE .. " 16", label = "this module, Lua 5.4, 16 pages ahead", floor = { wall = 9.9, cpu = 4.2 } },
    { "jit", "runs " .. LATE .. " 16", label = "this module, LuaJIT, 16 pages ahead", floor = { wall = 9.7, cpu = 3.8 } },
    { "floor", LATE .. RUNS .. " 100000 1000 8", label = "C: download, inflate, 8 at a time" },
  },
  {
    title = "a dataset of 100,000 items, 58 MB",
    { "javascript", "items " .. FAST },
    { "lua_curl", "items " .. FAST },
    { "lua_http", "items " .. FAST },
    { "here", "items " .. FAST, floor = { wall = 3, cpu = 3.9, memory = 18.9 } },
    { "jit", "items " .. FAST, floor = { wall = 2.5, cpu = 3.4, memory = 18.4 } },
    { "floor", FAST .. "/v2/datasets/bench/items 1 1 1" },
  },
  {
    title = "small requests, one by one", count = 2000,
    { "javascript", "calls " .. FAST },
    { "lua_curl", "calls " .. FAST },
    { "here", "calls " .. FAST, floor = { wall = 5, cpu = 8 } },
    { "jit", "calls " .. FAST, floor = { wall = 5, cpu = 10 } },
    { "floor", FAST .. "/v2/actor-runs/1 2000 1 1" },
  },
  {
    title = "small requests, 50 at once", count = 2000,
    { "javascript", "calls50 " .. FAST },
    { "here", "calls50 " .. FAST, floor = { wall = 9, cpu = 12 } },
    { "jit", "calls50 " .. FAST, floor = { wall = 11, cpu = 14 } },
    { "floor", FAST .. "/v2/actor-runs/1 2000 1 50" },
  },
  {
    title = "a thousand waits", rounds = 1, note = true, has_own_answers = true,
    { "waits", "@API@ @CA@", label = "Lua 5.4, HTTP/1.1" },
    { "waits", "@API_TLS@ @CA@", label = "Lua 5.4, HTTP/2 and TLS" },
    { "waits_jit", "@API@ @CA@", label = "LuaJIT, HTTP/1.1" },
    { "waits_jit", "@API_TLS@ @CA@", label = "LuaJIT, HTTP/2 and TLS" },
  },
  decoders("Lua 5.4", "decode", "tables"),
  decoders("LuaJIT", "decode_jit", "tables_jit"),
}

return { sides = sides, works = works }
