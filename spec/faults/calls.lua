--- The calls, as data. Each has its `name` and either
---   run(client, world)     gives a value, or nil and an error; `of` makes of the value what is compared; or
---   open(client, world)    gives an iterator; `of` makes of a row what is compared
--- and
---   path, method           of the request that a rule spoils; `skip`: so many of them come through first
---   opaque                 hands out whatever bytes it is given
---   once                   must not be done twice: `done(api, world)` counts what was done, at most `once`
---   reads                  `done` tells what was stored: "true" once it has been
---   holds                  the API may hold its answer, so that silence before it is none until the wait is over
---   bodyless               its answer has no body
---   h1                     never over HTTP/2
local calls = {}

local function id_of(row) return row.id end
local function itself(value) return value end
local function record_of(record) return record.content_type .. ":" .. tostring(record.value and record.value.n) end

local function items_of(page)
  local list = {}
  for i, item in ipairs(page.items) do list[i] = tostring(item.n) end
  return table.concat(list, " ")
end

local function is_stored(name)
  return function(_, world)
    local file = io.open(world.folder .. "/uploaded", "rb")
    local text = file:read "*a"
    file:close()
    local bytes = world.good:key_value_store(world.new_store):download_record(name)
    return bytes == text
  end
end

local function add(call) calls[#calls + 1] = call end

add { name = "get", path = "/v2/actor%-runs/%w+$", of = id_of, run = function(c, w) return c:run(w.run):get() end }
add { name = "build", path = "/v2/actor%-builds/%w+$", of = id_of, run = function(c, w) return c:build(w.build):get() end }
add { name = "hook", path = "/v2/webhooks/%w+$", of = id_of, run = function(c, w) return c:webhook(w.webhook):get() end }
add { name = "list", path = "/v2/acts/[^/]+/runs$", of = function(page) return #page.items .. " of " .. page.total end,
  run = function(c, w) return c:actor(w.listed):runs():list { limit = 10 } end }
add { name = "wait", path = "/v2/actor%-runs/%w+$", of = id_of, holds = true,
  run = function(c, w) return c:run(w.run):wait_for_finish { wait_secs = 1 } end }
add { name = "req", opaque = true, path = "/v2/actor%-runs/%w+$", of = id_of,
  run = function(c, w) return c:request { path = "/actor-runs/" .. w.run } end }
add { name = "record", path = "/records/INPUT$", opaque = true, of = record_of,
  run = function(c, w) return c:key_value_store(w.store):get_record "INPUT" end }
add { name = "exists", path = "/records/INPUT$", bodyless = true, of = itself,
  run = function(c, w) return c:key_value_store(w.store):record_exists "INPUT" end }
add { name = "log", path = "/log", opaque = true, of = itself, run = function(c, w) return c:run(w.run):log():get() end }
add { name = "file", path = "/items$", opaque = true, h1 = true, run = function(c, w)
  local ok, err = c:dataset(w.dataset):download_items("jsonl", w.folder .. "/down")
  if not ok then return nil, err end
  local file = assert(io.open(w.folder .. "/down", "rb"))
  local text = file:read "*a"
  file:close()
  return text
end, of = itself }

add { name = "runs", path = "/v2/acts/[^/]+/runs$", skip = 1, of = id_of,
  open = function(c, w) return (c:actor(w.listed):runs():iterate { chunk_size = 10 }) end }
add { name = "items", path = "/items$", skip = 1, of = function(item) return tostring(item.n) end, h1 = true,
  open = function(c, w) return (c:dataset(w.dataset):iterate_items { chunk_size = 50 }) end }
add { name = "keys", path = "/keys$", skip = 1, of = function(row) return row.key end,
  open = function(c, w) return (c:key_value_store(w.store):iterate_keys { chunk_size = 10 }) end }
add { name = "queue", path = "/requests$", skip = 1, of = function(row) return row.uniqueKey end,
  open = function(c, w) return (c:request_queue(w.queue):iterate_requests { chunk_size = 10 }) end }
add { name = "lines", path = "/log$", opaque = true, follows = true, h1 = true, of = itself,
  open = function(c, w, deadline) return (c:run(w.run):log():lines { follow = true, deadline = deadline }) end }
add { name = "stream", path = "/log$", opaque = true, follows = true, pieces = true, h1 = true, of = itself,
  open = function(c, w, deadline) return (c:run(w.run):log():stream { deadline = deadline }) end }

add { name = "set", path = "/records/uploaded$", method = "PUT", bodyless = true, reads = true, of = itself, done = is_stored "uploaded",
  run = function(c, w)
    local file = assert(io.open(w.folder .. "/uploaded", "rb"))
    local text = file:read "*a"
    file:close()
    return c:key_value_store(w.new_store):set_record("uploaded", text, { content_type = "text/plain" })
  end }
add { name = "upload", path = "/records/uploaded$", method = "PUT", bodyless = true, h1 = true, reads = true, of = itself,
  done = is_stored "uploaded",
  run = function(c, w)
    return c:key_value_store(w.new_store):upload_record("uploaded", w.folder .. "/uploaded", { content_type = "text/plain" })
  end }
add { name = "batch", path = "/requests/batch$", method = "POST", of = function(results) return #results end,
  done = function(_, w) return #assert(w.good:request_queue(w.new_queue):iterate_requests():collect()) == 30 end, reads = true,
  run = function(c, w)
    local requests = {}
    for i = 1, 30 do requests[i] = { url = "https://example.com/" .. i, uniqueKey = tostring(i) } end
    return c:request_queue(w.new_queue):batch_add_requests(requests, { max_parallel = 1 })
  end }
add { name = "push", path = "/items$", method = "POST", once = 3, bodyless = true, of = itself,
  done = function(api, w) return api:admin("items", { dataset = w.new_dataset, limit = 1 }).total end,
  run = function(c, w) return c:dataset(w.new_dataset):push_items { { n = 1 }, { n = 2 }, { n = 3 } } end }
add { name = "start", path = "/runs$", method = "POST", once = 1, of = function(run) return run.actId end,
  done = function(api) return api:admin("starts").count end,
  run = function(c, w) return c:actor(w.actor):start { n = 1 } end }
add { name = "sync", path = "/run%-sync%-get%-dataset%-items$", method = "POST", once = 1, of = items_of, h1 = true,
  done = function(api) return api:admin("starts").count end,
  run = function(c, w) return c:actor(w.actor):run_sync_get_dataset_items({ n = 1 }, { request_timeout = 1 }) end }

return calls
