--- A terminal as the demo uses it: colours, bars, and a line that changes in place. Elsewhere all of it is plain lines.
local core = require "apify.core"

local STDOUT = 1
local DEFAULT_WIDTH = 80
local REDRAW_SECS = 0.05

local HIDE_CURSOR, SHOW_CURSOR = "\27[?25l", "\27[?25h"
local ERASE_REST, PLAIN = "\27[K", "\27[0m"

---@class demo.Screen
---@field is_live boolean a terminal that can rewrite a line
---@field has_colour boolean
---@field width integer
local Screen = {}
Screen.__index = Screen

local function env(name)
  local value = os.getenv(name)
  if value ~= "" then return value end
end

local function terminal_width()
  local pipe = io.popen "{ stty size </dev/tty; } 2>/dev/null"
  local columns = pipe and tonumber((pipe:read "*a"):match "^%d+ (%d+)")
  if pipe then pipe:close() end
  return columns and columns > 0 and columns or nil
end

local function is_utf8()
  local locale = env "LC_ALL" or env "LC_CTYPE" or env "LANG" or ""
  return locale:lower():find "utf%-?8" ~= nil
end

--- Standard output, whatever it is.
---@return demo.Screen
local function new()
  local is_live = core.is_terminal(STDOUT) and env "TERM" ~= nil and env "TERM" ~= "dumb"
  local full, empty = "#", "."
  if is_utf8() then full, empty = "█", "░" end
  return setmetatable({
    is_live = is_live, has_colour = is_live and not env "NO_COLOR", full = full, empty = empty,
    width = tonumber(env "COLUMNS") or is_live and terminal_width() or DEFAULT_WIDTH, drawn_at = 0,
  }, Screen)
end

--- Seconds of a clock that only goes forward.
Screen.now = core.now

--- Text in a colour or style of the terminal, such as "32" for green.
function Screen:paint(code, text)
  if not self.has_colour or not code then return text end
  return "\27[" .. code .. "m" .. text .. PLAIN
end

--- A bar of `width` characters, filled to a fraction.
function Screen:bar(fraction, width)
  local filled = math.floor(math.min(1, fraction) * width + 0.5)
  return self.full:rep(filled), self.empty:rep(width - filled)
end

--- Cut a text that would not fit on one line; its colours go then.
function Screen:fit(text)
  local plain = text:gsub("\27%[[%d;]*m", "")
  if #plain:gsub("[\128-\191]", "") < self.width then return text end
  local kept = {}
  for character in plain:gmatch "[^\128-\191][\128-\191]*" do
    if #kept == self.width - 1 then break end
    kept[#kept + 1] = character
  end
  return table.concat(kept)
end

--- A line of its own.
function Screen:say(text)
  if self.is_updating then self:settle() end
  io.write(text or "", "\n")
  io.flush()
end

--- The heading of a part.
function Screen:heading(text)
  self:say()
  self:say(self:paint("1", text))
end

--- Is it time to show something new in place? Saves drawing faster than anybody can see.
function Screen:is_due()
  return self.is_live and self.now() - self.drawn_at >= REDRAW_SECS
end

--- Show a text in place of the one before. Only `is_news` is worth a line where nothing can be rewritten.
function Screen:update(text, is_news)
  if not self.is_live then
    if is_news then self:say(text) end
    return
  end
  io.write((self.is_updating and "" or HIDE_CURSOR) .. "\r" .. self:fit(text) .. ERASE_REST)
  io.flush()
  self.is_updating, self.drawn_at = true, self.now()
end

--- The last form of the text that was updated; it stays. Without one, the line becomes free again.
function Screen:settle(text)
  if not self.is_live then
    if text then self:say(text) end
    return
  end
  io.write("\r" .. (text and self:fit(text) or "") .. ERASE_REST .. SHOW_CURSOR .. (text and "\n" or ""))
  io.flush()
  self.is_updating = false
end

--- Leave the terminal as it was, also in the middle of something.
function Screen:close()
  if self.is_updating then io.write("\n" .. PLAIN .. SHOW_CURSOR) end
  io.flush()
  self.is_updating = false
end

return { new = new }
