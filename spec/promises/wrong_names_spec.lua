--- Handles, clients and iterators asked for what they have not: at the caller's line, with what was probably meant. Nothing is sent.
local apify = require "apify"
local cjson = require "cjson"
local core = require "apify.core"
local dkjson = require "dkjson"
local pretty = require "pl.pretty"
local testbed = require "spec.support.testbed"

local client = apify.new { token = false, base_url = "http://127.0.0.1:9" }
local run = client:run "abc"

local function misuse(call)
  local ok, text = pcall(call)
  assert.is_false(ok)
  assert.matches("^%S*wrong_names_spec.lua:%d+: ", text)
  return text:match "^%S+ (.*)"
end

local function asks_for(object, name)
  return misuse(function() return object[name] and true end)
end

-- An object of each kind that a user holds.
local function objects()
  return {
    client, client:actor "x", client:task "x", run, client:actor("x"):last_run(), client:runs(), client:actors(), client:tasks(), client:datasets(),
    run:log(), run:dataset(), run:key_value_store(), run:request_queue(), client:request_queue("x", { client_key = "me" }),
    (client:runs():iterate()), (run:watch()), (client:wait_each { "x" }), (run:log():lines()), (run:log():stream()),
    apify.spawn(function() end),
  }
end

it("each kind of object says that it has no such name, and how it is called", function()
  for _, object in ipairs(objects()) do
    local title = getmetatable(object).__name
    assert.truthy(asks_for(object, "colour"):find("unknown method or field 'colour' of " .. title .. " (", 1, true))
  end
end)

it("the fields of a run are had by get", function()
  assert.equal("unknown method or field 'status' of apify.Run (a handle: the fields of what it stands for come with :get())", asks_for(run, "status"))
  assert.matches("'status'.*:get%(%)", misuse(function() return apify.is_finished(run) and true end))
end)

it("a wrong method is a line of the program's, and the right one is named", function()
  assert.equal("unknown method or field 'waitForFinish' of apify.Run (did you mean 'wait_for_finish'?)", misuse(function() run:waitForFinish() end))
  assert.matches("did you mean 'key_value_store'", misuse(function() client:keyValueStore "x" end))
  assert.matches("did you mean 'collect'", misuse(function() client:runs():iterate():toArray() end))
  assert.matches(":request%(%)%)$", misuse(function() client:invoices() end))
end)

it("a name of another noun, or of another client, leads to the one that there is", function()
  assert.matches("did you mean 'get_log'", misuse(function() client:schedule("x"):log() end))
  assert.matches("did you mean 'update_input'", misuse(function() client:task("x"):set_input {} end))
  assert.matches("did you mean 'default_build'", misuse(function() client:actor("x"):last_build() end))
  assert.matches("did you mean 'dataset'", misuse(function() run:items() end))
  assert.matches("did you mean 'iterate_items'", misuse(function() run:dataset():items() end))
end)

it("a function of the module that is called with a colon says dot", function()
  assert.equal("bad options of apify.new: apify itself, as a colon gives it: use a dot", misuse(function() return (apify:new()) end))
  local calls = {
    function() apify:spawn(print) end, function() apify:map({}, print) end, function() apify:all {} end, function() apify:sleep(1) end,
    function() apify:date(0) end, function() apify:use "block" end,
  }
  for _, call in ipairs(calls) do assert.matches("apify itself, as a colon gives it: use a dot", misuse(call), 1, true) end
end)

it("what failed and was given on, as nil and an error, is told", function()
  local function failed() return client:run("abc"):get() end
  local told = "the error of another call %(GET /v2/actor%-runs/abc: connect: .*%)"
  client = client:with { max_retries = 0 }
  assert.matches("^bad options of client:wait_all: " .. told, misuse(function() client:wait_all(failed()) end))
  assert.matches("^bad run id: " .. told, misuse(function() client:run((select(2, failed()))) end))
end)

it("a collection that is called or walked like a list says iterate", function()
  assert.equal("runs() cannot be called: use :iterate()", misuse(function() for _ in client:runs() do io.write "row" end end))
  assert.matches("iterate_items", misuse(function() for _ in client:dataset "x" do io.write "row" end end))
  assert.matches("iterate_keys", misuse(function() client:key_value_store "x" () end))
  assert.matches("iterate_requests", misuse(function() client:request_queue "x" () end))
  assert.matches("lines", misuse(function() run:log()() end))
  assert.matches("a handle", misuse(function() client:actor "x" {} end))
  assert.matches(":iterate%(%), a page of them with :list%(%)", asks_for(client:runs(), "items"))
  assert.matches(":iterate%(%)", asks_for(client:runs(), 1))
end)

it("each object is named as users get it when it is called", function()
  assert.equal("request_queues() cannot be called: use :iterate()", misuse(function() client:request_queues() () end))
  assert.equal("key_value_store() cannot be called: use :iterate_keys()", misuse(function() run:key_value_store() () end))
  assert.matches("^actor%(%) cannot be called %(a handle", misuse(function() client:actor "x" {} end))
end)

it("the module says so too, and has what belongs to it", function()
  assert.equal("unknown name 'nwe' of apify (the module: a client is made by apify.new; did you mean 'new'?)", asks_for(apify, "nwe"))
  assert.matches("'colour' of apify %(the module", asks_for(apify, "colour"))
  assert.equal("unknown name 'isError' of apify (did you mean 'is_error'?)", asks_for(apify, "isError"))
  assert.is_nil(apify._NAME)
  assert.is_nil(rawget(apify, "nginx"))
  assert.equal("table", type(require "apify.nginx"))
end)

it("an empty token is seen to be empty, and no other is shown", function()
  assert.equal("bad option 'token' of apify.new: \"\" (expected false, or a non-empty string)", misuse(function() apify.new { token = "" } end))
  assert.not_matches("secret", misuse(function() apify.new { token = { "secret" } } end))
end)

it("no handle is taken for a function", function()
  assert.matches("expected a list or an iterator", misuse(function() apify.map(client:runs(), print) end))
  assert.matches("expected a function", misuse(function() apify.map({}, client:runs()) end))
end)

it("a handle is taken for the id of its own kind alone", function()
  local actor, build = client:actor "x", client:build "x"
  for _, call in ipairs {
    function() client:run(actor) end, function() client:actor(run) end, function() client:dataset(client:key_value_store "x") end,
    function() client:build(run) end, function() client:webhook_dispatch(client:webhook "x") end, function() client:log(actor) end,
    function() client:wait_all { actor } end, function() run:metamorph(run) end, function() client:task(actor) end,
  } do assert.matches("^bad [%w -]+ id: a handle of the kind apify%.%w+ %(expected an id", misuse(call)) end
  for _, handle in ipairs {
    client:run(run), client:build(build), client:log(run), client:log(build), client:actor(actor), client:request_queue(client:request_queue "x"),
    client:key_value_store(client:key_value_store "x"), client:webhook_dispatch(client:webhook_dispatch "x"), client:task(client:task "x"),
    client:schedule(client:schedule "x"), client:user(client:user "x"), client:dataset(client:dataset "x"), client:webhook(client:webhook "x"),
  } do assert.equal("string", type(handle.id or tostring(handle))) end
end)

it("a handle without an id has none", function()
  assert.is_nil(client:actor("x"):last_run().id)
  assert.is_nil(run:dataset().id)
  assert.equal("abc", run.id)
  assert.is_true(#misuse(function() client:run(client:runs()) end) > 0)
end)

it("printers and comparisons do with them what they do with any table", function()
  for _, object in ipairs(objects()) do
    assert.equal("string", type(pretty.write(object)))
    assert.equal("string", type(tostring(object)))
    assert.same(object, object)
    assert.equal("string", type(assert:format({ object, n = 1 })[1]))
    assert.is_true(next(object) ~= nil)
  end
  assert.same(client:run "abc".path, run.path)
  assert.same({ run.id, run.path }, { client:run("abc").id, client:run("abc").path })
end)

it("no handle is taken for a file", function()
  assert.matches("expected a file name, a handle to write to", misuse(function() client:dataset("x"):download_items("csv", run) end))
end)

describe("a page", function()
  local api = testbed.local_api { count = 3 }
  local pages

  before_each(function()
    local asking = testbed.client(api)
    local next_page = asking:runs():iterate { limit = 2 }:pages()
    pages = { asking:runs():list { limit = 2 }, asking:run(api:admin("ids", {}).ids[1]):dataset():list_items { limit = 2 }, next_page() }
    assert.equal(3, #pages)
  end)

  it("that is walked like a list says where its rows are, where ipairs obeys a metatable", function()
    local is_obeyed = false
    for _ in ipairs(setmetatable({}, { __index = { 1 } })) do is_obeyed = true end
    for _, page in ipairs(pages) do
      local ok, why = pcall(function() for _ in ipairs(page) do io.write "row" end end)
      assert.equal(not is_obeyed, ok)
      if is_obeyed then assert.matches("^%S*wrong_names_spec.lua:%d+: a page is no list: its rows are in its items, ipairs%(page.items%)$", why) end
    end
  end)

  it("that is called says so too, as for a list of Python's", function()
    for _, page in ipairs(pages) do
      assert.equal("a page is no list: its rows are in its items, ipairs(page.items)", misuse(function() for _ in page do io.write "row" end end))
    end
  end)

  it("is a plain table to everybody else", function()
    for _, page in ipairs(pages) do
      local plain = {}
      for name, value in pairs(page) do plain[name] = value end
      assert.is_nil(page[1])
      assert.is_nil(page.colour)
      assert.equal(0, #page)
      assert.same(plain, page)
      for _, encode in ipairs { core.encode, cjson.encode, dkjson.encode } do assert.equal(#encode(plain), #encode(page)) end
      assert.equal(core.encode(plain, { sort_keys = true }), core.encode(page, { sort_keys = true }))
      assert.equal(pretty.write(plain), pretty.write(page))
    end
  end)
end)
