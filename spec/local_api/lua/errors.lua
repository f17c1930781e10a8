--- The API's error answers: type and message as documented, by a short name.
local errors = {}

---@class local_api.Failure
---@field status integer
---@field type string
---@field message string
---@field data? table|string what `error.data` shows, as a table or as JSON text
---@field headers? table
local Failure = {}

local function failure(status, type, message, data)
  return setmetatable({ status = status, type = type, message = message, data = data }, Failure)
end

--- Any other failure; raise it with error(..., 0).
---@param status integer
---@param type string
---@param message string
---@param data? table|string as a table or as JSON text
---@return local_api.Failure
function errors.new(status, type, message, data)
  return failure(status, type, message, data)
end

errors.invalid_input = failure(400, "invalid-input", "Invalid input: The request body contains invalid data.")
errors.token_not_valid = failure(401, "token-not-valid", "Authentication token is not valid.")
errors.permission_denied = failure(403, "permission-denied", "You do not have permission to perform this action.")
errors.actor_not_found = failure(404, "actor-not-found", "Actor was not found")
errors.page_not_found = failure(404, "page-not-found",
  "We have bad news: there is no API endpoint at this URL. Did you specify it correctly?")
errors.record_not_found = failure(404, "record-not-found", "The requested resource was not found.")
errors.rate_limit = failure(429, "rate-limit-exceeded", "You have exceeded the rate limit. Please try again later.")
errors.job_finished = failure(400, "job-finished", "The Actor run has already finished.")
errors.internal = failure(500, "internal-server-error", "Internal server error")

--- 400 that says which parameter is wrong.
function errors.invalid_parameter(name, reason)
  return failure(400, "invalid-input", "Invalid input: Query parameter '" .. name .. "' " .. reason)
end

--- 400 that says what is wrong with the body.
function errors.invalid_body(reason)
  return failure(400, "invalid-input", "Invalid input: " .. reason)
end

--- 408 for a run that a caller cannot wait for any longer.
function errors.run_timeout_after(secs)
  return failure(408, "run-timeout-exceeded",
    ("Actor run exceeded the timeout of %g seconds for this API endpoint"):format(secs))
end

--- 400 for a run that a caller waited for in vain.
function errors.run_failed(id, status)
  return failure(400, "run-failed", ("Actor run did not succeed (run ID: %s, status: %s)."):format(id, status))
end

--- 413 for a body, decoded, of more than `limit` bytes.
function errors.request_too_large(limit, actual)
  return failure(413, "request-too-large",
    ("The POST payload is too large (limit: %d bytes, actual length: %d bytes)."):format(limit, actual))
end

--- 415 for a Content-Encoding that is not known.
function errors.unsupported_encoding(name)
  return failure(415, "unsupported-content-encoding", ('Content-Encoding "%s" is not supported.'):format(name))
end

--- 405 for an endpoint that has other methods.
---@param methods string for example OPTIONS,GET
function errors.method_not_allowed(methods)
  local e = failure(405, "method-not-allowed",
    "This API end-point can only be accessed using the following HTTP methods: " .. methods)
  e.headers = { Allow = methods }
  return e
end

local USUAL = {
  [400] = errors.invalid_input, [401] = errors.token_not_valid, [403] = errors.permission_denied,
  [404] = errors.record_not_found, [405] = errors.method_not_allowed("OPTIONS,GET"), [408] = errors.run_timeout_after(300),
  [429] = errors.rate_limit,
}

--- The usual failure of a status, for example of 429.
function errors.of_status(status)
  return USUAL[status] or failure(status, errors.internal.type, status >= 500 and errors.internal.message or "Status " .. status)
end

function errors.is_failure(value)
  return getmetatable(value) == Failure
end

return errors
