-- Handle errors: what fails in operation is returned, and `kind`, `status` and `type` say what it was.
--
--     APIFY_TOKEN=... lua5.4 examples/handle_errors.lua [RUN_ID]

local apify = require "apify"

local client = apify.new { max_retries = 3, request_timeout = 30 }
local id = arg[1] or "there-is-no-such-run"

-- A method returns nil and the error.
local run, err = client:run(id):get()
if run then print("found", run.status)
elseif err.not_found then print("not found", id)
elseif err.status == 401 then print("not allowed: is APIFY_TOKEN right?")
elseif err.retryable then print("try again later", err.kind, err.attempts)
else print("failed", tostring(err))                -- one readable line
end

-- An iterator in a `for` has nowhere to return it to, and raises the same object.
local ok, why = pcall(function()
  for row in client:actor("nobody~nothing"):runs():iterate() do print(row.id) end
end)
if not ok and apify.is_error(why) then print("raised", why.kind, why.status, why.type) end

-- Using the module wrongly raises a text that names your line, before anything is sent.
local _, misuse = pcall(function() client:runs():list { limit = 0 } end)
print("misuse", misuse)
