local url = require "apify.util.url"

describe("url.encode", function()
  it("keeps unreserved characters", function()
    local unreserved = "ABCXYZabcxyz0189-._~"
    assert.equal(unreserved, url.encode(unreserved))
  end)

  it("encodes every other byte", function()
    assert.equal("%00%20%21%22%23%25%26%27%2B%2C%2F%3A%3D%3F%40%5B%5D%7F%C3%A9%FF", url.encode "\0 !\"#%&'+,/:=?@[]\127\195\169\255")
  end)
end)

describe("url.query", function()
  it("joins pairs in their order", function()
    assert.equal("b=x%2Cy&a=1", url.query { { "b", "x,y" }, { "a", "1" } })
  end)

  it("encodes names and values", function()
    assert.equal("a%20b=c%26d%3De", url.query { { "a b", "c&d=e" } })
    assert.equal("a=", url.query { { "a", "" } })
  end)

  it("is empty for an empty list", function()
    assert.equal("", url.query {})
  end)
end)

describe("url.id", function()
  it("takes an id, user~name, user/name and a table with an id", function()
    assert.equal("HDSasDasz78YcAPEB", url.id("HDSasDasz78YcAPEB", "Actor id"))
    assert.equal("janedoe~my-actor", url.id("janedoe~my-actor", "Actor id"))
    assert.equal("janedoe~my-actor", url.id("janedoe/my-actor", "Actor id"))
    assert.equal("abc", url.id({ id = "abc", name = "x" }, "run id"))
    assert.equal("a~b", url.id({ id = "a/b" }, "run id"))
  end)

  it("turns the first slash alone into a tilde", function()
    assert.equal("a~b%2Fc", url.id("a/b/c", "Actor id"))
    assert.equal("~b", url.id("/b", "Actor id"))
  end)

  it("encodes what could leave the segment", function()
    assert.equal("a%3Fb%23c%25d%20e", url.id("a?b#c%d e", "run id"))
    assert.equal("..~x", url.id("../x", "run id"))
    assert.equal("%252e%252e", url.id("%2e%2e", "run id"))
  end)

  it("refuses what cannot be an id, naming it and what is allowed", function()
    for _, bad in ipairs { "", ".", "..", "a\nb", "a\0", "\127", 5, true, print } do
      assert.error_matches(function() url.id(bad, "run id") end, "bad run id: .+ %(expected an id, 'user~name', ")
    end
    assert.error_matches(function() url.id(nil, "task id") end, "bad task id: nil %(expected")
  end)

  it("takes a handle of what is named, and of nothing else", function()
    local run = setmetatable({ id = "abc" }, { refuses_call = true, __name = "apify.Run", __index = { noun = "run" } })
    for _, what in ipairs { "run id", "run or build id", "build or run id", "Run id" } do assert.equal("abc", url.id(run, what)) end
    for _, what in ipairs { "build id", "last run id", "task or build id" } do
      assert.error_matches(function() url.id(run, what) end, "bad " .. what .. ": a handle of the kind apify.Run %(expected")
    end
  end)

  it("refuses a table without a good id", function()
    assert.error_matches(function() url.id({}, "run id") end, "bad run id: a table whose id is nil")
    assert.error_matches(function() url.id({ id = 7 }, "run id") end, "bad run id: a table whose id is 7")
    assert.error_matches(function() url.id({ id = ".." }, "run id") end, 'bad run id: a table whose id is "%.%."')
  end)
end)

describe("url.segment", function()
  it("encodes a string as it is", function()
    assert.equal("a%2Fb", url.segment("a/b", "key"))
    assert.equal("...", url.segment("...", "key"))
  end)

  it("refuses the same as url.id, and tables", function()
    for _, bad in ipairs { "", ".", "..", "a\rb", 5, { id = "x" } } do
      assert.error_matches(function() url.segment(bad, "key") end, "bad key: .+ %(expected a string")
    end
    assert.error_matches(function() url.segment(nil, "key") end, "bad key: nil")
  end)
end)

describe("url.base", function()
  it("completes the address in all its spellings", function()
    for _, s in ipairs {
      "https://api.apify.com", "https://api.apify.com/", "https://api.apify.com/v2", "https://api.apify.com/v2/",
      "https://api.apify.com//", "https://api.apify.com/v2//", "HTTPS://API.apify.com", "https://api.apify.com:443/v2",
    } do
      assert.same({
        url = "https://api.apify.com/v2", scheme = "https", host = "api.apify.com", port = 443, loopback = false,
      }, url.base(s))
    end
  end)

  it("keeps a port and a prefix", function()
    assert.equal("http://h:8080/v2", url.base("http://h:8080").url)
    assert.equal(8080, url.base("http://h:8080").port)
    assert.same({ 1, 65535 }, { url.base("http://h:1").port, url.base("http://h:65535").port })
    assert.equal("https://h/apify/api/v2", url.base("https://h/apify/api/").url)
    assert.equal("https://h/apify/v2", url.base("https://h/apify/v2").url)
    assert.equal("https://h/xv2/v2", url.base("https://h/xv2").url)
    assert.equal("http://h:443/v2", url.base("http://h:443").url)
    assert.equal("http://h/v2", url.base("http://h:80").url)
  end)

  it("writes the path as it will be sent: without dots, in ASCII", function()
    assert.equal("http://h/a%D5/b/v2", url.base("http://h/x/../a\213/./b").url)
    assert.equal("http://h/v2", url.base("http://h/..").url)
  end)

  it("takes names, IPv4 and IPv6", function()
    assert.equal("my_service", url.base("http://my_service").host)
    assert.equal("a.b.", url.base("http://a.b.").host)
    assert.equal("10.0.0.1", url.base("http://10.0.0.1").host)
    assert.equal(("a"):rep(253), url.base("http://" .. ("a"):rep(253)).host)
    assert.equal("http://[2001:db8::1]:81/v2", url.base("http://[2001:DB8::1]:81").url)
    assert.equal("[::ffff:127.0.0.1]", url.base("http://[::ffff:127.0.0.1]").host)
    assert.equal("[1:2:3:4:5:6:7:8]", url.base("http://[1:2:3:4:5:6:7:8]").host)
    assert.equal("[1:2:3:4:5:6:7::]", url.base("http://[1:2:3:4:5:6:7::]").host)
    assert.equal("[::]", url.base("http://[::]").host)
  end)

  it("refuses the rest and says why", function()
    for s, why in pairs {
      [""] = "begin with", ["api.apify.com"] = "begin with", ["ftp://h"] = "begin with", ["http:/h"] = "begin with",
      ["//h"] = "begin with", ["file:///etc/passwd"] = "begin with",
      ["http://"] = "host is missing", ["http:///v2"] = "host is missing", ["http://:80"] = "host is missing",
      ["http://u@h"] = "user name", ["http://@h"] = "user name", ["http://u:p@h"] = "user name", ["http://127.0.0.1@evil.com"] = "user name",
      ["http://h?x=1"] = "query", ["http://h/v2#x"] = "fragment", ["http://h/?"] = "query",
      ["http://h /"] = "spaces", ["http://h\n"] = "control", ["http://h/\0"] = "control",
      ["http://h:"] = "bad port", ["http://h:0"] = "bad port", ["http://h:65536"] = "bad port",
      ["http://h:8x"] = "bad port", ["http://h:-1"] = "bad port", ["http://h:1:2"] = "bad port",
      ["http://h:0x50"] = "bad port", ["http://h:1e3"] = "bad port", ["http://[::1]80"] = "bad port",
      ["http://h:00000000000080"] = "bad port",
      ["http://.h"] = "bad host", ["http://a..b"] = "bad host", ["http://-h"] = "bad host", ["http://a%2eb"] = "bad host",
      ["http://127.0.0.1\\@evil.com"] = "user name", ["http://127.0.0.1\\.evil.com"] = "bad host",
      ["http://h\195\169"] = "bad host",
      ["http://[::1"] = "bad host", ["http://[]"] = "bad host", ["http://[1:2]"] = "bad host",
      ["http://[1.2.3.4]"] = "bad host", ["http://[:::1]"] = "bad host", ["http://[1::2::3]"] = "bad host",
      ["http://[1:2:3:4:5:6:7:8:9]"] = "bad host", ["http://[12345::]"] = "bad host", ["http://[::1%25lo]"] = "bad host",
      ["http://[1:2:3:4::5:6:7:8]"] = "bad host", ["http://[1:2:3:4:5:6:7]"] = "bad host",
      ["http://[:1:2:3:4:5:6:7:8]"] = "bad host", ["http://[1:2:3:4:5:6:7:8:]"] = "bad host", ["http://[1::2:]"] = "bad host",
      ["http://[:1::2]"] = "bad host", ["http://h:000080"] = 'bad port "000080"', ["http://" .. ("a"):rep(254)] = "bad host",
      ["http://[1:2:3:4:5:6:7:]"] = "bad host", ["http://[:1:2:3:4:5:6:7]"] = "bad host",
    } do
      local base, reason = url.base(s)
      assert.is_nil(base, s)
      assert.matches(why, reason, nil, nil, s)
    end
    assert.same({ nil, "it must be a string" }, { url.base(5) })
  end)

  it("never shows user info in a reason", function()
    local _, reason = url.base("http://user:secret@h")
    assert.not_matches("secret", reason)
  end)

  it("knows what is loopback", function()
    for _, host in ipairs { "127.0.0.1", "127.255.255.255", "127.0.0.1:8080", "[::1]", "[::1]:1", "localhost", "LocalHost:99" } do
      assert.is_true(url.base("http://" .. host).loopback, host)
    end
  end)

  it("takes nothing else for loopback", function()
    for _, host in ipairs {
      "127.1", "127.0.1", "127.0.0.1.evil.com", "127.0.0.1.", "127.0.0.256", "127.0.0.01", "0177.0.0.1", "0x7f.0.0.1",
      "2130706433", "127.0.0.1.5", "128.0.0.1", "10.0.0.1", "0.0.0.0", "localhost.", "localhost.evil.com", "notlocalhost",
      "[::2]", "[::]", "[::ffff:127.0.0.1]", "[0:0:0:0:0:0:0:1]", "api.apify.com", "127.0.0.0001",
    } do
      assert.is_false(url.base("http://" .. host).loopback, host)
    end
  end)
end)

describe("url.resolve", function()
  local BASE = "https://api.apify.com/v2/acts/x?limit=1"

  local function resolves(location, expected, base)
    assert.equal(expected, (url.resolve(base or BASE, location)), location)
  end

  it("takes absolute URLs", function()
    resolves("http://other.com/a?b=c", "http://other.com/a?b=c")
    resolves("HTTPS://Other.com:443", "https://other.com/")
    resolves("https://other.com:8443?x", "https://other.com:8443/?x")
  end)

  it("takes the scheme from the base", function()
    resolves("//other.com/a", "https://other.com/a")
    resolves("//other.com/a", "http://other.com/a", "http://h/")
  end)

  it("takes scheme and host from the base", function()
    resolves("/a/b?c", "https://api.apify.com/a/b?c")
    resolves("/a", "http://h:81/a", "http://h:81/x/y")
  end)

  it("takes relative paths", function()
    resolves("y", "https://api.apify.com/v2/acts/y")
    resolves("./y?q", "https://api.apify.com/v2/acts/y?q")
    resolves("../y", "https://api.apify.com/v2/y")
    resolves("../../../../y", "https://api.apify.com/y")
    resolves(".", "https://api.apify.com/v2/acts/")
    resolves("..", "https://api.apify.com/v2/")
    resolves("y", "http://h/y", "http://h")
    resolves("a/../b/./c/..", "http://h/b/", "http://h/x")
  end)

  it("takes a query alone", function()
    resolves("?offset=2", "https://api.apify.com/v2/acts/x?offset=2")
  end)

  it("drops fragments", function()
    resolves("/a#b?c", "https://api.apify.com/a")
    resolves("https://h/a?b#c#d", "https://h/a?b")
    resolves("#x", BASE)
    resolves("/a", "http://h/a", "http://h/x#y")
  end)

  it("finds absolute URLs inside a query harmless", function()
    resolves("/a?u=http://evil.com/", "https://api.apify.com/a?u=http://evil.com/")
    resolves("a?u=//x", "https://api.apify.com/v2/acts/a?u=//x")
  end)

  it("encodes spaces and bytes beyond ASCII, and drops blanks around", function()
    resolves(" /a b\195\169 ", "https://api.apify.com/a%20b%C3%A9")
    resolves("/a%20b", "https://api.apify.com/a%20b")
  end)

  it("returns the parts too", function()
    local _, parts = url.resolve(BASE, "//Other.com:8443/a?b")
    assert.same({ "https", "other.com", 8443, false },
      { parts.scheme, parts.host, parts.port, parts.loopback })
    _, parts = url.resolve("http://localhost:80/", "/a")
    assert.same({ "http", "localhost", 80, true }, { parts.scheme, parts.host, parts.port, parts.loopback })
  end)

  it("refuses the rest and says why", function()
    for location, why in pairs {
      [""] = "missing", ["  "] = "missing", ["ftp://h/"] = "begin with", ["file:///etc/passwd"] = "begin with",
      ["javascript:alert(1)"] = "begin with", ["http:foo"] = "begin with", ["https:/h"] = "begin with",
      ["https://u:p@h/"] = "user name", ["//u@h/"] = "user name", ["///h"] = "host is missing",
      ["/a\nb"] = "control", ["/a\0"] = "control", ["https://h:99999/"] = "bad port", ["//evil.com\\@h/"] = "user name",
    } do
      local address, reason = url.resolve(BASE, location)
      assert.is_nil(address, location)
      assert.matches(why, reason, nil, nil, location)
    end
    assert.same({ nil, "the location is missing" }, { url.resolve(BASE, nil) })
    assert.is_nil((url.resolve("nonsense", "/a")))
  end)

  it("keeps a backslash on the host that was asked", function()
    local _, parts = url.resolve(BASE, "/\\evil.com/a")
    assert.equal("api.apify.com", parts.host)
  end)
end)

describe("url.origin", function()
  it("writes scheme, host and port in one way", function()
    assert.equal("https://api.apify.com:443", url.origin "https://API.apify.com/v2?x")
    assert.equal("https://api.apify.com:443", url.origin "HTTPS://api.apify.com:443")
    assert.equal("http://h:80", url.origin "http://h")
    assert.equal("http://h:443", url.origin "http://h:443/")
    assert.equal("http://[::1]:8080", url.origin "http://[::1]:8080/a")
  end)

  it("says why there is none", function()
    assert.same({ nil, "it must begin with http:// or https://" }, { url.origin "/v2" })
  end)
end)

describe("url.path", function()
  it("is the path alone", function()
    assert.equal("/v2/acts/x/runs", url.path "https://api.apify.com/v2/acts/x/runs?token=secret&limit=1")
    assert.equal("/v2/a", url.path "/v2/a?b#c")
    assert.equal("/v2/a", url.path "http://h:80/v2/a#c")
    assert.equal("/", url.path "http://h")
    assert.equal("/", url.path "http://h?token=secret")
  end)
end)
