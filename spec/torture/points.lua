--- One allocation that fails, in a process of its own, and what comes of it; and sweeps over all of them.
local torture = rawget(_G, "torture")

local COUNTED = { "ok", "memory", "raised", "other", "wrong", "unusable", "crash", "libcurl", "luajit", "hang", "leak" }
local PATIENCE = 20                      -- seconds after which a run hangs; a good one takes a hundredth
local EAGER_EVERY = 4                    -- of so many points one with an eager collector

local points = { PATIENCE = PATIENCE }

local jit = rawget(_G, "jit")            -- what LuaJIT has compiled aborts the process when an allocation fails in it: it has no way out of there
if jit then
  jit.off()
  jit.flush()
end

--- Of the log of a crash or a hang: what happened, and the innermost frames, each with the name of its object, as a text. "" if there is none.
local function stack(log)
  local file = io.open(log)
  if not file then return "" end
  local text = file:read "*a"
  file:close()
  local at = text:find "ERROR: AddressSanitizer" or text:find "runtime error" or text:find "crash:\n"
  if not at then return "" end
  text = text:sub(at)
  local frames = { text:match "AddressSanitizer: (%S+)" or text:match "^runtime error: [^\n]*" or "crash" }
  for line in text:gmatch "[^\n]+" do
    local where = line:match "^%s*#%d+ 0x%x+ (.*)$" or line:match "^(/?[^%s%[]+%([^)]*%))%["
    local is_handler = where and (where:find "host%-" and #frames == 1 or where:find("libc.so.6(+0x3", 1, true))
    if where and not is_handler then
      frames[#frames + 1] = where:gsub("%(BuildId[^)]*%)", ""):gsub("^%s*in ", ""):gsub("/[^ ]*/", "")
    end
    if #frames > 12 then break end
  end
  return table.concat(frames, " < ")
end

--- Whose crash is it: the innermost frame's?
local function culprit(where)
  local innermost = where:match "^[^<]* < ([^<]*)" or ""
  return innermost:find "libcurl" and "libcurl" or innermost:find "libluajit" and "luajit" or "crash"
end

local function make_eager()
  collectgarbage("setpause", 100)
  collectgarbage("setstepmul", 1000)
  if not rawget(_G, "jit") then collectgarbage("generational", 1, 10) end
end

--- Begin to count, in the process of the point: the n-th allocation fails, none if n is 0.
---@param o { kind: string, times: integer }
---@param n integer
function points.arm(o, n)
  if n > 0 and n % EAGER_EVERY == 0 then make_eager() end
  torture.arm(o.kind, n, o.times)
end

--- The end of a point, as its process tells it.
---@return string
function points.verdict(class, total, has_failed, words)
  return ("%s %d %s %s"):format(class, total, tostring(has_failed), (tostring(words):gsub("%s+", " ")))
end

--- Run `attempt`, which returns a verdict, in a process of its own.
---@return string class
---@return integer? total allocations
---@return boolean has_failed was there an n-th one?
---@return string words
function points.try(attempt, log)
  local text, left = torture.try(attempt, PATIENCE, log)
  local class, total, has_failed, words = text:match "^(%S+) (%d+) (%S+) ?(.*)$"
  if not class then
    local where = stack(log)
    return text == "hang" and "hang" or culprit(where), nil, true, left .. " " .. where
  end
  local where = class == "wrong" and words:find "status" and stack(log) or ""                -- of the child of a fork
  if where ~= "" then class, words = culprit(where), where end
  -- LuaJIT loses keys of a table that fails to grow, such as one of the decoder's.
  if jit and class == "unusable" and words:find "^table index is nil" then class = "luajit" end
  if left ~= "" then class, words = "leak", left .. " after " .. class .. " " .. words end
  return class, tonumber(total), has_failed == "true", words
end

--- What is the same but for numbers and ids.
local function pattern_of(class, words)
  return class .. ": " .. words:gsub("actor%-runs/%w+", "actor-runs/ID"):gsub("%d+", "#")
end

--- The results of one sweep.
function points.results(name)
  local self = { name = name, counts = { points = 0 }, found = {}, first = {} }
  for _, class in ipairs(COUNTED) do self.counts[class] = 0 end
  return self
end

--- Count a point.
function points.add(self, n, class, total, words)
  self.counts.points, self.counts[class] = self.counts.points + 1, self.counts[class] + 1
  if class == "ok" or class == "memory" or class == "raised" then return end
  local key = pattern_of(class, words)
  if not self.found[key] then self.first[key] = ("n = %d of %s: %s"):format(n, total or "?", words) end
  self.found[key] = (self.found[key] or 0) + 1
end

--- Write the results to the end of a file: a line with the counts, and one for each kind of thing that was found.
function points.write(self, path)
  local out = assert(io.open(path, "a"))
  out:write(self.name, "\t", self.counts.points)
  for _, class in ipairs(COUNTED) do out:write("\t", self.counts[class]) end
  out:write "\n"
  for key, count in pairs(self.found) do
    out:write(("# %s: %s x%d, %s\n"):format(self.name, key:match "^[^:]*", count, self.first[key]))
  end
  out:close()
end

return points
