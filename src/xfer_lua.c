/* xfer_lua.c - a transfer as Lua sees it: what it knows, and its body as rows, as a value or as text. */
#include "xfer_lua.h"

#include <string.h>

#include "core.h"
#include "event.h"
#include "json_read.h"

static xfer *anyxfer (lua_State *L) {               /* a transfer in any state */
  return luaL_checkudata(L, 1, XFER_TYPE);
}

static xfer *checkxfer (lua_State *L) {             /* an open transfer, or an argument error */
  xfer *x = anyxfer(L);
  luaL_argcheck(L, x->easy != NULL, 1, "transfer is closed");
  return x;
}

/* Push one of the transfer's kept values. */
static void push_slot (lua_State *L, int idx, int slot) {
  lua_getiuservalue(L, idx, 1);
  lua_rawgeti(L, -1, slot);
  lua_remove(L, -2);
}

xfer *xfer_new (lua_State *L, int multi_idx, int options_idx) {
  multi_idx = lua_absindex(L, multi_idx);
  options_idx = lua_absindex(L, options_idx);
  xfer *x = lua_newuserdatauv(L, sizeof *x, 1);
  xfer_init(x);                                     /* closed; cannot fail */
  int x_idx = lua_gettop(L);
  lua_createtable(L, 4, 0);
  lua_pushvalue(L, multi_idx);
  lua_rawseti(L, -2, SLOT_MULTI);                   /* the multi lives as long as its transfers */
  lua_setiuservalue(L, x_idx, 1);
  luaL_setmetatable(L, XFER_TYPE);                  /* the collector owns it from here */
  err_code rc = xfer_setup(L, options_idx, x, x_idx);
  if (rc == ERR_OK) return x;
  lua_pop(L, 1);
  return NULL;
}

/* __gc. */
static int l_gc (lua_State *L) {
  xfer_release(anyxfer(L));
  return 0;
}

/* close() and __close. Inside a read, which a finalizer may be, what is read stays until the read is over. */
static int l_close (lua_State *L) {
  xfer *x = anyxfer(L);
  if (!x->is_reading) xfer_release(x);
  else {
    if (x->detach != NULL) x->detach(x);
    x->is_doomed = 1;
  }
  return 0;
}

/* Run 'read', which makes Lua values of the transfer's bytes. Any allocation may run a finalizer, and that may close the
** transfer or drive it: the bytes stay where they are meanwhile. Returns what 'read' does, or 3 values when one is under way. */
static int guard (lua_State *L, int (*read) (lua_State *L, xfer *x)) {
  xfer *x = checkxfer(L);
  if (x->is_reading) return err_push(L, ERR_CONTEXT, "the transfer is being read already");
  x->is_reading = 1;
  int results = read(L, x);
  x->is_reading = 0;
  if (x->is_doomed) xfer_release(x);
  return results;
}

/* transfer:owner() -> what was given as owner.   Pushes 1 value. */
static int l_owner (lua_State *L) {
  anyxfer(L);
  push_slot(L, 1, SLOT_OWNER);
  return 1;
}

static const char *const phases[] = { "queued", "connecting", "sent", "head", "done" };

/* transfer:phase() -> "queued" | "connecting" | "sent" | "head" | "done".   Pushes 1 value. */
static int l_phase (lua_State *L) {
  lua_pushstring(L, phases[checkxfer(L)->phase]);
  return 1;
}

/* transfer:was_sent() -> boolean: may the server have seen it?   Pushes 1 value. */
static int l_was_sent (lua_State *L) {
  lua_pushboolean(L, checkxfer(L)->was_sent);
  return 1;
}

/* transfer:progress() -> bytes sent and received so far, seconds since the last one came or the phase changed.   Pushes 2 values. */
static int l_progress (lua_State *L) {
  xfer *x = checkxfer(L);
  curl_off_t sent = 0;
  curl_easy_getinfo(x->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
  lua_pushinteger(L, (lua_Integer)(x->wire + sent));
  lua_pushnumber(L, (lua_Number)(event_now() - x->touched) / 1000);
  return 2;
}

/* transfer:status() -> HTTP status, or nil while the headers are not there.   Pushes 1 value. */
static int l_status (lua_State *L) {
  xfer *x = checkxfer(L);
  if (x->phase < PHASE_HEAD || x->status == 0) lua_pushnil(L);
  else lua_pushinteger(L, x->status);
  return 1;
}

/* transfer:header(name) -> value or nil; of several the last.   Pushes 1 value. */
static int l_header (lua_State *L) {
  size_t len;
  const char *value = xfer_header(checkxfer(L), luaL_checkstring(L, 2), &len);
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
  return guard(L, read_headers);
}

/* transfer:failure() -> nil | message, name, bytes of the body that were received.   Pushes 1 or 3 values. */
static int l_failure (lua_State *L) {
  xfer *x = checkxfer(L);
  if (x->code == ERR_OK) {
    lua_pushnil(L);
    return 1;
  }
  lua_pushstring(L, x->message);
  lua_pushstring(L, err_name(x->code));
  lua_pushinteger(L, (lua_Integer)x->body_wire);
  return 3;
}

/* transfer:want(data): shall new body bytes of a stream be news? */
static int l_want (lua_State *L) {
  checkxfer(L)->wants_data = lua_toboolean(L, 2);
  return 0;
}

/* nil, message, name, offset of what made the transfer fail. Pushes 4 values. */
static int push_failure (lua_State *L, const xfer *x) {
  err_push(L, x->code, x->message);
  lua_pushinteger(L, (lua_Integer)x->decoded);
  return 4;
}

static int push_word (lua_State *L, const char *word) {
  lua_pushnil(L);
  lua_pushstring(L, word);
  return 2;
}

static int read_row (lua_State *L, xfer *x) {
  lua_settop(L, 2);
  push_slot(L, 1, SLOT_ENVELOPE);
  int is_final = 0;
  for (;;) {
    size_t used = 0;
    buf *w = xfer_window(x);
    x->is_pinned = 1;
    rows_state state = rows_next(&x->rows, L, 2, 3, buf_bytes(w), w->len, is_final, &used);
    x->is_pinned = 0;
    if (used > 0) xfer_drop(x, used);
    if (state == ROWS_ROW) return 1;
    if (state == ROWS_FAIL) {
      err_push(L, x->rows.error, x->rows.message);
      lua_pushinteger(L, (lua_Integer)x->rows.offset);
      return 4;
    }
    if (state == ROWS_END && is_final) return push_word(L, "end");
    switch (xfer_produce(x)) {
      case BODY_SOME: break;
      case BODY_MORE: return push_word(L, "more");
      case BODY_FAIL: return push_failure(L, x);
      case BODY_END: is_final = 1; break;
    }
  }
}

/* transfer:row(decoder) -> row | nil, "more" | nil, "end" | nil, message, name, offset.
** Pushes 1, 2 or 4 values. "more": nothing until the transfer has news. */
static int l_row (lua_State *L) {
  json_check_decoder(L, 2);
  return guard(L, read_row);
}

/* transfer:envelope() -> the members around the rows, as far as they were met.   Pushes 1 value. */
static int l_envelope (lua_State *L) {
  checkxfer(L);
  push_slot(L, 1, SLOT_ENVELOPE);
  return 1;
}

/* Decode all that there is; BODY_END, or why not. */
static body_state drain (xfer *x) {
  body_state s;
  do s = xfer_produce(x); while (s == BODY_SOME);
  return s;
}

static int read_value (lua_State *L, xfer *x) {
  if (drain(x) != BODY_END) return push_failure(L, x);
  buf *w = xfer_window(x);
  return json_decode(L, 2, buf_bytes(w), w->len);
}

/* transfer:value(decoder) -> the whole body as a value | nil, message, name, offset.   Pushes 1 or 4 values. */
static int l_value (lua_State *L) {
  json_check_decoder(L, 2);
  return guard(L, read_value);
}

static int read_text (lua_State *L, xfer *x) {
  body_state s = drain(x);
  if (s != BODY_END && xfer_is_success(x)) return push_failure(L, x);
  buf *w = xfer_window(x);
  lua_pushlstring(L, buf_bytes(w), w->len);
  return 1;
}

/* transfer:text() -> the whole body as a string | nil, message, name, offset.   Pushes 1 or 4 values.
** Of a failed request that broke off, what there is. */
static int l_text (lua_State *L) {
  return guard(L, read_text);
}

typedef struct time_row {
  const char *name;
  CURLINFO id;
} time_row;

static const time_row times[] = {
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

/* transfer:stats() -> table: bytes_wire, bytes_decoded, http_version, is_reused, times in seconds.   Pushes 1 value. */
static int l_stats (lua_State *L) {
  xfer *x = checkxfer(L);
  long version = 0, connects = 0;
  curl_easy_getinfo(x->easy, CURLINFO_HTTP_VERSION, &version);
  curl_easy_getinfo(x->easy, CURLINFO_NUM_CONNECTS, &connects);
  lua_createtable(L, 0, 5);
  set_count(L, "bytes_wire", x->wire);
  set_count(L, "bytes_decoded", x->decoded);
  lua_pushstring(L, version >= CURL_HTTP_VERSION_2_0 ? "2" : version == CURL_HTTP_VERSION_1_0 ? "1.0" : "1.1");
  lua_setfield(L, -2, "http_version");
  lua_pushboolean(L, connects == 0 && x->phase >= PHASE_SENT);
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

/* transfer:is_empty() -> boolean: did no byte of a body come?   Pushes 1 value. */
static int l_is_empty (lua_State *L) {
  lua_pushboolean(L, checkxfer(L)->body_wire == 0);
  return 1;
}

/* transfer:is_open() -> boolean.   Pushes 1 value. */
static int l_is_open (lua_State *L) {
  lua_pushboolean(L, anyxfer(L)->easy != NULL);
  return 1;
}

static const luaL_Reg methods[] = {
  { "close", l_close },
  { "envelope", l_envelope },
  { "failure", l_failure },
  { "header", l_header },
  { "headers", l_headers },
  { "is_empty", l_is_empty },
  { "is_open", l_is_open },
  { "owner", l_owner },
  { "phase", l_phase },
  { "progress", l_progress },
  { "row", l_row },
  { "stats", l_stats },
  { "status", l_status },
  { "text", l_text },
  { "value", l_value },
  { "want", l_want },
  { "was_sent", l_was_sent },
  { NULL, NULL }
};

void open_xfer (lua_State *L) {
  luaL_newmetatable(L, XFER_TYPE);
  lua_pushliteral(L, XFER_TYPE);
  lua_setfield(L, -2, "__name");
  lua_pushcfunction(L, l_gc);
  lua_setfield(L, -2, "__gc");
  lua_pushcfunction(L, l_close);
  lua_setfield(L, -2, "__close");
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}
