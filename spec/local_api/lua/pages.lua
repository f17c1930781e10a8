--- Pages of lists that are paged by offset.
local answers = require "answers"
local params = require "params"

local pages = {}

---@param args table
---@return { offset: integer, limit: integer, desc: boolean }
function pages.query(args)
  return { offset = params.offset(args), limit = params.limit(args), desc = params.flag(args, "desc") }
end

--- The answer with the rows that a query asks for; `view` makes JSON of each.
---@param list any[]
---@param query { offset: integer, limit: integer, desc: boolean }
---@param view fun(item: any): string
---@param extra? string further members of the page, as JSON that begins with a comma
---@return local_api.Answer
function pages.answer(list, query, view, extra)
  local rows = {}
  for position = query.offset + 1, math.min(query.offset + query.limit, #list) do
    rows[#rows + 1] = view(list[query.desc and #list + 1 - position or position])
  end
  return answers.page(rows, query, #list, extra)
end

return pages
