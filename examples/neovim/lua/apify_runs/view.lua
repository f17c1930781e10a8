--- A buffer that a fiber fills. The fiber ends with the buffer, which ends when no window shows it any more.
local apify = require "apify"

---@class apify_runs.Key
---@field [1] string
---@field [2] string what it does
---@field [3] fun(view)
---@field is_shown? boolean it stands in the buffer, so that the help leaves it out

---@class apify_runs.View
---@field name string of the buffer
---@field filetype string
---@field buffer integer
---@field keys apify_runs.Key[]
---@field interval number seconds
---@field begin fun(view) says that it is loading; nothing is waited for yet
---@field work fun(view) fills the buffer; runs in a fiber, where calls of the module wait without blocking the editor
---@field tell fun(view, text: string) shows what is the matter, in a line of the buffer
---@field fiber? apify.Fiber
---@field nap? apify.Fiber the pause that the fiber makes
local View = {}
View.__index = View

local view = {}

local BELOW = { apify_log = true, apify_dataset = true }               -- what is shown in the window below a list

local open = {}                           -- name -> view
local errands = {}                        -- fibers that outlive their views, but not the editor

--- Show an error's text; for an apify.Error that is one line without a stack trace.
local function complain(err)
  vim.notify("apify: " .. tostring(err), vim.log.levels.ERROR)
end

--- Is this the error of a wait whose fiber was cancelled?
local function is_cancelled(err)
  return apify.is_error(err) and err.kind == "cancelled"
end

--- Call `fn` in a fiber. `spawn` returns as soon as it waits for the first time.
local function spawn(fn, ...)
  return apify.spawn(function(...)
    local ok, err = pcall(fn, ...)
    if not ok and not is_cancelled(err) then complain(err) end
  end, ...)
end

--- Do something small that goes on when the view is closed.
---@param fn function
function view.run_errand(fn)
  for fiber in pairs(errands) do
    if fiber:is_done() then errands[fiber] = nil end
  end
  errands[spawn(fn)] = true
end

--- End the pause that the work makes.
function View:wake()
  if self.nap then self.nap:cancel() end
end

--- Stop what is under way: its request is aborted, and whatever waits in the fiber gets an error of kind "cancelled".
function View:stop()
  self:wake()
  if self.fiber then self.fiber:cancel() end
end

--- Do the work in a fiber. `begin`: instead of the view's own, which begins anew.
---@param begin? fun(view)
function View:start(begin)
  self:stop();
  (begin or self.begin)(self)
  vim.cmd "redraw"
  self.fiber = spawn(function()
    local ok, err = pcall(self.work, self)
    if ok or is_cancelled(err) then return end
    self:tell "stopped, R starts again"
    error(err, 0)
  end)
end

--- In the fiber: let the interval pass, or less if somebody calls `wake`.
function View:pause()
  self.nap = apify.spawn(apify.sleep, self.interval)
  self.nap:wait()
end

--- In the fiber: call `fn` until it succeeds. A failure that may pass is told, then follows a pause; any other is raised.
---@param fn fun(view): any
function View:insist(fn)
  while true do
    local ok, result = pcall(fn, self)
    if ok then return result end
    if not (apify.is_error(result) and result.retryable) then error(result, 0) end
    self:tell("trying again after: " .. result.message)
    self:pause()
  end
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

--- Keys in one line: those that stand in the buffer, or the others.
---@param is_shown boolean
---@return string
function View:help(is_shown)
  local parts = {}
  for _, key in ipairs(self.keys) do
    if (key.is_shown or false) == is_shown then parts[#parts + 1] = key[1] .. " " .. key[2] end
  end
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

--- The same in the window of a log or dataset of this tab page, or in a new one below.
---@param new apify_runs.View without buffer
function view.show_below(new)
  local function is_below(window) return BELOW[vim.bo[vim.api.nvim_win_get_buf(window)].filetype] end
  local window = vim.tbl_filter(is_below, vim.api.nvim_tabpage_list_wins(0))[1]
  if window then
    vim.api.nvim_set_current_win(window)
  else
    local above, scrolled = vim.api.nvim_get_current_win(), vim.fn.winsaveview()
    vim.cmd "belowright split"
    vim.api.nvim_win_call(above, function() vim.fn.winrestview(scrolled) end)
  end
  view.show(new)
end

--- The keys that all views have.
view.KEYS = {
  { "R", "load again", function(self) self:start() end },
  { "q", "close", function(self) vim.api.nvim_buf_delete(self.buffer, { force = true }) end },
  { "?", "more keys", function(self) vim.notify(self:help(false)) end, is_shown = true },
}

vim.api.nvim_create_autocmd("VimLeavePre", {
  desc = "Abort the requests about Apify runs",
  callback = function()
    for _, each in pairs(open) do each:stop() end
    for fiber in pairs(errands) do fiber:cancel() end
  end,
})

return view
