--- What an editor is told of the module is what the module has: every method, parameter and option, and the objects of the API.
local annotations = require "spec.support.annotations"
local public_names = require "spec.support.public_names"
local job_status = require "apify.resources.base.job_status"
local sources = require "spec.support.sources"
local testbed = require "spec.support.testbed"

local ALL = annotations.read()

local function sorted(set)
  local list = {}
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return list
end

-- What is written above a function of the library; nil of one of C, and of one that code has made.
local function written_of(fn)
  local info = debug.getinfo(fn, "S")
  local path = info.source:match ".*(lua/apify/.+)$"
  return path and ALL.functions[path .. ":" .. info.linedefined]
end

local function join(...)
  return table.concat({ ... }, " ")
end

describe("what an editor is told", function()
  local found = public_names.collect()

  it("of every method and function is where it can see it, on the class of its handle", function()
    local owners, methods = {}, 0
    for name, fn in pairs(found.functions) do
      local noun, method = name:match "^(.-)[.:](.*)$"
      local written = written_of(fn)
      assert.is_truthy(written or name == "apify.array", name)                     -- that one is in C
      if noun ~= "apify" then
        methods = methods + 1
        assert.equal(method, written.name, name)
        assert.is_truthy(written.owner, name)
        owners[noun] = owners[noun] or written.owner
        assert.equal(owners[noun], written.owner, name)
      end
    end
    assert.is_true(methods > 100)
  end)

  it("of the arguments of a public call is all of them", function()
    for name, fn in pairs(found.functions) do
      local written = written_of(fn)
      if written then assert.same({ name, written.parameters }, { name, written.documented }) end
    end
  end)

  it("of arguments anywhere has their names", function()
    local wrong, count = {}, 0
    for where, written in pairs(ALL.functions) do
      local names = { ["..."] = true }
      for _, name in ipairs(written.parameters) do names[name] = true end
      for _, name in ipairs(written.documented) do
        if not names[name] then wrong[#wrong + 1] = join(where, name) end
        count = count + 1
      end
    end
    assert.same({}, wrong)
    assert.is_true(count > 300)
  end)

  it("of the options of a call is every one, and no other", function()
    for name, options in pairs(found.calls) do
      local written = written_of(found.functions[name])
      local last = written and written.documented[#written.documented]
      local is_options = last == "opts" or last == "o"
      local fields = is_options and annotations.fields(ALL, written.types[last]) or {}
      assert.same({ name, sorted(options) }, { name, sorted(fields) })
    end
  end)

  it("of the API's objects is that their nulls can be kept: each call that returns such takes `nulls`", function()
    local is_object, without, count = {}, {}, 0
    local is_step = { iterator = true, waits = true, watch = true }        -- of what was called with `nulls`
    for _, path in ipairs(sources.list "lua/apify/meta") do
      for line in io.lines(path) do is_object[line:match "^%-%-%-@class (apify%.%w+)$" or false] = true end
    end
    for call, options in pairs(found.calls) do
      local written = written_of(found.functions[call])
      for name in (written and written.returns[1] or ""):gmatch "apify%.%w+" do
        if is_object[name] or name:find "Page$" then
          count = count + 1
          if not options.nulls and not is_step[call:match "^%l+"] then without[#without + 1] = call end
        end
      end
    end
    assert.same({}, without)
    assert.is_true(count > 40)
  end)

  it("of ids is that they are ids", function()
    local count = 0
    for _, noun in ipairs { "actor", "build", "dataset", "key_value_store", "log", "request_queue", "run", "task" } do
      assert.equal("apify.Id", written_of(found.functions["client:" .. noun]).types.id)
      count = count + 1
    end
    assert.equal(8, count)
  end)

  it("names no type that is not there", function()
    local missing = {}
    for _, use in ipairs(ALL.uses) do
      local is_module = use.name == "apify.core"
      if not (ALL.classes[use.name] or ALL.aliases[use.name] or is_module) then missing[#missing + 1] = join(use.where, use.name) end
    end
    assert.same({}, missing)
    assert.is_true(#ALL.uses > 500)
  end)

  it("of a run's status are the eight that there are", function()
    local listed = {}
    for status in ALL.aliases["apify.RunStatus"]:gmatch '"(.-)"' do listed[#listed + 1] = status end
    assert.equal(8, #listed)
    assert.same(job_status.STATUSES, listed)
  end)
end)

describe("what an editor is told of the API's objects", function()
  local api = testbed.local_api { count = 1 }
  local client

  before_each(function() client = testbed.client(api) end)

  -- What a value can be, by what is written of it: "string", "integer" and so on; a class is a table.
  local function is_of(text, value)
    local kind = type(value)
    if kind == "number" then return text:find "number" or text:find "integer" end
    if kind == "table" then return text:find "table" or text:find "%[%]" or text:find "{" or text:find "apify%." end
    return text:find(kind) or kind == "string" and ALL.aliases[text:match "apify%.%w+"]
  end

  -- An object, and those in it, have what their class says that they always have, and all is of the type that it says.
  local function check(class, object)
    for name, text in pairs(annotations.fields(ALL, class)) do
      local value, inner = object[name], text:match "^(apify%.%w+)%??$"
      assert.is_true(value ~= nil or text:find "%?$" ~= nil, join(class, name, "is absent"))
      assert.is_truthy(value == nil or is_of(text, value), join(class, name, text, tostring(value)))
      if value ~= nil and ALL.classes[inner] then check(inner, value) end
    end
  end

  it("is what a run has", function()
    local row = assert(client:runs():list()).items[1]
    check("apify.RunRow", row)
    local run = assert(client:run(row):get())
    check("apify.Run", run)
    local fields = annotations.fields(ALL, "apify.Run")
    for name in pairs(run) do assert.is_truthy(fields[name], name) end
  end)

  it("is what a build has", function()
    check("apify.BuildRow", assert(client:builds():list()).items[1])
    check("apify.Build", assert(client:actor("janedoe~my-actor"):build "0.1"))
    check("apify.Build", assert(assert(client:actor("janedoe~my-actor"):default_build()):get()))
  end)

  it("is what an Actor and a task have", function()
    local version = client:actor("janedoe~my-actor"):version "0.1"
    check("apify.EnvVar", assert(version:env_vars():create { name = "A", value = "1" }))
    check("apify.ActorVersion", assert(version:get()))
    check("apify.ActorRow", assert(client:actors():list()).items[1])
    check("apify.Actor", assert(client:actor("janedoe~my-actor"):get()))
    check("apify.ActorTaskRow", assert(client:tasks():list()).items[1])
    check("apify.ActorTask", assert(client:task("janedoe~my-task"):get()))
  end)

  it("is what a webhook and its dispatches have", function()
    local webhooks = client:webhooks()
    local made = assert(webhooks:create {
      eventTypes = { "ACTOR.RUN.SUCCEEDED" }, condition = { actorId = "janedoe~my-actor" }, requestUrl = "http://127.0.0.1:9",
    })
    check("apify.WebhookDispatch", assert(client:webhook(made):test()))
    check("apify.Webhook", assert(client:webhook(made):get()))
    check("apify.WebhookRow", assert(webhooks:list()).items[1])
  end)

  it("is what a storage has", function()
    local made = assert(client:datasets():get_or_create "a")
    check("apify.Dataset", made)
    check("apify.DatasetRow", assert(client:datasets():list { unnamed = true }).items[1])
    check("apify.DatasetStatistics", assert(client:dataset(made):get_statistics()))
    made = assert(client:key_value_stores():get_or_create "a")
    check("apify.KeyValueStore", made)
    assert(client:key_value_store(made):set_record("key", "value"))
    local page = assert(client:key_value_store(made):list_keys())
    check("apify.KeyPage", page)
    check("apify.KeyValueStoreKey", page.items[1])
  end)

  it("is what a queue and its requests have", function()
    local made = assert(client:request_queues():get_or_create "a")
    check("apify.RequestQueue", made)
    check("apify.RequestQueueRow", assert(client:request_queues():list { unnamed = true }).items[1])
    local queue = client:request_queue(made, { client_key = "me" })
    local registration = assert(queue:add_request { url = "http://a/", uniqueKey = "a" })
    check("apify.RequestRegistration", registration)
    check("apify.AddedRequest", assert(queue:batch_add_requests { "http://b/" })[1])
    check("apify.QueueRequest", assert(queue:get_request(registration.requestId)))
    check("apify.QueueRequestPage", assert(queue:list_requests()))
    local head = assert(queue:list_head())
    check("apify.QueueHead", head)
    check("apify.QueueHeadRow", head.items[1])
    head = assert(queue:list_and_lock_head { lock_secs = 60 })
    check("apify.LockedQueueHead", head)
    check("apify.LockedQueueHeadRow", head.items[1])
    check("apify.RequestLock", assert(queue:prolong_request_lock(head.items[1].id, { lock_secs = 60 })))
    check("apify.UnlockRequestsResult", assert(queue:unlock_requests()))
    check("apify.DeletedRequest", assert(queue:batch_delete_requests { registration.requestId })[1])
  end)
end)
