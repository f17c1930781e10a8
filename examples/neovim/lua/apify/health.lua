--- :checkhealth apify
local health = vim.health or require "health"

--- The functions were renamed in Neovim 0.10.
local start, ok = health.start or health.report_start, health.ok or health.report_ok
local info, warn, fail = health.info or health.report_info, health.warn or health.report_warn, health.error or health.report_error

local PATIENCE = { max_retries = 0, request_timeout = 5 }

local INSTALL = {
  "Where lua-apify was cloned to, run `make nvim`; plugin managers do so by `build`, `run` or `do`",
  "See :help apify-install",
}

--- The module, or nil.
local function check_module()
  if not jit then return fail "this Neovim was built without LuaJIT: the module cannot be loaded" end
  local is_there, apify = pcall(require, "apify")
  if not is_there then return fail('require "apify" fails: ' .. vim.split(apify, "\n")[1], INSTALL) end
  local core = require "apify.core"
  ok(("module apify %s, libcurl %s, zlib %s"):format(apify._VERSION, core.curl_version, core.zlib_version))
  info("found at " .. debug.getinfo(apify.new, "S").source:sub(2))
  return apify
end

--- A fiber that nobody waits for goes on only if the module lives in the editor's own loop.
local function check_loop(apify)
  local fiber = apify.spawn(apify.sleep, 0.01)
  if vim.wait(1000, function() return fiber:is_done() end, 10) then
    ok 'fibers go on in the loop of Neovim ("nvim")'
  else
    fail("fibers do not go on by themselves: calls block the editor", { 'Did something call apify.use? apify.use(nil) undoes that' })
  end
end

--- Where the token comes from; it is never shown.
local function check_token()
  if require("apify_runs").has_token() then return ok "a token is set" end
  warn("no token is set", { "Set APIFY_TOKEN in the environment", 'Or call require("apify_runs").setup { token = "..." }' })
end

--- One small call. This is no fiber: it waits here, at most five seconds.
local function check_api()
  local client, problem = require("apify_runs").client()
  if not client then return info("the API was not asked: " .. problem) end
  local page, err = client:with(PATIENCE):runs():list { limit = 1 }
  if page then return ok(("%s answers; the account has %d runs"):format(tostring(client):match "%S+$", page.total)) end
  local advice = err.status == 401 and { "Is the token right? https://console.apify.com/settings/integrations" } or {}
  fail(tostring(err), advice)
end

return {
  check = function()
    start "apify"
    local apify = check_module()
    if not apify then return end
    check_loop(apify)
    check_token()
    check_api()
  end,
}
