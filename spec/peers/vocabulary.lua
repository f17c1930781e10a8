--- The vocabulary of the official JavaScript client, and the same in ours: what both are asked to do with the local API.
---
--- A row has our expression and theirs. In both, `client` is the client and `w` the world that a reset has made: `actor`, `task`, `run` (the
--- last one, which has ended), `going` (one that goes on), `dataset`, `store` and `queue` (the run's own); `drain` takes all that an iterator
--- gives. Further fields of a row:
---   before    our code that runs first, whoever is asked then; what it needs beyond the world it puts into `w`
---   differs   why the requests are not the same, if so on purpose
---   is_first  of several requests the first is the one that it stands for; else it is the last
---   is_actor  the environment says that `w.run` is the run which this is
---   is_text   both give the same text
---   alone     why the official client has no such thing, where its expression is missing
local vocabulary = {}

local ITEMS = "w.items = { { a = 1, b = 'x' }, { a = 2 } } assert(@:push_items(w.items))"
local RECORD = "assert(@:set_record('some-key', { v = 1 }))"
local REQUEST = "w.request = assert(@:add_request { url = 'https://example.com/1', uniqueKey = 'u1' }).requestId"
local LOCK = REQUEST .. " assert(@:list_and_lock_head { lock_secs = 60 })"

--- What hangs below a run, a last run and by its own id; "@" stands for its handle, in `before` for ours. `pins`: below a last run ours first
--- asks which run that is, as it may take several calls.
vocabulary.below = {
  log = {
    { "@:get()", "@.get()", is_text = true },
    { "@:get { raw = true }", "@.get({ raw: true })", is_text = true },
    { "drain(@:lines { follow = true })", "@.stream()", differs = "ours asks whether the run has ended, too", is_first = true },
  },
  dataset = {
    { "@:get()", "@.get()" },
    { "@:update { title = 'New' }", "@.update({ title: 'New' })" },
    { "@:delete()", "@.delete()" },
    { "@:list_items { limit = 5, desc = true }", "@.listItems({ limit: 5, desc: true })", before = ITEMS },
    { "@:list_items { fields = { 'a', 'b' }, clean = true }", "@.listItems({ fields: ['a', 'b'], clean: true })", before = ITEMS },
    { "@:download_items 'csv'", "@.downloadItems('csv')", before = ITEMS, pins = true },
    { "@:push_items { { a = 1 }, { a = 2 } }", "@.pushItems([{ a: 1 }, { a: 2 }])", pins = true },
    { "@:get_statistics()", "@.getStatistics()", before = ITEMS },
  },
  store = {
    { "@:get()", "@.get()" },
    { "@:update { title = 'New' }", "@.update({ title: 'New' })" },
    { "@:delete()", "@.delete()" },
    { "@:list_keys { limit = 5, prefix = 'IN' }", "@.listKeys({ limit: 5, prefix: 'IN' })" },
    { "@:get_record 'some-key'", "@.getRecord('some-key')", before = RECORD },
    { "@:record_exists 'some-key'", "@.recordExists('some-key')", before = RECORD },
    { "@:set_record('some-key', { v = 2 })", "@.setRecord({ key: 'some-key', value: { v: 2 } })" },
    { "@:set_record('a-text', 'plain', { content_type = 'text/plain' })",
      "@.setRecord({ key: 'a-text', value: 'plain', contentType: 'text/plain' })" },
    { "@:delete_record 'some-key'", "@.deleteRecord('some-key')", before = RECORD },
    { "@:download_records()", alone = "no ZIP of records", pins = true },
  },
  queue = {
    { "@:get()", "@.get()" },
    { "@:update { title = 'New' }", "@.update({ title: 'New' })" },
    { "@:delete()", "@.delete()" },
    { "@:list_head { limit = 5 }", "@.listHead({ limit: 5 })", before = REQUEST },
    { "@:list_and_lock_head { lock_secs = 60, limit = 5 }", "@.listAndLockHead({ lockSecs: 60, limit: 5 })", before = REQUEST },
    { "@:add_request({ url = 'https://example.com/1', uniqueKey = 'u' }, { forefront = true })",
      "@.addRequest({ url: 'https://example.com/1', uniqueKey: 'u' }, { forefront: true })" },
    { "@:batch_add_requests { { url = 'https://example.com/1', uniqueKey = 'u' } }",
      "@.batchAddRequests([{ url: 'https://example.com/1', uniqueKey: 'u' }])", pins = true },
    { "@:batch_delete_requests { { uniqueKey = 'u1' } }", "@.batchDeleteRequests([{ uniqueKey: 'u1' }])", before = REQUEST, pins = true },
    { "@:get_request(w.request)", "@.getRequest(w.request)", before = REQUEST },
    { "@:update_request { id = w.request, url = 'https://example.com/1', uniqueKey = 'u1' }",
      "@.updateRequest({ id: w.request, url: 'https://example.com/1', uniqueKey: 'u1' })", before = REQUEST },
    { "@:delete_request(w.request)", "@.deleteRequest(w.request)", before = REQUEST },
    { "@:prolong_request_lock(w.request, { lock_secs = 90 })", "@.prolongRequestLock(w.request, { lockSecs: 90 })", before = LOCK },
    { "@:delete_request_lock(w.request)", "@.deleteRequestLock(w.request)", before = LOCK },
    { "@:unlock_requests()", "@.unlockRequests()", before = LOCK },
    { "@:list_requests { limit = 5 }", "@.listRequests({ limit: 5 })", before = REQUEST },
    { "drain(@:iterate_requests { chunk_size = 5 })", "drain(@.paginateRequests({ maxPageLimit: 5 }))", before = REQUEST,
      pins = true },
  },
}

local ENDING = "w.ending = api:admin('add_runs', { actor = w.actor, task = w.task, schedule = { { 0, 'RUNNING' }, { 0.2, 'FAILED' } } }).ids[1]"
local POLLS = "ours asks the API to hold its answer for 60 s at most, as it does"
local OUTPUT = "api:admin('behaviour', { actor = w.actor, output = { b = 2 } })"
local OWN_ACTOR = "w.own = assert(client:actors():create { name = 'own-actor'"
  .. ", versions = { { versionNumber = '0.1', sourceType = 'SOURCE_FILES', sourceFiles = apify.array {} } } }).id"
local ENV_VAR = OWN_ACTOR .. " assert(client:actor(w.own):version('0.1'):env_vars():create { name = 'SOME', value = 'x' })"
local OWN_TASK = "w.own = assert(client:tasks():create { actId = w.actor, name = 'own-task', input = { a = 1 } }).id"
local PUBLIC_TASK = OWN_TASK .. " assert(client:actor(w.actor):update { isPublic = true })"
  .. " assert(client:task(w.own):update { publicConfig = { seoTitle = 'x' } })"
local BUILD = "w.build = assert(client:actor(w.actor):build('0.1')).id"
local BUILT = "w.build = assert(client:actor(w.actor):build('0.1', { tag = 'other' })).id assert(client:build(w.build):wait_for_finish())"
local WEBHOOK = "w.webhook = assert(client:webhooks():create { eventTypes = { 'ACTOR.RUN.SUCCEEDED' }"
  .. ", condition = { actorId = w.actor }, requestUrl = 'http://127.0.0.1:9/' }).id"
local DISPATCH = WEBHOOK .. " w.dispatch = assert(client:webhook(w.webhook):test()).id"
local SCHEDULE = "w.schedule = assert(client:schedules():create { name = 'nightly', isEnabled = true"
  .. ", isExclusive = true, cronExpression = '@daily', timezone = 'UTC', actions = apify.array {} }).id"
local PINNED = "ours asks which run is the last, and waits for that"

--- All else.
vocabulary.rows = {
  { "client:actors():list { limit = 5, desc = true }", "client.actors().list({ limit: 5, desc: true })" },
  { "client:actors():list { my = true, sort_by = 'stats.lastRunStartedAt' }",
    "client.actors().list({ my: true, sortBy: 'stats.lastRunStartedAt' })" },
  { "client:actor(w.actor):get()", "client.actor(w.actor).get()" },
  { "client:actor(w.actor):start({ a = 1 }, { memory = 256, timeout = 60 })", "client.actor(w.actor).start({ a: 1 }, { memory: 256, timeout: 60 })" },
  { "client:actor(w.actor):start(nil, { webhooks = { { eventTypes = { 'ACTOR.RUN.SUCCEEDED' }, requestUrl = 'http://127.0.0.1:9/' } } })",
    "client.actor(w.actor).start(undefined, { webhooks: [{ eventTypes: ['ACTOR.RUN.SUCCEEDED'], requestUrl: 'http://127.0.0.1:9/' }] })" },
  { "client:actor(w.actor):call({ a = 1 })", "client.actor(w.actor).call({ a: 1 }, { log: null })", differs = POLLS, is_first = true },
  { "client:actor(w.actor):run_sync({ a = 1 })", before = OUTPUT, alone = "the official client has no run-sync" },
  { "client:actor(w.actor):run_sync_get_dataset_items({ a = 1 })", alone = "the official client has no run-sync" },
  { "client:actor(w.actor):runs():list { status = 'SUCCEEDED', desc = true }",
    "client.actor(w.actor).runs().list({ status: 'SUCCEEDED', desc: true })" },
  { "client:actor(w.actor):runs():list { started_after = w.day }", "client.actor(w.actor).runs().list({ startedAfter: w.day })" },

  { "client:tasks():list { limit = 5, desc = true }", "client.tasks().list({ limit: 5, desc: true })" },
  { "client:task(w.task):get()", "client.task(w.task).get()" },
  { "client:task(w.task):start({ a = 1 }, { memory = 256 })", "client.task(w.task).start({ a: 1 }, { memory: 256 })" },
  { "client:task(w.task):call({ a = 1 })", "client.task(w.task).call({ a: 1 })", differs = POLLS, is_first = true },
  { "client:task(w.task):run_sync({ a = 1 })", before = OUTPUT, alone = "the official client has no run-sync" },
  { "client:task(w.task):run_sync_get_dataset_items({ a = 1 })", alone = "the official client has no run-sync" },
  { "client:task(w.task):runs():list { status = { 'SUCCEEDED', 'FAILED' } }",
    "client.task(w.task).runs().list({ status: ['SUCCEEDED', 'FAILED'] })" },

  { "client:runs():list { limit = 5, desc = true }", "client.runs().list({ limit: 5, desc: true })" },
  { "client:run(w.run):get()", "client.run(w.run).get()" },
  { "client:run(w.going):get { wait_for_finish = 1 }", "client.run(w.going).get({ waitForFinish: 1 })" },
  { "client:run(w.ending):wait_for_finish()", "client.run(w.ending).waitForFinish()", differs = POLLS, before = ENDING },
  { "client:run(w.run):update { status_message = 'x', is_status_message_terminal = true }",
    "client.run(w.run).update({ statusMessage: 'x', isStatusMessageTerminal: true })" },
  { "client:run(w.run):delete()", "client.run(w.run).delete()" },
  { "client:run(w.going):abort { gracefully = true }", "client.run(w.going).abort({ gracefully: true })" },
  { "client:run(w.going):metamorph(w.actor, { b = 1 }, { build = 'latest' })",
    "client.run(w.going).metamorph(w.actor, { b: 1 }, { build: 'latest' })" },
  { "client:run(w.going):reboot()", "client.run(w.going).reboot()" },
  { "client:run(w.run):resurrect { memory = 256 }", "client.run(w.run).resurrect({ memory: 256 })" },
  { "client:run(w.run):charge('page-crawled', { count = 2, idempotency_key = 'k' })",
    "client.run(w.run).charge({ eventName: 'page-crawled', count: 2, idempotencyKey: 'k' })" },

  { "drain(client:run(w.run):log():lines { follow = true, prefix = true })", "client.run(w.run).getStreamedLog()",
    differs = "theirs asks for the names at once, and for no line before it is started", is_first = true },
  { "client:set_status_message('x')", "client.setStatusMessage('x')", is_actor = true },

  { "client:actor(w.actor):last_run():get()", "client.actor(w.actor).lastRun().get()" },
  { "client:actor(w.actor):last_run { status = 'SUCCEEDED', origin = 'API' }:get()",
    "client.actor(w.actor).lastRun({ status: 'SUCCEEDED', origin: 'API' }).get()",
    before = "assert(client:actor(w.actor):call())" },
  { "client:actor(w.actor):last_run():abort()", "client.actor(w.actor).lastRun().abort()" },
  { "client:actor(w.actor):last_run():metamorph(w.actor, { b = 1 })", "client.actor(w.actor).lastRun().metamorph(w.actor, { b: 1 })",
    },
  { "client:actor(w.actor):last_run():reboot()", "client.actor(w.actor).lastRun().reboot()", },
  { "client:actor(w.actor):last_run():wait_for_finish()", "client.actor(w.actor).lastRun().waitForFinish()", differs = PINNED, before = ENDING },
  { "client:task(w.task):last_run():get()", "client.task(w.task).lastRun().get()" },
  { "client:task(w.task):last_run():abort()", "client.task(w.task).lastRun().abort()" },
  { "client:task(w.task):last_run():metamorph(w.actor, { b = 1 })", "client.task(w.task).lastRun().metamorph(w.actor, { b: 1 })" },
  { "client:task(w.task):last_run():reboot()", "client.task(w.task).lastRun().reboot()", before = "assert(client:task(w.task):start())" },

  { "client:actors():create { name = 'new-actor' }", "client.actors().create({ name: 'new-actor' })" },
  { "client:actor(w.own):update { title = 'New' }", "client.actor(w.own).update({ title: 'New' })", before = OWN_ACTOR },
  { "client:actor(w.own):delete()", "client.actor(w.own).delete()", before = OWN_ACTOR },
  { "client:actor(w.actor):validate_input { a = 1 }", "client.actor(w.actor).validateInput({ a: 1 })" },
  { "client:actor(w.own):versions():list()", "client.actor(w.own).versions().list()", before = OWN_ACTOR },
  { "client:actor(w.own):versions():create { versionNumber = '0.2', sourceType = 'GIT_REPO', gitRepoUrl = 'https://example.com/x.git' }",
    "client.actor(w.own).versions().create({ versionNumber: '0.2', sourceType: 'GIT_REPO', gitRepoUrl: 'https://example.com/x.git' })",
    before = OWN_ACTOR },
  { "client:actor(w.own):version('0.1'):get()", "client.actor(w.own).version('0.1').get()", before = OWN_ACTOR },
  { "client:actor(w.own):version('0.1'):update { buildTag = 'beta' }",
    "client.actor(w.own).version('0.1').update({ buildTag: 'beta' })", before = OWN_ACTOR },
  { "client:actor(w.own):version('0.1'):delete()", "client.actor(w.own).version('0.1').delete()", before = OWN_ACTOR },
  { "client:actor(w.own):version('0.1'):env_vars():list()", "client.actor(w.own).version('0.1').envVars().list()", before = ENV_VAR },
  { "client:actor(w.own):version('0.1'):env_vars():create { name = 'NEW', value = 'y', isSecret = true }",
    "client.actor(w.own).version('0.1').envVars().create({ name: 'NEW', value: 'y', isSecret: true })", before = ENV_VAR },
  { "client:actor(w.own):version('0.1'):env_var('SOME'):get()", "client.actor(w.own).version('0.1').envVar('SOME').get()", before = ENV_VAR },
  { "client:actor(w.own):version('0.1'):env_var('SOME'):update { name = 'SOME', value = 'z' }",
    "client.actor(w.own).version('0.1').envVar('SOME').update({ name: 'SOME', value: 'z' })", before = ENV_VAR },
  { "client:actor(w.own):version('0.1'):env_var('SOME'):delete()", "client.actor(w.own).version('0.1').envVar('SOME').delete()", before = ENV_VAR },
  { "client:actor(w.actor):webhooks():list()", "client.actor(w.actor).webhooks().list()", before = WEBHOOK },

  { "client:tasks():create { actId = w.actor, name = 'new-task' }", "client.tasks().create({ actId: w.actor, name: 'new-task' })" },
  { "client:task(w.own):update { title = 'New' }", "client.task(w.own).update({ title: 'New' })", before = OWN_TASK },
  { "client:task(w.own):delete()", "client.task(w.own).delete()", before = OWN_TASK },
  { "client:task(w.own):get_input()", "client.task(w.own).getInput()", before = OWN_TASK },
  { "client:task(w.own):update_input { b = 2 }", "client.task(w.own).updateInput({ b: 2 })", before = OWN_TASK },
  { "client:task(w.own):publish()", "client.task(w.own).publish()", before = PUBLIC_TASK },
  { "client:task(w.own):unpublish()", "client.task(w.own).unpublish()", before = OWN_TASK },
  { "client:task(w.task):webhooks():list()", "client.task(w.task).webhooks().list()" },

  { "client:actor(w.actor):builds():list { desc = true }", "client.actor(w.actor).builds().list({ desc: true })", before = BUILD },
  { "client:actor(w.actor):build('0.1', { use_cache = true, tag = 'beta' })", "client.actor(w.actor).build('0.1', { useCache: true, tag: 'beta' })" },
  { "client:actor(w.actor):default_build()", "client.actor(w.actor).defaultBuild()" },
  { "client:builds():list { limit = 5 }", "client.builds().list({ limit: 5 })" },
  { "client:build(w.build):get()", "client.build(w.build).get()", before = BUILD },
  { "client:build(w.build):wait_for_finish()", "client.build(w.build).waitForFinish()", before = BUILD, differs = POLLS },
  { "client:build(w.build):abort()", "client.build(w.build).abort()", before = BUILD },
  { "client:build(w.build):delete()", "client.build(w.build).delete()", before = BUILT },
  { "client:build(w.build):log():get()", "client.build(w.build).log().get()", before = BUILT },
  { "client:build(w.build):get_open_api_definition()", "client.build(w.build).getOpenApiDefinition()", before = BUILT },

  { "client:webhooks():list { desc = true }", "client.webhooks().list({ desc: true })", before = WEBHOOK },
  { "client:webhooks():create { eventTypes = { 'ACTOR.RUN.FAILED' }, condition = { actorId = w.actor }, requestUrl = 'http://127.0.0.1:9/' }",
    "client.webhooks().create({ eventTypes: ['ACTOR.RUN.FAILED'], condition: { actorId: w.actor }, requestUrl: 'http://127.0.0.1:9/' })" },
  { "client:webhook(w.webhook):get()", "client.webhook(w.webhook).get()", before = WEBHOOK },
  { "client:webhook(w.webhook):update { description = 'x' }", "client.webhook(w.webhook).update({ description: 'x' })", before = WEBHOOK },
  { "client:webhook(w.webhook):delete()", "client.webhook(w.webhook).delete()", before = WEBHOOK },
  { "client:webhook(w.webhook):test()", "client.webhook(w.webhook).test()", before = WEBHOOK },
  { "client:webhook(w.webhook):dispatches():list { limit = 5 }", "client.webhook(w.webhook).dispatches().list({ limit: 5 })", before = DISPATCH },
  { "client:webhook_dispatches():list { limit = 5 }", "client.webhookDispatches().list({ limit: 5 })", before = DISPATCH },
  { "client:webhook_dispatch(w.dispatch):get()", "client.webhookDispatch(w.dispatch).get()", before = DISPATCH },

  { "client:schedules():list { desc = true }", "client.schedules().list({ desc: true })", before = SCHEDULE },
  { "client:schedules():create { name = 'weekly', isEnabled = false, cronExpression = '@weekly', timezone = 'UTC', actions = apify.array {} }",
    "client.schedules().create({ name: 'weekly', isEnabled: false, cronExpression: '@weekly', timezone: 'UTC', actions: [] })" },
  { "client:schedule(w.schedule):get()", "client.schedule(w.schedule).get()", before = SCHEDULE },
  { "client:schedule(w.schedule):update { isEnabled = false }", "client.schedule(w.schedule).update({ isEnabled: false })", before = SCHEDULE },
  { "client:schedule(w.schedule):delete()", "client.schedule(w.schedule).delete()", before = SCHEDULE },
  { "client:schedule(w.schedule):get_log()", "client.schedule(w.schedule).getLog()", before = SCHEDULE },

  { "client:store():list { search = 'web', sort_by = 'popularity', limit = 5 }",
    "client.store().list({ search: 'web', sortBy: 'popularity', limit: 5 })" },
  { "client:user():get()", "client.user('me').get()" },
  { "client:user('apify'):get()", "client.user('apify').get()" },
  { "client:user():monthly_usage()", "client.user().monthlyUsage()" },
  { "client:user():limits()", "client.user().limits()" },
  { "client:user():update_limits { max_monthly_usage_usd = 300 }", "client.user().updateLimits({ maxMonthlyUsageUsd: 300 })" },
  { "client:dataset(w.dataset):count_items()", alone = "the official client has no HEAD of items" },
  { "client:dataset(w.dataset):create_items_public_url { limit = 5 }", "client.dataset(w.dataset).createItemsPublicUrl({ limit: 5 })",
    is_text = true },
  { "client:key_value_store(w.store):create_keys_public_url { limit = 5 }", "client.keyValueStore(w.store).createKeysPublicUrl({ limit: 5 })",
    is_text = true },
  { "client:key_value_store(w.store):get_record_public_url 'INPUT'", "client.keyValueStore(w.store).getRecordPublicUrl('INPUT')",
    is_text = true },

  { "client:datasets():list { unnamed = true, limit = 5 }", "client.datasets().list({ unnamed: true, limit: 5 })" },
  { "client:datasets():get_or_create 'some-name'", "client.datasets().getOrCreate('some-name')" },
  { "client:key_value_stores():list { limit = 5 }", "client.keyValueStores().list({ limit: 5 })" },
  { "client:key_value_stores():get_or_create 'some-name'", "client.keyValueStores().getOrCreate('some-name')" },
  { "client:request_queues():list { limit = 5 }", "client.requestQueues().list({ limit: 5 })" },
  { "client:request_queues():get_or_create 'some-name'", "client.requestQueues().getOrCreate('some-name')" },
  { "client:request_queue(w.queue, { client_key = 'k' }):list_and_lock_head { lock_secs = 60 }",
    "client.requestQueue(w.queue, { clientKey: 'k' }).listAndLockHead({ lockSecs: 60 })" },
}

return vocabulary
