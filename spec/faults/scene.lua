--- What the faults are played on: the local API with something in it, the relay before it, and servers that nobody should trust.
local apify = require "apify"
local program = require "spec.support.program"
local relay = require "spec.faults.relay"
local server = require "spec.local_api.server"

local scene = {}

local Scene = {}
Scene.__index = Scene

local LISTED = "janedoe~listed"         -- the Actor that starts no more
local TOKEN = "apify_api_t0p"

-- A CA of its own, and a certificate of the API's CA for its own key that is over.
local CERTIFICATES = [[cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout other.key -out other.pem \
  -subj /CN=other -days 1 && cat server.pem server.key >both.pem && : >index.txt && echo 77 >serial &&
printf '%%s\n' '[ca]' default_ca=x '[x]' database=index.txt serial=serial new_certs_dir=. policy=p default_md=sha256 '[p]' \
  commonName=supplied >ca.cnf &&
openssl ca -batch -config ca.cnf -extfile server.ext -cert ca.pem -keyfile ca.key -in server.csr -out expired.crt \
  -startdate 200101000000Z -enddate 200102000000Z && cat expired.crt server.key >expired.pem]]

local function port_of(url) return tonumber(url:match ":(%d+)$") end

function Scene:client(more)
  local options = {
    base_url = self.api.url, ca_file = self.api.ca_file, token = TOKEN, proxy = false, allow_http = true,
    max_retries = 2, min_delay_between_retries = 0.001, request_timeout = 2, stall_timeout = 0.15, connect_timeout = 0.5,
  }
  for name, value in pairs(more or {}) do options[name] = value end
  return apify.new(options)
end

function Scene:port_of(name) return port_of(self.api[name]) end

local function log_text()
  local lines = {}
  for i = 1, 60 do lines[i] = ("2025-01-01T00:00:%02d.000Z line %d \195\164"):format(i % 60, i) end
  return table.concat(lines, "\n") .. "\n"
end

-- What is read, the same for all.
local function furnish(self)
  local api, client = self.api, self:client { request_timeout = 20 }
  api:admin "reset"
  api:admin("seed", { actor = LISTED, task = false, count = 25 })
  api:admin("behaviour", { actor = "janedoe~my-actor", schedule = { { 0, "SUCCEEDED" } } })
  local world = { good = client, folder = program.shell("mktemp -d"):match "[^\n]+", actor = "janedoe~my-actor", listed = LISTED }
  world.run = assert(client:runs():list { limit = 1 }).items[1].id
  local run = assert(client:run(world.run):get())
  world.dataset, world.store, world.queue = run.defaultDatasetId, run.defaultKeyValueStoreId, run.defaultRequestQueueId
  world.build = assert(client:builds():list { limit = 1 }).items[1].id
  api:admin("seed_items", { dataset = world.dataset, count = 120 })
  api:admin("set_log", { run = world.run, text = log_text() })
  assert(client:key_value_store(world.store):set_record("INPUT", { n = 7, text = ("abc "):rep(200) }))
  for i = 1, 25 do assert(client:key_value_store(world.store):set_record("key" .. i, i)) end
  local requests = {}
  for i = 1, 25 do requests[i] = { url = "https://example.com/" .. i, uniqueKey = "u" .. i } end
  assert(client:request_queue(world.queue):batch_add_requests(requests))
  world.webhook = assert(client:webhooks():create {
    eventTypes = { "ACTOR.RUN.FAILED" }, condition = { actorId = run.actId }, requestUrl = "http://127.0.0.1:1/" }).id
  local file = assert(io.open(world.folder .. "/uploaded", "wb"))
  file:write(("0123456789abcdef\n"):rep(2000))
  file:close()
  return world
end

--- New storages, for a call that writes.
function Scene:empty_storages()
  local world = self.world
  world.new_dataset = assert(world.good:datasets():get_or_create()).id
  world.new_store = assert(world.good:key_value_stores():get_or_create()).id
  world.new_queue = assert(world.good:request_queues():get_or_create()).id
end

local function serve(self, name, command)
  self[name] = relay.free_port()
  self.stops[#self.stops + 1] = relay.serve(command:gsub("PORT", self[name]), self[name])
end

--- All of it, which ends with this process.
function scene.start()
  local self = setmetatable({ api = server.start(), relay = relay.start(), stops = {}, closed_port = relay.free_port() }, Scene)
  local dir = self.api.dir
  local _, complaints, code = program.shell(CERTIFICATES:format(dir))
  assert(code == 0, complaints)
  self.other_ca = dir .. "/other.pem"
  serve(self, "expired_port", ("openssl s_server -accept 127.0.0.1:PORT -cert %s/expired.pem -www"):format(dir))
  for _, mode in ipairs { "refuse", "goaway" } do
    serve(self, mode .. "_port", ("perl spec/faults/h2_refusal.pl %s PORT %s/both.pem"):format(mode, dir))
  end
  self.world = furnish(self)
  return self
end

function Scene:stop()
  for _, stop in ipairs(self.stops) do stop() end
  self.relay:stop()
  self.api:admin("faults", { excuse = true })
  program.shell("rm -rf " .. self.world.folder)
  self.api:stop()
end

scene.TOKEN = TOKEN

return scene
