--- Wrong names: which one is found, and what a class says of those that it has not.
local names = require "apify.util.names"
local public_names = require "spec.support.public_names"

local function misuse(call)
  local ok, text = pcall(call)
  assert.is_false(ok)
  return text
end

describe("the name that was meant", function()
  it("is told by letters", function()
    local known = { "get", "limit", "memory", "set_record", "started_after" }
    for wrong, meant in pairs {
      lmit = "limit", limits = "limit", LIMIT = "limit", startedAfter = "started_after", started_aftr = "started_after",
      mem = "memory", memory_mbytes = "memory", memoryMb = "memory", set = "set_record", after = "started_after",
    } do
      assert.equal(meant, (names.nearest(wrong, known)), wrong)
    end
    for _, wrong in ipairs { "colour", "xyz", "me", "get_all", ("limit"):rep(20), 1, true } do assert.is_nil(names.nearest(wrong, known)) end
  end)

  it("is looked for where a wrong one is of sixty bytes at most, and whatever it is made of", function()
    local known = { ("a"):rep(61) }
    assert.equal(known[1], (names.nearest(("a"):rep(60), known)))
    assert.is_nil(names.nearest(("a"):rep(61), { ("a"):rep(62) }))
    assert.is_nil(names.nearest("((((((", known))
    assert.equal("'" .. ("a"):rep(60) .. "'", names.show(("a"):rep(60)))
    assert.not_equal("'" .. ("a"):rep(61) .. "'", names.show(("a"):rep(61)))
  end)

  it("may differ in spelling alone", function()
    assert.is_true(select(2, names.nearest("startedAfter", { "started_after" })))
    assert.is_false(select(2, names.nearest("startedAfer", { "started_after" })))
    assert.is_nil(names.nearest("colour", { "started_after" }))
  end)

  it("is the nearest of several", function()
    assert.equal("wait_secs", (names.nearest("wait", { "wait_for_finish", "wait_secs" })))
    assert.equal("dataset", (names.nearest("datset", { "dataset", "datasets" })))
  end)

  it("is ours for those of other clients", function()
    local found = public_names.collect()
    local function nearest(call, wrong)
      local noun = call:match "^(.*):$"
      local known = noun and {} or names.of(assert(found.calls[call], call))
      for name in pairs(found.calls) do
        if noun and name:find("^" .. noun .. ":") then known[#known + 1] = name:match ":(.*)" end
      end
      table.sort(known)
      return call .. wrong, (names.nearest(wrong, known))
    end
    for call, wrong in pairs {
      ["actor:call"] = {
        memoryMbytes = "memory", timeout_secs = "timeout", run_timeout = "timeout", wait = "wait_secs",
        wait_duration = "wait_secs", wait_for_finish = "wait_secs", logger = "log",
      },
      ["actor:start"] = {
        mem = "memory", timeout_secs = "timeout", wait = "wait_for_finish", wait_duration = "wait_for_finish", waitSecs = "wait_for_finish",
      },
      ["actor:"] = { run = "call", execute = "call" },
      ["apify.all"] = {
        concurrency = "max_parallel", max = "max_parallel", maxConcurrency = "max_parallel", limit = "max_parallel", ignore_errors = "keep_going",
        continue_on_error = "keep_going",
      },
      ["client:"] = { acts = "actors", start = "actor", call = "actor", me = "user" },
      ["dataset:download_items"] = { sep = "delimiter", separator = "delimiter", columns = "fields", select = "fields", exclude = "omit" },
      ["apify.new"] = {
        ca = "ca_file", cacert = "ca_file",
        apiKey = "token", apiToken = "token", api_url = "base_url", api_public_url = "public_base_url", url = "base_url",
        publicBaseUrl = "public_base_url",
        minDelayBetweenRetriesMillis = "min_delay_between_retries", retries = "max_retries", timeout = "request_timeout",
        timeoutSecs = "request_timeout", userAgent = "user_agent_suffix",
      },
      ["run:get"] = { timeout = "request_timeout", wait = "wait_for_finish" },
      ["run:wait_for_finish"] = { timeout = "wait_secs", timeoutSecs = "wait_secs", waitSecs = "wait_secs", wait_duration = "wait_secs" },
      ["runs:list"] = { page_size = "limit", since = "started_after", ["until"] = "started_before", count = "limit" },
      ["runs:iterate"] = {
        fields = "pick", from = "started_after", to = "started_before", order = "desc", reverse = "desc", newest_first = "desc", sort = "desc",
        max_items = "limit", batch_size = "chunk_size", cursor = "bookmark", max = "limit", pageSize = "chunk_size", resume = "bookmark",
        concurrency = "prefetch",
      },
      ["request_queue:batch_add_requests"] = {
        maxUnprocessedRequestsRetries = "max_unprocessed_requests_retries", maxConcurrency = "max_parallel",
      },
      ["request_queue:list_and_lock_head"] = { lock_duration = "lock_secs", lock_seconds = "lock_secs" },
      ["dataset:"] = {
        getData = "list_items", get_items = "list_items", get_items_as_bytes = "download_items", stream_items = "download_items",
        pushData = "push_items", each = "iterate_items",
      },
      ["fiber:"] = { await = "wait", join = "wait", kill = "cancel", stop = "cancel" },
      ["iterator:"] = { all = "collect", cancel = "close", stop = "close", total = "progress", toArray = "collect", to_list = "collect" },
      ["key_value_store:"] = {
        getValue = "get_record", get_record_as_bytes = "get_record", keys = "list_keys", set = "set_record", setValue = "set_record",
        stream_record = "download_record", delete_value = "delete_record", get_item = "get_record", put = "set_record",
      },
      ["log:"] = { follow = "lines", tail = "lines" },
      ["request_queue:"] = {
        addRequests = "batch_add_requests", fetch_next_request = "list_and_lock_head", mark_request_as_handled = "update_request",
        paginateRequests = "iterate_requests", pop = "list_and_lock_head", reclaimRequest = "update_request",
      },
      ["runs:"] = { all = "iterate", each = "iterate" },
      ["run:"] = {
        await = "wait_for_finish", defaultDatasetId = "dataset", get_status_message_watcher = "watch", getStreamedLog = "log", kill = "abort",
        restart = "reboot", stop = "abort", wait = "wait_for_finish", cancel = "abort", iterate_items = "dataset", kvs = "key_value_store",
        lines = "log", output = "key_value_store",
      },
    } do
      for name, meant in pairs(wrong) do assert.same({ call .. name, meant }, { nearest(call, name) }) end
    end
  end)

  it("is found for every method and option in camelCase", function()
    local found, count = public_names.collect(), 0
    local function check(list)
      for _, name in ipairs(list) do
        count = count + 1
        assert.same({ name, true }, { names.nearest(name:gsub("_(%l)", string.upper), list) })
      end
    end
    local methods = {}
    for call, options in pairs(found.calls) do
      check(names.of(options))
      local noun, method = call:match "^(.*)[:.](.*)$"
      methods[noun] = methods[noun] or {}
      methods[noun][method] = true
    end
    for _, set in pairs(methods) do check(names.of(set)) end
    assert.is_true(count > 400)
  end)
end)

describe("names.slip", function()
  local list = { "WEBHOOK", "CLI", "CI", "APIFY_AI" }

  it("is the name that is meant but for a letter, case or underscores", function()
    for given, meant in pairs { WEBHOOKS = "WEBHOOK", WEBOOK = "WEBHOOK", WEBHOOC = "WEBHOOK", Cli = "CLI", APIFYAI = "APIFY_AI" } do
      assert.equal(meant, names.slip(given, list))
    end
  end)

  it("may be one of five letters for one of five, and for one of sixty", function()
    local a60 = ("a"):rep(60)
    assert.equal("ABCDE", names.slip("ABCDX", { "ABCDE" }))
    assert.is_nil(names.slip("ABCX", { "ABCD" }))
    assert.equal(a60 .. "a", names.slip(a60, { a60 .. "a" }))
    assert.is_nil(names.slip(a60 .. "b", { a60 .. "a" }))
  end)

  it("is none for a name of the list, for another one, for a letter of a short one and for a long text", function()
    for _, given in ipairs { "CI", "CLI", "WEB", "AI", "CLIX", "HOOK", ("WEBHOOK"):rep(1e5) } do assert.is_nil(names.slip(given, list)) end
  end)
end)

describe("the names of a table", function()
  it("are in order", function()
    local t, list = {}, {}
    for i = 10, 40 do
      list[#list + 1] = "name" .. i
      t["name" .. i] = i
    end
    assert.same(list, names.of(t))
  end)

  it("are listed when they are eight at most", function()
    assert.equal("1, 2, 3, 4, 5, 6, 7, 8", names.listed { 1, 2, 3, 4, 5, 6, 7, 8 })
    assert.is_nil(names.listed { 1, 2, 3, 4, 5, 6, 7, 8, 9 })
  end)
end)

describe("a guarded class", function()
  local Thing = names.guard({}, "apify.Thing", { weight = true })
  function Thing:lift() return self.weight end
  local thing = setmetatable({ name = "x" }, { __index = Thing })

  it("has its methods and fields", function()
    assert.equal("x", thing.name)
    assert.is_nil(thing:lift())
  end)

  it("raises misuse for other names at the line that asked", function()
    assert.matches("^%S*names_spec.lua:%d+: unknown method or field 'lft' of apify.Thing %(its methods are lift; did you mean 'lift'%?%)$",
      misuse(function() thing:lft() end))
    assert.matches("'colour' of apify.Thing %(its methods are lift%)$", misuse(function() return thing.colour and true end))
    assert.matches("'LIFT' of apify.Thing %(did you mean 'lift'%?%)$", misuse(function() thing.LIFT() end))
    assert.matches("unknown method or field 1 of", misuse(function() return thing[1] and true end))
  end)

  it("has nothing under the names that printers and class libraries ask for", function()
    assert.is_nil(thing.__name)
    assert.is_nil(thing._class)
  end)
end)
