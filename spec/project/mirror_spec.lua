-- runs once
--- The mirror: the spec of lua/apify/http/call.lua is spec/http/call_spec.lua. Whoever looks for one finds the other by its path.

local sources = require "spec.support.sources"

local AT_THE_TOP = {}
for name in ("CHANGELOG.md CONTRIBUTING.md LICENSE Makefile README.md apify apify-scm-1.rockspec build docs examples lua spec src"):gmatch "%S+" do
  AT_THE_TOP[name] = true
end

-- The spec that covers a module which has none of its own.
local COVERED_BY = {
  ["nginx"] = "hosts/nginx_life_spec",
  ["loop/adapters/cqueues"] = "hosts/cqueues_spec",
  ["loop/adapters/luv"] = "hosts/luv_spec",
  ["loop/adapters/nginx_request"] = "hosts/nginx_life_spec",
  ["loop/adapters/nvim"] = "hosts/nvim_spec",
  ["loop/adapters/uv_pump"] = "hosts/luv_spec",
  ["resources/request_queue_batch_input"] = "resources/request_queue_batch_spec",
  ["resources/request_queue_batch_send"] = "resources/request_queue_batch_spec",
  ["resources/job_poll"] = "resources/job_wait_spec",
}

-- The folders of spec/ that mirror lua/apify; "" is the top.
local MIRRORED = { "", "util/", "loop/", "loop/adapters/", "http/", "paging/", "resources/", "resources/base/" }

-- The paths below a folder that end so, without both: set.
local function names_below(folder, ending)
  local found = {}
  for _, path in ipairs(sources.list(folder)) do
    if path:sub(-#ending) == ending then found[path:sub(#folder + 2, -#ending - 1)] = true end
  end
  return found
end

local MODULES, SPECS = names_below("lua/apify", ".lua"), names_below("spec", ".lua")

-- "http/call" for "http/call_errors_spec", or nil: the module that a spec's name begins with.
local function module_of(spec)
  local name = spec
  repeat
    name = name:match "^(.*)_[^_/]*$"
    if MODULES[name] then return name end
  until not name
end

describe("the mirror", function()
  it("has a spec for each module", function()
    local found = {}
    for module in pairs(MODULES) do
      local own = SPECS[module .. "_spec"]
      if not own and not COVERED_BY[module] and not module:find "^meta/" then found[#found + 1] = module .. " has no spec" end
      if own and COVERED_BY[module] then found[#found + 1] = module .. " has a spec of its own: take it out of COVERED_BY" end
    end
    for module, spec in pairs(COVERED_BY) do
      if not MODULES[module] then found[#found + 1] = "COVERED_BY names the module " .. module .. ", which is gone" end
      if not SPECS[spec] then found[#found + 1] = "COVERED_BY names the spec " .. spec .. ", which is gone" end
    end
    table.sort(found)
    assert.same({}, found)
  end)

  it("has a module for each spec in its folders", function()
    local found, folders = {}, {}
    for _, folder in ipairs(MIRRORED) do folders[folder] = 0 end
    for spec in pairs(SPECS) do
      local folder = spec:match "^(.-)[^/]*$"
      if folders[folder] and spec:find "_spec$" then
        folders[folder] = folders[folder] + 1
        if not module_of(spec) then found[#found + 1] = spec .. " is of no module" end
      end
    end
    for folder, count in pairs(folders) do
      if count == 0 then found[#found + 1] = "no spec is in " .. folder end
    end
    table.sort(found)
    assert.same({}, found)
  end)

  it("is made of all folders of lua/apify", function()
    local known = { ["meta/"] = true }
    for _, folder in ipairs(MIRRORED) do known[folder] = true end
    for module in pairs(MODULES) do assert(known[module:match "^(.-)[^/]*$"], module .. " is in a folder that is not mirrored") end
  end)

  it("has nothing beside it at the top but what belongs there", function()
    local found = {}
    for _, path in ipairs(sources.list ".") do
      local name = path:gsub("^%./", ""):match "^[^/]+"
      if not name:find "^%." and not AT_THE_TOP[name] then found[name] = true end
    end
    assert.same({}, found)
  end)
end)
