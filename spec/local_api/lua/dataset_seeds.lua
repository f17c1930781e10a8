--- Synthetic items: made from their index whenever they are asked for, so that a million of them need no memory.
--- Item k, counted from 0, has k as its field "n"; the rest of it is one of a few hundred texts of about 500 bytes.
local random = require "random"

local seeds = {}

local VARIANTS = 251                    -- a prime: no pattern of the items' own repeats with it
local HIDDEN_EVERY, EMPTY_EVERY = 7, 11 -- in a mixed dataset
local HEAD = '{"n":'
local WORDS = { "lorem", "ipsum", "dolor", "přílíš", "žluťoučký", "kůň", "日本語", "emoji 😀", "caf\\u00e9", "tab\\tquote\\\"", "a\\/b" }
local REST = ',"id":"%s","url":"https://www.example.com/%s?page=%d","title":"%s","price":%.14g,"ratio":%s,"sold":%d,'
  .. '"viewed":9223372036854%05d,"inStock":%s,"discount":null,"tags":[%s],"images":[],"options":{},'
  .. '"seller":{"name":"%s","rating":%.3g,"address":{"city":"%s","zip":null,"geo":[%.6f,%.6f]}},'
  .. '"variants":[{"sku":"%s","stock":%d},{"sku":"%s","stock":null}],"description":"%s"}'
local HIDDEN = ',"#debug":{"requestId":"Ab3","retries":0},"#error":false'
local FIELDS = {
  "n", "id", "url", "title", "price", "ratio", "sold", "viewed", "inStock", "discount", "tags", "images", "options", "seller",
  "variants", "description",
}
local HIDDEN_FIELDS = { "#debug", "#error" }

local function words(r, count)
  local chosen = {}
  for i = 1, count do chosen[i] = WORDS[r:below(#WORDS)] end
  return table.concat(chosen, " ")
end

local function quoted_words(r, count)
  local chosen = {}
  for i = 1, count do chosen[i] = '"' .. words(r, 1) .. '"' end
  return table.concat(chosen, ",")
end

local function make_rest(r)
  return REST:format(r:id(), r:id(), r:below(500), words(r, 3), r:below(100000) / 100,
    ("%.17g"):format(r:fraction()), r:below(2147483647), r:below(99999), tostring(r:below(2) == 1),
    quoted_words(r, r:below(4) - 1), words(r, 2), r:fraction() * 5, words(r, 1), r:fraction() * 180 - 90,
    r:fraction() * 360 - 180, r:id(), r:below(1000), r:id(), words(r, 2))
end

--- The set without items.
seeds.NONE = { count = 0 }

--- A set of synthetic items.
---@param options {count: integer, seed: integer, kind: string} kind: "plain", or "mixed" with hidden fields and empty items
---@return table set
function seeds.new(options)
  local r, rests, hidden_rests = random.new(options.seed), {}, {}
  for i = 0, VARIANTS - 1 do
    rests[i] = make_rest(r)
    hidden_rests[i] = HIDDEN .. rests[i]
  end
  return { count = options.count, is_mixed = options.kind == "mixed", rests = rests, hidden_rests = hidden_rests }
end

local function is_hidden(set, n)
  return set.is_mixed and (n + 1) % HIDDEN_EVERY == 0
end

local function is_empty(set, n)
  return set.is_mixed and (n + 1) % EMPTY_EVERY == 0
end

--- Write item `n`, counted from 0, without making a string of it. Whether more is wanted.
function seeds.write(set, n, write)
  if is_empty(set, n) then return write("{}") end
  write(HEAD)
  write(tostring(n))
  return write((is_hidden(set, n) and set.hidden_rests or set.rests)[n % VARIANTS])
end

--- The JSON text of item `n`, counted from 0.
function seeds.text(set, n)
  if is_empty(set, n) then return "{}" end
  return HEAD .. tostring(n) .. (is_hidden(set, n) and set.hidden_rests or set.rests)[n % VARIANTS]
end

--- How many items are not empty.
function seeds.clean_count(set)
  return set.count - (set.is_mixed and math.floor(set.count / EMPTY_EVERY) or 0)
end

--- The names of all fields at the top.
function seeds.fields(set)
  local fields = {}
  for i, name in ipairs(set.count > 0 and FIELDS or {}) do fields[i] = name end
  for _, name in ipairs(set.is_mixed and HIDDEN_FIELDS or {}) do fields[#fields + 1] = name end
  return fields
end

--- About how many bytes an item has.
seeds.ITEM_BYTES = 500

return seeds
