---@meta
-- The taps of the core: src/tap_lua.c.

local core = require "apify.core"

--- The quick way for the rows of a page. `look_ms`: how long an opening gives rows at most, a millisecond when absent.
---@param look_ms? integer
---@return apify.core.Tap
function core.tap(look_ms) end

--- The next row if it is a usual one, which is counted; nil and a row that is not; or nothing, and the caller sees to it.
---@param tap apify.core.Tap
---@return any row
---@return any odd
function core.take(tap) end

--- No tap that is open in this Lua state gives anything from here on.
function core.stop_taps() end

---@class apify.core.Tap : userdata
local Tap = {}

--- Which rows are usual: all without a rule; those with a new key; those with a key and a place behind the last one.
---@class apify.core.TapRule
---@field key string
---@field new_keys? table<string, true>
---@field old_keys? table<string, true>
---@field place? string
---@field last? string
---@field desc? boolean

--- Give rows of the transfer, so many at most.
---@param transfer apify.core.Transfer
---@param decoder apify.core.Decoder
---@param room integer
---@param rule? apify.core.TapRule
function Tap:open(transfer, decoder, room, rule) end

--- It gives nothing more.
function Tap:shut() end

--- The same, and it forgets what it gave.
function Tap:clear() end

--- How many rows it gave.
---@return integer
function Tap:count() end

--- Of a tap with places: the keys of all rows that it gave, each with a zero behind it, the first place, and the last `n` keys and places.
---@param n integer
---@return string? keys
---@return string? first_place
---@return string[]? last_keys
---@return string[]? last_places
function Tap:rows(n) end
