--- The documents: every piece of Lua in them runs, and every link leads somewhere.
local markdown = require "spec.support.markdown"
local snippets = require "spec.support.snippets"
local sources = require "spec.support.sources"
local testbed = require "spec.support.testbed"

local PLACES = "README.md CHANGELOG.md CONTRIBUTING.md docs examples lua spec"

-- Folders of this project, by which a path in a document is known for one of its files.
local OURS = {}
for name in ("docs examples hosts http local_api loop lua meta paging resources spec src support util"):gmatch "%S+" do OURS[name] = true end

-- All documents, but for the README's pieces, which have a spec of their own.
local function documents()
  local paths = {}
  for _, path in ipairs(sources.list(PLACES)) do
    if path:find "%.md$" then paths[#paths + 1] = path end
  end
  return paths
end

-- The anchors of a document; "" stands for its beginning.
local function anchors(path)
  local found = { [""] = true }
  for _, section in ipairs(markdown.sections(assert(markdown.read(path), path))) do found[markdown.anchor(section.title)] = true end
  return found
end

-- Where a link leads: the file and the anchor in it.
local function destination(path, target)
  local file, anchor = target:match "^([^#]*)#?(.*)$"
  if file == "" then return path, anchor end
  return path:match "^(.-)[^/]*$" .. file, anchor
end

describe("the documents", function()
  local api = testbed.local_api { count = 60 }

  it("have pieces of Lua that all run", function()
    local ran = 0
    for _, path in ipairs(documents()) do
      for _, code in ipairs(path == "README.md" and {} or markdown.snippets(markdown.read(path))) do
        assert(load(code, "=" .. path))
        if not snippets.needs_host(code) then
          local _, complaints, status = snippets.run(code, api, api.seeded.last_id)
          assert.same({ "", 0 }, { complaints, status }, path .. ": " .. code)
          ran = ran + 1
        end
      end
    end
    assert.is_true(ran >= 10)
  end)

  it("name files that are there", function()
    local checked = 0
    for _, path in ipairs(documents()) do
      local folder = path:match "^.*/" or ""
      for name in markdown.without_code(markdown.read(path)):gmatch "`([%w_.]+/[%w_./]*)`" do
        local is_file = name:find "%.%a+$" ~= nil or name:find "/$" ~= nil
        if is_file and (io.open(name) or io.open(folder .. name)) then checked = checked + 1
        elseif is_file and OURS[name:match "^[^/]*"] then error(path .. " names " .. name .. ", which is not there") end
      end
    end
    assert.is_true(checked > 50, checked)
  end)

  it("have links that lead to files and headings that are there", function()
    local checked = 0
    for _, path in ipairs(documents()) do
      for _, target in ipairs(markdown.links(markdown.read(path))) do
        if not target:find "^%a+:" then
          local file, anchor = destination(path, target)
          assert.truthy(io.open(file), path .. " -> " .. target)
          if file:find "%.md$" then assert.is_true(anchors(file)[anchor], path .. " -> " .. target) end
          checked = checked + 1
        end
      end
    end
    assert.is_true(checked > 100)
  end)
end)
