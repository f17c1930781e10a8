-- runs once, by LuaJIT
--- The pieces of nginx's configuration in README.md and docs/openresty.md, in an nginx that runs them.
local markdown = require "spec.support.markdown"
local nginx_server = require "spec.hosts.nginx_server"
local shell = require "spec.support.shell"
local testbed = require "spec.support.testbed"

local TOKEN = "apify_api_some"

-- The pieces of a document that begin with a word, in order.
local function pieces(path, word)
  local list = {}
  for code in markdown.read(path):gmatch "```nginx\n(.-)```" do
    if code:find("^" .. word) then list[#list + 1] = code end
  end
  return table.concat(list)
end

-- A server for each document, on a socket of its own.
local function server_of(path, name)
  return ("server { listen unix:@DIR@/%s; %s }\n"):format(name, pieces(path, "location"))
end

describe("the documents' pieces for nginx", function()
  local api = testbed.local_api(false)
  local host

  setup(function()
    api:admin("reset", { count = 0 })
    for _, actor in ipairs { "janedoe~shop", "janedoe~broken" } do api:admin("seed", { actor = actor, count = 3 }) end
    assert(testbed.client(api):request_queues():get_or_create "to-visit")
    host = nginx_server.start(api.url, {
      main = pieces("docs/openresty.md", "env"), http = pieces("docs/openresty.md", "lua_check"),
      servers = server_of("README.md", "readme") .. server_of("docs/openresty.md", "page"),
      env = ("APIFY_API_BASE_URL=%s APIFY_TOKEN=%s"):format(api.url, TOKEN),
    })
  end)
  teardown(function() host:stop() end)

  local function get(name, path, options)
    return shell.run(("curl -sS --noproxy '*' --unix-socket %s/%s %s http://host%s"):format(host.dir, name, options or "", path))
  end

  it("answer with what the API says", function()
    assert.truthy(get("readme", "/last"):find "^%u[%u-]+\n$")
    assert.equal(get("readme", "/last"), get("page", "/last"))
  end)

  it("start a run for a request", function()
    local id, status = get("page", "/start", "-w '%{http_code}' -d '{\"pages\":[]}'"):match "^(%w+)\n(%d+)$"
    assert.equal("202", status)
    local store = testbed.client(api):run(id):key_value_store()
    assert.equal('{"pages":[]}', assert(store:get_record("INPUT", { raw = true })).value)
    assert.matches("^POST .*: 400 [^\n]*\n400$", get("page", "/start", "-w '%{http_code}' -d '{'"))
    api:faults { match = { method = "POST" }, action = { status = { code = 500 } } }
    assert.matches("^it may have started: POST .*\n502$", get("page", "/start", "-w '%{http_code}' -d '{}'"))
    api:faults()
  end)

  it("run light threads side by side", function()
    assert.truthy(get("page", "/both"):find "^%u[%u-]+\n%u[%u-]+\n$")
  end)

  it("leave to a timer what the log phase cannot wait for", function()
    local queue = testbed.client(api):request_queue "janedoe~to-visit"
    assert.equal("thank you\n", get("page", "/counted?x"))
    shell.eventually(function() return #assert(queue:list_head()).items == 1 end)
    assert.equal("https://shop.example/counted", queue:list_head().items[1].url)
  end)

  it("are all that the documents have", function()
    local text = markdown.read "docs/openresty.md" .. markdown.read "README.md"
    local _, fences = text:gsub("```nginx\n", "")
    local known = 0
    for _, word in ipairs { "env", "lua_check", "location" } do
      for code in text:gmatch "```nginx\n(.-)```" do known = known + (code:find("^" .. word) and 1 or 0) end
    end
    assert.equal(fences, known)
  end)
end)
