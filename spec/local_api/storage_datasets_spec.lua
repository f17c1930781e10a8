-- runs once
--- The local API's datasets, logs, collections and mounts, through curl alone.
local cjson = require "cjson"
local testbed = require "spec.support.testbed"
local tools = require "spec.support.shell"
local unzip = require "spec.support.unzip"

local shell, read_file, write_file, parse_headers, eventually = tools.run, tools.read_file, tools.write_file, tools.parse_headers, tools.eventually

local JSON = "-H 'Content-Type: application/json'"

-- {"a":"word word ..."} with the word a thousand times, by encoding; that of deflate also without zlib's head.
local PACKED = {
  { "br", "G48T+B0JduzEGuLOQy2is9e3wu4ahOxNTklyYBSwngWAIVs4" },
  { "deflate", "eJztxLEJACAQBLBV5MZwG8FesPlC3N0p7JIiJyM9tfZskiRJkiRJkr6W+wA26UXl" },
  { "deflate", "7cSxCQAgEASwVeTGcBvBXrD5QtzdKeySIicjPbX2bJIkSZIkSZK+lvsA" },
}

describe("the local API", function()
  local api = testbed.local_api()
  local last

  before_each(function()
    local ids = api:admin("ids", { actor = "janedoe~my-actor" }).ids
    last = ids[#ids]
  end)

  -- An answer: status, headers, body, and curl's exit code as err.
  local function fetch(method, path, arguments)
    local base = api.dir .. "/fetch"
    os.remove(base .. ".body")
    local line = shell(("curl -s -g --path-as-is --noproxy '*' --cacert %s --max-time 20 %s %s -o %s.body -D %s.head "
      .. "-w '%%{http_code}' '%s'; echo \" $?\""):format(api.ca_file, method == "HEAD" and "-I" or "-X " .. method, arguments or "",
      base, base, path:find("^/") and api.url .. path or path))
    local status, err = line:match("^(%d+) (%d+)")
    return {
      status = tonumber(status), err = tonumber(err), headers = parse_headers(read_file(base .. ".head")), body = read_file(base .. ".body"),
    }
  end

  local function send(method, path, text, arguments)
    write_file(api.dir .. "/body", text)
    return fetch(method, path, "--data-binary @" .. api.dir .. "/body " .. JSON .. " " .. (arguments or ""))
  end

  local function get(path, arguments)
    local answer = fetch("GET", path, arguments)
    assert.equal(200, answer.status, answer.body)
    return answer.body, answer
  end

  local function data_of(path, arguments)
    return cjson.decode((get(path, arguments))).data
  end

  local function refused(status, type, answer)
    assert.equal(status, answer.status, answer.body)
    local failure = cjson.decode(answer.body).error
    assert.equal(type, failure.type)
    return failure
  end

  local function new_dataset(items, name)
    local id = cjson.decode(fetch("POST", "/v2/datasets" .. (name and "?name=" .. name or "")).body).data.id
    if items then assert.equal(201, send("POST", "/v2/datasets/" .. id .. "/items", items).status) end
    return "/v2/datasets/" .. id, id
  end

  local function pagination(answer)
    local headers, prefix = answer.headers, "x-apify-pagination-"
    return {
      tonumber(headers[prefix .. "offset"]), tonumber(headers[prefix .. "limit"]), tonumber(headers[prefix .. "count"]),
      tonumber(headers[prefix .. "total"]), headers[prefix .. "desc"],
    }
  end

  local function values(text)
    local list = {}
    for i, item in ipairs(cjson.decode(text)) do list[i] = item.a end
    return list
  end

  describe("mounts a run's storages", function()
    it("on the run, its Actor's and its task's last run, and their own ids", function()
      local run = data_of("/v2/actor-runs/" .. last)
      local task_last = data_of("/v2/actor-tasks/janedoe~my-task/runs/last")
      for noun, field in pairs { dataset = "defaultDatasetId", ["key-value-store"] = "defaultKeyValueStoreId",
          ["request-queue"] = "defaultRequestQueueId" } do
        local object = data_of("/v2/actor-runs/" .. last .. "/" .. noun)
        assert.equal(run[field], object.id)
        assert.equal(last, object.actRunId)
        assert.equal(run.actId, object.actId)
        assert.equal(object.id, data_of("/v2/acts/janedoe~my-actor/runs/last/" .. noun).id)
        assert.equal(object.id, data_of("/v2/actors/janedoe~my-actor/runs/last/" .. noun).id)
        assert.equal(task_last[field], data_of("/v2/actor-tasks/janedoe~my-task/runs/last/" .. noun).id)
        assert.equal(last, data_of("/v2/" .. noun .. "s/" .. object.id).actRunId)
      end
    end)

    it("choosing the last run by status and origin", function()
      local path = "/v2/acts/janedoe~my-actor/runs/last"
      local run = data_of(path .. "?status=FAILED")
      assert.not_equal(last, run.id)
      assert.equal(run.id, data_of(path .. "/dataset?status=FAILED").actRunId)
      run = data_of(path .. "?origin=" .. run.meta.origin)
      assert.equal(run.id, data_of(path .. "/request-queue?origin=" .. run.meta.origin).actRunId)
      refused(404, "record-not-found", fetch("GET", path .. "/dataset?status=ABORTING"))
      refused(404, "record-not-found", fetch("GET", path .. "/log?status=ABORTING"))
      refused(400, "invalid-input", fetch("GET", path .. "/dataset?status=DONE"))
    end)

    it("with the documented fields, and the signing key only for a token", function()
      local object = data_of("/v2/actor-runs/" .. last .. "/dataset")
      for _, field in ipairs { "id", "userId", "createdAt", "modifiedAt", "accessedAt", "itemCount", "cleanItemCount", "consoleUrl",
          "itemsPublicUrl", "generalAccess", "stats" } do
        assert.is_not_nil(object[field], field)
      end
      assert.is_nil(object.urlSigningSecretKey)
      assert.is_string(data_of("/v2/actor-runs/" .. last .. "/dataset", "-H 'Authorization: Bearer t'").urlSigningSecretKey)
      assert.equal("[]", (get(object.itemsPublicUrl)))
      refused(401, "token-not-valid", fetch("GET", "/v2/actor-runs/" .. last .. "/dataset", "-H 'Authorization: Bearer apify_api_invalid'"))
    end)

    it("until they are deleted", function()
      local id = data_of("/v2/actor-runs/" .. last .. "/dataset").id
      local answer = fetch("DELETE", "/v2/actor-runs/" .. last .. "/dataset")
      assert.equal(204, answer.status)
      refused(404, "record-not-found", fetch("GET", "/v2/actor-runs/" .. last .. "/dataset"))
      refused(404, "record-not-found", fetch("GET", "/v2/datasets/" .. id .. "/items"))
      refused(404, "record-not-found", fetch("DELETE", "/v2/datasets/" .. id))
      assert.equal(200, fetch("GET", "/v2/actor-runs/" .. last .. "/key-value-store").status)
    end)

    it("and knows no others", function()
      refused(404, "record-not-found", fetch("GET", "/v2/datasets/nobody"))
      refused(404, "record-not-found", fetch("GET", "/v2/actor-runs/nobody/dataset/items"))
      refused(404, "actor-not-found", fetch("GET", "/v2/acts/nobody/runs/last/dataset"))
      refused(404, "page-not-found", fetch("GET", "/v2/actor-runs/" .. last .. "/dataset/things"))
      refused(404, "page-not-found", fetch("GET", "/v2/route"))
      local answer = fetch("PATCH", "/v2/actor-runs/" .. last .. "/dataset/items")
      refused(405, "method-not-allowed", answer)
      assert.equal("OPTIONS,GET,POST", answer.headers.allow)
    end)
  end)

  describe("renames storages", function()
    it("and finds them by name", function()
      local path, id = new_dataset()
      local answer = send("PUT", path, '{"name":"my-data","generalAccess":"RESTRICTED"}')
      assert.equal(200, answer.status)
      local object = cjson.decode(answer.body).data
      assert.same({ "my-data", "RESTRICTED" }, { object.name, object.generalAccess })
      for _, reference in ipairs { "~my-data", "janedoe~my-data", "janedoe%7Emy-data", id } do
        assert.equal(id, data_of("/v2/datasets/" .. reference, "-H 'Authorization: Bearer t'").id)
      end
      refused(403, "permission-denied", fetch("GET", "/v2/datasets/~my-data"))           -- without a token
      refused(404, "record-not-found", fetch("GET", "/v2/datasets/johndoe~my-data"))
      refused(404, "record-not-found", fetch("GET", "/v2/key-value-stores/~my-data"))
    end)

    it("with null: not any more", function()
      local path = new_dataset(nil, "mine")
      assert.equal(200, send("PUT", path, '{"name":null}').status)
      assert.equal(cjson.null, data_of(path).name)
      refused(404, "record-not-found", fetch("GET", "/v2/datasets/~mine"))
    end)

    it("unless the name is taken or impossible", function()
      new_dataset(nil, "first")
      local path = new_dataset(nil, "second")
      refused(409, "name-not-unique", send("PUT", path, '{"name":"first"}'))
      refused(400, "invalid-value", send("PUT", path, '{"name":"a b"}'))
      refused(400, "invalid-input", send("PUT", path, '{"generalAccess":"ALL"}'))
      refused(400, "invalid-input", send("PUT", path, "no JSON"))
      assert.equal("second", data_of(path).name)
    end)
  end)

  describe("lists and makes storages", function()
    it("of all three kinds", function()
      for _, kind in ipairs { "datasets", "key-value-stores", "request-queues" } do
        local path = "/v2/" .. kind
        local first = fetch("POST", path .. "?name=one")
        assert.equal(201, first.status)
        local id = cjson.decode(first.body).data.id
        assert.equal(api.url .. path .. "/" .. id, first.headers.location)
        local again = fetch("POST", path .. "?name=one")
        assert.same({ 200, id }, { again.status, cjson.decode(again.body).data.id })
        assert.equal(201, fetch("POST", path .. "?name=two").status)
        assert.equal(201, fetch("POST", path).status)
        local page = data_of(path .. "?desc=1&limit=1")
        assert.same({ 2, 1, "two", false }, { page.total, page.count, page.items[1].name, page.unnamed })
        assert.same({ 3, true }, { data_of(path .. "?unnamed=1").total, data_of(path .. "?unnamed=1").unnamed })
        assert.equal(0, data_of(path .. "?ownership=sharedWithMe").total)
        assert.equal("two", data_of(path .. "?ownership=ownedByMe&offset=1").items[1].name)
        refused(400, "invalid-input", fetch("GET", path .. "?ownership=none"))
        refused(400, "invalid-value", fetch("POST", path .. "?name=a%20b"))
      end
    end)
  end)

  describe("takes items", function()
    it("one or many, in order, byte for byte", function()
      local path, id = new_dataset('{"a":1,"big":9223372036854775807,"x":1.50}')
      assert.equal(201, send("POST", path .. "/items", '[ {"a":2} ,{"a":3,"t":"]},{\\"é"} ]').status)
      assert.equal(201, send("POST", path .. "/items", "[]").status)
      assert.equal('[{"a":1,"big":9223372036854775807,"x":1.50},\n{"a":2},\n{"a":3,"t":"]},{\\"é"}]', (get(path .. "/items")))
      local object = data_of(path)
      assert.same({ 3, 3, { "a", "big", "x", "t" } }, { object.itemCount, object.cleanItemCount, object.fields })
      assert.same({ 3, 2 }, { api:admin("items", { dataset = id }).total, api:admin("items", { dataset = id }).items[2].a })
    end)

    it("or none of them", function()
      local path = new_dataset()
      for _, text in ipairs { "", "[1]", '"x"', '{"a":', '[{"a":1},[]]', '[{"a":NaN}]' } do
        refused(400, "invalid-input", send("POST", path .. "/items", text))
      end
      assert.equal("[]", (get(path .. "/items")))
    end)

    it("that its schema allows", function()
      local path, id = new_dataset()
      api:admin("dataset_rules", { dataset = id, required = { "url", "title" } })
      local failure = refused(400, "schema-validation-error",
        send("POST", path .. "/items", '[{"url":1,"title":2},{"url":1},{"title":0,"url":0},{}]'))
      assert.same({ 1, 3 }, { failure.data.invalidItems[1].itemPosition, failure.data.invalidItems[2].itemPosition })
      assert.equal("title", failure.data.invalidItems[1].validationErrors[1].params.missingProperty)
      assert.equal(2, #failure.data.invalidItems[2].validationErrors)
      assert.equal("[]", (get(path .. "/items")))
    end)

    it("in gzip, whatever their size on the wire", function()
      local path, id = new_dataset()
      local text = '{"a":"' .. ("x"):rep(3000000) .. '"}'
      write_file(api.dir .. "/plain", text)
      shell("gzip -c " .. api.dir .. "/plain > " .. api.dir .. "/packed")
      local answer = fetch("POST", path .. "/items", "-H 'Content-Encoding: gzip' --data-binary @" .. api.dir .. "/packed")
      assert.equal(201, answer.status)
      assert.equal(201, send("POST", path .. "/items", text, "-H 'Content-Encoding: identity'").status)
      assert.equal(2, api:admin("items", { dataset = id }).total)
      assert.equal("[" .. text .. ",\n" .. text .. "]", (get(path .. "/items")))
    end)

    it("in brotli and deflate, and not when these are cut short, damaged or too large", function()
      local path = new_dataset()
      local item = '{"a":"' .. ("word "):rep(1000) .. '"}'
      for _, packed in ipairs(PACKED) do
        local encoding, text = packed[1], packed[2]
        local function push(how)
          return fetch("POST", path .. "/items", ("-H 'Content-Encoding: %s' --data-binary @%s/%s"):format(encoding, api.dir, how))
        end
        shell(("printf %%s %s | openssl base64 -d -A > %s/whole; cd %s; head -c 30 whole > half; (cat whole; echo more) > long; "
          .. "printf '\\377\\377\\377\\377' > wrong"):format(text, api.dir, api.dir))
        api:admin("settings", { max_payload_bytes = #item })
        assert.equal(201, push("whole").status)
        for _, how in ipairs { "half", "long", "wrong" } do refused(400, "invalid-request", push(how)) end
        api:admin("settings", { max_payload_bytes = #item - 1 })
        refused(413, "request-too-large", push("whole"))
      end
      assert.equal("[" .. item .. ",\n" .. item .. ",\n" .. item .. "]", (get(path .. "/items")))
    end)

    it("up to a size that counts decoded bytes", function()
      local path = new_dataset()
      api:admin("settings", { max_payload_bytes = 100000 })
      local text = '{"a":"' .. ("x"):rep(100000) .. '"}'
      local failure = refused(413, "request-too-large", send("POST", path .. "/items", text))
      assert.truthy(failure.message:find("limit: 100000 bytes, actual length: 100008 bytes", 1, true))
      shell("gzip -c " .. api.dir .. "/body > " .. api.dir .. "/packed")
      local packed = "-H 'Content-Encoding: gzip' --data-binary @" .. api.dir .. "/packed"
      refused(413, "request-too-large", fetch("POST", path .. "/items", packed))
      assert.equal(201, send("POST", path .. "/items", '{"a":"' .. ("x"):rep(99992) .. '"}').status)
    end)

    it("not in other encodings, nor damaged", function()
      local path = new_dataset()
      refused(415, "unsupported-content-encoding", send("POST", path .. "/items", "{}", "-H 'Content-Encoding: zstd'"))
      refused(400, "invalid-request", send("POST", path .. "/items", "{}", "-H 'Content-Encoding: gzip'"))
      write_file(api.dir .. "/plain", '{"a":"' .. ("word "):rep(1000) .. '"}')
      shell(("gzip -c %s/plain > %s/packed; head -c 30 %s/packed > %s/half; (cat %s/packed; echo more) > %s/long")
        :format(api.dir, api.dir, api.dir, api.dir, api.dir, api.dir))
      for _, name in ipairs { "half", "long" } do
        refused(400, "invalid-request", fetch("POST", path .. "/items", "-H 'Content-Encoding: gzip' --data-binary @" .. api.dir .. "/" .. name))
      end
      assert.equal("[]", (get(path .. "/items")))
    end)

    it("not from a client that leaves in mid-body", function()
      local path = new_dataset()
      send("POST", path .. "/items", '{"a":1}', "-H 'Content-Length: 1000' --max-time 0.2")
      eventually(function()
        local requests = api:log().requests
        return requests[#requests].path == path .. "/items" and requests[#requests].status ~= nil
      end)
      assert.equal("[]", (get(path .. "/items")))
    end)

    it("and tells the journal what came", function()
      local path = new_dataset()
      send("POST", path .. "/items", '{"a":1}')
      api:admin("settings", { journal_bodies = true })
      send("POST", path .. "/items", '{"a":22}')
      api:faults({ action = { status = { code = 503 } } })
      send("POST", path .. "/items", '{"a":333}')
      local requests = api:log().requests
      assert.same({ 7, 8, 9 }, { requests[2].body_bytes, requests[3].body_bytes, requests[4].body_bytes })
      assert.is_nil(requests[2].body)
      assert.same({ '{"a":22}', '{"a":333}' }, { requests[3].body, requests[4].body })
    end)
  end)

  describe("gives items", function()
    local path

    before_each(function()
      path = new_dataset('[{"a":1,"b":{"c":[1],"d":"x,y"},"#h":1},{"a":2,"l":[{"x":1},{"x":2}],"n":null},{},{"#h":2},'
        .. '{"a":5,"s":"q\\"<é","errorInfo":1}]') .. "/items"
    end)

    it("by offset and limit in both directions, counting what is stored", function()
      local text, answer = get(path .. "?offset=1&limit=2")
      assert.same({ 2 }, values(text))
      assert.same({ 1, 2, 2, 5, "false" }, pagination(answer))
      text, answer = get(path .. "?desc=1&limit=2")
      assert.same({ 5 }, values(text))
      assert.same({ 0, 2, 2, 5, "true" }, pagination(answer))
      assert.same({ 1, 999999999999, 4, 5, "false" }, pagination(fetch("GET", path .. "?offset=1&clean=1&limit=0")))
      text, answer = get(path .. "?offset=7&limit=1")
      assert.equal("[]", text)
      assert.same({ 7, 1, 0, 5, "false" }, pagination(answer))
    end)

    it("also without a body", function()
      local answer = fetch("HEAD", path .. "?offset=1&limit=2")
      assert.same({ 200, "" }, { answer.status, answer.body:match("\r\n\r\n(.*)$") or "" })
      assert.same({ 1, 2, 2, 5, "false" }, pagination(answer))
    end)

    it("clean, without hidden fields, or without empty ones", function()
      assert.same({ 1, 2, 5 }, values((get(path .. "?clean=1"))))
      assert.is_nil((get(path .. "?skipHidden=1")):find("#h", 1, true))
      assert.equal(5, #cjson.decode((get(path .. "?skipHidden=true"))))
      assert.equal(4, #cjson.decode((get(path .. "?skipEmpty=1"))))
      assert.same({ 1, 2 }, values((get(path .. "?clean=1&skipFailedPages=1"))))
    end)

    it("with some fields only, in that order, by other names", function()
      assert.equal('[{"n":null,"a":2}]', (get(path .. "?fields=n,a&offset=1&limit=1")))
      assert.equal('[{"N":null,"a":2}]', (get(path .. "?fields=n,a&outputFields=N&offset=1&limit=1")))
      assert.equal('[{"a":2}]', (get(path .. "?omit=l,n&offset=1&limit=1")))
    end)

    it("unwound and flattened", function()
      assert.equal('[{"a":2,"n":null,"x":1},\n{"a":2,"n":null,"x":2}]', (get(path .. "?unwind=l&offset=1&limit=1")))
      assert.equal('[{"a":1,"#h":1,"c":[1],"d":"x,y"}]', (get(path .. "?unwind=b&limit=1")))
      assert.equal('[{"a":1,"b.c":[1],"b.d":"x,y","#h":1}]', (get(path .. "?flatten=b&limit=1")))
      local simplified = new_dataset '{"url":1,"pageFunctionResult":[{"p":1},{"p":2}],"other":0}'
      assert.equal('[{"url":1,"p":1},\n{"url":1,"p":2}]', (get(simplified .. "/items?simplified=1")))
    end)

    it("of a view that the dataset has", function()
      local id = path:match("datasets/(%w+)")
      refused(400, "requested-dataset-view-does-not-exist", fetch("GET", path .. "?view=short"))
      api:admin("dataset_rules", { dataset = id, views = { short = { "a" } } })
      assert.equal('[{"a":1}]', (get(path .. "?view=short&limit=1")))
    end)

    it("as JSON Lines", function()
      local text, answer = get(path .. "?format=jsonl&omit=b,l,errorInfo")
      assert.equal('{"a":1,"#h":1}\n{"a":2,"n":null}\n{}\n{"#h":2}\n{"a":5,"s":"q\\"<é"}\n', text)
      assert.equal("application/jsonl; charset=utf-8", answer.headers["content-type"])
    end)

    it("as CSV", function()
      local text, answer = get(path .. "?format=csv&omit=errorInfo")
      assert.equal('\239\187\191a,b/c/0,b/d,#h,l/0/x,l/1/x,n,s\n1,1,"x,y",1,,,,\n2,,,,1,2,,\n,,,,,,,\n,,,2,,,,\n5,,,,,,,"q""<é"\n', text)
      assert.equal("text/csv; charset=utf-8", answer.headers["content-type"])
      assert.equal("1;1;x,y\n", (get(path .. "?format=csv&fields=a,b&limit=1&bom=0&skipHeaderRow=1&delimiter=%3B")))
      assert.equal("s,a\n,1\n", (get(path .. "?format=csv&fields=s,a&bom=0")):match("^.-\n.-\n"))
    end)

    it("as XML, HTML and RSS", function()
      assert.equal('<?xml version="1.0" encoding="UTF-8"?>\n<r>\n<i><a>1</a><b><c>1</c><d>x,y</d></b><_h>1</_h></i>\n</r>\n',
        (get(path .. "?format=xml&limit=1&xmlRoot=r&xmlRow=i")))
      assert.equal("<table><tr><th>a</th><th>s</th></tr><tr><td>5</td><td>q&quot;&lt;é</td></tr></table>",
        (get(path .. "?format=html&offset=4&fields=a,s")))
      local rss = get(path .. "?format=rss&feedTitle=T%26&feedDescription=D&limit=1&fields=a")
      assert.truthy(rss:find("<channel><title>T&amp;</title><description>D</description>\n<item><a>1</a></item>", 1, true))
    end)

    it("as a workbook that unzips", function()
      local text, answer = get(path .. "?format=xlsx&attachment=1")
      assert.equal("PK\3\4", text:sub(1, 4))
      assert.truthy(text:find("<t>x,y</t>", 1, true))
      assert.truthy(answer.headers["content-disposition"]:find("^attachment; filename=.*%.xlsx\"$"))
      local files = unzip(text)
      assert.truthy(files["[Content_Types].xml"] and files["xl/workbook.xml"])
    end)

    it("in no other format", function()
      refused(400, "invalid-input", fetch("GET", path .. "?format=yaml"))
      refused(400, "invalid-input", fetch("GET", path .. "?limit=-1"))
      refused(400, "invalid-input", fetch("GET", path .. "?clean=maybe"))
    end)

    it("fewer at once when the settings say so, with a total that lags", function()
      api:admin("settings", { max_items_page = 2, total_lag = 2 })
      local text, answer = get(path .. "?limit=4")
      assert.equal(2, #cjson.decode(text))
      assert.same({ 0, 2, 2, 3, "false" }, pagination(answer))
    end)

    it("and their statistics", function()
      local id = path:match("(.*)/items")
      send("POST", path, '{"a":-1.5,"s":"","l":[]}')
      local statistics = data_of(id .. "/statistics").fieldStatistics
      assert.same({ -1.5, 5 }, { statistics.a.min, statistics.a.max })
      assert.same({ 1, 1, 1 }, { statistics.n.nullCount, statistics.s.emptyCount, statistics.l.emptyCount })
    end)
  end)

  describe("makes items up", function()
    it("as many as wanted, each with its number", function()
      local path, id = new_dataset()
      api:admin("seed_items", { dataset = id, count = 100000 })
      assert.equal(100000, data_of(path).itemCount)
      local page, answer = get(path .. "/items?offset=99990&limit=100")
      assert.same({ 99990, 100, 10, 100000, "false" }, pagination(answer))
      local items = cjson.decode(page)
      assert.same({ 10, 99990, 99999 }, { #items, items[1].n, items[10].n })
      assert.same(cjson.null, items[1].discount)
      assert.same(cjson.decode((get(path .. "/items?desc=1&limit=1")))[1], items[10])
      assert.same(items[1], api:admin("items", { dataset = id, offset = 99990, limit = 1 }).items[1])
    end)

    it("in a run's own dataset, mixed with hidden fields and empty ones", function()
      api:admin("seed_items", { run = last, count = 154, kind = "mixed", seed = 3 })
      local path = "/v2/actor-runs/" .. last .. "/dataset"
      assert.same({ 154, 140 }, { data_of(path).itemCount, data_of(path).cleanItemCount })
      local text, answer = get(path .. "/items?clean=1")
      assert.equal(140, #cjson.decode(text))
      assert.is_nil(text:find('"#', 1, true))
      assert.same({ 0, 999999999999, 154, 154, "false" }, pagination(answer))
      assert.equal(20, select(2, (get(path .. "/items")):gsub('"#debug"', "")))
    end)

    it("the same over gzip, compressed by nginx or once for all", function()
      local path, id = new_dataset()
      api:admin("seed_items", { dataset = id, count = 3500 })
      local plain = get(path .. "/items?offset=1000&limit=2200")
      assert.equal(plain, (get(path .. "/items?offset=1000&limit=2200", "--compressed")))
      api:admin("settings", { cache_gzip = true })
      for _ = 1, 2 do assert.equal(plain, (get(path .. "/items?offset=1000&limit=2200", "--compressed"))) end
      assert.equal("[]", (get(path .. "/items?offset=4000", "--compressed")))
    end)

    it("by the clock", function()
      local path, id = new_dataset '{"a":1}'
      api:admin("grow_items", { dataset = id, count = 5, interval_secs = 0.02, size = 40 })
      eventually(function() return data_of(path).itemCount == 6 end)
      assert.same({ 0, 4 }, { cjson.decode((get(path .. "/items")))[2].n, cjson.decode((get(path .. "/items")))[6].n })
    end)

    it("and sends a stream up to where a fault cuts it", function()
      local path, id = new_dataset()
      api:admin("seed_items", { dataset = id, count = 1000000 })
      api:faults({ match = { path = "/items$" }, action = { cut = { after_bytes = 70000 } } })
      local answer = fetch("GET", path .. "/items")
      assert.same({ 18, 70000 }, { answer.err, #answer.body })
      answer = fetch("GET", api.tls_url .. path .. "/items")
      assert.not_equal(0, answer.err)
      assert.equal(70000, #answer.body)
    end)
  end)

  describe("shows a log", function()
    local function running()
      return api:admin("add_runs", { schedule = { { 0, "RUNNING" } } }).ids[1]
    end

    it("on all mounts, coloured or not", function()
      local path = "/v2/actor-runs/" .. last .. "/log"
      local text, answer = get(path)
      assert.equal("text/plain; charset=utf-8", answer.headers["content-type"])
      assert.is_nil(text:find("\27", 1, true))
      assert.truthy(text:find("Příliš", 1, true))
      local raw = get(path .. "?raw=1")
      assert.equal(text, (raw:gsub("\27%[[%d;]*m", "")))
      assert.not_equal(text, raw)
      assert.equal(text, (get("/v2/logs/" .. last)))
      assert.equal(text, (get("/v2/actors/janedoe~my-actor/runs/last/log")))
      assert.equal(raw, (get(path .. "?raw=1&stream=1")))
      assert.truthy(fetch("GET", path .. "?download=1").headers["content-disposition"]:find("^attachment"))
      refused(404, "record-not-found", fetch("GET", "/v2/logs/nobody"))
    end)

    it("as it was set", function()
      api:admin("set_log", { run = last, text = "one\n\27[31mtwo\27[0m" })
      assert.equal("one\ntwo", (get("/v2/logs/" .. last)))
      api:admin("set_log", { run = last, text = "" })
      assert.equal("", (get("/v2/logs/" .. last .. "?stream=1")))
    end)

    it("as a stream that ends with the run", function()
      local id = api:admin("add_runs", { schedule = { { 0, "RUNNING" }, { 0.3, "SUCCEEDED" } } }).ids[1]
      api:admin("grow_log", { run = id, lines = 40, first = 2, interval_secs = 0.005 })
      local text = get("/v2/logs/" .. id .. "?stream=1&raw=1")
      assert.equal("SUCCEEDED", data_of("/v2/actor-runs/" .. id).status)
      local lines = 0
      for number in text:gmatch("\n?%d%d%d%d%-[^ ]* [^\n]-line (%d+) of the log") do
        lines = lines + 1
        assert.equal(lines, tonumber(number))
      end
      assert.equal(40, lines)
      assert.equal(text, (get("/v2/logs/" .. id .. "?raw=1")))
      assert.is_true(#text > 70000)
    end)

    -- Read a stream until `control` ends it; curl's exit code and what it got.
    local function stream_until(control, base)
      local id = running()
      api:admin("grow_log", { run = id, lines = 100000, first = 3, interval_secs = 0.01 })
      local out = api.dir .. "/stream"
      shell(("(curl -sN --noproxy '*' --cacert %s --max-time 20 -o %s %s/v2/logs/%s?stream=1; echo $? > %s.code) >/dev/null 2>&1 &")
        :format(api.ca_file, out, base, id, out))
      eventually(function() return read_file(out):find("line 5 of", 1, true) end)
      assert.equal(1, api:admin(control).streams)
      eventually(function() return read_file(out .. ".code") ~= "" end)
      local code = tonumber(read_file(out .. ".code"))
      os.remove(out .. ".code")
      os.remove(out)
      assert.equal(0, api:admin(control).streams)
      return code
    end

    it("that is cut, or that ends politely", function()
      assert.equal(18, stream_until("cut_logs", api.url))
      assert.equal(0, stream_until("end_logs", api.url))
      assert.not_equal(0, stream_until("cut_logs", api.tls_url))
      assert.equal(0, stream_until("end_logs", api.tls_url))
    end)
  end)

  it("can close a connection in the middle of an upload", function()
    local path, id = new_dataset()
    api:faults({ match = { method = "POST" }, action = { cut_upload = { after_bytes = 100000 } } })
    local answer = send("POST", path .. "/items", '{"a":"' .. ("x"):rep(3000000) .. '"}')
    assert.is_true(answer.status < 200 and answer.err ~= 0)  -- 100 Continue at most
    assert.equal(444, api:log().requests[2].status)
    assert.equal(0, api:admin("items", { dataset = id }).total)
  end)

  it("can act before a fault hides that it did", function()
    local path, id = new_dataset()
    api:faults({ match = { method = "POST", first = 1 }, action = { close_before_answer = { act = true } } },
      { match = { method = "POST", first = 1 }, action = { status = { code = 502, act = true } } })
    assert.equal(52, send("POST", path .. "/items", '{"a":1}').err)
    assert.equal(502, send("POST", path .. "/items", '{"a":2}').status)
    assert.equal(201, send("POST", path .. "/items", '{"a":3}').status)
    assert.equal(3, api:admin("items", { dataset = id }).total)
  end)

  it("reads long control bodies", function()
    api:admin("set_log", { run = last, text = ("x"):rep(3000000) })
    assert.equal(3000000, #get("/v2/logs/" .. last))
  end)
end)
