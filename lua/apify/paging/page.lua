--- One page of a list: what is sent for it, and what its answer brings.
local core = require "apify.core"
local errors = require "apify.util.errors"
local request = require "apify.http.request"
local tables = require "apify.util.tables"

local pages = {}

local NOTHING = {}

local MAX_COUNT = 2 ^ 53                 -- beyond it not every integer is a number of its own

local MAX_REST = 2 ^ 26                  -- bytes behind the rows that are worth a checksum

--- What a plan knows of a page.
---@class apify.PlannedPage
---@field offset? integer nil where pages have none
---@field limit? integer rows asked for; nil: all
---@field is_anchored boolean its next unknown row is the next one of the list
---@field scanned integer rows seen
---@field fresh integer rows delivered, without those that came the quick way: only whether there were any matters
---@field starts_at? integer where in the list the first of those was
---@field start? { mark: table, limit_left?: integer, delivered: integer } what the reader saw before its first row was taken

--- What a plan is, whatever the list: which pages to ask for, and which of their rows to deliver. It sends nothing and has no clock.
--- Where memory is short a method may raise: then nothing has changed that counts, and it can be called again.
--- `offset_plan`, `item_plan`, `cursor_plan` and `single_plan` make one each. The reader calls nothing but what is named here, and hangs
--- what it knows of a page on the page's own table (apify.OpenPage). Where a plan lacks something, that is said here.
---@class apify.Plan
---@field known_by string[] fields of a row that the plan looks at
---@field is_once? boolean what broke off cannot be asked for again: such a plan has no `mark`, `go_on`, `go_back` and `reopen`
---@field is_reshaped? boolean a row of an answer is not a row of the list: a page's `limit` does not count them
---@field pages apify.PlannedPage[] asked for and not finished; the first is being read. For paging/ alone
---@field is_ended boolean
---@field limit_left? integer rows
---@field total? integer rows of the list, as the API last said
---@field desc? boolean
---@field next_page fun(self): apify.PlannedPage?   the next one to ask for, put at the end of `pages`; nil when enough is under way
---@field add_query fun(self, page, query)   the parameters that ask for it
---@field note_total fun(self, page, total: integer)
---@field note_row? fun(self, row)   the first row of a page, before it is taken
---@field usual fun(self, page): apify.core.TapRule|boolean   the rule of the tap for the next rows of the head page: true for all, false for none
---@field count_usual fun(self, rule, tap: apify.core.Tap)   remember the rows that it gave by that rule; told again when it has given more
---@field take fun(self, page, row): "deliver"|"skip"|"hold"|"release"|"reject"   the last three of lists with anchors alone
---@field release fun(self, page): any   what was held, one by one: of lists with anchors alone
---@field reject fun(self, page)   the page does not count, and is asked for again otherwise: of lists with anchors alone
---@field finish fun(self, page, envelope: table): "next"|"end"|"reject", string?, apify.Plan?   it was read to its end; why the list
---   cannot be read any further; another plan for what is behind it, if it takes one: after either this one is not asked again
---@field is_complete fun(self, page): boolean   have all rows come that were asked for?
---@field unbound fun(self, page)   the answer has all there is, and more than was asked for: where pages have an offset
---@field shrink fun(self, limit: integer)   the API gives no more a page
---@field stop fun(self, offset?: integer)   nothing more is asked for: the list ends there
---@field go_on fun(self, page): apify.PlannedPage   it broke off: what takes its place goes on behind its last delivered row
---@field go_back fun(self, page)   its answer was damaged: as if none of its rows had been delivered, and nothing were asked for
---@field reopen fun(self)   the list may have grown at its end
---@field position fun(self): integer?   where the next row is expected; nil without numbers
---@field mark fun(self): table   what it takes to go on later, fit for JSON

--- What the reader knows of a planned page, on the same table.
---@class apify.OpenPage : apify.PlannedPage
---@field call? apify.Call
---@field xfer? userdata its rows are being read
---@field due any the row that was read last, when `due_at` rows had been counted: what raises before it is counted as well does not lose it
---@field due_bad any fields of the error if it cannot be read, else false
---@field due_at integer
---@field bad? table fields of the error of a row that is being passed over
---@field rest? table what its end comes to, once the rest of the answer was read
---@field rest_size? integer bytes of the rest that were read
---@field is_cut? boolean the rest of the answer is not waited for
---@field is_told? boolean its answer says something about the list
---@field is_behind? boolean another page was before it when it was asked for

--- Fields to read of the rows: what was asked for, and what the plan knows rows by, which is hidden.
---@param pick? string[]
---@param known_by string[]
---@return string[]? wire_pick
---@return string[]? hidden
function pages.fields(pick, known_by)
  if not pick then return nil end
  local wire_pick, hidden, is_picked = tables.merge(pick), {}, {}
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
---@param reader apify.Reader
---@param page apify.OpenPage
---@param now number
---@param previous? table see request.begin
function pages.open(reader, page, now, previous)
  local query = tables.merge(reader.query)
  reader.plan:add_query(page, query)
  reader.requests = reader.requests + 1
  page.is_behind = page ~= reader.plan.pages[1]
  local req = request.with(reader.request, {
    path = reader.path, query = query, answer = reader.answer, pick = reader.wire_pick, nulls = reader.nulls,
    decoder = reader.decoder, http1 = reader.http1, request_timeout = reader.request_timeout,
    deadline_at = reader.clock.ends_at,
  })
  local call = request.begin(reader.settings, req, reader.waiter, now, previous)
  reader.decoder = call.decoder
  page.due, page.due_bad, page.due_at = false, false, -1 -- there is room for them from here on
  page.call = call                                       -- last: an interrupt leaves none without its decoder
end

--- What is in flight is aborted. Safe to call twice.
---@param page apify.OpenPage
function pages.close(page)
  local call = page.call
  page.call, page.xfer = nil, nil                        -- first, as a hook may raise
  if call then call:close() end
end

--- Begin to read the page once its answer has begun. Returns the error that it ended with, if any. The time that it
--- spent behind other pages does not count.
---@param reader apify.Reader
---@param page apify.OpenPage
---@param now number
---@return apify.Error?
function pages.begin_reading(reader, page, now)
  local state = page.call:poke(now)
  if state == "failed" then return page.call.error end
  if state ~= "ready" then return nil end
  local xfer = page.call.xfer
  xfer:want(true)
  page.start = { mark = reader.plan.mark and reader.plan:mark(), limit_left = reader.plan.limit_left, delivered = reader.delivered }
  if page.is_behind then page.call.started_at = now end
  page.xfer = xfer                                       -- last
end

--- What the page's answer says about the list, in members around the rows or in headers.
local function told_of(page, name)
  local value = page.xfer:envelope()[name]
  if value == nil then value = tonumber(page.xfer:header("x-apify-pagination-" .. name)) end
  return type(value) == "number" and value >= 0 and value <= MAX_COUNT and value % 1 == 0 and value or nil
end

--- Note what the answer has said of the list so far.
---@param reader apify.Reader
---@param page apify.OpenPage
function pages.note_counts(reader, page)
  local total = told_of(page, "total")
  page.count, page.told_limit, page.told_offset = told_of(page, "count"), told_of(page, "limit"), told_of(page, "offset")
  page.is_told = (total or page.count or page.told_limit or page.told_offset) ~= nil
  page.is_placed = page.told_offset ~= nil and page.told_offset == page.offset
  if total then reader.plan:note_total(page, total) end
end

--- What `pick` did not ask for was read for the plan's own use.
---@param reader apify.Reader
function pages.trim(reader, row)
  if type(row) == "table" then
    for _, name in ipairs(reader.hidden or NOTHING) do
      if row[name] ~= nil then row[name] = nil end       -- LuaJIT makes room even for a nil
    end
  end
  return row
end

--- A decoded value in words.
local function shown(v)
  if type(v) ~= "table" then return v == core.null and "null" or errors.show(v) end
  return (v[1] ~= nil or getmetatable(v) == core.array_mt) and "a list" or "an object"
end

--- What is wrong with a row of a list whose rows are known by a field; the fields of an error, or nil.
---@param reader apify.Reader
---@param page apify.OpenPage
---@return table?
function pages.flaw(reader, page, row)
  local key = reader.row_key
  local name = key and type(row) == "table" and row[key]
  if not key or type(name) == "string" and name ~= "" then return nil end
  local what = shown(row)
  if what == "an object" then
    what = name == nil and ("an object without '%s'"):format(key) or ("an object whose '%s' is %s"):format(key, shown(name))
  end
  local place = page.offset and ("the row at offset %d"):format(page.offset + page.scanned) or ("row %d of the page"):format(page.scanned + 1)
  return { kind = "decode", message = ("%s is %s"):format(place, what), sent = true, retryable = false }
end

--- Is an answer without a row none of the pages of a list of the API's objects? All of those say something around their rows, unless the
--- one before said nothing either.
---@param reader apify.Reader
---@param page apify.OpenPage
---@return boolean
function pages.is_stray(reader, page)
  return reader.row_key ~= nil and not reader.is_bare and page.scanned == 0 and next(page.xfer:envelope()) == nil
end

pages.BAD_ROW = {}                   -- the row is there, and nothing can be made of it

--- Read what is left of the answer, until its checksum is known, and then give what the page comes to.
local function read_rest(page)
  if page.xfer:proof() == "open" and not page.is_cut then
    local bytes, why
    repeat
      bytes, why = page.xfer:read()
      page.rest_size = (page.rest_size or 0) + #(bytes or "")
      page.is_cut = page.rest_size > MAX_REST
    until not bytes or page.is_cut
    if why == "more" and page.xfer:proof() == "open" then return nil, "more" end
  end
  if page.xfer:proof() == "bad" and not page.rest.name then return nil, page.xfer:failure() end
  return nil, page.rest.why, page.rest.name, page.rest.offset
end

--- The page failed with what is no row. Rows of it were delivered: is the answer as it was sent? Only its checksum tells.
local function fail(page, failure)
  page.rest = { why = failure.message, name = failure.kind, offset = failure.offset }
  page.is_cut = page.fresh == 0 or page.xfer:failure() ~= nil
  return read_rest(page)
end

--- Keep the row that was read, until it is counted.
---@param page apify.OpenPage
---@param row any
---@param at integer rows that were counted before it
---@param bad? table fields of the error, of one that cannot be read
function pages.keep(page, row, at, bad)
  page.due, page.due_bad = row, bad or false
  page.due_at = at                                       -- last
end

--- Pass over the row that could not be decoded. If its end cannot be told, or does not come, the page has failed.
local function pass_over(reader, page)
  local failure = page.bad
  local is_passed, word = page.xfer:skip_row()
  if word then return nil, word end
  if is_passed then pages.keep(page, false, page.scanned, failure) end
  page.bad = nil
  if not is_passed then
    local _, why, name, offset = page.xfer:row(reader.decoder)
    return fail(page, { kind = name, message = why, offset = offset })
  end
  return nil, pages.BAD_ROW, failure
end

--- The next row of the page: row | nil, "more" | nil, "end" | nil, message, name, offset | nil, BAD_ROW, fields of an error
---@param reader apify.Reader
---@param page apify.OpenPage
function pages.next_row(reader, page)
  if page.rest then return read_rest(page) end
  if page.bad then return pass_over(reader, page) end
  local row, why, name, offset
  if page.due_at == page.scanned then
    row = page.due
    if page.due_bad then return nil, pages.BAD_ROW, page.due_bad end
  else
    row, why, name, offset = page.xfer:row(reader.decoder)
    if row ~= nil then pages.keep(page, row, page.scanned) end
  end
  if name == "decode" or name == "too_large" then
    page.bad = { kind = name, message = why, offset = offset, sent = true, retryable = false }
    return pass_over(reader, page)
  end
  if row == nil or not reader.decode_row then return row, why, name, offset end
  local value, message = reader.decode_row(row)
  if value == nil then return nil, pages.BAD_ROW, { kind = "decode", message = message, sent = true } end
  return value
end

--- Are all rows there that were asked for, whatever becomes of the rest of the answer?
---@param reader apify.Reader
---@param page apify.OpenPage
---@return boolean
function pages.is_complete(reader, page)
  return reader.plan.limit_left == 0 or reader.plan:is_complete(page) or page.xfer:has_all_rows()
end

--- Were its rows delivered before the checksum of its answer was seen?
---@param page? apify.OpenPage
---@return boolean
function pages.is_unproved(page)
  local proof = page and page.xfer and page.xfer:proof()
  return proof == "open" or proof == "bad"
end

return pages
