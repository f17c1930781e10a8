-- runs once
--- The direction: a file of src/ includes and calls only what is to its left, a file of lua/apify knows only its own folder and those to its
--- left. What is in no list fails too, and so does a name in the list of C files that no file has.

local sources = require "spec.support.sources"

-- A name stands for its .c and its .h, unless it has an ending itself.
local C_ORDER = {
  "compat", "err", "core.h", "buf", "random", "sha256", "secret_lua", "dl", "brotli", "isal", "inflate", "gzip_lua", "json_lex", "text_lua",
  "json_shape", "json_read.h", "json_decoder", "json_step", "json_skip", "json_read.c", "json_write_scalar", "json_write", "rows",
  "descriptors", "event", "event_epoll", "event_poll", "xfer_options", "xfer.h", "xfer_result", "xfer_body", "xfer_upload", "xfer.c",
  "xfer_lua.h", "xfer_info_lua", "xfer_lua.c", "tap_lua", "multi", "multi_lua", "json_lua", "rows_lua", "file_lua", "system_lua", "core.c",
}

-- A C file is covered by spec/core/<its name>_spec.lua (without "_lua"), or by the spec of spec/ that stands here.
local C_SPECS = {
  brotli = "promises/encodings", buf = "core/xfer_streams", core = "core/process", descriptors = "promises/bad_input", err = "core/xfer",
  event_epoll = "core/multi", event_poll = "core/multi", json = "core/json_read", json_decoder = "core/json_read", json_lex = "core/json_read",
  json_write_scalar = "core/json_write", json_shape = "core/json_read", json_skip = "core/json_read", random = "core/system",
  xfer_body = "core/xfer_streams", xfer_info = "core/xfer", xfer_options = "core/xfer", xfer_result = "core/xfer",
}

-- The folders of lua/apify: each knows those to its left and itself. What lies at the top knows all, but for `version`.
local FOLDERS = { "core", "version", "util", "loop/adapters", "loop", "http", "paging", "resources/base", "resources", "top" }

-- Folders whose files are the business of one other alone.
local KNOWN_TO = { ["loop/adapters"] = "loop" }

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

-- The files below a folder whose names fit the pattern, sorted.
local function files_in(folder, pattern)
  local found = {}
  for _, path in ipairs(sources.list(folder)) do
    if path:find(pattern) then found[#found + 1] = path end
  end
  return found
end

local function positions(order)
  local at = {}
  for i, name in ipairs(order) do at[name] = i end
  return at
end

-- The entry of C_ORDER for "xfer.c" or "xfer.h".
local function c_layer(file, at)
  if at[file] then return file end
  return (file:gsub("%.[ch]$", ""))
end

-- The folder of "apify.loop.fiber", as FOLDERS names it; of a name put together at run time, too ("apify.loop.adapters.").
local function folder_of(module)
  if module == "apify.core" or module == "apify.version" then return module:match "[^.]+$" end
  if module == "apify.loop" then return "loop" end
  return (module:match "^apify%.(.*)%.[^.]*$" or "top"):gsub("%.", "/")
end

-- Call check(what is required) for each #include "..." of a C file.
local function each_include(text, check)
  for name in text:gmatch '#%s*include%s*"([^"]+)"' do check(name) end
end

-- Call check(module) for each require of one of our modules, the lazy ones too, comments aside.
local function each_require(text, check)
  text = text:gsub("%-%-[^\n]*", ""):gsub("lazy%.module", "require")
  for name in text:gmatch "require%s*[%(,]?%s*[\"'](apify[%w_.]*)[\"']" do check(name) end
end

-- Why a C file may not include a name, or nil.
local function c_fault(from, name, at)
  local to = c_layer(name, at)
  if not at[to] then return "wants the unknown " .. name end
  if at[to] > at[from] then return "wants " .. name .. ", which is to its right" end
end

-- The lines that a command prints.
local function output_of(command)
  local lines, pipe = {}, assert(io.popen(command))
  for line in pipe:lines() do lines[#lines + 1] = line end
  pipe:close()
  return lines
end

-- What nm tells of a folder of object files: the C file of each name that is given to others, and a list of { file, name } that are wanted.
-- An object whose source is gone is an old one.
local function symbols(folder, at)
  local home, wanted = {}, {}
  for _, line in ipairs(output_of("nm -A " .. folder .. "/*.o")) do
    local file, kind, name = line:gsub("%.o:", ".c:"):match "([^/]+):.*(%a) (%S+)$"
    if kind and at[c_layer(file, at)] then
      if kind == "U" then wanted[#wanted + 1] = { file = file, name = name } elseif kind:find "%u" then home[name] = file end
    end
  end
  return home, wanted
end

-- The calls in a folder of object files that go to the right, each as a sentence.
local function upward_calls(folder, at)
  local home, wanted = symbols(folder, at)
  local found = {}
  assert(home.luaopen_apify_core, folder .. " is not complete: run `make` first")
  for _, call in ipairs(wanted) do
    local to = home[call.name]
    if to and at[c_layer(to, at)] > at[c_layer(call.file, at)] then
      found[#found + 1] = ("%s calls %s, which is to its right, in %s"):format(call.file, call.name, to)
    end
  end
  return found
end

-- Why a file of this folder may not require a module, or nil.
local function lua_fault(from, module, at)
  local to = folder_of(module)
  if not at[to] then return "wants the unknown " .. module end
  if at[to] > at[from] then return "wants " .. module .. ", which is to its right" end
  if KNOWN_TO[to] and from ~= to and from ~= KNOWN_TO[to] then return "may not know " .. module end
end

describe("the direction", function()
  it("holds among the includes of src/", function()
    local found, at = {}, positions(C_ORDER)
    for _, path in ipairs(files_in("src", "%.[ch]$")) do
      local from = c_layer(path:match "[^/]+$", at)
      if not at[from] then found[#found + 1] = path .. " is in no list" end
      each_include(read(path), function(name)
        local fault = at[from] and c_fault(from, name, at)
        if fault then found[#found + 1] = path .. " " .. fault end
      end)
    end
    assert.same({}, found)
  end)

  it("holds among the calls of src/, so that they have no cycle", function()
    local folders = output_of "ls -d build/*/obj"
    assert(folders[1], "nothing is built: run `make` first")
    for _, folder in ipairs(folders) do assert.same({}, upward_calls(folder, positions(C_ORDER)), folder) end
  end)

  it("holds between the core and Lua: what can be called from there is in a file of its own", function()
    for _, path in ipairs(files_in("src", "%.c$")) do
      local is_lua = path:find "_lua%.c$" ~= nil
      assert.equal(is_lua, read(path):find "luaL_Reg" ~= nil, path .. (is_lua and " has no functions for Lua" or " has functions for Lua"))
    end
  end)

  it("is told of files that exist", function()
    for _, name in ipairs(C_ORDER) do
      local pattern = "^src/" .. (name:find "%." and name:gsub("%.", "%%.") or name .. "%.[ch]") .. "$"
      assert(files_in("src", pattern)[1], name .. " is the name of no file")
    end
  end)

  it("has a spec for each file of src/", function()
    local specs, found, left = positions(files_in("spec", "_spec%.lua$")), {}, {}
    for name in pairs(C_SPECS) do left[name] = true end
    for _, path in ipairs(files_in("src", "%.c$")) do
      local name = path:match "([^/]+)%.c$":gsub("_lua$", "")
      local spec = "spec/" .. (C_SPECS[name] or "core/" .. name) .. "_spec.lua"
      left[name] = nil
      if not specs[spec] then found[#found + 1] = path .. " wants " .. spec end
    end
    for name in pairs(left) do found[#found + 1] = name .. " is the name of no file" end
    assert.same({}, found)
  end)

  it("holds among the folders of lua/apify", function()
    local found, at, seen = {}, positions(FOLDERS), { core = true }
    for _, path in ipairs(files_in("lua/apify", "%.lua$")) do
      local module = path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
      local from = folder_of(module)
      seen[from] = true
      if from ~= "meta" then
        if not at[from] then found[#found + 1] = path .. " is in no folder of the list" end
        each_require(read(path), function(name)
          local fault = at[from] and lua_fault(from, name, at)
          if fault then found[#found + 1] = path .. " " .. fault end
        end)
      end
    end
    for _, name in ipairs(FOLDERS) do
      if not seen[name] then found[#found + 1] = "no file is in " .. name end
    end
    assert.same({}, found)
  end)

  it("keeps everything in the shared object private but luaopen_apify_core", function()
    local cores = output_of "ls build/*/apify/core.so"
    assert(cores[1], "nothing is built: run `make` first")
    for _, core in ipairs(cores) do
      local names = {}
      for i, line in ipairs(output_of("nm -D --defined-only " .. core)) do names[i] = line:match "%S+$" end
      assert.same({ "luaopen_apify_core" }, names, core)
    end
  end)
end)
