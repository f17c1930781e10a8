--- headers.lua - header lines of a request, from names and values: each line of the input is "name=value".
local headers = require "apify.http.headers"

return function(text)
  local given, count = {}, 0
  for name, value in text:gmatch "([^\n=]*)=([^\n]*)" do given[name] = value end
  for _ in pairs(given) do count = count + 1 end
  for _, are_of_all in ipairs { true, false } do
    local ok, lines = pcall(headers.lines, given, "new", are_of_all)
    if ok then
      assert(#lines == count, "a line each")
      for _, line in ipairs(lines) do
        assert(not line:find "[\r\n%z]" and line:find "^[%w!#$%%&'*+.^_`|~-]+[:;]", line)
        assert(headers.has(lines, line:match "^[^:;]*":lower()))
      end
      assert(#headers.merge(lines, lines) == #lines)
    else
      assert(type(lines) == "string" and lines:find("bad option 'headers'", 1, true), lines)
    end
  end
end
