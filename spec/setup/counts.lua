--- A busted output handler: plain text as usual, and "passed failed skipped seconds" into the file that COUNTS_FILE names.
--- The file is written when the suite has ended, so that its absence means a crash.
local busted = require "busted"
local plain = require "busted.outputHandlers.plainTerminal"

return function(options)
  local handler = plain(options)
  busted.subscribe({ "suite", "end" }, function()
    local file = assert(io.open(assert(os.getenv "COUNTS_FILE"), "w"))
    local failed = handler.failuresCount + handler.errorsCount
    file:write(string.format("%d %d %d %.2f\n", handler.successesCount, failed, handler.pendingsCount, handler.getDuration()))
    file:close()
    return nil, true
  end)
  return handler
end
