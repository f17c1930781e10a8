--- Reproducible random numbers, and ids made of them.
local ffi = require "ffi"

local random = {}

local ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
local ID_LENGTH = 17
local MODULUS, MULTIPLIER = 2147483647, 16807   -- Park and Miller's generator: exact in a double

local codes = ffi.new("uint8_t[?]", ID_LENGTH)  -- scratch: an id is made in one go

---@class local_api.Random
local Random = {}
Random.__index = Random

--- A generator; the same seed gives the same numbers.
---@param seed integer
function random.new(seed)
  local mixed = math.floor(seed) * 48271 % MODULUS * 69621 % MODULUS      -- of the same family: neighbours end far apart
  local r = setmetatable({ state = mixed % (MODULUS - 1) + 1 }, Random)
  for _ = 1, 3 do r:next() end                  -- neighbouring seeds begin alike
  return r
end

function Random:next()
  self.state = self.state * MULTIPLIER % MODULUS
  return self.state
end

--- An integer from 1 to n.
function Random:below(n)
  return self:next() % n + 1
end

--- A number from 0 up to 1.
function Random:fraction()
  return self:next() / MODULUS
end

--- 17 letters and digits, like the API's ids.
function Random:id()
  local state = self.state
  for i = 0, ID_LENGTH - 1 do
    state = state * MULTIPLIER % MODULUS
    codes[i] = ALPHABET:byte(state % 62 + 1)
  end
  self.state = state
  return ffi.string(codes, ID_LENGTH)
end

--- Up to `count` different elements of `list`, in random order; `list` is reordered.
function Random:sample(list, count)
  local chosen = {}
  for i = 1, math.min(count, #list) do
    local j = i + self:next() % (#list - i + 1)
    list[i], list[j] = list[j], list[i]
    chosen[i] = list[i]
  end
  return chosen
end

return random
