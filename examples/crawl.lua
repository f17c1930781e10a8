-- Work off a request queue under locks, so that any number of these workers can share it, and store the title of each page in a dataset.
--
--     APIFY_TOKEN=... lua5.4 examples/crawl.lua QUEUE_NAME DATASET_NAME                (with curl; fill_queue.lua fills the queue)

local apify = require "apify"

local AT_ONCE, PAGE_SECS, MAX_RETRIES = 5, 20, 3
local LOCK_SECS = AT_ONCE * PAGE_SECS + 60         -- longer than all of these pages can take

if not arg[2] then
  io.stderr:write "usage: lua5.4 examples/crawl.lua QUEUE_NAME DATASET_NAME\n"
  os.exit(1)
end

local me = "worker-" .. io.open("/dev/urandom", "rb"):read(8):gsub(".", function(byte) return ("%02x"):format(byte:byte()) end)
local client = apify.new()
local queue = client:request_queue(assert(client:request_queues():get_or_create(arg[1])), { client_key = me })
local dataset = client:dataset(assert(client:datasets():get_or_create(arg[2])))

local function fetch(url)
  local options = ("-sSL --proto =http,https --max-time %d -w '\\n%%{http_code}'"):format(PAGE_SECS)
  local pipe = io.popen(("curl %s -- '%s' 2>/dev/null"):format(options, url:gsub("'", "%%27")))
  local page, status = pipe:read "*a":match "^(.*)\n(%d+)$"
  pipe:close()
  if status == "200" then return page end
  return nil, "HTTP status " .. tostring(status)
end

local function work(head)
  local request = assert(queue:get_request(head.id))                       -- the head has a part of it; an update replaces all
  local page, why = fetch(request.url)
  if page then
    assert(dataset:push_items { url = request.url, title = page:match "<title>(.-)</title>" })
  else
    local messages = type(request.errorMessages) == "table" and request.errorMessages or {}
    messages[#messages + 1] = why
    request.errorMessages, request.retryCount = messages, (request.retryCount or 0) + 1
  end
  local is_done = page or request.retryCount > MAX_RETRIES
  if is_done then request.handledAt = apify.date(os.time()) end
  assert(queue:update_request(request))
  if not is_done then assert(queue:delete_request_lock(request.id)) end    -- back to the end of the queue
  print(page and "done" or is_done and "given up" or "later", request.url)
end

local ok, err = pcall(function()
  repeat
    local heads = assert(queue:list_and_lock_head { lock_secs = LOCK_SECS, limit = AT_ONCE }).items
    for _, head in ipairs(heads) do work(head) end
  until #heads == 0                                                         -- the rest is done, or locked by others
end)
queue:unlock_requests()                                                     -- what an error or Ctrl-C has left
if not ok then error(err, 0) end
