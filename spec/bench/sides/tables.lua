-- tables.lua FOLDER: builds the tables of all runs, by sides/tables.c.
package.cpath = ("./build/bench/%s/?.so;"):format(jit and "luajit" or "5.4") .. package.cpath
local tables = require "tables"
io.write "ready\n"
io.flush()

local count, sum, last = 0, 0, nil
for run in tables.open(arg[1] .. "/steps") do
  if run.status == "SUCCEEDED" then count = count + 1 end
  sum, last = sum + run.usageTotalUsd, run.id
end
print(("%d %.4f %s"):format(count, sum, last))
