-- The module inside a host, told as lines of text: the same calls wherever it runs. URL and run are given.
return function(url, id, say)
  local apify = require "apify"
  local client = apify.new { base_url = url, token = "apify_api_host", min_delay_between_retries = 0.01 }
  local page = assert(client:runs():list { limit = 3 })
  say("page", page.count)
  local count = 0
  for _ in client:runs():iterate { chunk_size = 100 } do count = count + 1 end
  say("rows", count)
  local run = assert(client:run(id):wait_for_finish { wait_secs = 10 })
  say("ended", run.status)
  local both = assert(apify.map({ 1, 2 }, function(n)
    apify.sleep(0.01)
    return client:run(id):get() and n
  end))
  say("fibers", both[1] + both[2])
  local _, err = client:run("nothing"):get()
  say("error", err.kind, err.status)
  say("misuse", (select(2, pcall(function() client:runs():list { limit = 0 } end)):gsub("^.-:%d+: ", "")))
end
