-- runs once
--- The local API's key-value stores and request queues, through curl alone.
local cjson = require "cjson"
local testbed = require "spec.support.testbed"
local tools = require "spec.support.shell"

local shell, read_file, write_file, parse_headers = tools.run, tools.read_file, tools.write_file, tools.parse_headers

local STORE, QUEUE = "/v2/key-value-stores/", "/v2/request-queues/"
local JSON = "application/json"

describe("the local API's", function()
  local api = testbed.local_api()

  -- An answer: status, headers, body. `content_type`: of the body.
  local function call(method, path, body, content_type, arguments)
    local base = api.dir .. "/call"
    os.remove(base .. ".body")
    local line = { "curl -s -g --path-as-is --noproxy '*' --max-time 20", "-o", base .. ".body", "-D", base .. ".head", arguments or "" }
    line[#line + 1] = method == "HEAD" and "-I" or "-X " .. method
    if body then
      write_file(base .. ".in", body)
      line[#line + 1] = "-H 'Content-Type:" .. (content_type and " " .. content_type or "") .. "' --data-binary @" .. base .. ".in"
    end
    line[#line + 1] = '-w "%{http_code}" "' .. api.url .. path .. '"'
    local status = tonumber(shell(table.concat(line, " ")))
    return { status = status, headers = parse_headers(read_file(base .. ".head")), body = read_file(base .. ".body") }
  end

  local function json(value)
    return type(value) == "table" and cjson.encode(value) or value
  end

  -- The data of an answer with that status, 200 when none is said.
  local function data_of(method, path, value, status)
    local answer = call(method, path, json(value), JSON)
    assert.equal(status or 200, answer.status, answer.body)
    return cjson.decode(answer.body).data, answer
  end

  local function refused(status, type, method, path, value, content_type)
    local answer = call(method, path, json(value), content_type or JSON)
    assert.equal(status, answer.status, answer.body)
    assert.equal(type, cjson.decode(answer.body).error.type)
  end

  local function first_run()
    local id = api:admin("ids", { actor = "janedoe~my-actor" }).ids[1]
    return (data_of("GET", "/v2/actor-runs/" .. id))
  end

  describe("key-value stores", function()
    local store

    before_each(function() store = STORE .. data_of("POST", STORE:sub(1, -2) .. "?name=my-store", nil, 201).id end)

    local function put(key, value, content_type)
      local answer = call("PUT", store .. "/records/" .. key, value, content_type or "text/plain")
      assert.equal(201, answer.status, answer.body)
      return answer
    end

    local function keys(query)
      local page, names = data_of("GET", store .. "/keys" .. (query or "")), {}
      for i, item in ipairs(page.items) do names[i] = item.key end
      assert.equal(#names, page.count)
      return table.concat(names, " "), page
    end

    it("give a record back byte by byte, with its content type", function()
      local bytes = {}
      for i = 0, 255 do bytes[i + 1] = string.char(i) end
      local value = table.concat(bytes):rep(5000)           -- more than nginx keeps in memory
      local stored = put("a.b-c_d!'()", value, "image/png")
      assert.equal("{}", stored.body)
      assert.truthy(stored.headers.location:find("/records/a.b-c_d!'()", 1, true))
      local answer = call("GET", store .. "/records/a.b-c_d!'()")
      assert.equal(200, answer.status)
      assert.equal("image/png", answer.headers["content-type"])
      assert.is_true(answer.body == value)
      assert.is_nil(answer.headers["content-disposition"])
    end)

    it("take POST for PUT, replace a record, and know it by the store's name", function()
      put("key", "old")
      assert.equal(201, call("POST", STORE .. "janedoe~my-store/records/key", "new", "text/csv").status)
      local answer = call("GET", STORE .. "~my-store/records/key")
      assert.equal("new", answer.body)
      assert.equal("text/csv", answer.headers["content-type"])
      assert.equal("key", (keys()))
    end)

    it("call bytes without a content type application/octet-stream", function()
      assert.equal(201, call("PUT", store .. "/records/key", "bytes", false).status)
      assert.equal("application/octet-stream", call("GET", store .. "/records/key").headers["content-type"])
    end)

    it("keep an empty record", function()
      put("nothing", "")
      local answer = call("GET", store .. "/records/nothing")
      assert.equal(200, answer.status)
      assert.equal("", answer.body)
    end)

    it("keep what came as gzip decoded", function()
      local file = api.dir .. "/plain"
      write_file(file, ("text "):rep(1000))
      shell("gzip -k -f " .. file)
      assert.equal(201, call("PUT", store .. "/records/key", read_file(file .. ".gz"), "text/plain",
        "-H 'Content-Encoding: gzip'").status)
      assert.equal(("text "):rep(1000), call("GET", store .. "/records/key").body)
      assert.equal(5000, data_of("GET", store).stats.storageBytes)
    end)

    it("check JSON, and keep its text as it came", function()
      refused(400, "invalid-input", "PUT", store .. "/records/key", '{"a":')
      refused(400, "invalid-input", "PUT", store .. "/records/key", "[NaN]")
      refused(400, "invalid-input", "PUT", store .. "/records/key", "")
      assert.equal(404, call("GET", store .. "/records/key").status)
      put("key", '{ "n": 9007199254740993, "list": [], "none": null }', "application/json; charset=utf-8")
      local answer = call("GET", store .. "/records/key")
      assert.equal('{ "n": 9007199254740993, "list": [], "none": null }', answer.body)
      assert.equal("application/json; charset=utf-8", answer.headers["content-type"])
    end)

    it("refuse values that are too large, and encodings that they do not know", function()
      api:admin("settings", { max_payload_bytes = 10 })
      put("key", "0123456789")
      refused(413, "request-too-large", "PUT", store .. "/records/key", "0123456789a", "text/plain")
      local answer = call("PUT", store .. "/records/key", "x", "text/plain", "-H 'Content-Encoding: bla'")
      assert.equal(415, answer.status)
      assert.equal("0123456789", call("GET", store .. "/records/key").body)
    end)

    it("refuse a token that is not valid", function()
      put("key", "x")
      local answer = call("GET", store .. "/records/key", nil, nil, "-H 'Authorization: Bearer apify_api_invalid'")
      assert.equal(401, answer.status)
      assert.falsy(answer.body:find("^x"))
    end)

    it("refuse keys that are too long or have other characters", function()
      put(("k"):rep(256), "x")
      refused(400, "invalid-record-key", "PUT", store .. "/records/" .. ("k"):rep(257), "x", "text/plain")
      refused(400, "invalid-record-key", "PUT", store .. "/records/a%20b", "x", "text/plain")
      refused(400, "invalid-record-key", "GET", store .. "/records/a%2Fb")
      refused(400, "invalid-record-key", "DELETE", store .. "/records/%C3%A9")
    end)

    it("tell by HEAD whether there is a record", function()
      put("key", "12345", "text/csv")
      local answer = call("HEAD", store .. "/records/key")
      assert.equal(200, answer.status)
      assert.equal("5", answer.headers["content-length"])
      assert.equal("text/csv", answer.headers["content-type"])
      assert.equal(404, call("HEAD", store .. "/records/other").status)
    end)

    it("delete a record once", function()
      put("key", "x")
      local answer = call("DELETE", store .. "/records/key")
      assert.equal(204, answer.status)
      assert.equal("", answer.body)
      refused(404, "record-not-found", "DELETE", store .. "/records/key")
      refused(404, "record-not-found", "GET", store .. "/records/key")
      assert.equal("", (keys()))
    end)

    it("change HTML unless it is asked for as an attachment", function()
      put("page", "<p>Hello</p>", "text/html; charset=utf-8")
      assert.equal("<p>Hello</p><!-- modified -->", call("GET", store .. "/records/page").body)
      local answer = call("GET", store .. "/records/page?attachment=1")
      assert.equal("<p>Hello</p>", answer.body)
      assert.equal('attachment; filename="page"', answer.headers["content-disposition"])
      refused(400, "invalid-input", "GET", store .. "/records/page?attachment=perhaps")
    end)

    it("send for a record to another origin when they are told to", function()
      put("key", "value")
      api:admin("settings", { record_redirect = api.other_url })
      local answer = call("GET", store .. "/records/key?attachment=1")
      assert.equal(302, answer.status)
      assert.equal(api.other_url .. store .. "/records/key?signature=made-up&attachment=1", answer.headers.location)
      local followed = call("GET", store .. "/records/key?attachment=1", nil, nil, "-L")
      assert.equal(200, followed.status)
      assert.equal("value", followed.body)
      assert.equal(404, call("GET", store .. "/records/other").status)
      assert.equal(200, call("HEAD", store .. "/records/key").status)
    end)

    it("list keys in the order of their bytes, page by page", function()
      for _, key in ipairs { "b", "a", "Z", "a-1", "!", "a.1" } do put(key, key:rep(3)) end
      local all, page = keys()
      assert.equal("! Z a a-1 a.1 b", all)
      assert.equal(1000, page.limit)
      assert.is_false(page.isTruncated)
      assert.equal(cjson.null, page.nextExclusiveStartKey)
      assert.equal(cjson.null, page.exclusiveStartKey)
      assert.same({ key = "Z", size = 3, recordPublicUrl = api.url .. store .. "/records/Z" }, page.items[2])
      local first, cut = keys("?limit=4")
      assert.equal("! Z a a-1", first)
      assert.is_true(cut.isTruncated)
      assert.equal("a-1", cut.nextExclusiveStartKey)
      local rest, last = keys("?limit=4&exclusiveStartKey=a-1")
      assert.equal("a.1 b", rest)
      assert.equal("a-1", last.exclusiveStartKey)
      assert.is_false(last.isTruncated)
      assert.equal("a a-1", (keys("?limit=2&exclusiveStartKey=_")))     -- a key that is not there
    end)

    it("give at most 1000 keys at once, and not one page too many", function()
      local config = {}
      for i = 1, 1000 do
        config[i] = ('url = "%s%s/records/key-%04d"\nrequest = PUT\ndata = x\noutput = /dev/null\n'):format(api.url, store, i)
      end
      write_file(api.dir .. "/many", table.concat(config, "next\n"))
      shell("curl -s --noproxy '*' -K " .. api.dir .. "/many")
      local _, full = keys("?limit=5000")
      assert.equal(1000, full.count)
      assert.equal(1000, full.limit)
      assert.is_false(full.isTruncated)
      put("one-more", "x")
      local _, cut = keys()
      assert.equal(1000, cut.count)
      assert.equal("key-1000", cut.nextExclusiveStartKey)
    end)

    it("filter keys by prefix; a page may then be empty though it is not the last", function()
      for _, key in ipairs { "a", "b", "c", "m-1", "m-2", "z" } do put(key, "x") end
      local found, page = keys("?prefix=m-")
      assert.equal("m-1 m-2", found)
      assert.is_false(page.isTruncated)
      assert.is_false(select(2, keys("?prefix=m-&limit=2")).isTruncated)
      local one, more = keys("?prefix=m-&limit=1")
      assert.equal("m-1", one)
      assert.equal("m-1", more.nextExclusiveStartKey)
      api:admin("settings", { keys_scan = 2 })
      local none, first = keys("?prefix=m-")
      assert.equal("", none)
      assert.is_true(first.isTruncated)
      assert.equal("b", first.nextExclusiveStartKey)
      local seen, start = {}, ""
      repeat
        local names, next_page = keys("?prefix=m-&exclusiveStartKey=" .. start)
        seen[#seen + 1], start = names, next_page.nextExclusiveStartKey
      until start == cjson.null
      assert.same({ "", "m-1", "m-2" }, seen)
    end)

    it("let collections through but the unknown one", function()
      put("key", "x")
      assert.equal("key", (keys("?collection=images")))
      refused(400, "invalid-collection", "GET", store .. "/keys?collection=unknown-collection")
      refused(400, "invalid-collection", "GET", store .. "/records?collection=unknown-collection")
    end)

    -- Little-endian numbers of a ZIP.
    local function number(text, at, bytes)
      local n = 0
      for i = bytes, 1, -1 do n = n * 256 + text:byte(at + i) end
      return n
    end

    it("give all records as a ZIP archive", function()
      put("check", "123456789")
      put("check-big", ("0123456789abcdef"):rep(100000))
      put("other", "x")
      local answer = call("GET", store .. "/records?prefix=check")
      assert.equal(200, answer.status)
      assert.equal("application/zip", answer.headers["content-type"])
      local zip = answer.body
      local at = #zip - 22
      assert.equal("PK\5\6", zip:sub(at + 1, at + 4))
      assert.equal(2, number(zip, at + 10, 2))
      local row = number(zip, at + 16, 4)
      assert.equal(at, row + number(zip, at + 12, 4))
      assert.equal("PK\1\2", zip:sub(row + 1, row + 4))
      assert.equal(0xCBF43926, number(zip, row + 16, 4))    -- the check value of CRC-32
      assert.equal("PK\3\4", zip:sub(1, 4))
      assert.equal(0xCBF43926, number(zip, 14, 4))
      assert.equal("check123456789PK\3\4", zip:sub(31, 48))
      local second = row + 46 + #"check"
      local header = number(zip, second + 42, 4)
      assert.equal("check-big", zip:sub(second + 47, second + 46 + #"check-big"))
      assert.equal(1600000, number(zip, header + 22, 4))
      assert.is_true(zip:sub(header + 31 + #"check-big", row) == ("0123456789abcdef"):rep(100000))
    end)

    it("count what is done to them", function()
      put("a", "123")
      put("b", "12")
      call("GET", store .. "/records/a")
      call("HEAD", store .. "/records/a")
      call("DELETE", store .. "/records/b")
      keys()
      assert.same({ readCount = 2, writeCount = 2, deleteCount = 1, listCount = 1, storageBytes = 3 },
        data_of("GET", store).stats)
    end)

    it("are those of runs too, with the INPUT of the run", function()
      local run = first_run()
      local below = "/v2/actor-runs/" .. run.id .. "/key-value-store"
      local input = call("GET", below .. "/records/INPUT")
      assert.equal(200, input.status)
      assert.equal("application/json; charset=utf-8", input.headers["content-type"])
      assert.equal("table", type(cjson.decode(input.body)))
      assert.equal(201, call("PUT", below .. "/records/OUTPUT", "done", "text/plain").status)
      assert.equal("done", call("GET", STORE .. run.defaultKeyValueStoreId .. "/records/OUTPUT").body)
      assert.equal(200, call("HEAD", below .. "/records/OUTPUT").status)
      assert.equal(2, data_of("GET", below .. "/keys").count)
      assert.equal(run.id, data_of("GET", below).actRunId)
      local last = "/v2/acts/janedoe~my-actor/runs/last/key-value-store/records/INPUT"
      assert.equal(200, call("GET", last).status)
      assert.equal(404, call("GET", STORE .. "missing/records/INPUT").status)
    end)
  end)

  describe("request queues", function()
    local queue

    before_each(function() queue = QUEUE .. data_of("POST", QUEUE:sub(1, -2) .. "?name=my-queue", nil, 201).id end)

    local function url(i)
      return ("https://example.com/%05d"):format(i)
    end

    local function add(i, query)
      return (data_of("POST", queue .. "/requests" .. (query or ""), { url = url(i), uniqueKey = "key-" .. i }, 201))
    end

    local function id_of(i)
      return add(i).requestId
    end

    -- Requests first to last, 25 at a time, all in one run of curl.
    local function add_many(first, last)
      local config = {}
      for from = first, last, 25 do
        local batch = {}
        for i = from, math.min(from + 24, last) do batch[#batch + 1] = { url = url(i), uniqueKey = "key-" .. i } end
        config[#config + 1] = ('url = "%s%s/requests/batch"\noutput = /dev/null\nheader = "Content-Type: application/json"\n'
          .. 'data = "%s"\n'):format(api.url, queue, cjson.encode(batch):gsub('["\\]', "\\%0"))
      end
      write_file(api.dir .. "/many", table.concat(config, "next\n"))
      shell("curl -s --noproxy '*' -K " .. api.dir .. "/many")
    end

    -- The numbers of requests, as one text.
    local function numbers(items)
      local list = {}
      for i, item in ipairs(items) do list[i] = tostring(tonumber(item.url:match("(%d+)$"))) end
      return table.concat(list, " ")
    end

    local function head(query)
      return numbers(data_of("GET", queue .. "/head" .. (query or "")).items)
    end

    it("add a request once, under an id that follows from its unique key", function()
      local body = { url = "https://example.com", uniqueKey = "https://example.com" }
      local first = data_of("POST", queue .. "/requests", body, 201)
      assert.same({ requestId = first.requestId, wasAlreadyPresent = false, wasAlreadyHandled = false }, first)
      local digest = shell("printf %s 'https://example.com' | openssl dgst -sha256 -binary | openssl base64")
      assert.equal((digest:gsub("[+/=\n]", ""):sub(1, 15)), first.requestId)
      local again = data_of("POST", queue .. "/requests", body, 201)
      assert.same({ requestId = first.requestId, wasAlreadyPresent = true, wasAlreadyHandled = false }, again)
      assert.equal(1, data_of("GET", queue).totalRequestCount)
    end)

    it("keep a request as it came", function()
      local text = '{"url":"https://example.com/","uniqueKey":"k","method":"POST","retryCount":2,"payload":null,'
        .. '"userData":{"n":9007199254740993,"list":[],"text":"\\"}]\\\\"}}'
      local id = data_of("POST", queue .. "/requests", text, 201).requestId
      local answer = call("GET", queue .. "/requests/" .. id)
      assert.equal('{"data":{"id":"' .. id .. '",' .. text:sub(2) .. "}", answer.body)
      local batch = "[ " .. text:gsub('"k"', '"k2"') .. " , " .. text:gsub('"k"', '"k3"') .. "]"
      local added = data_of("POST", queue .. "/requests/batch", batch, 201).processedRequests
      answer = call("GET", queue .. "/requests/" .. added[2].requestId)
      assert.equal('{"data":{"id":"' .. added[2].requestId .. '",' .. text:gsub('"k"', '"k3"'):sub(2) .. "}", answer.body)
    end)

    it("tell in a head what a request is known by, long texts cut, and nothing else of it", function()
      local long = "https://example.com/" .. ("ž"):rep(200)
      local id = data_of("POST", queue .. "/requests", { url = long, uniqueKey = "k" .. long, method = "POST", payload = "x",
        headers = { a = "b" }, userData = { a = 1 } }, 201).requestId
      local row = { id = id, url = "https://example.com/" .. ("ž"):rep(108), uniqueKey = "khttps://example.com/" .. ("ž"):rep(107),
        method = "POST", retryCount = 0 }
      assert.same({ row }, data_of("GET", queue .. "/head").items)
      local locked = data_of("POST", queue .. "/head/lock?lockSecs=60", nil, 201).items[1]
      row.lockExpiresAt = assert(locked.lockExpiresAt)
      assert.same(row, locked)
      assert.equal(long, data_of("GET", queue .. "/requests/" .. id).url)
    end)

    it("complete what a request lacks, its unique key from the URL", function()
      local id = data_of("POST", queue .. "/requests", { url = "HTTPS://Example.com/Path/#part" }, 201).requestId
      assert.same({ id = id, url = "HTTPS://Example.com/Path/#part", uniqueKey = "https://example.com/Path", method = "GET",
        retryCount = 0 }, (data_of("GET", queue .. "/requests/" .. id)))
    end)

    it("refuse requests that are none", function()
      local path = queue .. "/requests"
      refused(400, "invalid-input", "POST", path, '{"url":')
      refused(400, "invalid-input", "POST", path, "[]")
      refused(400, "invalid-input", "POST", path, '{"uniqueKey":"k"}')
      refused(400, "invalid-input", "POST", path, { url = 5 })
      refused(400, "invalid-input", "POST", path, '{"url":"https://example.com/","userData":{"n":NaN}}')
      refused(400, "invalid-input", "POST", path, { id = "abc", url = url(1), uniqueKey = "k" })
      refused(400, "invalid-input", "POST", path, { url = url(1), method = "FETCH" })
      refused(400, "invalid-input", "POST", path, { url = url(1), handledAt = "yesterday" })
      refused(400, "invalid-input", "POST", path .. "?forefront=perhaps", { url = url(1) })
      refused(400, "invalid-client-key", "POST", path .. "?clientKey=" .. ("k"):rep(33), { url = url(1) })
      assert.equal(0, data_of("GET", queue).totalRequestCount)
    end)

    it("get and delete a request by its id", function()
      local id = id_of(1)
      assert.equal(url(1), data_of("GET", queue .. "/requests/" .. id).url)
      local answer = call("DELETE", queue .. "/requests/" .. id)
      assert.equal(204, answer.status)
      assert.equal("", answer.body)
      refused(404, "record-not-found", "GET", queue .. "/requests/" .. id)
      refused(404, "record-not-found", "DELETE", queue .. "/requests/" .. id)
      assert.equal("", head())
    end)

    it("mark a request as handled, and as not handled again", function()
      local id = id_of(1)
      local body = { id = id, url = url(1), uniqueKey = "key-1", handledAt = "2026-01-02T03:04:05.678Z" }
      assert.same({ requestId = id, wasAlreadyPresent = true, wasAlreadyHandled = false },
        (data_of("PUT", queue .. "/requests/" .. id, body)))
      local object = data_of("GET", queue)
      assert.equal(1, object.handledRequestCount)
      assert.equal(0, object.pendingRequestCount)
      assert.equal("", head())
      assert.equal("2026-01-02T03:04:05.678Z", data_of("GET", queue .. "/requests/" .. id).handledAt)
      assert.is_true(add(1).wasAlreadyHandled)
      body.handledAt = nil
      assert.is_true(data_of("PUT", queue .. "/requests/" .. id, body).wasAlreadyHandled)
      assert.equal("1", head())
      assert.equal(0, data_of("GET", queue).handledRequestCount)
    end)

    it("move a request that is updated to the end, or to the front", function()
      local first = id_of(1)
      local second = id_of(2)
      id_of(3)
      data_of("PUT", queue .. "/requests/" .. first, { url = url(1), uniqueKey = "key-1", retryCount = 1 })
      assert.equal("2 3 1", head())
      data_of("PUT", queue .. "/requests/" .. first .. "?forefront=true", { url = url(1), uniqueKey = "key-1" })
      assert.equal("1 2 3", head())
      refused(400, "request-id-invalid", "PUT", queue .. "/requests/" .. first, { id = second, url = url(1), uniqueKey = "key-1" })
      refused(400, "request-id-invalid", "PUT", queue .. "/requests/" .. first, { url = url(2), uniqueKey = "key-2" })
    end)

    it("add by an update what is not there", function()
      local id = id_of(1)
      call("DELETE", queue .. "/requests/" .. id)
      local result = data_of("PUT", queue .. "/requests/" .. id, { id = id, url = url(1), uniqueKey = "key-1" })
      assert.is_false(result.wasAlreadyPresent)
      assert.equal("1", head())
    end)

    it("add a batch", function()
      id_of(1)
      local batch = { { url = url(1), uniqueKey = "key-1" }, { url = url(2), uniqueKey = "key-2", method = "POST" } }
      local result = data_of("POST", queue .. "/requests/batch", batch, 201)
      assert.same({}, result.unprocessedRequests)
      assert.equal(2, #result.processedRequests)
      assert.is_true(result.processedRequests[1].wasAlreadyPresent)
      assert.same({ requestId = id_of(2), uniqueKey = "key-2", wasAlreadyPresent = false, wasAlreadyHandled = false },
        result.processedRequests[2])
      local front = data_of("POST", queue .. "/requests/batch?forefront=1", { { url = url(3) }, { url = url(4) } }, 201)
      assert.equal(2, #front.processedRequests)
      assert.equal("4 3 1 2", head())
    end)

    it("refuse a batch as a whole", function()
      local path, many = queue .. "/requests/batch", {}
      for i = 1, 26 do many[i] = { url = url(i) } end
      refused(400, "invalid-input", "POST", path, many)
      refused(400, "invalid-input", "POST", path, { url = url(1) })
      refused(400, "invalid-input", "POST", path, { { url = url(1) }, { uniqueKey = "key" } })
      refused(400, "invalid-input", "POST", path, '[{"url":"https://example.com/"},5]')
      refused(400, "request-queue-duplicate-requests", "POST", path,
        { { url = url(1), uniqueKey = "same" }, { url = url(2), uniqueKey = "same" } })
      assert.equal(0, data_of("GET", queue).totalRequestCount)
      many[26] = nil
      assert.equal(25, #data_of("POST", path, many, 201).processedRequests)
    end)

    it("delete a batch by ids and unique keys", function()
      local id = id_of(1)
      id_of(2)
      id_of(3)
      local result = data_of("DELETE", queue .. "/requests/batch", { { id = id }, { uniqueKey = "key-3" }, { id = "not-there" } })
      assert.same({ { id = id }, { uniqueKey = "key-3" }, { id = "not-there" } }, result.processedRequests)
      assert.same({}, result.unprocessedRequests)
      assert.equal("2", head())
      refused(400, "invalid-input", "DELETE", queue .. "/requests/batch", { { url = url(2) } })
      local many = {}
      for i = 1, 26 do many[i] = { uniqueKey = "key-" .. i } end
      refused(400, "invalid-input", "DELETE", queue .. "/requests/batch", many)
    end)

    it("leave requests of throttled batches unprocessed", function()
      api:admin("settings", { throttle_batches = 2 })
      local batch = { { url = url(1), uniqueKey = "a" }, { url = url(2), uniqueKey = "b" }, { url = url(3), uniqueKey = "c" } }
      local path = queue .. "/requests/batch"
      assert.equal(3, #data_of("POST", path, batch, 201).processedRequests)
      local half = data_of("DELETE", path, { { uniqueKey = "a" }, { uniqueKey = "b" }, { uniqueKey = "c" } })
      assert.same({ { uniqueKey = "a" } }, half.processedRequests)
      assert.same({ { uniqueKey = "b", url = url(2), method = "GET" }, { uniqueKey = "c", url = url(3), method = "GET" } },
        half.unprocessedRequests)
      api:admin("settings", { throttle_all = 3 })
      local none = data_of("POST", path, batch, 201)
      assert.same({}, none.processedRequests)
      assert.equal(3, #none.unprocessedRequests)
      assert.equal("2 3", head())
    end)

    it("list requests page by page, by cursor or by id", function()
      add_many(1, 30)
      local first = data_of("GET", queue .. "/requests?limit=20")
      assert.equal(20, #first.items)
      assert.equal(20, first.limit)
      assert.is_nil(first.cursor)
      local second, answer = data_of("GET", queue .. "/requests?limit=20&cursor=" .. first.nextCursor)
      assert.equal("21 22 23 24 25 26 27 28 29 30", numbers(second.items))
      assert.equal(first.nextCursor, second.cursor)
      assert.is_nil(second.nextCursor)
      assert.falsy(answer.body:find("nextCursor", 1, true))
      local by_id = data_of("GET", queue .. "/requests?limit=3&exclusiveStartId=" .. first.items[5].id)
      assert.equal("6 7 8", numbers(by_id.items))
      assert.equal(first.items[5].id, by_id.exclusiveStartId)
      assert.equal(10000, data_of("GET", queue .. "/requests").limit)
      refused(400, "invalid-input", "GET", queue .. "/requests?limit=10001")
      refused(400, "invalid-input", "GET", queue .. "/requests?cursor=what")
      refused(400, "invalid-input", "GET", queue .. "/requests?exclusiveStartId=missing")
      refused(400, "invalid-input", "GET", queue .. "/requests?filter=locked&cursor=" .. first.nextCursor)
    end)

    it("filter a list; a page may then be empty though it is not the last", function()
      add_many(1, 6)
      local items = data_of("GET", queue .. "/requests").items
      for i = 1, 4 do
        data_of("PUT", queue .. "/requests/" .. items[i].id,
          { url = url(i), uniqueKey = "key-" .. i, handledAt = "2026-01-01T00:00:00.000Z" })
      end
      data_of("POST", queue .. "/head/lock?lockSecs=60&limit=1", nil, 201)
      assert.equal("5 6", numbers(data_of("GET", queue .. "/requests?filter=pending").items))
      assert.equal("5", numbers(data_of("GET", queue .. "/requests?filter=locked").items))
      assert.equal("5 6", numbers(data_of("GET", queue .. "/requests?filter=locked,pending").items))
      refused(400, "invalid-input", "GET", queue .. "/requests?filter=handled")
      api:admin("settings", { requests_scan = 3 })
      local empty = data_of("GET", queue .. "/requests?filter=pending")
      assert.same({}, empty.items)
      local rest = data_of("GET", queue .. "/requests?filter=pending&cursor=" .. empty.nextCursor)
      assert.equal("5 6", numbers(rest.items))
      assert.is_nil(rest.nextCursor)
    end)

    it("show the head of the queue, what is put to the front first", function()
      add(1)
      add(2)
      add(3, "?forefront=true")
      add(4, "?forefront=1")
      local page = data_of("GET", queue .. "/head?limit=3")
      assert.equal("4 3 1", numbers(page.items))
      assert.equal(3, page.limit)
      assert.is_false(page.hadMultipleClients)
      assert.equal(data_of("GET", queue).modifiedAt, page.queueModifiedAt)
      assert.same({ id = id_of(4), uniqueKey = "key-4", url = url(4), method = "GET", retryCount = 0 }, page.items[1])
      refused(400, "invalid-input", "GET", queue .. "/head?limit=1001")
    end)

    it("lock the head for a client", function()
      add_many(1, 30)
      local locked = data_of("POST", queue .. "/head/lock?lockSecs=60&limit=2&clientKey=one", nil, 201)
      assert.equal("1 2", numbers(locked.items))
      assert.equal(60, locked.lockSecs)
      assert.equal("one", locked.clientKey)
      assert.is_true(locked.queueHasLockedRequests)
      assert.truthy(locked.items[1].lockExpiresAt:find("^%d+-%d+-%d+T[%d:.]+Z$"))
      local rest = data_of("POST", queue .. "/head/lock?lockSecs=60&clientKey=two", nil, 201)
      assert.equal(25, rest.limit)
      assert.equal(25, #rest.items)
      assert.is_true(rest.hadMultipleClients)
      assert.equal("28 29 30", head())
      refused(400, "invalid-input", "POST", queue .. "/head/lock")
      refused(400, "invalid-input", "POST", queue .. "/head/lock?lockSecs=0")
      refused(400, "invalid-input", "POST", queue .. "/head/lock?lockSecs=60&limit=26")
    end)

    it("say that nothing is locked when nothing is", function()
      local page = data_of("POST", queue .. "/head/lock?lockSecs=60", nil, 201)
      assert.same({}, page.items)
      assert.is_false(page.queueHasLockedRequests)
      assert.is_nil(page.clientKey)
    end)

    -- A queue of three whose first two requests the client `one` has locked.
    local function locked_two()
      local ids = { id_of(1), id_of(2), id_of(3) }
      data_of("POST", queue .. "/head/lock?lockSecs=100&limit=2&clientKey=one", nil, 201)
      return ids
    end

    it("let only who locked a request prolong or release its lock", function()
      local ids = locked_two()
      local lock = queue .. "/requests/" .. ids[1] .. "/lock"
      local before = data_of("PUT", lock .. "?lockSecs=10&clientKey=one").lockExpiresAt
      local after = data_of("PUT", lock .. "?lockSecs=1000&clientKey=one").lockExpiresAt
      assert.is_true(before < after)
      refused(403, "request-handled-or-locked", "PUT", lock .. "?lockSecs=10&clientKey=two")
      refused(403, "request-handled-or-locked", "DELETE", lock .. "?clientKey=two")
      refused(403, "request-handled-or-locked", "DELETE", lock)
      refused(400, "invalid-input", "PUT", lock .. "?clientKey=one")
      assert.equal(204, call("DELETE", lock .. "?clientKey=one").status)
      assert.equal("3 1", head())
      refused(404, "record-not-found", "DELETE", lock .. "?clientKey=one")
      refused(404, "record-not-found", "PUT", lock .. "?lockSecs=10&clientKey=one")
      refused(404, "record-not-found", "PUT", queue .. "/requests/missing/lock?lockSecs=10")
      assert.equal(204, call("DELETE", queue .. "/requests/" .. ids[2] .. "/lock?clientKey=one&forefront=1").status)
      assert.equal("2 3 1", head())
    end)

    it("release the lock of a request that is handled", function()
      local ids = locked_two()
      data_of("PUT", queue .. "/requests/" .. ids[1],
        { url = url(1), uniqueKey = "key-1", handledAt = "2026-01-01T00:00:00.000Z" })
      assert.equal("2", numbers(data_of("GET", queue .. "/requests?filter=locked").items))
      refused(403, "request-handled-or-locked", "DELETE", queue .. "/requests/" .. ids[1] .. "/lock?clientKey=one")
      assert.equal("3", head())
    end)

    it("unlock all that a client has locked", function()
      locked_two()
      assert.same({ unlockedCount = 0 }, (data_of("POST", queue .. "/requests/unlock?clientKey=two")))
      assert.same({ unlockedCount = 2 }, (data_of("POST", queue .. "/requests/unlock?clientKey=one")))
      assert.equal("3 1 2", head())
      assert.same({ unlockedCount = 0 }, (data_of("POST", queue .. "/requests/unlock?clientKey=one")))
    end)

    it("put a locked request that is updated to the front, but only once it is unlocked", function()
      local ids = locked_two()
      data_of("PUT", queue .. "/requests/" .. ids[1] .. "?forefront=1", { url = url(1), uniqueKey = "key-1" })
      assert.equal("3", head())
      data_of("POST", queue .. "/requests/unlock?clientKey=one")
      assert.equal("1 3 2", head())
    end)

    -- Look again and again until it is so.
    local function eventually(is_so)
      for _ = 1, 250 do
        if is_so() then return end
        shell("sleep 0.02")
      end
      error("it never came to be", 2)
    end

    it("let locks run out by the clock", function()
      local ids = locked_two()
      local lock = queue .. "/requests/%s/lock?clientKey=one&lockSecs="
      data_of("PUT", lock:format(ids[1]) .. 1)
      eventually(function() return head() == "3 1" end)
      assert.equal("2", numbers(data_of("GET", queue .. "/requests?filter=locked").items))
      data_of("PUT", lock:format(ids[2]) .. "1&forefront=true")
      eventually(function() return head() == "2 3 1" end)
    end)

    it("keep a lock that was prolonged beyond its first end", function()
      local id = id_of(1)
      id_of(2)
      data_of("POST", queue .. "/head/lock?lockSecs=3&limit=2", nil, 201)
      data_of("PUT", queue .. "/requests/" .. id .. "/lock?lockSecs=100")
      eventually(function() return head() == "2" end)
      assert.equal("1", numbers(data_of("GET", queue .. "/requests?filter=locked").items))
    end)

    it("count what is done to them, and by whom", function()
      add(1, "?clientKey=one")
      local object = data_of("GET", queue)
      assert.is_false(object.hadMultipleClients)
      add(2, "?clientKey=one")
      call("DELETE", queue .. "/requests/" .. add(1, "?clientKey=one").requestId .. "?clientKey=two")
      data_of("GET", queue .. "/head?clientKey=one")
      data_of("GET", queue .. "/requests?clientKey=one")
      object = data_of("GET", queue)
      assert.is_true(object.hadMultipleClients)
      assert.equal(1, object.totalRequestCount)
      assert.equal(1, object.pendingRequestCount)
      assert.equal(0, object.handledRequestCount)
      local bytes = object.stats.storageBytes
      assert.same({ writeCount = 3, deleteCount = 1, readCount = 1, headItemReadCount = 1, storageBytes = bytes }, object.stats)
      assert.is_true(bytes > 50)
    end)

    it("hold many requests", function()
      add_many(1, 10000)
      local object = data_of("GET", queue)
      assert.equal(10000, object.totalRequestCount)
      local page = data_of("GET", queue .. "/requests?limit=10000")
      assert.equal(10000, #page.items)
      assert.equal(url(10000), page.items[10000].url)
      assert.is_nil(page.nextCursor)
    end)

    it("are those of runs too", function()
      local run = first_run()
      local below = "/v2/actor-runs/" .. run.id .. "/request-queue"
      local id = data_of("POST", below .. "/requests", { url = url(7) }, 201).requestId
      assert.equal(url(7), data_of("GET", QUEUE .. run.defaultRequestQueueId .. "/requests/" .. id).url)
      assert.equal("7", numbers(data_of("GET", below .. "/head").items))
      assert.equal(1, #data_of("POST", below .. "/head/lock?lockSecs=5", nil, 201).items)
      assert.equal(204, call("DELETE", below .. "/requests/" .. id .. "/lock").status)
      assert.equal(run.id, data_of("GET", below).actRunId)
      assert.equal(0, data_of("GET", "/v2/actor-tasks/janedoe~my-task/runs/last/request-queue").totalRequestCount)
      refused(404, "record-not-found", "GET", QUEUE .. "missing/head")
    end)
  end)
end)
