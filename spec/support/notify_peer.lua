--- A host's end of the socket by which the core tells of news: a program of its own that connects and reports what it reads.
local peer = {}

-- Reads lines: a path to connect to in place of the one before, "-" to hang up, "holdings", "quit". perl is in every Debian.
local PROGRAM = [[
  use Socket;
  $| = 1;
  my ($connection, $said) = (undef, "");
  sub entries {
    opendir(my $folder, "/proc/" . getppid . "/$_[0]");
    return scalar grep { !/^[.]/ } readdir $folder;
  }
  sub obey {
    my ($line) = @_;
    exit 0 if $line eq "quit";
    return print entries("fd"), " descriptors, ", entries("task"), " threads\n" if $line eq "holdings";
    undef $connection;
    return print "gone\n" if $line eq "-";
    socket($connection, PF_UNIX, SOCK_STREAM, 0);
    print connect($connection, sockaddr_un($line)) ? "connected\n" : "refused: $!\n";
  }
  for (;;) {
    my $ready = "";
    vec($ready, 0, 1) = 1;
    vec($ready, fileno($connection), 1) = 1 if $connection;
    if (!select($ready, undef, undef, $connection ? 20 : undef)) {
      print "nothing\n";
    } elsif (vec($ready, 0, 1)) {
      sysread(STDIN, $said, 4096, length $said) or exit 0;
      obey($1) while $said =~ s/^(.*)\n//;
    } elsif (sysread($connection, my $bytes, 64)) {
      print "$bytes\n";
    } else {
      undef $connection;
      print "end\n";
    }
  }]]

---@class spec.NotifyPeer
local Peer = {}
Peer.__index = Peer

--- Start the program.
---@return spec.NotifyPeer
function peer.start()
  local fifo = os.tmpname()
  os.remove(fifo)
  os.execute("mkfifo " .. fifo)
  local output = assert(io.popen(("exec perl -e '%s' <%s"):format(PROGRAM, fifo), "r"))
  local input = assert(io.open(fifo, "w"))
  os.remove(fifo)
  input:setvbuf "no"
  return setmetatable({ input = input, output = output }, Peer)
end

--- Its next report: the bytes read, "end" of file, "nothing" in 20 s, or the answer to what it was told.
---@return string
function Peer:read()
  return (assert(self.output:read "*l", "the peer has ended"))
end

--- Have it hang up, or connect; what came of it. What it had to report of the connection before is passed over.
---@param line string "-" or a path
---@return string
function Peer:tell(line)
  self.input:write(line, "\n")
  local report
  repeat report = self:read() until report:find "^%w" and report ~= "end" and report ~= "nothing"
  return report
end

--- How many descriptors and threads this process has, as seen from outside.
---@return string
function Peer:holdings()
  return self:tell "holdings"
end

--- Connect it to a multi.
function Peer:meet(multi)
  local report = self:tell(assert(multi:notify_open()))
  assert(report == "connected", report)
  assert(multi:notify_accept())
end

--- Read until something else than a heartbeat comes: that.
---@return string
function Peer:news()
  for _ = 1, 20 do
    local line = self:read():gsub("%.", "")
    if line ~= "" then return line end
  end
  error "nothing but heartbeats"
end

--- Read until the other side has closed the connection, whatever came before.
---@return boolean has_ended
function Peer:reads_end()
  for _ = 1, 20 do
    if self:read() == "end" then return true end
  end
  return false
end

function Peer:stop()
  self.input:write "quit\n"
  self.input:close()
  self.output:close()
end

return peer
