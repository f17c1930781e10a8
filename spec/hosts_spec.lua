-- runs once
--- The module inside the programs that embed LuaJIT: plain calls work there; they block the host until they are done.
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
    os.execute("mkdir -p '" .. folder .. "/logs'")
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

  it("an nginx worker, the tour is the same", function()
    local module = "/usr/lib/nginx/modules/"
    local code_of_tour = ([[
      dofile "spec/hosts/tour.lua"(%q, %q, function(...) ngx.say(table.concat({ ... }, " ")) end)
    ]]):format(s.url, id)
    local conf = write("nginx.conf", ([[
      load_module %sndk_http_module.so;
      load_module %sngx_http_lua_module.so;
      daemon on; pid %s/pid; error_log %s/logs/error.log; worker_processes 1; env LUA_PATH; env LUA_CPATH; %s
      events {}
      http {
        access_log off; client_body_temp_path %s/b; proxy_temp_path %s/p; fastcgi_temp_path %s/f; uwsgi_temp_path %s/u; scgi_temp_path %s/s;
        server { listen unix:%s/socket; location / { content_by_lua_file %s; } }
      }
    ]]):format(module, module, folder, folder, program.shell("id -u"):match "^0" and "user root;" or "",
      folder, folder, folder, folder, folder, folder, write("tour_nginx.lua", code_of_tour)))
    local output, complaints = under_luajit(([[
      PATH=$PATH:/usr/sbin
      nginx -p "$PWD" -c %s || exit 1
      curl -sS --max-time 60 --unix-socket %s/socket http://host/
      nginx -p "$PWD" -c %s -s stop 2>/dev/null]]):format(conf, folder, conf))
    assert.same({ TOLD, "" }, { lines(output), (complaints:gsub("[^\n]*could not open error log[^\n]*\n", "")) })
  end)
end)
