--- The options of a client, checked, with their defaults and what the environment adds.
local core = require "apify.core"
local errors = require "apify.util.errors"
local headers = require "apify.http.headers"
local options = require "apify.util.options"
local tables = require "apify.util.tables"
local url = require "apify.util.url"
local version = require "apify.version"

local settings = {}

local DEFAULT_BASE_URL = "https://api.apify.com"

local DEFAULTS = {
  connect_timeout = 10,
  max_body_size = 64 * 1024 * 1024,
  max_retries = 8,
  min_delay_between_retries = 0.5,
  prefetch = 4,
  request_timeout = 360,
  stall_timeout = 60,
}

local positive_secs = options.positive_secs
local is_false = options.enum { false }

--- lua-cjson, which nothing else here requires.
local function load_cjson()
  local is_loaded, cjson = pcall(require, "cjson")
  if is_loaded then return cjson end
  errors.misuse("option json = \"cjson\": %s (it comes with `luarocks install lua-cjson`, or Debian's package lua-cjson)",
    tostring(cjson):match "[^\n]*":gsub(":$", ""))
end

local codec = {
  expected = "\"cjson\", or a table with the functions encode and decode",
  check = function(v)
    if v == "cjson" then v = load_cjson() end
    return type(v) == "table" and type(v.encode) == "function" and type(v.decode) == "function", v
  end,
}

--- The options of a client; each may be left out. Times are seconds.
---@class apify.Options
---@field allow_http? boolean send the token over plain http to another machine too
---@field base_url? string else APIFY_API_BASE_URL, else https://api.apify.com
---@field ca_file? string the only certificates to trust
---@field connect_timeout? number 10
---@field headers? table<string, string> sent with each call, but to no other origin
---@field json? "cjson"|apify.Codec what reads and writes items and records
---@field max_body_size? integer bytes of an answer that is held as a whole (64 MiB)
---@field max_connections? integer to a host (16 on https)
---@field max_retries? integer 8
---@field min_delay_between_retries? number 0.5, doubled each time
---@field nulls? apify.Nulls
---@field on_attempt? fun(attempt: apify.Attempt) told of each request that was sent; must not wait
---@field prefetch? integer pages in flight, 1 to 64 (4)
---@field proxy? string|false false: none, whatever the environment says
---@field public_base_url? string of URLs that are made for others; base_url when absent
---@field request_timeout? number for one answer, all attempts together (360)
---@field retry_unsafe? boolean repeat what may be done twice by it, too
---@field stall_timeout? number of silence (60)
---@field token? string|false else APIFY_TOKEN; false: none
---@field user_agent_suffix? string

---@class apify.Codec
---@field decode fun(text: string): any
---@field encode fun(value: any): string

---@class apify.Attempt
---@field method string
---@field path string
---@field attempt integer from 1 up
---@field status? integer
---@field error? apify.Error of this attempt, if it failed
---@field cause? apify.Error that made it necessary
---@field bytes_wire integer
---@field bytes_decoded integer
---@field http_version string
---@field is_reused boolean was the connection there already?
---@field times table<string, number> seconds by phase

local check = options.spec {
  allow_http = options.boolean,
  base_url = options.string { nonempty = true },
  ca_file = options.string { nonempty = true },
  connect_timeout = positive_secs,
  headers = options.table,
  json = codec,
  max_body_size = options.integer { min = 1 },
  max_connections = options.integer { min = 1 },
  max_retries = options.integer { min = 0 },
  min_delay_between_retries = options.number { min = 0 },
  nulls = options.enum { "omit", "keep" },
  on_attempt = options.func,
  prefetch = options.integer { min = 1, max = 64 },
  proxy = options.either(is_false, options.string { nonempty = true }),
  public_base_url = options.string { nonempty = true },
  request_timeout = positive_secs,
  retry_unsafe = options.boolean,
  stall_timeout = positive_secs,
  token = options.either(is_false, options.string { nonempty = true, secret = true }),
  user_agent_suffix = options.string { nonempty = true },
}

--- What a client works with. Times are seconds.
---@class apify.Settings
---@field base apify.BaseUrl
---@field public_base apify.BaseUrl
---@field secret? userdata the token
---@field headers string[] sent everywhere
---@field home_headers string[] the same with those that go to the API alone
---@field user_agent string
---@field counts table<string, number>
---@field decoders table<string, userdata>
---@field known table<string, true> hosts that have answered
---@field is_closed boolean the client was closed
---@field calls table<apify.Call, true> what is under way then has to end
---@field waiters table<apify.Waiter, true> ... and who waits has to wake

local Settings = {}
local settings_mt = { __index = Settings, __name = "apify.Settings" }

--- The decoder of answers. Decoders learn the shape of what they read, so they are kept.
---@param pick? string[] the fields to build
---@param nulls? "omit"|"keep"
---@return userdata
function Settings:decoder_for(pick, nulls)
  nulls = nulls or self.nulls or "omit"
  local key = nulls .. (pick and "\0" .. table.concat(pick, "\0") or "")
  self.decoders[key] = self.decoders[key] or core.decoder { nulls = nulls, pick = pick }
  return self.decoders[key]
end

--- What an answer says, without the token: whoever is sent it may say it again.
---@generic T
---@param value T
---@return T
function Settings:conceal(value)
  local secret, kind = self.secret, type(value)
  if secret and kind == "string" then return secret:mask(value) end
  if not secret or kind ~= "table" then return value end
  local masked = setmetatable({}, getmetatable(value))
  for name, member in pairs(value) do masked[self:conceal(name)] = self:conceal(member) end
  return masked
end

local function env(name)
  local value = os.getenv(name)
  if value ~= "" then return value end
end

local function language()
  if jit then return (jit.version:gsub("^LuaJIT ", "LuaJIT/")) end
  return (_VERSION:gsub(" ", "/"))
end

local function user_agent(suffix)
  if suffix and suffix:find "%c" then errors.misuse "bad option 'user_agent_suffix' of apify.new: it has control characters" end
  local text = ("ApifyClient/%s (%s; %s); isAtHome/%s"):format(version, core.platform, language(), tostring(env "APIFY_IS_AT_HOME" ~= nil))
  return suffix and text .. "; " .. suffix or text
end

--- The token as a secret; misuse, which does not show it, when it cannot stand in a header.
local function make_secret(token, origin)
  if not token then return nil end
  if token:find "[^\33-\126]" then errors.misuse("bad %s: it has blanks, line breaks or other characters that no token has", origin) end
  return core.secret(token)
end

--- A base URL, taken apart; `origin` says where it is from.
local function make_base(given, origin)
  local base, why = url.base(given)
  if base then return base end
  if given:find("@", 1, true) then                    -- nothing of a password is shown, however it was written
    given, why = given:gsub("//.*@", "//...@"), "user name and password in a URL are refused"
  end
  errors.misuse("bad %s: %s (%s)", origin, errors.show(given), why)
end

--- The lines that go to the API alone: the user's, and the workflow that the program is part of.
local function home_lines(o)
  local lines, workflow = headers.lines(o.headers, "apify.new", true), env "APIFY_WORKFLOW_KEY"
  if not workflow then return lines end
  if workflow:find "[^\33-\126]" then errors.misuse "bad environment variable APIFY_WORKFLOW_KEY: it has characters other than printable ASCII" end
  return headers.merge({ "X-Apify-Workflow-Key: " .. workflow }, lines)
end

--- A token must not go out where others can read it.
local function check_privacy(self, o)
  if self.secret and self.base.scheme == "http" and not self.base.loopback and not o.allow_http then
    errors.misuse("bad option 'base_url' of apify.new: %s (a token over plain http to another machine needs allow_http = true)",
      errors.show(self.base.url))
  end
end

--- Where the API is, and what URLs for others begin with. On Apify's machines both are in the environment, and the first is only for there.
local function base_urls(o)
  local own, public = env "APIFY_API_BASE_URL", nil
  local base = o.base_url and make_base(o.base_url, "option 'base_url' of apify.new")
    or make_base(own or DEFAULT_BASE_URL, "environment variable APIFY_API_BASE_URL")
  if o.public_base_url then return base, make_base(o.public_base_url, "option 'public_base_url' of apify.new") end
  if not o.base_url then public = env "APIFY_API_PUBLIC_BASE_URL" end
  return base, public and make_base(public, "environment variable APIFY_API_PUBLIC_BASE_URL") or base
end

--- Settings from checked options. `secret` is the token that they had before, if any.
local function make(o, secret)
  local self = setmetatable(tables.merge(DEFAULTS, o), settings_mt)
  self.options = o
  self.secret = secret
  self.base, self.public_base = base_urls(o)
  self.user_agent = user_agent(o.user_agent_suffix)
  self.headers = { "Accept: application/json, */*" }
  self.home_headers = headers.merge(self.headers, home_lines(o))
  if o.proxy == false then self.proxy = "" end
  check_privacy(self, o)
  self.counts = {
    attempts = 0, bytes_decoded = 0, bytes_wire = 0, calls = 0, errors = 0, rate_limited = 0, retries = 0, reused_connections = 0,
  }
  self.decoders = {}
  self.known = {}
  self.is_closed, self.calls, self.waiters = false, setmetatable({}, { __mode = "k" }), setmetatable({}, { __mode = "k" })
  return self
end

--- The settings of a new client.
---@param opts? apify.Options
---@return apify.Settings
function settings.new(opts)
  local o = check(opts, "apify.new")
  local token, origin = o.token, "option 'token' of apify.new"
  if token == nil then token, origin = env "APIFY_TOKEN", "environment variable APIFY_TOKEN" end
  local secret = make_secret(token, origin)
  o.token = nil
  return make(o, secret)
end

--- The settings of `before`, but for what is given.
---@param before apify.Settings
---@param opts? apify.Options
---@return apify.Settings
function settings.with(before, opts)
  local given = check(opts, "client:with")
  local secret = before.secret
  if given.token ~= nil then secret = make_secret(given.token, "option 'token' of client:with") end
  given.token = nil
  local self = make(tables.merge(before.options, given), secret)
  self.decoders, self.known = before.decoders, before.known
  return self
end

return settings
