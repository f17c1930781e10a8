rockspec_format = "3.0"
package = "apify"
version = "scm-1"
source = { url = "git+https://github.com/lua-apify/lua-apify.git" }
description = {
  summary = "A client for the Apify API with a C core",
  detailed = [[
    Lists the runs of an Actor or of a task, gets a run and waits for it, and uses what hangs below a run: log, key-value store,
    dataset, request queue. Blocks in a script and yields in a coroutine; runs in plain Lua, in Neovim and in OpenResty.
  ]],
  license = "MIT",
}
dependencies = { "lua >= 5.1", "lua-cjson" }
-- No headers here: LuaRocks does not look in Debian's /usr/include/<architecture>, while the compiler does.
external_dependencies = {
  CURL = { library = "curl" },
  ZLIB = { library = "z" },
}
build = {
  type = "builtin",
  modules = {
    ["apify.core"] = {
      sources = {
        "src/buf.c",
        "src/core.c",
        "src/descriptors.c",
        "src/err.c",
        "src/event_epoll.c",
        "src/event_poll.c",
        "src/inflate.c",
        "src/json.c",
        "src/json_decoder.c",
        "src/json_lex.c",
        "src/json_read.c",
        "src/json_shape.c",
        "src/json_write.c",
        "src/multi.c",
        "src/opts.c",
        "src/rows.c",
        "src/secret.c",
        "src/system.c",
        "src/xfer.c",
        "src/xfer_body.c",
        "src/xfer_end.c",
        "src/xfer_lua.c",
      },
      libraries = { "curl", "z", "pthread" },
    },
    ["apify.bookmark"] = "lua/apify/bookmark.lua",
    ["apify.client"] = "lua/apify/client.lua",
    ["apify.custom"] = "lua/apify/custom.lua",
    ["apify.dates"] = "lua/apify/dates.lua",
    ["apify.errors"] = "lua/apify/errors.lua",
    ["apify.exchange"] = "lua/apify/exchange.lua",
    ["apify.feed"] = "lua/apify/feed.lua",
    ["apify.fiber"] = "lua/apify/fiber.lua",
    ["apify.heap"] = "lua/apify/heap.lua",
    ["apify"] = "lua/apify/init.lua",
    ["apify.loop.block"] = "lua/apify/loop/block.lua",
    ["apify.loop.scheduler"] = "lua/apify/loop/scheduler.lua",
    ["apify.options"] = "lua/apify/options.lua",
    ["apify.pager"] = "lua/apify/pager.lua",
    ["apify.recall"] = "lua/apify/recall.lua",
    ["apify.request"] = "lua/apify/request.lua",
    ["apify.resource"] = "lua/apify/resource.lua",
    ["apify.resources.actor"] = "lua/apify/resources/actor.lua",
    ["apify.resources.run"] = "lua/apify/resources/run.lua",
    ["apify.resources.runs"] = "lua/apify/resources/runs.lua",
    ["apify.resources.task"] = "lua/apify/resources/task.lua",
    ["apify.retry"] = "lua/apify/retry.lua",
    ["apify.run_wait"] = "lua/apify/run_wait.lua",
    ["apify.settings"] = "lua/apify/settings.lua",
    ["apify.transport"] = "lua/apify/transport.lua",
    ["apify.url"] = "lua/apify/url.lua",
    ["apify.version"] = "lua/apify/version.lua",
    ["apify.wait"] = "lua/apify/wait.lua",
    ["apify.walk"] = "lua/apify/walk.lua",
  },
}
test = { type = "command", command = "make test" }
