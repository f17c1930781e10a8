--- What a plain script does with the API: it asks for whole answers, one after the other.
local CALLS, SINGLES, PAGE = 2000, 50, 1000

--- Do one of the works, with a function that gives the JSON value at a path, and print what the rows add up to.
---@param work "runs"|"items"|"calls"
---@param get fun(path: string): table
return function(work, get)
  local count, sum, last = 0, 0, nil

  local works = {}

  function works.runs()
    local offset, total = 0, 1
    while offset < total do
      local page = get(("/v2/acts/bench/runs?offset=%d&limit=%d"):format(offset, PAGE)).data
      for _, run in ipairs(page.items) do
        if run.status == "SUCCEEDED" then count = count + 1 end
        sum, last = sum + run.usageTotalUsd, run.id
      end
      offset, total = offset + page.count, page.total
    end
  end

  function works.items()
    for _, item in ipairs(get "/v2/datasets/bench/items") do
      if item.inStock then count = count + 1 end
      sum, last = sum + item.price, item.n
    end
  end

  function works.calls()
    for i = 1, CALLS do
      local run = get(("/v2/actor-runs/%d"):format(i % SINGLES + 1)).data
      count, sum, last = count + 1, sum + run.usageTotalUsd, #run.id
    end
  end

  works[work]()
  print(("%d %.4f %s"):format(count, sum, last))
end
