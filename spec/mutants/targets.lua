--- The files whose changes must not go unseen, each with the specs that see them: they are asked in this order until one fails.
local function with(...)
  local specs = { ... }
  for i, name in ipairs(specs) do specs[i] = "spec/" .. name .. "_spec.lua" end
  return specs
end

-- The same, on LuaJIT too: what is otherwise there.
local function with_both(...)
  local specs = with(...)
  specs.luajit_too = true
  return specs
end

local READ = with_both("core/json_read_shapes", "core/json_read", "core/rows", "core/tap")
local WRITE = with_both("core/json_write", "core/json_read")

return {
  ["lua/apify/http/retry.lua"] = with("http/retry"),
  ["lua/apify/http/redirect.lua"] = with("http/redirect", "promises/security"),
  ["lua/apify/loop/clock.lua"] = with("loop/clock", "promises/deadline"),
  ["lua/apify/loop/timers.lua"] = with("loop/timers", "loop/scheduler"),
  ["lua/apify/paging/bookmark.lua"] = with("paging/bookmark", "paging/bookmark_storages"),
  ["lua/apify/paging/cursor_plan.lua"] = with("paging/cursor_plan"),
  ["lua/apify/paging/item_plan.lua"] = with("paging/item_plan"),
  ["lua/apify/paging/offset_faults.lua"] = with("paging/offset_faults", "paging/offset_plan"),
  ["lua/apify/paging/offset_plan.lua"] = with("paging/offset_plan", "paging/offset_faults", "promises/moving_lists"),
  ["lua/apify/paging/seen.lua"] = with("paging/seen", "paging/offset_plan"),
  ["lua/apify/util/dates.lua"] = with("util/dates"),
  ["lua/apify/util/heap.lua"] = with("util/heap"),
  ["lua/apify/util/limiter.lua"] = with("util/limiter"),
  ["lua/apify/util/names.lua"] = with("util/names", "promises/wrong_names"),
  ["lua/apify/util/options.lua"] = with_both("util/options"),
  ["lua/apify/util/signature.lua"] = with("util/signature"),
  ["lua/apify/util/url.lua"] = with("util/url"),
  ["src/json_decoder.c"] = READ, ["src/json_lex.c"] = READ, ["src/json_read.c"] = READ, ["src/json_shape.c"] = READ, ["src/json_skip.c"] = READ,
  ["src/json_write.c"] = WRITE, ["src/json_write_scalar.c"] = WRITE,
  ["src/rows.c"] = with_both("core/rows", "core/rows_skip", "core/json_read", "paging/page"),
  ["src/sha256.c"] = with("core/sha256", "util/signature"),
  ["src/tap_lua.c"] = with_both("core/tap"),
}
