--- The core's streams of bytes: bodies that are read or sent piece by piece, files that are there in full or not at all, gzip, UTF-8.
local core = require "apify.core"
local answers = require "apify.http.answers"
local apify = require "apify"
local server = require "spec.local_api.server"
local source = require "apify.http.source"
local stream = require "apify.http.stream"
local upload_body = require "apify.http.upload"

local PATIENCE = 60         -- seconds until something hangs; no test waits for them

local s, multi, folder, uploads

local function shell(command)
  local pipe = assert(io.popen("unset LD_PRELOAD; " .. command))
  local output = pipe:read "*a"
  pipe:close()
  return (output:gsub("%s+$", ""))
end

local function read_file(name)
  local file = io.open(name, "rb")
  if not file then return nil end
  local bytes = file:read "*a"
  file:close()
  return bytes
end

local function write_file(name, bytes)
  local file = assert(io.open(name, "wb"))
  file:write(bytes)
  file:close()
end

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
  s = server.start()
  multi = assert(core.multi())
  folder = shell "mktemp -d"
  write_file(folder .. "/uploads.pl", UPLOADS)
  local port, pid = shell(("perl %s/uploads.pl %s"):format(folder, folder)):match "^(%d+) (%d+)$"
  uploads = { url = "http://127.0.0.1:" .. port, pid = pid }
end)

teardown(function()
  multi:close()
  os.execute("kill -TERM -" .. uploads.pid)
  os.execute("rm -rf " .. folder)
  s:stop()
end)

before_each(function() s:admin "reset" end)

after_each(function()
  collectgarbage()
  collectgarbage()
  assert.equal(0, multi:in_flight())
end)

-- Drive until `done()` is true; at most PATIENCE.
local function drive(done)
  local stop = core.now() + PATIENCE
  while not done() do
    assert(core.now() < stop, "it does not end")
    assert(multi:wait(0.02, {}))
  end
end

local function submit(o)
  o.method = o.method or "GET"
  o.url = o.url or s.url .. (o.path or "/v2/actor-runs")
  o.path = nil
  return assert(multi:submit(o))
end

-- As text, the local API leaves the body as it is.
local function answer(body, headers)
  s:faults { action = { status = { code = 200, body = body, headers = headers, content_type = "text/plain" } } }
end

local function some_text(size)
  local lines = {}
  for i = 1, math.ceil(size / 20) do lines[i] = ("%012d a line\n"):format(i) end
  return table.concat(lines):sub(1, size)
end

-- All pieces of a stream until its end, or what it failed with. Each call waits for one piece.
local function read_all(x, max)
  local pieces = {}
  x:want(true)
  local stop = core.now() + PATIENCE
  while core.now() < stop do
    local bytes, why, name, offset = x:read(max)
    if bytes then pieces[#pieces + 1] = bytes
    elseif why == "more" then assert(multi:wait(1, {}))
    else return pieces, why, name, offset
    end
  end
  error "it does not end"
end

-- Call `fn` whenever garbage is collected, until it returns true.
local function at_collections(fn)
  local function again()
    if fn() then return end
    if newproxy then getmetatable(newproxy(true)).__gc = again
    else setmetatable({}, { __gc = again }) end
  end
  again()
end

describe("bytes of a stream", function()
  it("come as they are, in pieces of no more than was asked for, over each protocol, compressed or not", function()
    local text = some_text(300000)
    local gzip = { ["Content-Encoding"] = "gzip" }
    local ways = {
      { url = s.url }, { url = s.tls_url, version = "2" }, { url = s.tls_url, http1 = true }, { url = s.h1_tls_url },
    }
    for _, headers in ipairs { {}, gzip } do
      answer(headers == gzip and core.gzip():finish(text) or text, headers)
      for _, way in ipairs(ways) do
        local x = submit { url = way.url .. "/v2/actor-runs", ca_file = s.ca_file, http1 = way.http1, stream = true }
        local pieces, why = read_all(x, 10000)
        assert.same({ "end", 200 }, { why, x:status() })
        assert.is_true(table.concat(pieces) == text)
        assert.equal(way.version or "1.1", x:stats().http_version)
        for _, piece in ipairs(pieces) do assert.is_true(#piece > 0 and #piece <= 10000) end
        assert.same({ nil, "end" }, { x:read() })
        x:close()
      end
    end
  end)

  it("are decoded when they were compressed, 64 KiB at a time", function()
    s:faults { action = { gzip_bomb = { mb = 20 } } }
    local x = submit { stream = true }
    local pieces, why = read_all(x)
    local size = 0
    for _, piece in ipairs(pieces) do
      size = size + #piece
      assert.is_true(#piece <= 65536)
    end
    assert.equal("end", why)
    assert.is_true(size > 20000000, size)
    assert.equal(size, x:stats().bytes_decoded)
    x:close()
  end)

  it("may be none, and may be those of an error", function()
    answer ""
    local x = submit { stream = true }
    assert.same({ {}, "end" }, { read_all(x) })
    x:close()
    s:faults { action = { status = { code = 404, body = "not here", content_type = "text/plain" } } }
    x = submit { stream = true }
    assert.same({ { "not here" }, "end" }, { read_all(x) })
    assert.equal(404, x:status())
    x:close()
  end)

  it("come before the failure of a connection that was cut, and of half a gzip stream", function()
    for _, action in ipairs { { cut = { after_bytes = 1000 } }, { cut = { chunked = true } } } do
      s:faults { action = action }
      local x = submit { stream = true }
      local pieces, message, name, offset = read_all(x)
      local text = table.concat(pieces)
      assert.same({ "network", "string" }, { name, type(message) })
      assert.is_true(#text > 100)
      assert.equal(#text, offset)
      assert.same({ nil, message, name, offset }, { x:read() })
      x:close()
    end
    s:faults { action = { half_gzip = {} } }
    local x = submit { stream = true }
    local pieces, message, name, offset = read_all(x)
    assert.same({ "the gzip stream ends early", "decode" }, { message, name })
    assert.equal(#table.concat(pieces), offset)
    assert.is_true(offset > 0)
    x:close()
  end)

  it("are not held beyond a bound while nobody reads them, and go on when somebody does", function()
    for _, url in ipairs { s.url, s.h1_tls_url } do
      answer(some_text(900000))
      local x = submit { url = url .. "/v2/actor-runs", ca_file = s.ca_file, stream = true }
      drive(function() return (x:progress()) > 200000 end)
      local stop, size = core.now() + 0.1, 0
      drive(function() return core.now() > stop end)
      assert.is_true((x:progress()) < 300000, (x:progress()))
      x:want(true)
      for _ = 1, 100000 do
        local bytes, why = x:read()
        if bytes then size = size + #bytes
        elseif why == "more" then assert(multi:wait(1, {}))
        else break
        end
        assert.is_true(x:progress() - size < 300000)
      end
      assert.equal(900000, size)
      assert.same({ nil, "end" }, { x:read() })
      x:close()
    end
  end)

  it("stay in place while a finalizer drives or closes the transfer in the middle of a piece", function()
    local text = some_text(800000)
    for _, meddle in ipairs { function() multi:wait(0, {}) end, function(x, size) if size > 100000 then x:close() end end } do
      answer(text)
      local x, size, is_over, why, times = submit { stream = true }, 0, false, "more", 0
      local pause, speed = collectgarbage("setpause", 50), collectgarbage("setstepmul", 1000)
      at_collections(function()
        if not is_over then meddle(x, size) end
        times = times + 1
        return is_over
      end)
      x:want(true)
      local stop = core.now() + PATIENCE
      while core.now() < stop and x:is_open() and why ~= "end" do
        local bytes
        collectgarbage "restart"                           -- and let the next allocation collect some of it
        bytes, why = x:read(498)
        if bytes then
          assert.is_true(bytes == text:sub(size + 1, size + #bytes), size)
          size = size + #bytes
        elseif why == "more" then
          assert(multi:wait(0.01, {}))
        end
      end
      is_over = true
      collectgarbage("setpause", pause)
      collectgarbage("setstepmul", speed)
      x:close()
      assert.is_true(size > 100000 and times > 3, times)
    end
  end)

  it("are asked for in numbers from 1 on, of a transfer that is open", function()
    local x = submit { stream = true }
    for _, max in ipairs { 0, -1, 2 ^ 40, "x" } do assert.is_false(pcall(x.read, x, max)) end
    x:close()
    assert.error_matches(function() x:read() end, "closed")
  end)
end)

describe("rows of a raw decoder", function()
  it("are their text, from a transfer too", function()
    answer '{"data":{"total":2,"items":[ {"a" : [1.0, "]"]} , "x" ]}}'
    local x, rows, decoder = submit { stream = true }, {}, core.decoder { raw = true }
    drive(function()
      local row, why = x:row(decoder)
      rows[#rows + 1] = row
      return why == "end"
    end)
    assert.same({ '{"a" : [1.0, "]"]}', '"x"' }, rows)
    assert.equal(2, x:envelope().total)
    assert.error_matches(function() x:value(decoder) end, "rows only")
    x:close()
  end)
end)

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
    for line in (read_file(folder .. "/log") or ""):gmatch "[^\n]+" do
      local rest = line:match("^" .. name .. " (" .. what .. ".*)")
      if rest then return rest end
    end
  end

  local function finish(x)
    drive(function() return x:phase() == "done" end)
    return x
  end

  -- Send the text in pieces as they are wanted, and check that few bytes wait at a time; then the end.
  local function send(x, text, size)
    local at, moved, stop = 1, 0, core.now() + PATIENCE
    while at <= #text do
      while x:wants_body() and at <= #text do
        assert.is_true(x:write(text:sub(at, at + size - 1)))
        at = at + size
      end
      assert(core.now() < stop, "it is not taken")
      assert(multi:wait(1, {}))
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
        assert.is_true(read_file(folder .. "/" .. name) == text)
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
      local o = { method = method, url = s.h1_tls_url .. "/v2/key-value-stores" .. path, ca_file = s.ca_file, http1 = true }
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
      local news = {}
      assert.is_true(x:wants_body())
      assert.is_true(x:write "ten bytes\n")
      while #news == 0 do assert(multi:wait(5, news)) end
      assert.equal(x, news[1])
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
          local stop = core.now() + PATIENCE
          while x:phase() ~= "done" and core.now() < stop do
            if goes_on and x:wants_body() then assert.is_true(x:write(some_text(10000))) end
            assert(multi:wait(1, {}))
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
    assert.equal(1, multi:in_flight())
    collectgarbage()
    collectgarbage()
    assert.equal(0, multi:in_flight())
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
      assert.equal(0, multi:in_flight())
      local news = {}
      assert(multi:wait(0, news))
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
      local stop = core.now() + PATIENCE
      while x:phase() ~= "done" and core.now() < stop do assert(own:wait(0.1, {})) end
      return x
    end
    local first = put("/take/", "once1")
    assert.equal(200, first:status())
    first:close()
    local x = put("/drop/", "once2")
    assert.same({ "the connection closed before the answer, and the request must not be sent twice", "network", 0 }, { x:failure() })
    local _, arrivals = read_file(folder .. "/log"):gsub("once2 arrived", "")
    assert.equal(1, arrivals)
    x:close()
    own:close()
  end)

  it("and its answer pause independently", function()
    local x, name = upload("early", nil, { stream = true })
    drive(function() return (x:progress()) > 200000 end)
    for _ = 1, 20 do assert(multi:wait(0.01, {})) end
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
    assert.same({ { "last" }, "end" }, { read_all(x) })
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
      assert.is_false(pcall(multi.submit, multi, o))
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

describe("a file", function()
  local function path(name)
    return folder .. "/" .. name
  end

  -- The names in the folder that begin so, sorted.
  local function names(prefix)
    return shell(("cd %s; ls -d %s* 2>/dev/null"):format(folder, prefix))
  end

  local function mode(name)
    return shell(("stat -c %%a %s"):format(path(name)))
  end

  it("is there when it is committed, and beside until then", function()
    local f = assert(core.file(path "a.csv"))
    assert.is_true(f:write "one,")
    assert.is_true(f:write "")
    assert.is_true(f:write "two")
    assert.is_nil(read_file(path "a.csv"))
    local part = names "a.csv"
    assert.truthy(part:find "^a%.csv%.%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%.part$", part)
    assert.is_true(f:commit())
    assert.equal("a.csv", names "a.csv")
    assert.equal("one,two", read_file(path "a.csv"))
  end)

  it("leaves what was there until it is committed, and keeps its permissions", function()
    write_file(path "b", "old")
    os.execute("chmod 640 " .. path "b")
    local f, g = assert(core.file(path "b")), assert(core.file(path "b"))
    assert.is_true(f:write "new")
    assert.is_true(g:write "newer")
    assert.equal("old", read_file(path "b"))
    assert.is_true(f:commit())
    assert.is_true(g:commit())
    assert.same({ "newer", "640", "b" }, { read_file(path "b"), mode "b", names "b" })
    assert.equal(shell "printf '%o' $((0666 & ~$(umask)))", (function()
      assert.is_true(assert(core.file(path "b2")):commit())
      return mode "b2"
    end)())
  end)

  it("starts over when it is rewound", function()
    local f = assert(core.file(path "c"))
    assert.is_true(f:rewind())
    assert.is_true(f:write "a long beginning")
    assert.is_true(f:rewind())
    assert.is_true(f:write "short")
    assert.is_true(f:commit())
    assert.equal("short", read_file(path "c"))
  end)

  it("is gone when it is discarded, collected or left, and of no use then", function()
    local f = assert(core.file(path "d"))
    assert.is_true(f:write "x")
    f:discard()
    f:discard()
    assert.equal("", names "d")
    for _, name in ipairs { "write", "rewind", "commit" } do
      assert.error_matches(function() f[name](f, "x") end, "the file is closed")
    end
    assert(core.file(path "d")):write "x"
    collectgarbage()
    collectgarbage()
    assert.equal("", names "d")
    if _VERSION == "Lua 5.4" then
      f = assert(core.file(path "d"))
      getmetatable(f).__close(f, nil)
      assert.equal("", names "d")
    end
    f = assert(core.file(path "d"))
    assert.is_true(f:commit())
    f:discard()
    assert.equal("d", names "d")
    assert.error_matches(function() f:write "x" end, "closed")
  end)

  it("goes where a symbolic link leads, so that the link stays", function()
    write_file(path "e", "old")
    os.execute(("cd %s; mkdir -p sub; ln -s ../e sub/link; ln -s nowhere dangling"):format(folder))
    local f = assert(core.file(path "sub/link"))
    assert.is_true(f:write "new")
    assert.is_true(f:commit())
    assert.equal("new", read_file(path "e"))
    assert.equal("../e", shell("readlink " .. path "sub/link"))
    local g, message, name, errno = core.file(path "dangling")
    assert.same({ "io", 2, nil }, { name, errno, g })
    assert.equal(("cannot write %s: No such file or directory"):format(path "dangling"), message)
    assert.equal("nowhere", shell("readlink " .. path "dangling"))
  end)

  it("is written directly when it is a device or a pipe, and cannot be rewound then", function()
    local f = assert(core.file "/dev/null")
    assert.is_true(f:rewind())
    assert.is_true(f:write "x")
    local ok, message, name, errno = f:rewind()
    assert.same({ "cannot write /dev/null: Illegal seek", "io", 29 }, { message, name, errno, ok })
    assert.is_true(f:commit())
    os.execute(("mkfifo %s; cat %s >%s &"):format(path "fifo", path "fifo", path "through"))
    f = assert(core.file(path "fifo"))
    assert.is_true(f:write "through the pipe")
    assert.is_true(f:commit())
    drive(function() return read_file(path "through") == "through the pipe" end)
    assert.equal("p", shell(("stat -c %%A %s | cut -c 1"):format(path "fifo")))
    assert.equal("fifo", names "fifo")
    f = assert(core.file "/dev/stdout")
    assert.is_true(f:write "")
    f:discard()
    assert.truthy(io.stdout:write "")
  end)

  it("says when there is no room", function()
    local f = assert(core.file "/dev/full")
    local ok, message, name, errno = f:write "x"
    assert.same({ "cannot write /dev/full: No space left on device", "io", 28 }, { message, name, errno, ok })
    f:discard()
  end)

  it("says why it cannot be", function()
    local function refused(name, errno)
      local f, message, kind, n = core.file(name)
      assert.is_nil(f)
      assert.same({ "io", errno }, { kind, n })
      assert.truthy(message:find("cannot write " .. name .. ": ", 1, true), message)
    end
    refused(folder, 21)
    refused(path "sub/", 21)
    refused(path "new/", 21)
    refused(path "missing/x", 2)
    refused(path "a.csv/x", 20)
    refused("", 2)
    refused(path(("x"):rep(300)), 36)
    refused("/dev/fd/999", 9)
    assert.is_false(pcall(core.file, "a\0b"))
    assert.is_false(pcall(core.file))
  end)

  it("is removed when it cannot take its place", function()
    local f = assert(core.file(path "sub/g"))
    assert.is_true(f:write "x")
    os.execute(("mkdir -p %s/x"):format(path "sub/g"))
    local ok, message, name, errno = f:commit()
    assert.same({ ("cannot write %s: Is a directory"):format(path "sub/g"), "io", 21 }, { message, name, errno, ok })
    assert.equal("sub/g", names "sub/g")
    assert.error_matches(function() f:commit() end, "closed")
  end)

  it("is where it was to be, whatever the working directory is", function()
    local here = shell "pwd"
    if not folder:find "^/" then return end
    local relative = ("../"):rep(select(2, here:gsub("/", ""))) .. folder:sub(2)
    local f = assert(core.file(relative .. "/h"))
    assert.is_true(f:commit())
    assert.equal("h", names "h")
  end)
end)

describe("a fork", function()
  local fork, wait, exit

  setup(function()
    if rawget(_G, "jit") then
      local ffi = require "ffi"
      ffi.cdef "int fork(void); int waitpid(int, int *, int); void _exit(int);"
      fork, exit = ffi.C.fork, ffi.C._exit
      wait = function(pid) ffi.C.waitpid(pid, nil, 0) end
      return
    end
    write_file(folder .. "/forker.c", [[
      #include <lua.h>
      #include <sys/wait.h>
      #include <unistd.h>
      static int l_fork (lua_State *L) { lua_pushinteger(L, fork()); return 1; }
      static int l_wait (lua_State *L) { waitpid((pid_t)lua_tointeger(L, 1), 0, 0); return 0; }
      static int l_exit (lua_State *L) { _exit((int)lua_tointeger(L, 1)); }
      int luaopen_forker (lua_State *L) {
        lua_newtable(L);
        lua_pushcfunction(L, l_fork); lua_setfield(L, -2, "fork");
        lua_pushcfunction(L, l_wait); lua_setfield(L, -2, "wait");
        lua_pushcfunction(L, l_exit); lua_setfield(L, -2, "exit");
        return 1;
      }]])
    shell(("cc -shared -fPIC -I/usr/include/lua5.4 -I/usr/local/include -o %s/forker.so %s/forker.c"):format(folder, folder))
    local f = assert(package.loadlib(folder .. "/forker.so", "luaopen_forker"))()
    fork, wait, exit = f.fork, f.wait, f.exit
  end)

  it("leaves the parent its unfinished file", function()
    local f, g = assert(core.file(folder .. "/forked")), assert(core.file(folder .. "/taken"))
    assert.is_true(f:write "the parent's")
    local pid = fork()
    if pid == 0 then
      f:discard()
      local _, _, name = g:commit()
      exit(name == "io" and 0 or 1)
    end
    wait(pid)
    assert.is_nil(read_file(folder .. "/taken"))
    assert.is_true(f:commit())
    assert.is_true(g:commit())
    assert.equal("the parent's", read_file(folder .. "/forked"))
  end)

  --- Leave a text for the parent, if this is the child of the fork; else what the child has left.
  local function hear(pid, fn)
    if pid == 0 then
      local _, text = pcall(fn)
      write_file(folder .. "/heard", tostring(text))
      exit(0)
    end
    wait(pid)
    return read_file(folder .. "/heard")
  end

  it("makes the parent's transfers foreign to the child, but those that are done", function()
    local done, x = submit {}, submit { path = "/v2/actor-runs?waitForFinish=60" }
    drive(function() return done:phase() == "done" end)
    s:faults { action = { hang = {} } }
    local pending = submit {}
    drive(function() return s:admin("faults").rules[1].hits == 1 end)
    assert.equal("true false false", hear(fork(), function()
      local closed = x
      closed:close()
      return ("%s %s %s"):format(pending:is_foreign(), done:is_foreign(), closed:is_foreign())
    end))
    assert.is_false(pending:is_foreign())
    pending:close()
    x:close()
  end)

  it("lets parent and child read the same stream to its end, each over its own connection", function()
    s:admin("reset", { count = 1000 })
    local client = apify.new { base_url = s.url, token = "t", min_delay_between_retries = 0.01 }
    local function open()
      return stream.new { settings = client.settings, deadline = 30, request = {
        path = "/acts/janedoe~my-actor/runs", query = { { "limit", "1000" } }, stall_timeout = math.huge,
      } }
    end
    local function drain(st)
      local pieces = {}
      while true do
        local bytes, err = st:read()
        if err then return tostring(err) end
        if not bytes then return table.concat(pieces) end
        pieces[#pieces + 1] = bytes
      end
    end
    local whole = drain(open())
    assert.is_true(#whole > 300000)
    for _, has_begun in ipairs { true, false } do
      s:faults { match = { first = 1 }, action = { drip = { bytes = 20000, secs = 0.1 } } }
      local st = open()
      local first = has_begun and st:read() or ""
      if not has_begun then apify.spawn(function() st:info() end) end
      assert.is_true(whole == first .. hear(fork(), function() return drain(st) end))
      assert.is_true(whole == first .. drain(st))
    end
  end)

  it("leaves the parent its upload", function()
    local client = apify.new { base_url = s.url, token = "t" }
    local store = client:key_value_store(assert(client:key_value_stores():get_or_create()).id)
    local pid, calls = nil, 0
    local op = { method = "PUT", path = "/key-value-stores/" .. store.id .. "/records/k", headers = {}, deadline = 30 }
    local value, err = upload_body.run(client.settings, op, source.open(function()
      calls = calls + 1
      if calls == 2 then pid = fork() end
      return calls < 4 and "piece " or nil
    end), answers.acknowledgement)
    assert.equal("context", hear(pid, function() return value and "stored" or err.kind end))
    assert.truthy(value)
    assert.equal("piece piece piece ", assert(store:get_record("k", { raw = true })).value)
  end)
end)

describe("what stands for null", function()
  it("may be a value of any type", function()
    local options = { nulls = { io.stdout, print }, empty_arrays = { core.null } }
    assert.equal("[null,1,null]", core.encode({ io.stdout, 1, print }, options))
    assert.is_nil((core.encode({ io.stderr }, options)))
  end)
end)

describe("a checksum", function()
  it("is zlib's CRC-32, also in parts", function()
    assert.equal(907060870, core.crc32(0, "hello"))
    assert.equal(0xcbf43926, core.crc32(0, "123456789"))
    assert.equal(0, core.crc32(0, ""))
    assert.equal(907060870, core.crc32(core.crc32(0, "hel"), "lo"))
    assert.equal(907060870, core.crc32(0, "xhellox", 2, 6))
    assert.equal(907060870, core.crc32(0, "xhello", 2, 100))
    assert.equal(7, core.crc32(7, "xhello", 3, 2))
    for _, args in ipairs { { -1, "x" }, { 2 ^ 32, "x" }, { 0, "x", 0 }, { 0 } } do
      assert.is_false(pcall(core.crc32, unpack and unpack(args) or table.unpack(args)))
    end
  end)
end)

describe("UTF-8", function()
  local GOOD = { "", "plain \"text\"\n", "\195\169", "\226\130\172", "\240\159\152\128", "\244\143\191\191", "\237\159\191", "\238\128\128", "\0" }
  local BAD = { "\128", "\255", "\192\128", "\224\128\128", "\237\160\128", "\244\144\128\128", "\245\128\128\128", "\195", "\226\130", "\195\40" }

  it("is told from what is not", function()
    for _, text in ipairs(GOOD) do
      assert.is_true(core.is_utf8(text))
      assert.is_true(core.is_utf8(("x"):rep(50) .. text .. "\n" .. text))
    end
    for _, text in ipairs(BAD) do
      assert.is_false(core.is_utf8(text))
      assert.is_false(core.is_utf8(("x"):rep(50) .. text .. "x"))
    end
  end)

  it("has its unfinished end held back, and nothing else", function()
    for _, text in ipairs(GOOD) do
      for n = 0, #text do
        local piece = "é" .. text:sub(1, n)
        assert.equal((n == #text or text:byte(1) < 128) and #piece or 2, core.utf8_end(piece), piece)
      end
    end
    for _, case in ipairs { { "\128\128\128\128", 4 }, { "\255", 1 }, { "\192", 1 }, { "\224\128", 2 }, { "a\226\130", 1 }, { "\237\160", 2 },
      { "\240\159\152", 0 }, { "\195\169\169", 3 }, { "\128", 1 } } do
      assert.equal(case[2], core.utf8_end(case[1]))
    end
  end)
end)
