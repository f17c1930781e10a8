-- runs once, by LuaJIT
--- docs/neovim.md: its lines for plugin managers, each with a clone laid out as that manager does it and stand-ins that follow its rules;
--- and its pieces of Lua. In the real editor, which finds the module by nothing else.
local cjson = require "cjson.safe"
local editor = require "spec.support.editor"
local markdown = require "spec.support.markdown"
local program = require "spec.support.program"
local server = require "spec.local_api.server"
local shell = require "spec.support.shell"
local sources = require "spec.support.sources"

local DOCUMENT = markdown.read "docs/neovim.md"
local NAME = "lua-apify"
local FILES = "Makefile src lua spec/setup examples/neovim"

-- Runs what a line gives as build command, as a manager does: in the clone, when it was installed.
local BUILD = [[
  local function build(dir, command)
    local output = vim.fn.system("cd " .. vim.fn.shellescape(dir) .. " && " .. command)
    assert(vim.v.shell_error == 0, output)
  end
]]

-- lazy.nvim: the clone's top comes into the runtimepath, its plugin/ is sourced, then `config` is called.
local LAZY = BUILD .. [[
  package.preload.lazy = function()
    return { setup = function(specs)
      for _, spec in ipairs(specs) do
        local dir = vim.fn.stdpath "data" .. "/lazy/" .. spec[1]:match "[^/]+$"
        build(dir, spec.build)
        vim.opt.runtimepath:prepend(dir)
        for _, file in ipairs(vim.fn.glob(dir .. "/plugin/**/*.lua", false, true)) do vim.cmd("source " .. file) end
        spec.config({ dir = dir })
      end
    end }
  end
]]

-- packer: the clone is a package that starts with the editor; `config` is in a file of the user's own plugin/.
local PACKER = BUILD .. [[
  package.preload.packer = function()
    return { startup = function(fn)
      fn(function(spec)
        build(vim.fn.stdpath "data" .. "/site/pack/packer/start/" .. spec[1]:match "[^/]+$", spec.run)
        vim.fn.mkdir(vim.fn.stdpath "config" .. "/plugin", "p")
        vim.fn.writefile({ spec.config }, vim.fn.stdpath "config" .. "/plugin/packer_compiled.lua")
      end)
    end }
  end
]]

-- vim-plug: the clone's top comes into the runtimepath; its plugin/ is sourced by the editor, once the user's own file has ended.
local PLUG = BUILD .. [[
  function _G.plug_add(name, options)
    local dir = vim.fn.stdpath "data" .. "/plugged/" .. name:match "[^/]+$"
    build(dir, options["do"])
    vim.opt.runtimepath:prepend(dir)
  end
]]
local PLUG_AUTOLOAD = [[
function! plug#begin()
  command! -nargs=+ -bar Plug call v:lua.plug_add(<args>)
endfunction
function! plug#end()
  delcommand Plug
endfunction
]]

-- The first piece of code below a heading.
local function code_below(title)
  return assert(DOCUMENT:match("\n### " .. title:gsub("%p", "%%%0") .. "\n.-\n```%a+\n(.-)```"), title)
end

describe("Neovim finds plugin and module", function()
  local api, nvim, home

  setup(function()
    api = server.start()
    api:admin("reset", { count = 25 })
  end)
  teardown(function() api:stop() end)

  before_each(function()
    nvim = editor.new(api.dir .. "/nvim")
    home = nvim.folder .. "/home"
    program.shell("rm -rf " .. home)
  end)
  after_each(function()
    if nvim.is_running then nvim:leave() end
  end)

  -- A clone in that folder, as it comes from git, but with what was compiled before.
  local function clone(dir)
    local list = nvim.folder .. "/files"
    shell.write_file(list, table.concat(sources.list(FILES), "\n") .. "\n")
    local _, complaints, code = program.shell(("mkdir -p %s/build && tar cf - -T %s | tar xf - -C %s && cp -Rp build/luajit %s/build"):format(
      dir, list, dir, dir))
    assert.same({ "", 0 }, { complaints, code })
  end

  -- The user's own file goes on behind those lines with code that has the module.
  local function start(init)
    nvim:start(init .. "\nvim.g.is_found = pcall(require, 'apify')", ([[
      unset LUA_PATH LUA_CPATH MAKEFLAGS MAKELEVEL MFLAGS; export HOME=%s XDG_CONFIG_HOME=%s/.config XDG_DATA_HOME=%s/.local/share
      export APIFY_TOKEN=apify_api_editor APIFY_API_BASE_URL=%s
    ]]):format(home, home, home, api.url))
  end

  -- It lists runs, by the module and the core of that clone; is healthy, and has its help.
  local function works_from(dir)
    assert.equal("true", nvim:ask "return tostring(vim.g.is_found)")
    nvim:type_keys ":ApifyRuns janedoe~my-actor<CR>"
    shell.eventually(function() return nvim:lines()[1]:find " runs   updated " end)
    assert.equal(3 + 25, #nvim:lines())
    local function real(path) return (shell.run("realpath " .. path):gsub("\n", "")) end
    assert.equal(real(dir .. "/lua/apify/init.lua"), real(nvim:ask "return debug.getinfo(require 'apify'.new, 'S').source:sub(2)"))
    assert.truthy(nvim:ask("return io.open('/proc/self/maps'):read '*a'"):find(real(dir .. "/lua/apify/core.so"), 1, true))
    nvim:type_keys ":help apify-keys<CR>"
    shell.eventually(function() return nvim:ask "return vim.fn.expand '%:t'" == "apify.txt" end)
    nvim:type_keys ":checkhealth apify<CR>"
    shell.eventually(function() return table.concat(nvim:lines(), "\n"):find "answers; the account has" end)
    assert.is_nil(table.concat(nvim:lines(), "\n"):find "ERROR")
    assert.equal("", (nvim:messages():gsub("[^\n]*healthcheck[^\n]*", ""):gsub("%s", "")))
  end

  it("by the line for lazy.nvim", function()
    local dir = home .. "/.local/share/nvim/lazy/" .. NAME
    clone(dir)
    start(LAZY .. code_below "lazy.nvim")
    works_from(dir)
  end)

  it("by the line for packer", function()
    local dir = home .. "/.local/share/nvim/site/pack/packer/start/" .. NAME
    clone(dir)
    start(PACKER .. code_below "packer")
    works_from(dir)
  end)

  it("by the line for vim-plug", function()
    local dir = home .. "/.local/share/nvim/plugged/" .. NAME
    clone(dir)
    shell.run(("mkdir -p %s/.config/nvim/autoload"):format(home))
    shell.write_file(home .. "/.config/nvim/autoload/plug.vim", PLUG_AUTOLOAD)
    shell.write_file(nvim.folder .. "/plug.vim", code_below "vim-plug")
    start(PLUG .. ("vim.cmd 'source %s/plug.vim'"):format(nvim.folder))
    works_from(dir)
  end)

  it("by the line for none of them", function()
    local dir = home .. "/src/" .. NAME
    clone(dir)
    program.shell(("cd %s && unset MAKEFLAGS MAKELEVEL MFLAGS && make -s nvim"):format(dir))
    start((code_below("None of them"):gsub("/path/to/lua%-apify", dir)))
    works_from(dir)
  end)

  it("and says what to do where the core was not built", function()
    local dir = home .. "/src/" .. NAME
    clone(dir)
    start(("vim.opt.runtimepath:append '%s/examples/neovim'"):format(dir))
    nvim:type_keys ":ApifyRuns<CR>"
    shell.eventually(function() return nvim:messages():find "apify: there is no core for LuaJIT.*`make nvim`" end)
    nvim:type_keys ":checkhealth apify<CR>"
    shell.eventually(function() return table.concat(nvim:lines(), "\n"):find "run `make nvim`" end)
  end)

  it("with a core that git does not see and `make clean` removes; without LuaJIT it is told what is missing", function()
    local dir = home .. "/src/" .. NAME
    clone(dir)
    local function make(target) return program.shell(("cd %s && unset MAKEFLAGS MAKELEVEL MFLAGS && make -s %s"):format(dir, target)) end
    local _, complaints, code = make "nvim LUAJIT_INCDIR="
    assert.same({ "cannot build for Neovim; missing: LuaJIT's lua.h (Debian package: libluajit2-5.1-dev)", true }, {
      complaints:match "^[^\n]*", code ~= 0 })
    shell.run(("cp .gitignore %s && cd %s && git init -q . && git add . "):format(dir, dir))
    make "nvim"
    assert.equal("lua/apify/core.so\n", shell.run(("cd %s && ls lua/apify/core.so && git status --porcelain | grep -v '^A '"):format(dir)))
    make "clean"
    assert.equal("", shell.run(("ls %s/lua/apify/core.so %s/examples/neovim/doc/tags 2>/dev/null"):format(dir, dir)))
  end)
end)

describe("docs/neovim.md", function()
  local api, nvim, seeded

  setup(function()
    api = server.start()
    nvim = editor.new(api.dir .. "/nvim")
    seeded = api:admin("reset", { count = 3 })
    api:admin("seed_items", { run = seeded.last_id, count = 200, kind = "mixed" })
    local pieces = { ("local id = %q"):format(seeded.last_id) }
    local own = DOCUMENT:match "\n## Writing your own\n(.*)$"
    for _, code in ipairs(markdown.snippets(own)) do pieces[#pieces + 1] = code end
    assert.equal(5, #pieces)
    nvim:start(table.concat(pieces, "\n"), ([[
      unset LUA_PATH LUA_CPATH; eval "$(sh spec/setup/env luajit)"; export APIFY_TOKEN=apify_api_editor APIFY_API_BASE_URL=%s
    ]]):format(api.url))
  end)
  teardown(function()
    nvim:leave()
    api:stop()
  end)

  it("has a coroutine that is resumed with what a fiber has waited for, and a key that waits for a run", function()
    local function has_told() return nvim:messages():find "^%s*%u[%u-]+%s*$" end
    shell.eventually(has_told)
    nvim:ask "vim.cmd 'messages clear' return ''"
    assert.falsy(has_told())
    nvim:type_keys "\\r"
    shell.eventually(has_told)
  end)

  it("has a command whose buffer fills with items", function()
    nvim:type_keys((":ApifyItems %s<CR>"):format(seeded.last_id))
    shell.eventually(function() return tonumber(nvim:ask "return vim.fn.line '$'") == 200 end)
    for _, line in ipairs(nvim:lines()) do assert.is_table(cjson.decode(line), line) end
  end)

  it("has a timer whose fiber asks", function()
    shell.eventually(function() return nvim:ask "return vim.g.apify_runs_total or 0" == "3" end)
  end)

  it("has a setup that is understood", function()
    local setup_code = DOCUMENT:match "\n## Using it\n.-```lua\n(.-)```"
    nvim:ask(("vim.opt.runtimepath:append 'examples/neovim' vim.env.WORK_APIFY_TOKEN = 'apify_api_work' %s return ''"):format(setup_code))
    assert.matches("^apify.Client", nvim:ask "return tostring((require('apify_runs').client()))")
  end)
end)
