--- What only a program inside nginx needs.
local loop = require "apify.loop"

local nginx = {}

--- Abort what the running request has begun and not finished. In `log_by_lua_block`, it ends the calls of a client that has gone.
function nginx.cleanup()
  loop.cleanup()
end

return nginx
