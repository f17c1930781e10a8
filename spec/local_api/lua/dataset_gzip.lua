--- Pages of synthetic items, compressed once and kept: for benchmarks, where nginx would be the slower side.
local gzip = require "gzip"
local seeds = require "dataset_seeds"
local store = require "store"

local dataset_gzip = {}

local BLOCK = 1000                      -- items compressed in one piece
local MAX_BLOCKS = 1000                 -- kept of one dataset: about 180 MB
local SEPARATOR = ",\n"

--- Whether a page can be put together of blocks: plain JSON of synthetic items, for a client that takes gzip, and that no
--- fault is going to spoil.
function dataset_gzip.is_possible(page)
  local query = page.query
  return store.settings.cache_gzip and query.format == "json" and not (page.shape or query.desc or query.bom)
    and page.data.seeded.count == page.total and query.offset % BLOCK == 0
    and not ngx.ctx.entry.fault and (ngx.var.http_accept_encoding or ""):find("gzip", 1, true) ~= nil
end

local function compress(set, first, count)
  local texts = {}
  for i = 1, count do texts[i] = seeds.text(set, first + i - 1) end
  return gzip.part(table.concat(texts, SEPARATOR))
end

-- The block of `count` items from `first` on, counted from 0.
local function block(set, first, count)
  set.blocks, set.block_count = set.blocks or {}, set.block_count or 0
  local key = first * BLOCK + count
  local known = set.blocks[key]
  if known then return known end
  local made = compress(set, first, count)
  if set.block_count < MAX_BLOCKS then
    set.blocks[key], set.block_count = made, set.block_count + 1
  end
  return made
end

--- Write the page as a JSON array in one gzip stream.
function dataset_gzip.write(page, write)
  local add, separator = gzip.assembler(write), gzip.part(SEPARATOR)
  local first, last = page.query.offset, page.query.offset + page.count
  add(gzip.part("["))
  for at = first, last - 1, BLOCK do
    if at > first then add(separator) end
    if not add(block(page.data.seeded, at, math.min(BLOCK, last - at))) then return end
  end
  add(gzip.part("]", { is_last = true }))
  add()
end

return dataset_gzip
