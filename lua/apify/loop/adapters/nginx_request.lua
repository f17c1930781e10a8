--- What belongs to one request of nginx: its fibers, which are light threads, those who wait in it, and its transfers.
local errors = require "apify.util.errors"

local KEY = {}                            -- in ngx.ctx
local MIN_CHILDREN = 32                   -- fibers below which those that have ended may stay

local CAN_WAIT = {
  rewrite = true, server_rewrite = true, access = true, content = true, timer = true, preread = true,
  ssl_cert = true, ssl_session_fetch = true, ssl_client_hello = true,
}

--- It ends with the request.
---@class apify.NginxRequest
---@field threads table<thread, table> coroutine -> what stands for it; for a fiber its task
---@field children table<thread, table[]> coroutine -> the light threads it has started
---@field tickets table<apify.Ticket, true> of those who wait
---@field transfers table<userdata, true> what it has begun

local nginx_request = {}

--- Can something wait in the phase in which the caller runs?
---@return boolean
function nginx_request.can_wait()
  return CAN_WAIT[ngx.get_phase()] == true
end

local function weak() return setmetatable({}, { __mode = "k" }) end

--- What is noted of the running request; nil where there is none.
---@return apify.NginxRequest?
function nginx_request.record()
  if not nginx_request.can_wait() then return nil end
  local ctx = ngx.ctx                                      -- may inherit from that of the connection's handshake
  local r = rawget(ctx, KEY)
  if not r then
    r = { threads = weak(), children = weak(), tickets = {}, transfers = weak() }
    rawset(ctx, KEY, r)
  end
  return r
end

--- The same in the log phase: nil if nothing was noted.
---@return apify.NginxRequest?
function nginx_request.last_record()
  return rawget(ngx.ctx, KEY)
end

--- What stands for the caller's thread.
function nginx_request.who()
  local r, co = nginx_request.record(), coroutine.running()
  if not r or not co then return co end
  r.threads[co] = r.threads[co] or {}
  return r.threads[co]
end

--- The fiber in which the caller runs. A coroutine of the user's own inside it is not known.
---@return apify.Task?
function nginx_request.fiber()
  local r, co = nginx_request.record(), coroutine.running()
  local thread = r and co and r.threads[co]
  return thread and thread.is_fiber and thread or nil
end

--- Let nginx forget the fibers of this thread that have ended: it keeps them until their parent asks, or ends itself.
local function bury_children(children)
  if #children < (children.limit or MIN_CHILDREN) then return end
  local left = 0
  for i = 1, #children do
    local task = children[i]
    children[i] = nil
    if task.is_done then
      ngx.thread.wait(task.thread)
    else
      left = left + 1
      children[left] = task
    end
  end
  children.limit = math.max(MIN_CHILDREN, 2 * left)
end

local function run_fiber(host, task, r, fn, ...)
  local co = coroutine.running()
  r.threads[co], task.co = task, co
  local args, n = { ... }, select("#", ...)
  xpcall(function() fn(unpack(args, 1, n)) end, function(message) task.on_crash(co, message) end)
  r.threads[co] = nil
  task.is_done, task.co, task.on_crash = true, nil, nil
  host.note_end(task)
end

--- The fiber was killed together with its request: whoever waits for it, in another one, hears of that.
---@param task? table
---@param host apify.LoopHost
function nginx_request.bury(task, host)
  if not task or not task.is_fiber or task.is_done then return end
  task.is_done, task.is_cancelled = true, true
  host.note_end(task)
  task.on_crash(task.co, errors.new { kind = "cancelled", message = "the nginx request in which the fiber ran has ended" })
end

--- Start a fiber: a light thread of the running request.
---@return apify.Task
function nginx_request.start(host, fn, on_crash, ...)
  local r, parent = nginx_request.record(), coroutine.running()
  local task = { is_cancelled = false, is_fiber = true, on_crash = on_crash }
  local children = r.children[parent] or {}
  r.children[parent] = children
  bury_children(children)
  task.thread = ngx.thread.spawn(run_fiber, host, task, r, fn, ...)
  children[#children + 1] = task
  return task
end

return nginx_request
