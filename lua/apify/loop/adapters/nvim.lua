--- The adapter to Neovim: the editor's libuv drives the core, fibers are resumed where vim.api may be called, and a call outside
--- of a fiber waits by vim.wait, so that the editor's own loop goes on.
local uv_pump = require "apify.loop.adapters.uv_pump"

local SLICE_MS = 200                      -- how soon vim.wait hears of Ctrl-C

---@type apify.Loop
local nvim = { name = "nvim" }

local pump

--- Is this Neovim's main thread? (Its others have no vim.schedule.)
function nvim.usable()
  local host = rawget(_G, "vim")
  return type(host) == "table" and host.schedule ~= nil and host.wait ~= nil and (host.uv or host.loop) ~= nil
end

function nvim.check()
  if not vim.in_fast_event() then return true end
  return nil, "nothing can wait in a callback of vim.loop: use apify.spawn there, or vim.schedule", "context"
end

function nvim.attach(host)
  pump = pump or uv_pump.new(vim.uv or vim.loop, vim.schedule)
  return pump:attach(host)
end

function nvim.detach()
  if pump then pump:detach() end
end

--- vim.wait looks again after each event, and whatever wakes a ticket is one.
function nvim.wake() end

function nvim.park(ticket, host)
  if vim.in_fast_event() then return host.block(ticket) end          -- a generator inside a fiber
  local function is_over() return host.is_over(ticket) or host.now() >= ticket.deadline end
  while true do
    local left = uv_pump.milliseconds(ticket.deadline - host.now())
    local _, code = vim.wait(math.min(SLICE_MS, left), is_over, SLICE_MS)
    if code == -2 then return nil, "interrupted", "cancelled" end
    if is_over() then return true end
  end
end

--- In a callback of vim.loop most of vim.api is forbidden.
function nvim.is_fast() return vim.in_fast_event() end

function nvim.report(text)
  vim.schedule(function() vim.notify(text, vim.log.levels.ERROR) end)
end

function nvim.later(seconds, fn)
  vim.defer_fn(fn, uv_pump.milliseconds(seconds))
end

function nvim.sleep(seconds, host)
  if vim.in_fast_event() then return host.pump(0) end
  vim.wait(uv_pump.milliseconds(seconds))
end

return nvim
