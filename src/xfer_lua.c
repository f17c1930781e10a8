/* xfer_lua.c - a transfer as Lua sees it: its life, the body of its answer as rows, bytes, a value or text, and the body it sends. */
#include "xfer_lua.h"

#include "core.h"
#include "json_read.h"

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
  xfer_release(xfer_any(L));
  return 0;
}

/* close() and __close. Inside a read, which a finalizer may be, what is read stays until the read is over. */
static int l_close (lua_State *L) {
  xfer *x = xfer_any(L);
  if (!x->is_reading) xfer_release(x);
  else {
    if (x->link.hooks != NULL) x->link.hooks->detach(x);
    x->is_doomed = 1;
  }
  return 0;
}

/* transfer:abort(): its owner sees the connection fail, which is news.   Pushes nothing. */
static int l_abort (lua_State *L) {
  xfer *x = xfer_any(L);
  if (x->link.hooks == NULL || x->phase >= PHASE_DONE) return 0;
  xfer_fail(x, ERR_NETWORK, "the transfer was aborted");
  x->link.hooks->stop(x);
  return 0;
}

/* transfer:want(data): shall new body bytes of a stream be news? */
static int l_want (lua_State *L) {
  xfer_check(L)->receive.wants_data = lua_toboolean(L, 2);
  return 0;
}

/* nil, message, name, offset of what made the transfer fail. Pushes 4 values. */
static int push_failure (lua_State *L, const xfer *x) {
  return err_push_at(L, x->code, x->message, (size_t)x->receive.decoded);
}

int xfer_push_row (lua_State *L, xfer *x, int dec_idx, int env_idx) {
  rows *r = &x->receive.rows;
  int is_final = 0;
  for (;;) {
    size_t used = 0;
    buf *w = xfer_window(x);
    x->receive.is_pinned = 1;
    rows_state state = rows_next(r, L, dec_idx, env_idx, buf_bytes(w), w->len, is_final, &used);
    x->receive.is_pinned = 0;
    if (used > 0) xfer_drop(x, used);
    if (state == ROWS_ROW) return 1;
    if (state == ROWS_FAIL) return err_push_at(L, r->error, r->message, r->offset);
    if (state == ROWS_END && is_final) return core_push_word(L, "end");
    switch (xfer_produce(x)) {
      case BODY_SOME: break;
      case BODY_MORE: return core_push_word(L, "more");
      case BODY_FAIL: return push_failure(L, x);
      case BODY_END: is_final = 1; break;
    }
  }
}

static int read_row (lua_State *L, xfer *x) {
  lua_settop(L, 2);
  xfer_push_slot(L, 1, SLOT_ENVELOPE);
  return xfer_push_row(L, x, 2, 3);
}

/* transfer:row(decoder) -> row | nil, "more" | nil, "end" | nil, message, name, offset.
** Pushes 1, 2 or 4 values. "more": nothing until the transfer has news. */
static int l_row (lua_State *L) {
  json_check_decoder(L, 2);
  return xfer_guard(L, read_row);
}

static int skip_row (lua_State *L, xfer *x) {
  int is_final = 0;
  for (;;) {
    size_t used;
    buf *w = xfer_window(x);
    rows_state state = rows_skip(&x->receive.rows, buf_bytes(w), w->len, is_final, &used);
    if (used > 0) xfer_drop(x, used);
    body_state body = state == ROWS_MORE ? xfer_produce(x) : BODY_END;
    if (body == BODY_MORE) return core_push_word(L, "more");
    if (state == ROWS_MORE && body == BODY_SOME) continue;
    if (state == ROWS_MORE && body == BODY_END) is_final = 1;
    else {
      lua_pushboolean(L, state == ROWS_ROW);
      return 1;
    }
  }
}

/* transfer:skip_row() -> true | nil, "more" | false: pass over the row that `row` could not decode.
** Pushes 1 or 2 values. false: it was no row that failed, or its end cannot be told. */
static int l_skip_row (lua_State *L) {
  return xfer_guard(L, skip_row);
}

static int read_bytes (lua_State *L, xfer *x) {
  size_t max = (size_t)luaL_optnumber(L, 2, XFER_WINDOW);
  for (;;) {
    buf *w = xfer_window(x);
    size_t n = w->len < max ? w->len : max;
    if (n > 0) {
      x->receive.is_pinned = 1;
      lua_pushlstring(L, buf_bytes(w), n);
      x->receive.is_pinned = 0;
      xfer_drop(x, n);
      return 1;
    }
    switch (xfer_produce(x)) {
      case BODY_SOME: break;
      case BODY_MORE: return core_push_word(L, "more");
      case BODY_FAIL: return push_failure(L, x);
      case BODY_END: return core_push_word(L, "end");
    }
  }
}

/* transfer:read(max?) -> bytes | nil, "more" | nil, "end" | nil, message, name, offset.
** Pushes 1, 2 or 4 values. At most 'max' bytes (64 KiB), never none. What came before a failure is given first. */
static int l_read (lua_State *L) {
  lua_Number max = luaL_optnumber(L, 2, XFER_WINDOW);
  luaL_argcheck(L, max >= 1 && max <= MAX_BODY_SIZE, 2, "out of range");
  return xfer_guard(L, read_bytes);
}

/* transfer:envelope() -> the members around the rows, as far as they were met.   Pushes 1 value. */
static int l_envelope (lua_State *L) {
  xfer_check(L);
  xfer_push_slot(L, 1, SLOT_ENVELOPE);
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
  json_check_whole(L, 2);
  return xfer_guard(L, read_value);
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
  return xfer_guard(L, read_text);
}

static xfer *check_upload (lua_State *L) {          /* an open upload, or an argument error */
  xfer *x = xfer_check(L);
  luaL_argcheck(L, x->send.is_upload, 1, "the transfer is not an upload");
  return x;
}

/* true; or nil, message, name. Pushes 1 or 3 values. */
static int push_outcome (lua_State *L, const xfer *x, err_code rc) {
  if (rc == ERR_OK) {
    lua_pushboolean(L, 1);
    return 1;
  }
  if (rc == x->code) return err_push(L, rc, x->message);
  return err_push(L, rc, rc == ERR_CLOSED ? "the core is closed" : "out of memory");
}

/* transfer:write(bytes) -> true | nil, message, name.   Pushes 1 or 3 values. */
static int l_write (lua_State *L) {
  size_t len;
  const char *bytes = luaL_checklstring(L, 2, &len);
  xfer *x = check_upload(L);
  luaL_argcheck(L, !x->send.is_finished, 1, "the body is finished");
  return push_outcome(L, x, xfer_write(x, bytes, len));
}

/* transfer:finish() -> true | nil, message, name: no more bytes follow.   Pushes 1 or 3 values. */
static int l_finish (lua_State *L) {
  xfer *x = check_upload(L);
  return push_outcome(L, x, xfer_finish_body(x));
}

/* transfer:wants_body() -> boolean: should more of the upload be written now?   Pushes 1 value. */
static int l_wants_body (lua_State *L) {
  lua_pushboolean(L, xfer_wants_body(xfer_check(L)));
  return 1;
}

static const luaL_Reg meta[] = {
  { "__close", l_close },
  { "__gc", l_gc },
  { NULL, NULL }
};

static const luaL_Reg methods[] = {
  { "abort", l_abort },
  { "close", l_close },
  { "envelope", l_envelope },
  { "finish", l_finish },
  { "read", l_read },
  { "row", l_row },
  { "skip_row", l_skip_row },
  { "text", l_text },
  { "value", l_value },
  { "want", l_want },
  { "wants_body", l_wants_body },
  { "write", l_write },
  { NULL, NULL }
};

void open_xfer (lua_State *L) {
  core_new_type(L, XFER_TYPE, meta, methods);
  xfer_guard_open(L);
  luaL_getmetatable(L, XFER_TYPE);
  lua_getfield(L, -1, "__index");
  luaL_setfuncs(L, xfer_info, 0);
  lua_pop(L, 2);
}
