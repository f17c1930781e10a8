--- A list of runs as bytes, for specs of what reads an answer as it comes: what it is, and answers that are cut or are something else.
local assert = require "luassert"
local busted = require "busted"
local stream = require "apify.http.stream"
local testbed = require "spec.support.testbed"

local run_bytes = {}

local COUNT = 1000

run_bytes.PATH = "/acts/janedoe~my-actor/runs"
run_bytes.QUERY = { { "limit", tostring(COUNT) } }

--- The list of a local API of its own, for the cases of the file or block that is being read.
---@class spec.RunBytes
---@field api local_api.Server
---@field whole string the bytes as curl gets them
local RunBytes = {}
RunBytes.__index = RunBytes

---@return spec.RunBytes
function run_bytes.new()
  local self = setmetatable({ api = testbed.local_api { count = COUNT } }, RunBytes)
  busted.setup(function()
    self.api:admin("reset", { count = COUNT })
    local pipe = io.popen(("curl -sS --noproxy '*' '%s/v2%s?limit=%d'"):format(self.api.url, run_bytes.PATH, COUNT))
    self.whole = pipe:read "*a"
    pipe:close()
    assert.is_true(#self.whole > 300000)
  end)
  return self
end

--- A stream of it; `o` adds to its options, `more` to its request.
---@param client apify.Client
---@param o? table
---@param more? table
---@return apify.Stream
function RunBytes.open(_, client, o, more)
  local all = { settings = client.settings, request = { path = run_bytes.PATH, query = run_bytes.QUERY } }
  for name, value in pairs(more or {}) do all.request[name] = value end
  for name, value in pairs(o or {}) do all[name] = value end
  return stream.new(all)
end

--- Compared in a way that does not print megabytes.
function RunBytes:assert_whole(text)
  assert.equal(#self.whole, #text)
  assert.is_true(text == self.whole)
end

-- A rule for each of the values, one answer after the other.
local function set_faults(api, values, action_of)
  local rules = {}
  for i, value in ipairs(values) do rules[i] = { match = { path = "/runs$", first = 1 }, action = action_of(value) } end
  api:faults((table.unpack or unpack)(rules))
end

--- Have the answers be these texts, one after the other.
function RunBytes:answer_with(...)
  set_faults(self.api, { ... }, function(body) return { bad_json = { body = body } } end)
end

--- Cut the compressed bodies of the answers after so many bytes, one after the other.
function RunBytes:cut_at(...)
  set_faults(self.api, { ... }, function(size) return { cut = { after_bytes = size } } end)
end

return run_bytes
