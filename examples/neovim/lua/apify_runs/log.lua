--- The log of a run in a buffer, which grows until the run ends.
local view = require "apify_runs.view"

local FILETYPE = "apify_log"
local MARKS = vim.api.nvim_create_namespace "apify_log"

---@class apify_runs.Log : apify_runs.View
---@field run apify.RunHandle

--- Windows of the buffer whose cursors are in its last line.
local function windows_at_end(self)
  local last = vim.api.nvim_buf_line_count(self.buffer)
  return vim.tbl_filter(function(window) return vim.api.nvim_win_get_cursor(window)[1] == last end, self:windows())
end

--- Put a piece of the log behind what is there; it may begin and end within a line.
local function append(self, piece)
  local following = windows_at_end(self)
  local lines = vim.split((piece:gsub("\r", "")), "\n", { plain = true })
  local last = vim.api.nvim_buf_line_count(self.buffer) - 1
  lines[1] = vim.api.nvim_buf_get_lines(self.buffer, last, last + 1, false)[1] .. lines[1]
  self:edit(function() vim.api.nvim_buf_set_lines(self.buffer, last, last + 1, false, lines) end)
  for _, window in ipairs(following) do
    vim.api.nvim_win_set_cursor(window, { last + #lines, 0 })
  end
end

--- Say something at the end, which is no part of the text.
local function remark(self, text)
  local last = vim.api.nvim_buf_line_count(self.buffer) - 1
  vim.api.nvim_buf_set_extmark(self.buffer, MARKS, last, 0, { virt_text = { { text, "Comment" } } })
end

--- Runs in a fiber: the loop waits for each piece, the editor does not.
local function work(self)
  vim.api.nvim_buf_clear_namespace(self.buffer, MARKS, 0, -1)
  self:edit(function() vim.api.nvim_buf_set_lines(self.buffer, 0, -1, false, {}) end)
  local pieces = self.run:log():stream()
  local ok, err = pcall(function()
    for piece in pieces do append(self, piece) end
  end)
  pieces:close()                          -- LuaJIT does not when an error leaves the loop, such as that of a cancelled fiber
  if not ok then error(err, 0) end
  remark(self, "-- the run is " .. assert(self.run:get()).status)
end

--- Go to the window of a log in this tab page, or to a new one below.
local function go_to_window()
  for _, window in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
    if vim.bo[vim.api.nvim_win_get_buf(window)].filetype == FILETYPE then return vim.api.nvim_set_current_win(window) end
  end
  local above, scrolled = vim.api.nvim_get_current_win(), vim.fn.winsaveview()
  vim.cmd "belowright split"
  vim.api.nvim_win_call(above, function() vim.fn.winrestview(scrolled) end)
end

local log = {}

--- Show the log of a run below this window.
---@param client apify.Client
---@param id string
function log.open(client, id)
  go_to_window()
  view.show { name = "apify://log/" .. id, filetype = FILETYPE, work = work, keys = view.KEYS, run = client:run(id) }
end

return log
