--- The adapter to a plain script: waiting blocks, and fibers go on meanwhile. What all adapters have is declared here too.

--- How to wait in one kind of program. Each is a table of its own; `park`, `wake` and `sleep` use the means of that program.
---@class apify.Loop
---@field name string
---@field usable fun(): boolean is the call made in such a program, also in a fiber or another coroutine, so that this loop has to wait?
---@field check fun(): boolean?, string?, string? may a caller outside of fibers wait here? true; or nil, the reason, the kind of error
---@field attach fun(host: apify.LoopHost): boolean?, string?, string? called before each wait, after the last, and when `host.next_time()` may be
--- nearer: `host.pump(0)` has to be called when the core's descriptor is readable (each 10 ms where `fd()` is nil), then `host.run()`, and that
--- one also when the next time has come. It only notes that, calls neither, and returns true; or nil, the reason, the kind
---@field park fun(ticket: apify.Ticket, host: apify.LoopHost): boolean?, string?, string? wait until `host.is_over(ticket)` or `ticket.deadline`, or
--- less: the caller looks again. true; or nil, the reason, the kind. In a coroutine that the program does not resume itself: `host.block(ticket)`
---@field wake fun(ticket: apify.Ticket) end that wait soon, not at once; the ticket may have fields of the adapter's own
---@field sleep fun(seconds: number, host: apify.LoopHost) let the program go on for so long
---@field detach fun(host: apify.LoopHost) call nothing any more, until the next `attach`
---@field who? fun(): any what stands for the caller's thread, where the program has several
---@field current? fun(): apify.Task? the fiber in which the caller runs, where fibers are threads of the program
---@field start? fun(host: apify.LoopHost, fn: function, on_crash: function, ...): apify.Task start such a fiber
---@field on_yield? table<any, fun(host: apify.LoopHost, task: apify.Task, ...)> what functions of the program yield first in a fiber -> who gets
--- the rest, and has to call `host.continue`
---@field on_submit? fun(transfer: userdata) hears of each transfer
---@field round_secs? fun(): number how long the program's loop has not come round
---@field is_fast? fun(): boolean is the caller where users' code must not be resumed?
---@field report? fun(text: string) tell the program's user of an error that nobody else hears of; to standard error when absent
---@field later? fun(seconds: number, fn: fun()) call it then, outside of fibers, where nobody minds a word too many to the program's user
---@field cleanup? fun(host: apify.LoopHost) abort what the caller's request has under way

--- What an adapter may ask of the library. Times are seconds of a monotonic clock.
---@class apify.LoopHost
---@field now fun(): number
---@field slice_secs number how long one may go on before others do
---@field pump fun(seconds: number): integer?, boolean|string, string? wait for the sockets and wake those whose news came: how many, and was
--- there anything on a socket? nil, message, kind when that cannot be
---@field run fun() resume the fibers that can go on
---@field next_time fun(): number when `run` has something to do: 0 at once, infinity never
---@field can_run fun(): boolean can fibers be resumed here? (Not too deep inside each other.)
---@field is_over fun(ticket: apify.Ticket): boolean was it woken, or its fiber cancelled?
---@field leave fun(ticket: apify.Ticket) end the wait of one who will not come back
---@field note_end fun(task: apify.Task) the function of a fiber that `start` gave has ended
---@field continue fun(task: apify.Task, ...) the function that yielded in the fiber is to return these values
---@field is_idle fun(): boolean is nothing in flight?
---@field is_wanted fun(): boolean does anybody wait?
---@field has_fibers fun(): boolean does a fiber wait that `run` resumes?
---@field core fun(): userdata?, string?, string? the core: `fd()`; or nil, message, kind
---@field block fun(ticket: apify.Ticket): boolean?, string?, string? wait without the program's help, which stands still meanwhile

---@type apify.Loop
local block = { name = "block" }

function block.usable() return true end

function block.check() return true end

--- Whoever waits drives everything.
function block.attach() return true end

function block.wake() end

function block.detach() end

--- Drive everything until the ticket is woken, its task is cancelled or its time has come.
function block.park(ticket, host)
  local has_looked = false
  while true do
    if has_looked and (host.is_over(ticket) or host.now() >= ticket.deadline) then return true end
    host.run()
    if host.is_over(ticket) then return true end
    local until_time = math.min(ticket.deadline, host.can_run() and host.next_time() or math.huge)
    if until_time == math.huge and host.is_idle() then
      return nil, "nothing is under way that could end this wait"
    end
    local ok, message, kind = host.pump(math.max(0, until_time - host.now()))
    if not ok then return nil, message, kind end
    has_looked = true
  end
end

--- Let fibers and the sockets go on.
function block.sleep(seconds, host)
  host.run()
  host.pump(seconds)
end

return block
