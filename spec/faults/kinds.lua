--- The faults, as data. Each has what makes it:
---   action    of a rule of the local API; or
---   relay     what the relay does (see relay.pl); `tls`: in front of the server's TLS, else of plain HTTP; or
---   base      where the client is sent: a function of the scene that gives base URL and more options
--- and what must come of it:
---   always    kinds of error when it happens to every request; "ok": none
---   once      "ok": what happens once is made good, where the request may be sent again; "error": it is not; nil: happens always or never
---   shape     the answer is whole, and only its content is wrong: whoever hands out bytes as they are cannot know
---   only, but names of calls; `body`: none for answers without one; `silent`: nothing ends it but time
---   refused   what must not be done twice is repeated, too
local function set(text)
  local found = {}
  for word in text:gmatch "%S+" do found[word] = true end
  return found
end

local HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
local CHUNKED = HEAD .. "Transfer-Encoding: chunked\r\n\r\n"

local kinds = {
  -- The connection.
  { name = "refused", always = "connect", base = function(s) return "http://127.0.0.1:" .. s.closed_port end },
  { name = "DNS: no such name", always = "connect", base = function() return "http://fail.test" end },
  { name = "DNS: no answer", always = "connect", base = function() return "http://again.test" end },
  { name = "DNS: hangs", always = "connect timeout", base = function() return "http://hang.test", { connect_timeout = 0.1 } end },
  { name = "reset before the head", always = "network", once = "ok", relay = { action = "reset" } },
  { name = "reset in the head", always = "network", once = "ok", relay = { action = "reset", at = "head", after = 40 } },
  { name = "reset after the head", always = "network", once = "ok", body = true, relay = { action = "reset", at = "body", after = 0 } },
  { name = "reset in the body", always = "network", once = "ok", body = true, relay = { action = "reset", at = "body", after = 5 } },
  { name = "closed before the head", always = "network", once = "ok", relay = { action = "close" } },
  { name = "closed in the head", always = "network", once = "ok", action = { cut_head = {} } },
  { name = "closed after a 103", always = "network", once = "ok", action = { cut_head = { interim = true } } },
  { name = "closed, though acted", always = "network", once = "ok", action = { close_before_answer = { act = true } } },
  { name = "byte by byte", always = "ok", once = "ok", relay = { action = "drip" } },
  { name = "stalls before the head", always = "timeout", once = "ok", silent = true, relay = { action = "stall" } },
  { name = "stalls in the head", always = "timeout", once = "ok", silent = true, relay = { action = "stall", at = "head", after = 40 } },
  { name = "stalls in the body", always = "timeout", once = "ok", silent = true, body = true,
    relay = { action = "stall", at = "body", after = 5 } },
  { name = "closed in the upload", always = "network", once = "ok", only = "set upload batch push start sync",
    action = { cut_upload = { after_bytes = 5 } } },
  { name = "no HTTP", always = "network decode", once = "ok", relay = { action = "say", answer = "220 smtp.example ESMTP\r\n" } },
  { name = "a head without end", always = "too_large network", relay = { action = "say", answer = HEAD, more = ("X-A: b\r\n"):rep(100) } },

  -- What says where a body ends, and how it is packed.
  { name = "length: too much", always = "network", once = "ok", body = true, action = { wrong_length = { by = 10 } } },
  { name = "length: too much, open", always = "timeout", once = "ok", body = true, silent = true,
    action = { wrong_length = { by = 10, keep_open = true } } },
  { name = "length: too little", always = "network decode", once = "ok", body = true, action = { wrong_length = { by = -10 } } },
  { name = "length: twice", always = "network decode", once = "ok", body = true,
    relay = { action = "say", answer = HEAD .. "Content-Length: 5\r\nContent-Length: 40\r\n\r\n{\"da" } },
  { name = "length: no number", always = "network decode", once = "ok", body = true,
    relay = { action = "say", answer = HEAD .. "Content-Length: ten\r\n\r\n{\"data" } , shape = true },
  { name = "an answer too many", always = "decode", once = "ok", body = true, shape = true,
    relay = { action = "say", ["end"] = "stall", answer = HEAD .. 'Content-Length: 11\r\n\r\n{"data":{}}'
      .. HEAD .. 'Content-Length: 40\r\n\r\n{"data":{"id":"evil","status":"RUNNING"}}' } },
  { name = "chunk: cut", always = "network", once = "ok", body = true, action = { cut = { chunked = true } } },
  { name = "chunk: broken", always = "network decode", once = "ok", body = true,
    relay = { action = "say", answer = CHUNKED .. "5\r\n{\"dat\r\nZZ\r\n" } },
  { name = "chunk: no last one", always = "network decode", once = "ok", body = true,
    relay = { action = "say", answer = CHUNKED .. "b\r\n{\"data\":{}}\r\n" } },
  { name = "gzip: half", always = "decode network", once = "ok", body = true, action = { half_gzip = {} } },
  { name = "gzip: a bit", always = "decode", once = "ok", body = true, action = { flip = { byte = 0.5 } } },
  { name = "gzip: its checksum", always = "decode", once = "ok", body = true, action = { flip = { byte = -6 } } },
  { name = "gzip: none at all", always = "decode", once = "ok", body = true,
    action = { status = { code = 200, body = "{\"data\":{}}", headers = { ["Content-Encoding"] = "gzip" } } } },
  { name = "an unknown coding", always = "decode", once = "error", body = true,
    action = { status = { code = 200, body = "{}", headers = { ["Content-Encoding"] = "compress" } } } },

  -- What the API may say.
  { name = "429", always = "api", once = "ok", refused = true, action = { status = { code = 429 } } },
  { name = "429, Retry-After", always = "api", once = "ok", refused = true, action = { status = { code = 429, retry_after = 0.1 } } },
  { name = "429, Retry-After a day", always = "api", once = "error", action = { status = { code = 429, retry_after = 86400 } } },
  { name = "400", always = "api", once = "error", action = { status = { code = 400 } } },
  { name = "500", always = "api", once = "ok", action = { status = { code = 500 } } },
  { name = "502, a web page", always = "api", once = "ok", action = { not_json = { status = 502 } } },
  { name = "503", always = "api", once = "ok", action = { status = { code = 503 } } },
  { name = "504", always = "api", once = "ok", action = { status = { code = 504 } } },
  { name = "redirect: loop", always = "redirect", once = "ok", action = { redirect = { location = "{main}{path}" } } },
  { name = "redirect: to a file", always = "redirect", once = "error", action = { redirect = { location = "file:///etc/passwd" } } },
  { name = "redirect: nowhere", always = "redirect", once = "error",
    action = { status = { code = 302, body = "" } } },

  -- Answers that are none.
  { name = "200, a web page", always = "decode", once = "ok", body = true, shape = true, action = { not_json = {} } },
  { name = "200, nothing", always = "decode", once = "ok", body = true, shape = true, action = { status = { code = 200, body = "" } } },
  { name = "JSON and more", always = "decode", once = "ok", body = true, shape = true, action = { bad_json = { body = '{"data":{}} {' } } },
  { name = "JSON that breaks off", always = "decode", once = "ok", body = true, shape = true,
    action = { bad_json = { body = '{"data":{"items":[{"id":' } } },
}

-- Items may be of any shape. Pages of keys and requests without a cursor are the last, though their rows are refused. What the objects of a
-- page are is looked at when it is walked over, not by `list`.
local RIGHT_FOR = {
  ["[1]"] = "items sync keys queue", ['{"data":[[]]}'] = "items keys queue", ['{"data":{"items":[{}]}}'] = "items keys queue list",
}
local SHAPES = { "5", "null", '"x"', "[1]", '{"data":null}', '{"data":7}', '{"data":[[]]}', '{"data":{"items":7}}', '{"data":{"items":[{}]}}' }
for _, body in ipairs(SHAPES) do
  kinds[#kinds + 1] = { name = "JSON: " .. body, always = "decode", once = "ok", body = true, shape = true,
    but = RIGHT_FOR[body], action = { bad_json = { body = body } } }
end

local function lie(name, from, to, only, of)
  kinds[#kinds + 1] = { name = name, always = "ok", once = "ok", only = only, relay = { from = from, to = to, of = of } }
end
lie("total: more", '"total":25', '"total":99', "runs")
lie("total: fewer", '"total":25', '"total":11', "runs")
lie("total: none", '"total":25', '"total": 0', "runs")
lie("total of items: more", "Total: 120", "Total: 900", "items")
lie("total of items: fewer", "Total: 120", "Total: 060", "items")
lie("more runs than asked for", "limit=11", "limit=25", "runs", "request")
lie("more items than asked for", "limit=50", "limit=90", "items", "request")

-- TLS.
for _, more in ipairs {
  { name = "TLS: unknown issuer", always = "tls", base = function(s) return s.api.h1_tls_url, { ca_file = s.other_ca } end },
  { name = "TLS: wrong host", always = "tls", base = function(s) return (s.api.h1_tls_url:gsub("127%.0%.0%.1", "0.0.0.0")) end },
  { name = "TLS: expired", always = "tls", base = function(s) return "https://127.0.0.1:" .. s.expired_port end },
  { name = "TLS: speaks none", always = "tls", base = function(s) return (s.api.url:gsub("^http:", "https:")) end },
  { name = "TLS: cut handshake", always = "tls connect network", tls = "h1_tls_url", relay = { action = "close", at = "head", after = 400 } },
  { name = "TLS: handshake stalls", always = "timeout connect", tls = "h1_tls_url",
    relay = { action = "stall", at = "head", after = 400 } },
  { name = "HTTP/2: GOAWAY", always = "network", once = "ok", tls = "tls_url", h2 = true, relay = { divert = "goaway_port" } },
  { name = "HTTP/2: refused stream", always = "network", once = "ok", tls = "tls_url", h2 = true, relay = { divert = "refuse_port" } },
} do kinds[#kinds + 1] = more end

--- The cuts of a body: at each of so many places, compressed and not.
---@param places integer
function kinds.cuts(places)
  local found = {}
  for _, identity in ipairs { false, true } do
    for place = 0, places - 1 do
      found[#found + 1] = { name = identity and "cut, as it is" or "cut, gzip", always = "network", once = "ok", body = true, is_cut = true,
        action = { cut = { part = place / places, identity = identity } } }
    end
  end
  return found
end

for _, kind in ipairs(kinds) do
  kind.always = set(kind.always)
  kind.only, kind.but = kind.only and set(kind.only), set(kind.but or "")
end
kinds.set = set

return kinds
