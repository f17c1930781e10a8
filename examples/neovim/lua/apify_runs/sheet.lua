--- The buffer of a list of runs: two lines above, titles, a run in each line. Only what differs is written, so that marks and
--- cursors stay.
local apify = require "apify"
local columns = require "apify_runs.columns"

local HEADER = 3                          -- lines above the first run

local sheet = { HEADER = HEADER }

local function replace(list, first, last, lines)
  vim.api.nvim_buf_set_lines(list.buffer, first - 1, last, false, lines)
end

--- As many lines as before.
local function write_changed(list, lines)
  for i, line in ipairs(lines) do
    if line ~= list.lines[i] then replace(list, i, i, { line }) end
  end
end

--- Lines have come or gone: what is between the first and the last difference is written.
local function write_moved(list, lines)
  local old, new, first = #list.lines, #lines, 1
  while first <= math.min(old, new) and lines[first] == list.lines[first] do first = first + 1 end
  while old >= first and new >= first and lines[new] == list.lines[old] do old, new = old - 1, new - 1 end
  replace(list, first, old, vim.list_slice(lines, first, new))
end

local function line_of(list, run)
  local text = list.texts[run] or columns.row(run, list.has_actor)
  if apify.is_finished(run) then list.texts[run] = text end
  return text
end

--- Cursors that are above the first run go there.
local function leave_header(list)
  for _, window in ipairs(list:windows()) do
    if vim.api.nvim_win_get_cursor(window)[1] <= HEADER then vim.api.nvim_win_set_cursor(window, { HEADER + 1, 0 }) end
  end
end

--- The first line.
local function title(list)
  local what = list.title .. (list.status and ", only " .. list.status or "")
  return ("%s   %d of %d runs   %s"):format(what, #list.ids, math.max(list.total, #list.ids), list.state)
end

--- Write what has changed.
---@param list apify_runs.List
function sheet.draw(list)
  local was_empty = #list.lines <= HEADER
  local lines = { title(list), list:help(true), columns.titles(list.has_actor) }
  for i, id in ipairs(list.ids) do lines[HEADER + i] = line_of(list, list.runs[id]) end
  list:edit(function()
    if #lines == #list.lines then write_changed(list, lines) else write_moved(list, lines) end
  end)
  list.lines = lines
  if was_empty and list.ids[1] then leave_header(list) end
end

--- Write the first line, and the runs that have come behind the others, the first of them in the place `from`.
---@param list apify_runs.List
---@param from integer
function sheet.draw_end(list, from)
  local lines, first = list.lines, HEADER + from
  lines[1] = title(list)
  for i = from, #list.ids do lines[HEADER + i] = line_of(list, list.runs[list.ids[i]]) end
  list:edit(function()
    replace(list, 1, 1, { lines[1] })
    replace(list, first, first - 1, vim.list_slice(lines, first, #lines))
  end)
  if from == 1 then leave_header(list) end
end

return sheet
