--- Runs of an Apify Actor in a buffer, and their logs. See :help apify.
local M = {}

local NO_MODULE = 'the Lua module "apify" cannot be loaded, see :checkhealth apify (%s)'
local NO_TOKEN = 'no token: set APIFY_TOKEN in the environment, or call require("apify_runs").setup { token = "..." }'

--- For people who look on: an error after about ten seconds says more than a silent buffer.
local PATIENCE = { max_retries = 3, request_timeout = 30 }

local config = { interval = 5, limit = 1000 }
local client_options = PATIENCE
local client                              -- made when first needed
local actors                              -- names for the command line, once they are known

---@class apify_runs.Config
---@field interval number
---@field limit integer

---@class apify_runs.Options everything else is given to apify.new: token, base_url, ca_file, ...
---@field interval? number seconds between two looks for what is new (5)
---@field limit? integer runs to load at first, and more at a time (1000)

local function check_number(name, value, least)
  if value == nil or type(value) == "number" and value >= least then return end
  error(("bad option '%s' of setup: %s (expected a number from %d up)"):format(name, vim.inspect(value), least), 3)
end

--- What is wrong with the options that apify.new was given, in words for whoever wrote `setup`.
local function of_setup(text)
  text = tostring(text):gsub("^%S+:%d+: ", ""):gsub(" of apify%.new", " of setup", 1)
  return (text:gsub("^unknown option '[^']*' of setup$", "%0 (its own are interval and limit, the others those of apify.new)"))
end

--- Optional. May be called again; buffers that are open keep what they have.
---@param opts? apify_runs.Options
function M.setup(opts)
  local rest = vim.tbl_extend("force", PATIENCE, opts or {})
  check_number("interval", rest.interval, 0)
  check_number("limit", rest.limit, 1)
  config = { interval = rest.interval or 5, limit = rest.limit or 1000 }
  rest.interval, rest.limit = nil, nil
  client_options, client, actors = rest, nil, nil
end

--- Is a token set, in the options or in the environment?
---@return boolean
function M.has_token()
  return (client_options.token or os.getenv "APIFY_TOKEN" or "") ~= ""
end

--- The client of all buffers; or nil and what is missing.
---@return apify.Client?
---@return string? problem
function M.client()
  if client then return client end
  local is_there, apify = pcall(require, "apify")
  if not is_there then return nil, NO_MODULE:format(vim.split(apify, "\n")[1]) end
  if client_options.token ~= false and not M.has_token() then return nil, NO_TOKEN end
  local is_made, made = pcall(apify.new, client_options)
  if not is_made then return nil, of_setup(made) end
  client = made
  return client
end

local function complain(problem)
  vim.notify("apify: " .. problem, vim.log.levels.ERROR)
end

--- Show the runs of an Actor, or all of the account, in this window.
---@param actor? string an id, user~name or user/name
function M.open(actor)
  local made, problem = M.client()
  if not made then return complain(problem) end
  if actor == "" then actor = nil end
  local is_shown, err = pcall(require("apify_runs.list").open, made, actor, config)
  if not is_shown then complain((tostring(err):gsub("^%S+:%d+: ", ""))) end       -- such as an id that cannot be one
end

--- The account's Actors, asked for once. This is no fiber, so the call waits here; the editor's own loop goes on meanwhile.
local function known_actors()
  if actors or not M.client() then return actors or {} end
  local page = M.client():with { max_retries = 0, request_timeout = 2 }:actors():list { limit = 1000 }
  if not page then return {} end
  actors = vim.tbl_map(function(actor) return actor.username .. "~" .. actor.name end, page.items)
  return actors
end

--- Actors whose names begin so, for the command line.
---@param lead string
---@return string[]
function M.complete(lead)
  return vim.tbl_filter(function(name) return vim.startswith(name, lead) end, known_actors())
end

return M
