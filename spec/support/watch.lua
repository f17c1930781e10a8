--- Ends servers that a spec has started, should the spec's own process end before it has stopped them.
local shell = require "spec.support.shell"

local watch = {}

-- In a session of its own: what ends a spec before its time, such as `timeout`, ends all of its group. An nginx that was about to
-- start when the spec ended has a moment to write its file.
local WATCHER = [[setsid sh -c '
  while [ -d "$1" ] && kill -0 "$2"; do sleep 0.5; done
  n=0; while [ -d "$1" ] && [ ! -s "$1/nginx.pid" ] && [ $n -lt 20 ]; do sleep 0.1; n=$((n+1)); done
  [ ! -s "$1/nginx.pid" ] || kill $(cat "$1/nginx.pid")
  rm -rf "$1"' sh '%s' "$PPID" </dev/null >/dev/null 2>&1 &]]

--- Watch over a folder as long as it is there. When this process has gone, the nginx whose nginx.pid is in the folder is ended, and
--- the folder removed.
---@param folder string
function watch.over(folder)
  shell.run(WATCHER:format(folder))
end

return watch
