/* xfer_info_lua.c - what a transfer knows of itself: how far it is, the head of its answer, why it failed, what it took. */
#include "xfer_lua.h"

#include "event.h"

static const char run_read_key = 0;        /* its address is a key of the registry */

xfer *xfer_any (lua_State *L) {
  return luaL_checkudata(L, 1, XFER_TYPE);
}

xfer *xfer_check (lua_State *L) {
  xfer *x = xfer_any(L);
  luaL_argcheck(L, x->easy != NULL, 1, "transfer is closed");
  return x;
}

void xfer_push_slot (lua_State *L, int idx, int slot) {
  lua_getiuservalue(L, idx, 1);
  lua_rawgeti(L, -1, slot);
  lua_remove(L, -2);
}

/* Calls what the transfer at index 1 is to be read by. */
static int run_read (lua_State *L) {
  xfer *x = lua_touserdata(L, 1);
  return x->read(L, x);
}

int xfer_guard (lua_State *L, int (*read) (lua_State *L, xfer *x)) {
  xfer *x = xfer_check(L);
  if (x->is_reading) return err_push(L, ERR_CONTEXT, "the transfer is being read already");
  lua_settop(L, 2);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &run_read_key);   /* LuaJIT would make a new function of it each time */
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 2);
  x->read = read;
  x->is_reading = 1;
  int rc = lua_pcall(L, 2, LUA_MULTRET, 0);
  x->is_reading = x->receive.is_pinned = 0;
  if (x->is_doomed) xfer_release(x);
  if (rc != LUA_OK) return lua_error(L);
  return lua_gettop(L) - 2;
}

void xfer_guard_open (lua_State *L) {
  lua_pushcfunction(L, run_read);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &run_read_key);
}

/* transfer:owner() -> what was given as owner.   Pushes 1 value. */
static int l_owner (lua_State *L) {
  xfer_any(L);
  xfer_push_slot(L, 1, SLOT_OWNER);
  return 1;
}

static const char *const phases[] = { "queued", "connecting", "sent", "head", "done" };

/* transfer:phase() -> "queued" | "connecting" | "sent" | "head" | "done".   Pushes 1 value. */
static int l_phase (lua_State *L) {
  lua_pushstring(L, phases[xfer_check(L)->phase]);
  return 1;
}

/* transfer:was_resent() -> boolean: may the server have seen it twice?   Pushes 1 value. */
static int l_was_resent (lua_State *L) {
  lua_pushboolean(L, xfer_check(L)->was_resent);
  return 1;
}

/* transfer:was_sent() -> boolean: may the server have seen it?   Pushes 1 value. */
static int l_was_sent (lua_State *L) {
  lua_pushboolean(L, xfer_check(L)->was_sent);
  return 1;
}

/* transfer:progress() -> bytes sent and received so far, seconds since the last one came or the phase changed, bytes of the body sent.
** Pushes 3 values. */
static int l_progress (lua_State *L) {
  xfer *x = xfer_check(L);
  curl_off_t sent = 0;
  curl_easy_getinfo(x->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
  lua_pushinteger(L, (lua_Integer)(x->receive.wire + sent));
  lua_pushnumber(L, (lua_Number)(event_now() - x->touched) / 1000);
  lua_pushinteger(L, (lua_Integer)sent);
  return 3;
}

/* transfer:status() -> HTTP status, or nil while the headers are not there.   Pushes 1 value. */
static int l_status (lua_State *L) {
  xfer *x = xfer_check(L);
  if (x->phase < PHASE_HEAD || x->status == 0) lua_pushnil(L);
  else lua_pushinteger(L, x->status);
  return 1;
}

/* transfer:header(name) -> value or nil; of several the last.   Pushes 1 value. */
static int l_header (lua_State *L) {
  size_t len;
  const char *value = xfer_header(xfer_check(L), luaL_checkstring(L, 2), &len);
  if (value == NULL) lua_pushnil(L);
  else lua_pushlstring(L, value, len);
  return 1;
}

/* Push the lower-cased text. */
static void push_lower (lua_State *L, const char *s, size_t len) {
  char name[128];
  if (len > sizeof name) len = sizeof name;
  for (size_t i = 0; i < len; i++) name[i] = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] + 32) : s[i];
  lua_pushlstring(L, name, len);
}

static int read_headers (lua_State *L, xfer *x) {
  size_t at = 0;
  xfer_field f;
  lua_newtable(L);
  while (xfer_next_header(x, &at, &f)) {
    push_lower(L, f.name, f.name_len);
    lua_pushlstring(L, f.value, f.value_len);
    lua_rawset(L, -3);
  }
  return 1;
}

/* transfer:headers() -> table of values by lower-cased name.   Pushes 1 value. */
static int l_headers (lua_State *L) {
  return xfer_guard(L, read_headers);
}

/* transfer:failure() -> nil | message, name, bytes of the body that were received.   Pushes 1 or 3 values. */
static int l_failure (lua_State *L) {
  xfer *x = xfer_check(L);
  if (x->code == ERR_OK) {
    lua_pushnil(L);
    return 1;
  }
  lua_pushstring(L, x->message);
  lua_pushstring(L, err_name(x->code));
  lua_pushinteger(L, (lua_Integer)x->receive.body_wire);
  return 3;
}

typedef struct named_time {
  const char *name;
  CURLINFO id;
} named_time;

static const named_time times[] = {
  { "namelookup", CURLINFO_NAMELOOKUP_TIME_T },
  { "connect", CURLINFO_CONNECT_TIME_T },
  { "appconnect", CURLINFO_APPCONNECT_TIME_T },
  { "pretransfer", CURLINFO_PRETRANSFER_TIME_T },
  { "starttransfer", CURLINFO_STARTTRANSFER_TIME_T },
  { "total", CURLINFO_TOTAL_TIME_T }
};

static void set_count (lua_State *L, const char *name, curl_off_t value) {
  lua_pushinteger(L, (lua_Integer)value);
  lua_setfield(L, -2, name);
}

static void set_number (lua_State *L, const char *name, lua_Number value) {
  lua_pushnumber(L, value);
  lua_setfield(L, -2, name);
}

/* Did it go over a connection that was there already? */
static int is_reused (const xfer *x) {
  long connects = 0;
  curl_easy_getinfo(x->easy, CURLINFO_NUM_CONNECTS, &connects);
  return connects == 0 && x->phase >= PHASE_SENT;
}

/* transfer:totals() -> bytes received, bytes of the body after decoding, was the connection there already?   Pushes 3 values. */
static int l_totals (lua_State *L) {
  const xfer *x = xfer_check(L);
  lua_pushinteger(L, (lua_Integer)x->receive.wire);
  lua_pushinteger(L, (lua_Integer)x->receive.decoded);
  lua_pushboolean(L, is_reused(x));
  return 3;
}

/* transfer:stats() -> table: bytes_wire, bytes_decoded, http_version, is_reused, times in seconds.   Pushes 1 value. */
static int l_stats (lua_State *L) {
  xfer *x = xfer_check(L);
  long version = 0;
  curl_easy_getinfo(x->easy, CURLINFO_HTTP_VERSION, &version);
  lua_createtable(L, 0, 5);
  set_count(L, "bytes_wire", x->receive.wire);
  set_count(L, "bytes_decoded", x->receive.decoded);
  lua_pushstring(L, version >= CURL_HTTP_VERSION_2_0 ? "2" : version == CURL_HTTP_VERSION_1_0 ? "1.0" : "1.1");
  lua_setfield(L, -2, "http_version");
  lua_pushboolean(L, is_reused(x));
  lua_setfield(L, -2, "is_reused");
  lua_createtable(L, 0, 6);
  for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
    curl_off_t t = 0;
    curl_easy_getinfo(x->easy, times[i].id, &t);
    set_number(L, times[i].name, (lua_Number)t / 1e6);
  }
  lua_setfield(L, -2, "times");
  return 1;
}

/* transfer:is_empty() -> boolean: is it over without a body? A compressed one has bytes even when it means none.   Pushes 1 value. */
static int l_is_empty (lua_State *L) {
  const xfer *x = xfer_check(L);
  lua_pushboolean(L, x->receive.body_wire == 0 && !xfer_is_coded(x));
  return 1;
}

/* transfer:is_foreign() -> boolean: was it begun before a fork, by the parent, and can bring nothing more here?   Pushes 1 value. */
static int l_is_foreign (lua_State *L) {
  const xfer *x = xfer_any(L);
  lua_pushboolean(L, x->phase < PHASE_DONE && x->link.hooks != NULL && x->link.hooks->is_foreign(x));
  return 1;
}

/* transfer:has_all_rows() -> boolean: was the document read to its end, whatever becomes of the rest?   Pushes 1 value. */
static int l_has_all_rows (lua_State *L) {
  lua_pushboolean(L, xfer_check(L)->receive.rows.expect == EXPECT_NOTHING);
  return 1;
}

/* transfer:proof() -> "good" | "bad" | "open" | nil: what the checksum says of the body, so far; nil: it has none.   Pushes 1 value. */
static int l_proof (lua_State *L) {
  const xfer *x = xfer_check(L);
  if (!xfer_is_coded(x)) lua_pushnil(L);
  else lua_pushstring(L, x->receive.is_damaged ? "bad" : x->receive.inflater.state == INFLATE_ENDED ? "good" : "open");
  return 1;
}

/* transfer:is_open() -> boolean.   Pushes 1 value. */
static int l_is_open (lua_State *L) {
  lua_pushboolean(L, xfer_any(L)->easy != NULL);
  return 1;
}

const luaL_Reg xfer_info[] = {
  { "failure", l_failure },
  { "has_all_rows", l_has_all_rows },
  { "header", l_header },
  { "headers", l_headers },
  { "is_empty", l_is_empty },
  { "is_foreign", l_is_foreign },
  { "is_open", l_is_open },
  { "owner", l_owner },
  { "phase", l_phase },
  { "progress", l_progress },
  { "proof", l_proof },
  { "stats", l_stats },
  { "status", l_status },
  { "totals", l_totals },
  { "was_resent", l_was_resent },
  { "was_sent", l_was_sent },
  { NULL, NULL }
};
