--- Text that grows at its end, in the buffer of a view, and a remark behind it that is no part of it.
local MARKS = vim.api.nvim_create_namespace "apify_remark"

local tail = {}

--- Forget the text.
---@param view apify_runs.View
function tail.clear(view)
  view:edit(function() vim.api.nvim_buf_set_lines(view.buffer, 0, -1, false, {}) end)
end

--- Say something behind the text; the remark before goes.
---@param view apify_runs.View
---@param text string
function tail.remark(view, text)
  local last = vim.api.nvim_buf_line_count(view.buffer) - 1
  vim.api.nvim_buf_clear_namespace(view.buffer, MARKS, 0, -1)
  vim.api.nvim_buf_set_extmark(view.buffer, MARKS, last, 0, { virt_text = { { "-- " .. text, "Comment" } } })
end

--- Put a piece behind what is there; it may begin and end within a line. Cursors in the last line go along.
---@param view apify_runs.View
---@param piece string
function tail.append(view, piece)
  local last = vim.api.nvim_buf_line_count(view.buffer)
  local following = vim.tbl_filter(function(window) return vim.api.nvim_win_get_cursor(window)[1] == last end, view:windows())
  local lines = vim.split((piece:gsub("\r", "")), "\n", { plain = true })
  lines[1] = vim.api.nvim_buf_get_lines(view.buffer, last - 1, last, false)[1] .. lines[1]
  vim.api.nvim_buf_clear_namespace(view.buffer, MARKS, 0, -1)
  view:edit(function() vim.api.nvim_buf_set_lines(view.buffer, last - 1, last, false, lines) end)
  for _, window in ipairs(following) do vim.api.nvim_win_set_cursor(window, { last - 1 + #lines, 0 }) end
end

return tail
