--- A connection that is closed politely inside the head of an answer, which libcurl calls a success: it is no answer.
local testbed = require "spec.support.testbed"
local waiting = require "spec.support.waiting"

local GOOD = "what was here before"

local s, folder = testbed.local_api { count = 1 }, testbed.folder()
local client, id, store

before_each(function()
  client = testbed.client(s, { max_retries = 1 })
  id = waiting.add(s)
  s:admin("seed_items", { run = id, count = 3 })
  s:admin("set_log", { run = id, text = "one\ntwo\n" })
  s:admin("set_status", { ids = { id }, status = "SUCCEEDED" })
  store = client:run(id):key_value_store()
  assert(store:set_record("KEY", { a = 1 }))
end)

local _, write, read = testbed.files(folder)

local function write_file() return write("file", GOOD) end
local function read_file() return read "file" end

-- What asks for something at the end of `path`, and what it gives when all is well.
local CALLS = {
  ["dataset:download_items"] = { "/items$", function() return client:run(id):dataset():download_items("csv", write_file()) end, true },
  ["download_record"] = { "/records/", function() return store:download_record("KEY", write_file()) end, true },
  ["log:download"] = { "/log$", function() return client:run(id):log():download(write_file()) end, true },
  ["log:get"] = { "/log$", function() return client:run(id):log():get() end, "one\ntwo\n" },
  ["log:lines"] = { "/log$", function() return client:run(id):log():lines():next() end, "one" },
  ["get_record"] = { "/records/", function()
    local record, err = store:get_record "KEY"
    return record and record.value, err
  end, { a = 1 } },
  ["request"] = { "/records/", function()
    return client:request { path = "/key-value-stores/" .. assert(store:get()).id .. "/records/KEY" }
  end, { a = 1 } },
  ["iterate_items"] = { "/items$", function()
    local item, err = client:run(id):dataset():iterate_items({ pick = { "n" } }):next()
    return item, err
  end, { n = 0 } },
}

-- Where a head is cut: behind its status line, inside a header, inside a name, before the empty line's end; or before it begins.
local CUTS = {
  ["behind the status line"] = { after_bytes = 17 }, ["inside a header"] = { after_bytes = 30 }, ["in its middle"] = {},
  ["after an interim answer"] = { interim = true }, ["inside an interim answer"] = { interim = true, after_bytes = 30 },
}

for name, case in pairs(CALLS) do
  describe("a head that is cut under " .. name, function()
    for place, cut in pairs(CUTS) do
      it(place .. " is a failure of the network", function()
        s:faults { match = { path = case[1], method = "GET" }, action = { cut_head = cut } }
        local value, err = case[2]()
        assert.is_nil(value)
        assert.same({ "network", nil, 2, false, true }, { err.kind, err.status, err.attempts, err.sent, err.retryable })
        if case[3] == true then assert.equal(GOOD, read_file()) end
      end)

      it(place .. " is forgotten when the next answer is whole", function()
        s:faults { match = { path = case[1], method = "GET", first = 1 }, action = { cut_head = cut } }
        assert.same({ case[3] }, { (case[2]()) })
        if case[3] == true then assert.is_true(read_file() ~= GOOD and read_file() ~= "") end
      end)
    end
  end)
end

describe("half an answer", function()
  it("is not the API's word that a thing is missing", function()
    s:faults { match = { path = "/actor%-runs/", first = 1 }, action = { cut_head = { after_bytes = 60 } } }
    local run, err = client:run("HG7ML7M8z78YcAPEB"):get()
    assert.is_nil(run)
    assert.same({ "api", 404, 2 }, { err.kind, err.status, err.attempts })
    s:faults { match = { path = "/actor%-runs/" }, action = { cut_head = { after_bytes = 60 } } }
    run, err = client:run("HG7ML7M8z78YcAPEB"):get()
    assert.is_nil(run)
    assert.same({ "network", nil, nil }, { err.kind, err.status, err.not_found })
  end)

  it("is not a redirect", function()
    s:admin("settings", { record_redirect = s.other_url })
    s:faults { match = { path = "/records/", server = "main", first = 1 }, action = { cut_head = { after_bytes = 40 } } }
    assert.same({ a = 1 }, assert(store:get_record "KEY").value)
  end)

  it("is none over TLS either", function()
    for _, url in ipairs { "h1_tls_url", "tls_url" } do
      s:faults { match = { path = "/actor%-runs/" }, action = { cut_head = { after_bytes = 60 } } }
      local run, err = testbed.client(s, { url = url, max_retries = 1 }):run(id):get()
      assert.is_nil(run)
      assert.same({ "network", 2 }, { err.kind, err.attempts })
    end
  end)

  it("of a start says that it was sent, and is not asked for again", function()
    for _, cut in pairs(CUTS) do
      s:faults { match = { method = "POST" }, action = { cut_head = cut } }
      local run, err = client:actor("janedoe~my-actor"):start()
      assert.is_nil(run)
      assert.same({ "network", nil, 1, true, false }, { err.kind, err.status, err.attempts, err.sent, err.retryable })
    end
  end)
end)
