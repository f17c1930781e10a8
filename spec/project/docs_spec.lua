--- The documents in docs/: every piece of Lua in them runs, and every link leads somewhere, those of the README too.
local markdown = require "spec.support.markdown"
local program = require "spec.support.program"
local server = require "spec.local_api.server"

local PRELUDE = [[local apify = require "apify"; local client = apify.new(); local id = os.getenv "RUN_ID"; ]]

local function documents()
  local paths = {}
  local pipe = assert(io.popen "ls docs/*.md")
  for path in pipe:lines() do paths[#paths + 1] = path end
  pipe:close()
  return paths
end

-- Does it need a host that is not here? Then it is only compiled.
local function needs_host(code)
  return code:find "%f[%w]vim%." ~= nil or code:find "%f[%w]ngx%." ~= nil
end

-- What a snippet wrote to standard error, and its exit code.
local function run(code, env)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(PRELUDE, code)
  file:close()
  local _, complaints, status = program.run(path, env)
  os.remove(path)
  return complaints, status
end

-- The anchors of a document; "" stands for its beginning.
local function anchors(path)
  local found = { [""] = true }
  for _, section in ipairs(markdown.sections(assert(markdown.read(path), path))) do found[markdown.anchor(section.title)] = true end
  return found
end

describe("the documents", function()
  local api, env

  setup(function()
    api = server.start()
    local seeded = api:admin("reset", { count = 60 })
    env = { APIFY_API_BASE_URL = api.url, APIFY_TOKEN = "apify_api_some", RUN_ID = seeded.last_id }
  end)

  teardown(function() api:stop() end)

  it("have pieces of Lua that all run", function()
    local ran = 0
    for _, path in ipairs(documents()) do
      for _, code in ipairs(markdown.snippets(markdown.read(path))) do
        assert(load(code, "=" .. path))
        if not needs_host(code) then
          assert.same({ "", 0 }, { run(code, env) }, path .. ": " .. code)
          ran = ran + 1
        end
      end
    end
    assert.is_true(ran >= 10)
  end)

  it("have links that lead to files and headings that are there", function()
    local checked, paths = 0, documents()
    paths[#paths + 1] = "README.md"
    for _, path in ipairs(paths) do
      for _, target in ipairs(markdown.links(markdown.read(path))) do
        if not target:find "^%a+:" then
          local file, anchor = target:match "^([^#]*)#?(.*)$"
          local whole = file == "" and path or path:match "^(.-)[^/]*$" .. file
          assert.truthy(io.open(whole), path .. " -> " .. target)
          if whole:find "%.md$" then assert.is_true(anchors(whole)[anchor], path .. " -> " .. target) end
          checked = checked + 1
        end
      end
    end
    assert.is_true(checked > 100)
  end)
end)
