-- runs once
--- The direction: a file knows only what is to its left. The two lists are the order; a file that is in neither fails too.

local sources = require "spec.sources"

-- A name stands for its .c and its .h, unless it has an ending itself.
local C_ORDER = {
  "compat", "err", "core.h", "buf", "random", "secret", "brotli", "inflate", "deflate", "packer", "json_lex", "text", "json_shape", "json_read",
  "json_decoder", "json_write", "rows", "descriptors", "event", "event_epoll", "event_poll", "notify", "opts", "xfer", "xfer_end", "xfer_body",
  "xfer_upload", "xfer_facts", "xfer_lua", "multi", "json", "file", "system", "core.c",
}

-- Names are relative to `apify.`; `x.*` stands for all that is below x; "core" is the C core, "init" is `apify` itself.
local LUA_ORDER = {
  "version", "errors", "url", "dates", "options", "retry", "heap", "core", "loop.*", "transport", "exchange", "codec", "answers", "request",
  "sink", "source", "stream", "text", "upload", "sending", "push", "batch_source", "batch_work", "batch",
  "bookmark", "recall", "walk", "item_walk", "cursor_walk", "once_walk", "feed_page", "feed_plan", "feed", "pager",
  "fiber", "turns", "run_wait", "run_watch", "wait", "base64",
  "operations", "resource", "saving", "resources.*", "settings", "custom", "client", "nginx", "init",
}

-- What only one may require, although it is to the left of others.
local KNOWN_TO = { ["loop.*"] = "transport" }

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

-- The entry of LUA_ORDER for "apify.loop.nginx", and for "apify.loop." of a name put together at run time.
local function lua_layer(module, at)
  local name = module == "apify" and "init" or module:gsub("^apify%.", "")
  if at[name] then return name end
  return (name:gsub("%..*$", ".*"))
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

-- All upward arrows of one file, as text.
local function add_arrows(found, path, from, at, layer, each)
  if not at[from] then found[#found + 1] = path .. " is in no list"; return end
  each(read(path), function(name)
    local to = layer(name, at)
    if not at[to] then found[#found + 1] = path .. " wants the unknown " .. name
    elseif to ~= from and at[to] > at[from] then found[#found + 1] = path .. " wants " .. name .. ", which is to its right"
    elseif to ~= from and KNOWN_TO[to] and KNOWN_TO[to] ~= from then found[#found + 1] = path .. " may not know " .. name
    end
  end)
end

describe("the direction", function()
  it("holds among the includes of src/", function()
    local found, at = {}, positions(C_ORDER)
    for _, path in ipairs(files_in("src", "%.[ch]$")) do
      add_arrows(found, path, c_layer(path:match "[^/]+$", at), at, c_layer, each_include)
    end
    assert.same({}, found)
  end)

  it("holds among the requires of lua/apify", function()
    local found, at = {}, positions(LUA_ORDER)
    for _, path in ipairs(files_in("lua/apify", "%.lua$")) do
      local module = path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
      if not module:find "^apify%.meta%." then
        add_arrows(found, path, lua_layer(module, at), at, lua_layer, each_require)
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
