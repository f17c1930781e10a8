--- Bodies of requests that are sent while they come.
local core = require "apify.core"
local shell = require "spec.support.shell"
local transfers = require "spec.support.transfers"

local folder, uploads

local submit, drive, finish, some_text = transfers.submit, transfers.drive, transfers.finish, transfers.some_text

-- Takes uploads; perl is in every Debian. What it sees is in FOLDER/log, the bodies are in FOLDER. By the first part of the path:
-- store: keep the body; take: do not keep it; refuse, refuse_close: 413 as soon as 1000 bytes of it are there; unread: read nothing of it;
-- drop: close once some of it is there; early: a megabyte of answer at once, its end when the body is there.
local UPLOADS = [[
  use strict; use warnings; use Socket;
  my ($folder) = @ARGV;
  socket(my $s, PF_INET, SOCK_STREAM, 0); bind($s, sockaddr_in(0, INADDR_LOOPBACK)); listen($s, 50);
  my ($port) = sockaddr_in(getsockname $s);
  my $pid = fork();
  if ($pid) { print "$port $pid"; exit 0 }
  setpgrp(0, 0); close STDOUT; close STDERR; alarm 280;
  $SIG{CHLD} = $SIG{PIPE} = 'IGNORE';
  my ($c, $buf);
  sub note { open(my $f, '>>', "$folder/log"); syswrite($f, "@_\n"); close $f }
  sub more { return sysread($c, $buf, 262144, length $buf) }
  sub answer { my ($code, $text, $more) = @_;
    syswrite($c, "HTTP/1.1 $code X\r\nContent-Length: " . length($text) . "\r\n" . ($more || '') . "\r\n$text") }
  sub whole { my ($out, $head) = @_; my $n = 0;
    my $take = sub { my $k = shift; while (length $buf < $k) { if (length $buf) { $k -= length $buf; $n += length $buf; print $out $buf; $buf = '' }
      more() or return 0 } print $out substr($buf, 0, $k, ''); $n += $k; return 1 };
    my $line = sub { while (1) { return $1 if $buf =~ s/^(.*?)\r\n//s; more() or return undef } };
    if ($head =~ /^content-length: (\d+)/mi) { return ($take->($1), $n, 'sized') }
    return (1, 0, 'none') unless $head =~ /^transfer-encoding: chunked/mi;
    while (1) { my $l = $line->(); return (0, $n, 'chunked') unless defined $l;
      my $k = hex $l;
      if ($k == 0) { $line->(); return (1, $n, 'chunked') }
      $take->($k) or return (0, $n, 'chunked'); $line->() } }
  sub serve { while (1) {
    until ($buf =~ /\r\n\r\n/) { more() or return }
    $buf =~ s/^(.*?\r\n)\r\n//s; my $head = $1;
    my ($do, $name) = $head =~ m{^\S+ /(\w+)/(\w+)};
    note($name, 'arrived');
    if ($do eq 'unread') { sleep 250; return }
    syswrite($c, "HTTP/1.1 200 X\r\nContent-Length: 1000004\r\n\r\n" . ('x' x 1000000)) if $do eq 'early';
    if ($do =~ /refuse|drop/) { while (length $buf < 1000) { more() or return } }
    if ($do eq 'drop') { note($name, 'dropped'); return }
    if ($do =~ /refuse/) {
      if ($do eq 'refuse') { answer(413, 'too large') }      # else its text is not there yet when the client has read its head
      else { syswrite($c, "HTTP/1.1 413 X\r\nContent-Length: 9\r\nConnection: close\r\n\r\n"); select(undef, undef, undef, 0.03);
        syswrite($c, 'too large') }
      shutdown($c, 1);
      my $end; do { $buf = ''; $end = more() } while ($end); note($name, 'refused'); return }
    open(my $out, '>', $do eq 'store' ? "$folder/$name" : '/dev/null'); binmode $out;
    my ($ok, $n, $how) = whole($out, $head); close $out;
    note($name, $ok ? 'complete' : 'incomplete', $n, $how); return unless $ok;
    if ($do eq 'early') { syswrite($c, 'last') } else { answer(200, "$n $how") } } }
  while (1) { accept($c, $s) or next; if (fork() == 0) { $buf = ''; serve(); exit 0 } close $c }]]

setup(function()
  transfers.start()
  folder = shell.run("mktemp -d"):match "%S+"
  shell.write_file(folder .. "/uploads.pl", UPLOADS)
  local port, pid = shell.run(("perl %s/uploads.pl %s"):format(folder, folder)):match "^(%d+) (%d+)$"
  uploads = { url = "http://127.0.0.1:" .. port, pid = pid }
end)

teardown(function()
  transfers.stop()
  os.execute("kill -TERM -" .. uploads.pid)
  os.execute("rm -rf " .. folder)
end)

before_each(transfers.reset)
after_each(transfers.check)

describe("an upload", function()
  local count = 0

  -- An upload in a new name to what UPLOADS does; returns the transfer and its name.
  local function upload(what, size, more)
    count = count + 1
    local o = { method = "PUT", url = ("%s/%s/n%d"):format(uploads.url, what, count), http1 = true, upload = true, upload_size = size }
    for name, value in pairs(more or {}) do o[name] = value end
    return submit(o), "n" .. count
  end

  -- What the server noted about the name, or nil.
  local function noted(name, what)
    for line in shell.read_file(folder .. "/log"):gmatch "[^\n]+" do
      local rest = line:match("^" .. name .. " (" .. what .. ".*)")
      if rest then return rest end
    end
  end

  -- Send the text in pieces as they are wanted, and check that few bytes wait at a time; then the end.
  local function send(x, text, size)
    local at, moved, stop = 1, 0, core.now() + transfers.patience
    while at <= #text do
      while x:wants_body() and at <= #text do
        assert.is_true(x:write(text:sub(at, at + size - 1)))
        at = at + size
      end
      assert(core.now() < stop, "it is not taken")
      assert(transfers.multi:wait(1, {}))
      moved = math.max(moved, (x:progress()))
      assert.is_true(at - moved < 200000 + size, at - moved)
    end
    assert.is_true(x:finish())
  end

  it("arrives whole, of known and unknown size, however it is cut", function()
    local text = some_text(400000)
    for _, size in ipairs { 7001, 65536, 400000 } do
      for _, known in ipairs { #text, false } do
        local x, name = upload("store", known or nil, { method = known and "PUT" or "POST" })
        send(x, text, size)
        finish(x)
        assert.same({ 200, "400000 " .. (known and "sized" or "chunked") }, { x:status(), x:text() })
        assert.is_nil(x:failure())
        assert.is_true(shell.read_file(folder .. "/" .. name) == text)
        x:close()
      end
    end
  end)

  it("may be empty", function()
    for _, known in ipairs { 0, false } do
      local x = upload("store", known or nil)
      assert.is_true(x:finish())
      assert.is_true(x:finish())
      assert.equal("0 " .. (known and "sized" or "chunked"), finish(x):text())
      x:close()
    end
  end)

  it("goes over TLS", function()
    local function ask(method, path, more)
      local api = transfers.server
      local o = { method = method, url = api.h1_tls_url .. "/v2/key-value-stores" .. path, ca_file = api.ca_file, http1 = true }
      for name, value in pairs(more or {}) do o[name] = value end
      return submit(o)
    end
    local made = finish(ask("POST", "?name=uploads", { body = "" }))
    local record = "/" .. made:value(core.decoder {}).data.id .. "/records/text"
    local text = some_text(300000)
    for _, known in ipairs { #text, false } do
      local x = ask("PUT", record, { upload = true, upload_size = known or nil, headers = { "Content-Type: text/plain" } })
      send(x, text, 10000)
      assert.equal(201, finish(x):status())
      local back = finish(ask("GET", record))
      assert.is_true(back:text() == text)
      x:close()
      back:close()
    end
    made:close()
  end)

  it("pauses whenever there is nothing to send, as often as it takes, and says when it wants more", function()
    local x = upload "take"
    for _ = 1, 200 do
      assert.is_true(x:wants_body())
      assert.is_true(x:write "ten bytes\n")
      assert.equal(x, transfers.news()[1])
    end
    assert.is_true(x:finish())
    assert.is_false(x:wants_body())
    assert.equal("2000 chunked", finish(x):text())
    assert.is_true((x:progress()) >= 2000)
    x:close()
  end)

  it("is not wanted while 64 KiB wait, and takes a piece of any size all the same", function()
    local x = upload("unread", 100000000)
    assert.is_true(x:write(("x"):rep(65536)))
    assert.is_false(x:wants_body())
    assert.is_true(x:write(("x"):rep(20000000)))
    assert.is_false(x:wants_body())
    x:close()
  end)

  it("of 50 MB never holds more than a little", function()
    local x = upload("take", 50 * 1024 * 1024)
    send(x, ("0123456789abcdef"):rep(64 * 1024 * 50), 65536)
    assert.equal(50 * 1024 * 1024 .. " sized", finish(x):text())
    x:close()
  end)

  it("ends with the answer that comes before it does, whether it was paused or not", function()
    for _, what in ipairs { "refuse", "refuse_close" } do
      for _, known in ipairs { 10000000, false } do
        for _, goes_on in ipairs { false, true } do
          local x, name = upload(what, known or nil)
          assert.is_true(x:write(some_text(1000)))
          local stop = core.now() + transfers.patience
          while x:phase() ~= "done" and core.now() < stop do
            if goes_on and x:wants_body() then assert.is_true(x:write(some_text(10000))) end
            assert(transfers.multi:wait(1, {}))
          end
          assert.same({ "done", 413, "too large" }, { x:phase(), x:status(), x:text() })
          assert.is_nil(x:failure())
          assert.is_false(x:wants_body())
          assert.is_true(x:write "nobody wants this")
          assert.is_true(x:finish())
          x:close()
          drive(function() return noted(name, "refused") end)
        end
      end
    end
  end)

  it("that is closed in the middle is incomplete for the server", function()
    for _, known in ipairs { 100000, false } do
      local x, name = upload("store", known or nil)
      assert.is_true(x:write(some_text(50000)))
      drive(function() return (x:progress()) >= 50000 end)
      x:close()
      drive(function() return noted(name, "incomplete 50000") end)
    end
  end)

  it("that nobody holds is collected with its connection", function()
    local name = select(2, upload("store", 100))
    drive(function() return noted(name, "arrived") end)
    assert.equal(1, transfers.multi:in_flight())
    collectgarbage()
    collectgarbage()
    assert.equal(0, transfers.multi:in_flight())
    drive(function() return noted(name, "incomplete 0") end)
  end)

  it("fails at once when it is shorter than was said, also if the server reads nothing", function()
    for _, what in ipairs { "store", "unread" } do
      local x, name = upload(what, 30000000)
      assert.is_true(x:write(("x"):rep(20000000)))
      drive(function() return noted(name, "arrived") end)
      local text = "the body ended after 20000000 of 30000000 bytes"
      assert.same({ nil, text, "io" }, { x:finish() })
      assert.equal("done", x:phase())
      assert.same({ text, "io", 0 }, { x:failure() })
      assert.is_false(x:wants_body())
      assert.equal(0, transfers.multi:in_flight())
      local news = {}
      assert(transfers.multi:wait(0, news))
      assert.equal(x, news[1])
      x:close()
      if what == "store" then drive(function() return noted(name, "incomplete") end) end
    end
  end)

  it("fails when it is longer than was said", function()
    local x, name = upload("store", 10)
    assert.is_true(x:write "1234567")
    local text = "the body is longer than 10 bytes"
    assert.same({ nil, text, "io" }, { x:write "1234" })
    assert.same({ nil, text, "io" }, { x:write "1" })
    assert.same({ nil, text, "io" }, { x:finish() })
    assert.equal("done", x:phase())
    x:close()
    assert.is_nil(noted(name, "complete"))
    x = upload("take", 3)
    assert.is_true(x:write "123")
    finish(x)
    assert.same({ nil, "the body is longer than 3 bytes", "io" }, { x:write "4" })
    x:close()
  end)

  it("is never sent twice over a connection that was there before", function()
    local own = assert(core.multi())
    local function put(what, name)
      local x = assert(own:submit { method = "PUT", url = uploads.url .. what .. name, http1 = true, upload = true, upload_size = 5000 })
      assert.is_true(x:write(some_text(5000)))
      assert.is_true(x:finish())
      local stop = core.now() + transfers.patience
      while x:phase() ~= "done" and core.now() < stop do assert(own:wait(0.1, {})) end
      return x
    end
    local first = put("/take/", "once1")
    assert.equal(200, first:status())
    first:close()
    local x = put("/drop/", "once2")
    assert.same({ "the connection closed before the answer, and the request must not be sent twice", "network", 0 }, { x:failure() })
    local _, arrivals = shell.read_file(folder .. "/log"):gsub("once2 arrived", "")
    assert.equal(1, arrivals)
    x:close()
    own:close()
  end)

  it("and its answer pause independently", function()
    local x, name = upload("early", nil, { stream = true })
    drive(function() return (x:progress()) > 200000 end)
    for _ = 1, 20 do assert(transfers.multi:wait(0.01, {})) end
    local held = x:progress()
    assert.is_true(held < 300000, held)
    for i = 1, 50 do                                     -- sending goes on, receiving does not
      assert.is_true(x:write(some_text(100)))
      drive(function() return (x:progress()) >= held + 100 * i end)
      assert.is_true((x:progress()) < held + 120 * i, (x:progress()))
    end
    assert.same({ 200, true }, { x:status(), x:wants_body() })
    local size = 0
    x:want(true)
    drive(function()                                     -- receiving goes on while there is nothing to send
      size = size + #(x:read() or "")
      return size == 1000000
    end)
    assert.same({ nil, "more" }, { x:read() })
    assert.is_true(x:wants_body())
    assert.is_true(x:finish())
    assert.same({ { "last" }, "end" }, { transfers.read_all(x, function() return x:read() end) })
    assert.equal("complete 5000 chunked", noted(name, "complete"))
    x:close()
  end)

  it("survives its multi, and a connection that cannot be made", function()
    local own = assert(core.multi())
    local x = assert(own:submit { method = "PUT", url = uploads.url .. "/take/x", http1 = true, upload = true, upload_size = 5 })
    own:close()
    assert.is_false(x:wants_body())
    assert.equal("closed", select(3, x:write "1"))
    assert.is_true(x:finish())
    x:close()
    x = submit { method = "PUT", url = "http://127.0.0.1:1/x", http1 = true, upload = true }
    assert.is_true(x:write "1")
    finish(x)
    assert.same({ "connect", "connect" }, { select(2, x:failure()), (select(3, x:write "2")) })
    x:close()
  end)

  it("refuses options that make no sense, and calls that are none of its", function()
    for _, o in ipairs { { upload = true, body = "x" }, { upload = true, upload_size = -1 }, { upload = true, upload_size = 1.5 },
      { upload = true, upload_size = "x" }, { upload = true, upload_size = 2 ^ 60 } } do
      o.url, o.method = uploads.url, "PUT"
      assert.is_false(pcall(transfers.multi.submit, transfers.multi, o))
    end
    local x = submit {}
    assert.is_false(x:wants_body())
    assert.error_matches(function() x:write "x" end, "not an upload")
    assert.error_matches(function() x:finish() end, "not an upload")
    x:close()
    x = upload "take"
    assert.is_true(x:finish())
    assert.error_matches(function() x:write "x" end, "finished")
    x:close()
  end)
end)
