-- runs once
--- The direction: a file of src/ knows only what is to its left, a file of lua/apify only its own folder and those to its left. What is in
--- no list fails too.

local sources = require "spec.support.sources"

-- A name stands for its .c and its .h, unless it has an ending itself.
local C_ORDER = {
  "compat", "err", "core.h", "buf", "random", "secret_lua", "brotli", "inflate", "deflate", "gzip_lua", "json_lex", "text_lua", "json_shape",
  "json_read", "json_decoder", "json_write", "rows", "descriptors", "event", "event_epoll", "event_poll", "notify", "xfer_options", "xfer",
  "xfer_result", "xfer_body", "xfer_upload", "xfer_info_lua", "xfer_lua", "multi", "json_lua", "file_lua", "system_lua", "core.c",
}

-- The folders of lua/apify: each knows those to its left and itself. What lies at the top knows all, but for `version`.
local FOLDERS = { "core", "version", "util", "loop/adapters", "loop", "http", "paging", "resources/base", "resources", "top" }

-- Folders whose files are the business of one other alone.
local KNOWN_TO = { ["loop/adapters"] = "loop" }

-- Two adapters ask the scheduler itself.
local EXCEPTIONS = { ["loop/adapters -> apify.loop.scheduler"] = true }

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

-- Call check(module) for each require of one of our modules, comments aside.
local function each_require(text, check)
  text = text:gsub("%-%-[^\n]*", "")
  for name in text:gmatch "require%s*[%(,]?%s*[\"'](apify[%w_.]*)[\"']" do check(name) end
end

-- Why a C file may not include a name, or nil.
local function c_fault(from, name, at)
  local to = c_layer(name, at)
  if not at[to] then return "wants the unknown " .. name end
  if at[to] > at[from] then return "wants " .. name .. ", which is to its right" end
end

-- Why a file of this folder may not require a module, or nil.
local function lua_fault(from, module, at)
  local to = folder_of(module)
  if not at[to] then return "wants the unknown " .. module end
  if at[to] > at[from] and not EXCEPTIONS[from .. " -> " .. module] then return "wants " .. module .. ", which is to its right" end
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

  it("holds among the folders of lua/apify", function()
    local found, at = {}, positions(FOLDERS)
    for _, path in ipairs(files_in("lua/apify", "%.lua$")) do
      local module = path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
      local from = folder_of(module)
      if from ~= "meta" then
        if not at[from] then found[#found + 1] = path .. " is in no folder of the list" end
        each_require(read(path), function(name)
          local fault = at[from] and lua_fault(from, name, at)
          if fault then found[#found + 1] = path .. " " .. fault end
        end)
      end
    end
    assert.same({}, found)
  end)

  it("keeps everything in the shared object private but luaopen_apify_core", function()
    for core in io.popen("ls build/*/apify/core.so"):lines() do
      local names = io.popen("nm -D --defined-only " .. core):read "*a"
      assert.equal("luaopen_apify_core", (names:gsub("%x+ %a ", ""):gsub("%s+$", "")), core)
    end
  end)
end)
