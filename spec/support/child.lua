--- Runs Lua code in a process of its own, and makes hosts that the local API cannot play.
local program = require "spec.support.program"

local child = {}

--- What the code printed, and the exit status.
---@param code string
---@param opts? { env?: table<string, string>, before?: string } `before`: shell words in front, such as "ulimit -n 20;"
---@return string output of both channels
---@return integer status
function child.run(code, opts)
  opts = opts or {}
  local output, complaints, status = program.run_code(code, opts.env, opts.before)
  return output .. complaints, status
end

-- perl is in every Debian. It listens, fills its own queue of connections, and leaves a process behind that holds them.
local BLACK_HOLE = [[perl -MSocket -MFcntl -e '
  socket(S, PF_INET, SOCK_STREAM, 0); bind(S, sockaddr_in(0, INADDR_LOOPBACK)); listen(S, 0);
  my $at = getsockname(S); my ($port) = sockaddr_in($at); my @held;
  for (1 .. 8) { socket(my $c, PF_INET, SOCK_STREAM, 0); fcntl($c, F_SETFL, O_NONBLOCK); connect($c, $at); push @held, $c }
  my $pid = fork();
  if ($pid) { print "$port $pid"; exit 0 }
  close STDOUT; close STDERR; sleep 60']]

--- The port of a host that accepts no connection and refuses none, and the function that ends it.
---@return integer port
---@return fun() stop
function child.black_hole()
  local output = program.shell(BLACK_HOLE)
  local port, pid = output:match "^(%d+) (%d+)$"
  return tonumber(port), function() os.execute("kill " .. pid) end
end

return child
