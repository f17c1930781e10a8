--- A buffer that a fiber fills. The fiber ends with the buffer, which ends when no window shows it any more.
local apify = require "apify"

---@class apify_runs.View
---@field name string of the buffer
---@field filetype string
---@field buffer integer
---@field keys { [1]: string, [2]: string, [3]: fun(view) }[] key, what it does, function
---@field work fun(view) fills the buffer; runs in a fiber, where calls of the module wait without blocking the editor
---@field fiber? apify.Fiber
local View = {}
View.__index = View

local view = {}

local open = {}                           -- name -> view

--- Show an error's text; for an apify.Error that is one line without a stack trace.
function view.complain(err)
  vim.notify("apify: " .. tostring(err), vim.log.levels.ERROR)
end

--- Is this the error of a wait whose fiber was cancelled?
function view.is_cancelled(err)
  return apify.is_error(err) and err.kind == "cancelled"
end

--- Stop what is under way: its request is aborted, and whatever waits in the fiber gets an error of kind "cancelled".
function View:stop()
  if self.fiber then self.fiber:cancel() end
end

--- Do the work in a fiber, from the beginning. `spawn` returns as soon as the work waits for the first time.
function View:start()
  self:stop()
  self.fiber = apify.spawn(function()
    local ok, err = pcall(self.work, self)
    if not ok and not view.is_cancelled(err) then view.complain(err) end
  end)
end

--- Call `fn` while the buffer may be changed.
function View:edit(fn)
  vim.bo[self.buffer].modifiable = true
  fn()
  vim.bo[self.buffer].modifiable = false
end

--- The windows that show the buffer.
---@return integer[]
function View:windows()
  return vim.fn.win_findbuf(self.buffer)
end

--- Which keys there are, in one line.
---@return string
function View:help()
  local parts = {}
  for i, key in ipairs(self.keys) do parts[i] = key[1] .. " " .. key[2] end
  return table.concat(parts, "   ")
end

local function make_buffer(self)
  local buffer = vim.api.nvim_create_buf(false, true)
  self.buffer = buffer
  vim.api.nvim_buf_set_name(buffer, self.name)
  local options = vim.bo[buffer]
  options.bufhidden, options.undolevels, options.modifiable, options.filetype = "wipe", -1, false, self.filetype
  for _, key in ipairs(self.keys) do
    vim.keymap.set("n", key[1], function() key[3](self) end, { buffer = buffer, nowait = true, desc = key[2] })
  end
  vim.api.nvim_create_autocmd("BufWipeout", {
    buffer = buffer,
    callback = function()
      open[self.name] = nil
      self:stop()
    end,
  })
end

--- Show a view in the current window and start its work; if it is there already, its work starts again.
---@param new apify_runs.View without buffer
function view.show(new)
  local self = open[new.name]
  if not self then
    self = setmetatable(new, View)
    make_buffer(self)
    open[self.name] = self
  end
  vim.api.nvim_win_set_buf(0, self.buffer)
  vim.cmd "setlocal nowrap nolist nospell"
  self:start()
end

--- The keys that all views have.
view.KEYS = {
  { "R", "refresh", View.start },
  { "q", "close", function(self) vim.api.nvim_buf_delete(self.buffer, { force = true }) end },
  { "?", "keys", function(self) vim.notify(self:help()) end },
}

vim.api.nvim_create_autocmd("VimLeavePre", {
  desc = "Abort the requests of views of Apify runs",
  callback = function()
    for _, each in pairs(open) do each:stop() end
  end,
})

return view
