-- An Actor: counts the words of a text. It reads INPUT, pushes an item for each word, leaves OUTPUT and says what it is doing.
-- The environment is that of the platform; README.md says how to have one here.
local apify = require "apify"

local FAILED, BROKEN = 1, 91                                -- exit codes: it cannot do what was asked for; something raised

local client = apify.new()

local function env(name)
  return os.getenv(name) or error("the environment has no " .. name, 0)
end

-- The input, or nil and what is wrong with it.
local function read_input(store)
  local record, err = store:get_record(os.getenv "ACTOR_INPUT_KEY" or "INPUT")
  if not record and not err.not_found then error(err) end
  local input = record and record.value
  if type(input) ~= "table" or type(input.text) ~= "string" then return nil, "the input has no field 'text' that is a string" end
  return input
end

-- A list of { word, count }, the most frequent first; words of one count by the alphabet.
local function count_words(text, least)
  local counts, items = {}, {}
  for word in text:lower():gmatch "[^%s%p]+" do counts[word] = (counts[word] or 0) + 1 end
  for word, count in pairs(counts) do
    if count >= least then items[#items + 1] = { word = word, count = count } end
  end
  table.sort(items, function(a, b)
    if a.count ~= b.count then return a.count > b.count end
    return a.word < b.word
  end)
  return items
end

-- true; or nil and why the run has failed. What is nobody's fault is raised.
local function work()
  local store, dataset = client:key_value_store(env "ACTOR_DEFAULT_KEY_VALUE_STORE_ID"), client:dataset(env "ACTOR_DEFAULT_DATASET_ID")
  local input, why = read_input(store)
  if not input then return nil, why end
  assert(client:set_status_message "counting")
  local items = count_words(input.text, input.least or 1)
  if items[1] then assert(dataset:push_items(items)) end
  assert(store:set_record("OUTPUT", { words = #items, most_frequent = items[1] and items[1].word or apify.null }))
  assert(client:set_status_message(("%d words"):format(#items), { is_terminal = true }))
  return true
end

local is_quiet, is_done, why = pcall(work)
if not is_quiet then
  io.stderr:write("raised: ", tostring(is_done), "\n")
  os.exit(BROKEN, true)
elseif not is_done then
  io.stderr:write(why, "\n")
  client:set_status_message(why, { is_terminal = true })
  os.exit(FAILED, true)
end
