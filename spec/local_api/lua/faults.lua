--- Which request is to fail, and how: a list of rules, of which the first that matches applies.
local answers = require "answers"
local fault_actions = require "fault_actions"
local fault_patterns = require "fault_patterns"
local fault_text = require "fault_text"
local options = require "options"
local random = require "random"
local router = require "router"

local faults = {}

local MATCH_DEFAULTS = {
  after = 0,                            -- only once this many requests have matched otherwise
  first = math.huge,                    -- only the first n times
  method = false,
  nth = 1,                              -- every n-th of those that match otherwise
  path = false,                         -- Lua pattern for the path without its query
  probability = 1,
  query = false,                        -- Lua pattern for the query as received
  seed = 1,
  server = false,                       -- main, other, tls or h1_tls
}
local RULE_DEFAULTS = { action = options.required, match = {}, may_miss = false, name = false }

faults.rules = {}

--- Once, in the master.
---@param urls table<string, string>
function faults.init(urls)
  fault_actions.urls = urls
end

-- `text`, before defaults complete it, is what the spec wrote.
local function compile(rule, number, set_at)
  rule = options.check(rule, RULE_DEFAULTS, "rule")
  local text = fault_text.of { match = rule.match, action = rule.action }
  rule.match = options.check(rule.match, MATCH_DEFAULTS, "match")
  if rule.match.path then fault_patterns.check_path(rule.match.path) end
  if rule.match.query then fault_patterns.check(rule.match.query) end
  rule.kind = fault_actions.check(rule.action)
  rule.name = rule.name or rule.kind .. " " .. number
  rule.text = ("'%s' %s%s"):format(rule.name, text, set_at and ", set at " .. set_at or "")
  rule.random = random.new(rule.match.seed)
  rule.seen, rule.hits = 0, 0
  return rule
end

-- What is to be said of the rules that were never hit, or nil.
local function complaint()
  local texts = {}
  for _, rule in ipairs(faults.rules) do
    if rule.hits == 0 and not rule.may_miss then texts[#texts + 1] = ("%s (it looked at %d requests)"):format(rule.text, rule.seen) end
  end
  if texts[1] then return "a fault was asked for and never happened: " .. table.concat(texts, "\n and ") end
end

--- Replace all rules; raises a text that names what is wrong with them, and then changes nothing.
--- Raises also what is to be said of the rules before; then there are none at all.
---@param rules table[] each {match = {...}, action = {...}, name = "...", may_miss = false}
---@param set_at? string the place that asks for them, for those texts
function faults.set(rules, set_at)
  local compiled = {}
  for i, rule in ipairs(rules) do compiled[i] = compile(rule, i, set_at) end
  local problem = complaint()
  faults.rules = problem and {} or compiled
  if problem then error(problem, 0) end
end

--- From now on the rules that there are may be missed: whoever set them has failed before their time came.
function faults.excuse()
  for _, rule in ipairs(faults.rules) do rule.may_miss = true end
end

--- Each rule's name, how many requests it looked at and how many it spoiled.
function faults.report()
  local report = {}
  for i, rule in ipairs(faults.rules) do report[i] = { name = rule.name, seen = rule.seen, hits = rule.hits } end
  return report
end

local function is_candidate(match, entry)
  local path, query = entry.path:match("^([^?]*)%??(.*)$")
  if match.method and match.method ~= entry.method then return false end
  if match.server and match.server ~= entry.server then return false end
  if match.path and not path:find(match.path) then return false end
  return not match.query or query:find(match.query) ~= nil
end

local function is_due(rule)
  local match = rule.match
  rule.seen = rule.seen + 1
  local turn = rule.seen - match.after
  if turn <= 0 or turn % match.nth ~= 0 or rule.hits >= match.first then return false end
  return match.probability >= 1 or rule.random:fraction() < match.probability
end

--- The rule that applies to a request, or nil. The request's entry in the journal then names it.
function faults.pick(entry)
  for _, rule in ipairs(faults.rules) do
    if is_candidate(rule.match, entry) and is_due(rule) then
      rule.hits = rule.hits + 1
      entry.fault = rule.name
      return rule
    end
  end
end

--- Answer the request as the rule says.
function faults.apply(rule, request, entry)
  local action = rule.action
  fault_actions.wait(action)
  local spoil = fault_actions.spoilers[rule.kind]
  if not spoil then return answers.send(router.answer(request)) end
  return spoil(action[rule.kind], { request = request, entry = entry })
end

return faults
