--- A real Neovim in the background, without a screen: it idles in its own loop while it is asked and typed to from outside.
local program = require "spec.support.program"
local shell = require "spec.support.shell"

---@class spec.Editor
---@field folder string for its files
---@field is_running boolean
local Editor = {}
Editor.__index = Editor

local editor = {}

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

---@param folder string
---@return spec.Editor
function editor.new(folder)
  os.execute("mkdir -p " .. folder)
  return setmetatable({ folder = folder, is_running = false }, Editor)
end

--- Start it with the text of its init.lua. `prepare`: shell words before the command. <F9> leaves it, and prints nothing itself.
---@param init string
---@param prepare string
function Editor:start(init, prepare)
  local folder = self.folder
  os.remove(folder .. "/status")
  os.remove(folder .. "/socket")
  shell.write_file(folder .. "/init.lua", [[
    vim.opt.swapfile, vim.opt.shadafile, vim.opt.columns, vim.opt.lines = false, "NONE", 120, 30
    vim.keymap.set("n", "<F9>", "<Cmd>qa!<CR>")
  ]] .. init)
  shell.write_file(folder .. "/run", ([[
    unset APIFY_TOKEN; %s
    timeout --foreground -k 2 100 nvim --headless --listen %s/socket -u %s/init.lua
    echo $? >%s/status
  ]]):format(prepare, folder, folder, folder))
  program.shell(("sh %s/run >%s/output 2>&1 &"):format(folder, folder))
  shell.eventually(function() return program.shell(("test -S %s/socket && echo yes"):format(folder)) ~= "" end)
  shell.eventually(function()                            -- it listens before it has begun, and drops keys that come until then
    local is_there, answer = pcall(self.ask, self, "return vim.v.vim_did_enter")
    return is_there and answer == "1"
  end)
  self.is_running = true
end

--- What a piece of Lua returns in the editor, as text.
---@param code string
---@return string
function Editor:ask(code)
  local folder = self.folder
  shell.write_file(folder .. "/ask.lua", code)
  local output, complaints, status = program.shell(("nvim --server %s/socket --remote-expr 'luaeval(\"dofile(_A)\", \"%s/ask.lua\")'"):format(
    folder, folder))
  output = (output .. complaints):gsub("\r", "")       -- version 0.7 prints to standard error, as to a terminal
  if status ~= 0 then error(output, 2) end
  return (output:gsub("\n$", ""))
end

---@param keys string
function Editor:type_keys(keys)
  program.shell(("nvim --server %s/socket --remote-send %s"):format(self.folder, quote(keys)))
end

--- Wait for its end: what it printed, and its exit code.
---@return string output
---@return string status
function Editor:wait()
  shell.eventually(function() return shell.read_file(self.folder .. "/status") ~= "" end)
  self.is_running = false
  return shell.read_file(self.folder .. "/output"), shell.read_file(self.folder .. "/status")
end

--- Leave it: what it printed, its exit code, and how many seconds that took.
---@return string output
---@return string status
---@return number secs
function Editor:leave()
  local before = tonumber(shell.run "date +%s%N")
  self:type_keys "<C-\\><C-n><F9>"
  local output, status = self:wait()
  return output, status, (tonumber(shell.run "date +%s%N") - before) / 1e9
end

--- The lines of the current buffer.
---@return string[]
function Editor:lines()
  local lines = {}
  local text = self:ask "return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\\n')"
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do lines[#lines + 1] = line end
  return lines
end

---@return string
function Editor:messages()
  return self:ask "return vim.fn.execute 'messages'"
end

return editor
