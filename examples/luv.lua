-- In a program of luv: count all runs by status, and serve meanwhile: curl shows how far that is.
--
--     APIFY_TOKEN=... lua5.4 examples/luv.lua

local is_there, uv = pcall(require, "luv")
if not is_there then
  io.stderr:write "this example needs luv: apt-get install lua-luv, or luarocks install luv\n"
  os.exit(1)
end
local apify = require "apify"
apify.use "luv"
local counts, it = {}, apify.new():runs():iterate { pick = { "id", "status" } }

local function serve(peer)
  local progress = it:progress()
  local text = ("%d of %s runs\n"):format(progress.delivered, progress.total or "?")
  peer:read_stop()
  peer:write(("HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s"):format(#text, text))
  peer:shutdown(function() peer:close() end)
end

local server = uv.new_tcp()
assert(server:bind("127.0.0.1", 0))
assert(server:listen(16, function()
  local peer = uv.new_tcp()
  server:accept(peer)
  peer:read_start(function(_, request) if request then serve(peer) else peer:close() end end)
end))
io.stdout:setvbuf "line"
print("curl http://127.0.0.1:" .. server:getsockname().port)

apify.spawn(function()                             -- goes on in uv.run, side by side with the server
  local run, err
  repeat
    run, err = it:next()
    if run then counts[run.status] = (counts[run.status] or 0) + 1 end
  until not run
  server:close()
  for status, count in pairs(counts) do print(status, count) end
  if err then print(err) end
end)
uv.run()
