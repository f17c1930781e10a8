-- The library runs on Lua 5.4 and on LuaJIT: only what both have, and by name what a file may ask for before it uses it.
std = "min"
max_line_length = 150
exclude_files = { "build" }
read_globals = {
  "jit", "newproxy", "unpack",
  coroutine = { fields = { "close", "isyieldable" } },
  math = { fields = { "maxinteger", "mininteger", "tointeger", "type" } },
  table = { fields = { "pack", "unpack" } },
}

files["lua/apify/loop/adapters/nginx.lua"] = { read_globals = { "ngx" } }
files["lua/apify/loop/adapters/nginx_request.lua"] = { read_globals = { "ngx" } }
files["lua/apify/loop/adapters/nvim.lua"] = { read_globals = { "vim" } }
files["examples/neovim"] = { globals = { "vim" }, read_globals = { package = { fields = { "searchpath" } } } }
files["examples/openresty"] = { std = "ngx_lua" }
files["lua/apify/meta"] = { ignore = { "212", "241" } }      -- declarations
files["spec"] = { std = "+busted" }
files["spec/local_api/lua"] = { std = "ngx_lua" }
files["spec/setup/site/links.lua"] = { read_globals = { "pandoc" } }
files["*.rockspec"] = { std = "+rockspec" }
files[".luacheckrc"] = { std = "+luacheckrc" }
