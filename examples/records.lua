-- Key-value records: store some, list their keys, read them back, and notice the one that is not there.
--
--     APIFY_TOKEN=... lua5.4 examples/records.lua STORE_NAME

local apify = require "apify"

if not arg[1] then
  io.stderr:write "usage: lua5.4 examples/records.lua STORE_NAME\n"
  os.exit(1)
end

local client = apify.new()
local store = client:key_value_store(assert(client:key_value_stores():get_or_create(arg[1])))

assert(store:set_record("STATE", { page = 3, seen = apify.array {} }))          -- a table becomes JSON, a string is text
assert(store:set_record("NOTE", "three pages so far"))
assert(store:set_record("page.html", "<h1>Lua</h1>\n", { content_type = "text/html" }))

for entry in store:iterate_keys() do print(entry.key, entry.size) end

local state = assert(store:get_record "STATE")                                  -- held in memory, and JSON decoded
print(state.key, state.content_type, state.value.page, #state.value.seen)
assert(store:download_record("page.html", io.stdout))                           -- a file name would do, too: of any size

assert(store:delete_record "NOTE")
local record, err = store:get_record "NOTE"
if record then print(record.value)
elseif err.not_found then print "NOTE is not there any more"
else error(err, 0)
end
