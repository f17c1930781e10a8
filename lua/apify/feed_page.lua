--- One page of a feed: what is sent for it, and what its answer brings.
local request = require "apify.request"

local feed_page = {}

local NOTHING = {}

---@class apify.FeedPage : apify.PagePlan
---@field source? apify.Exchange
---@field xfer? userdata its rows are being read
---@field is_behind? boolean another page was before it when it was asked for

local function copy_list(list)
  local copy = {}
  for i, v in ipairs(list) do copy[i] = v end
  return copy
end

--- Fields to read of the rows: what was asked for, and what the walk knows rows by, which is hidden.
---@param pick? string[]
---@param known_by string[]
---@return string[]? wire_pick
---@return string[]? hidden
function feed_page.fields(pick, known_by)
  if not pick then return nil end
  local wire_pick, hidden, is_picked = copy_list(pick), {}, {}
  for _, name in ipairs(pick) do is_picked[name] = true end
  for _, name in ipairs(known_by) do
    if not is_picked[name] then
      table.insert(wire_pick, name)
      table.insert(hidden, name)
    end
  end
  return wire_pick, hidden[1] and hidden
end

--- Begin to ask for the page, perhaps again; nothing is sent before it is poked.
---@param feed apify.Feed
---@param page apify.FeedPage
---@param now number
---@param previous? table see exchange.new
function feed_page.open(feed, page, now, previous)
  local query = copy_list(feed.query)
  feed.walk:add_query(page, query)
  feed.requests = feed.requests + 1
  page.is_behind = page ~= feed.walk.pages[1]
  local op = {
    path = feed.path, query = query, is_stream = true, pick = feed.wire_pick, nulls = feed.nulls,
    decoder = feed.decoder, http1 = feed.http1, is_open_ended = feed.is_open_ended,
    request_timeout = feed.request_timeout,
  }
  for name, value in pairs(feed.call) do op[name] = value end
  page.source = request.begin(feed.settings, op, feed.waiter, now, previous)
  feed.decoder = page.source.call.decoder
end

--- What is in flight is aborted. Safe to call twice.
---@param page apify.FeedPage
function feed_page.close(page)
  if page.source then page.source:close() end
  page.source, page.xfer = nil, nil
end

--- Begin to read the page once its answer has begun. Returns the error that it ended with, if any. The time that it
--- spent behind other pages does not count.
---@param page apify.FeedPage
---@param now number
---@return apify.Error?
function feed_page.begin_reading(page, now)
  local state = page.source:poke(now)
  if state == "failed" then return page.source.error end
  if state ~= "ready" then return nil end
  page.xfer = page.source.xfer
  page.xfer:want(true)
  if page.is_behind then page.source.started_at = now end
end

--- What the page's answer says about the list, in members around the rows or in headers.
local function told_of(page, name)
  local value = page.xfer:envelope()[name]
  if value == nil then value = tonumber(page.xfer:header("x-apify-pagination-" .. name)) end
  return type(value) == "number" and value >= 0 and value % 1 == 0 and value or nil
end

--- Note what the answer has said of the list so far.
---@param feed apify.Feed
---@param page apify.FeedPage
function feed_page.note_counts(feed, page)
  local total = told_of(page, "total")
  page.count, page.told_limit = told_of(page, "count"), told_of(page, "limit")
  if total then feed.walk:note_total(page, total) end
end

--- What `pick` did not ask for was read for the walk's own use.
---@param feed apify.Feed
function feed_page.trim(feed, row)
  if type(row) == "table" then
    for _, name in ipairs(feed.hidden or NOTHING) do row[name] = nil end
  end
  return row
end

feed_page.UNREADABLE = {}                -- the row is there, and the user's codec makes nothing of it

--- The next row of the page: row | nil, "more" | nil, "end" | nil, message, name, offset | nil, UNREADABLE, message
---@param feed apify.Feed
---@param page apify.FeedPage
function feed_page.next_row(feed, page)
  local row, why, name, offset = page.xfer:row(feed.decoder)
  if row == nil or not feed.decode_row then return row, why, name, offset end
  local value, message = feed.decode_row(row)
  if value == nil then return nil, feed_page.UNREADABLE, message end
  return value
end

return feed_page
