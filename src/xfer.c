/* xfer.c - one HTTP exchange.
**
** libcurl's callbacks only append to 'head' and 'raw', or ask to pause; they call no Lua and cannot raise.
** The body is decoded later, when somebody reads (xfer_body.c): 'raw' holds what came over the wire, 'plain' at most one
** window of decoded bytes (for a buffered body, all of it). So a paused transfer holds compressed bytes, and
** every limit counts decoded ones. */
#include "xfer.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "core.h"
#include "descriptors.h"
#include "event.h"
#include "xfer_options.h"

#define MAX_CODINGS 64                   /* bytes looked at of Content-Encoding: more is no list that could be decoded */

/* ---- callbacks of libcurl ------------------------------------------------------------------------------ */

static void set_phase (xfer *x, xfer_phase phase) {
  if (x->phase >= phase) return;
  x->phase = phase;
  x->touched = event_now();
}

/* So many bytes came. */
static void count_wire (xfer *x, size_t n) {
  x->receive.wire += (curl_off_t)n;
  x->touched = event_now();
}

/* Resolving takes a pair of sockets for the thread and one for the question. */
static int on_resolve (void *resolver, void *reserved, void *user) {
  (void)resolver; (void)reserved;
  xfer *x = user;
  set_phase(x, PHASE_CONNECTING);
  x->lack_errno = descriptors_lack(3);
  return x->lack_errno != 0;
}

/* One descriptor is kept in reserve: libcurl reads the CA file while it connects, and says "bad file" when it cannot open it. */
static curl_socket_t on_socket (void *user, curlsocktype purpose, struct curl_sockaddr *a) {
  (void)purpose;
  xfer *x = user;
  set_phase(x, PHASE_CONNECTING);
  x->lack_errno = descriptors_lack(2);
  if (x->lack_errno != 0) return CURL_SOCKET_BAD;
#ifdef SOCK_CLOEXEC
  return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
#else
  return socket(a->family, a->socktype, a->protocol);
#endif
}

/* The connection stands and the request is sent next. */
static int on_request (void *user, char *ip, char *local_ip, int port, int local_port) {
  (void)ip; (void)local_ip; (void)port; (void)local_port;
  xfer *x = user;
  set_phase(x, PHASE_SENT);
  x->was_resent = x->was_sent;
  x->was_sent = 1;
  return CURL_PREREQFUNC_OK;
}

int xfer_next_header (const xfer *x, size_t *at, xfer_field *field) {
  const char *start = buf_bytes(&x->receive.head), *end = start + x->receive.head.len;
  while (*at < x->receive.head.len) {
    const char *line = start + *at;
    const char *eol = memchr(line, '\n', (size_t)(end - line));
    const char *stop = eol == NULL ? end : eol, *colon = memchr(line, ':', (size_t)(stop - line));
    *at = (size_t)(stop - start) + 1;
    if (colon == NULL) continue;
    const char *v = colon + 1;
    while (v < stop && (*v == ' ' || *v == '\t')) v++;
    while (stop > v && (stop[-1] == '\r' || stop[-1] == ' ' || stop[-1] == '\t')) stop--;
    *field = (xfer_field){ line, (size_t)(colon - line), v, (size_t)(stop - v) };
    return 1;
  }
  return 0;
}

static int is_named (const xfer_field *f, const char *name) {
  return f->name_len == strlen(name) && strncasecmp(f->name, name, f->name_len) == 0;
}

const char *xfer_header (const xfer *x, const char *name, size_t *len) {
  const char *found = NULL;
  size_t at = 0;
  xfer_field f;
  while (xfer_next_header(x, &at, &f)) {
    if (!is_named(&f, name)) continue;
    found = f.value;
    *len = f.value_len;
  }
  return found;
}

/* Put all values of Content-Encoding, which may stand in several lines, into 'text'; those of a long list that fit. Returns its length. */
static size_t gather_codings (const xfer *x, char *text, size_t size) {
  size_t at = 0, len = 0;
  xfer_field f;
  while (xfer_next_header(x, &at, &f)) {
    if (!is_named(&f, "content-encoding")) continue;
    if (len > 0 && len < size) text[len++] = ',';
    for (size_t i = 0; i < f.value_len && len < size; i++) text[len++] = f.value[i] > ' ' && f.value[i] < 127 ? f.value[i] : ' ';
  }
  return len;
}

/* How the body is compressed; a failure when that cannot be decoded. */
static void find_coding (xfer *x) {
  char text[MAX_CODINGS];
  int len = (int)gather_codings(x, text, sizeof text);
  x->receive.inflater.coding = coding_find(text, (size_t)len);
  if (x->receive.inflater.coding != CODING_UNKNOWN) return;
  char message[MAX_CODINGS + 64];
  snprintf(message, sizeof message, "the body cannot be decoded, its Content-Encoding is \"%.*s\"", len, text);
  xfer_fail(x, ERR_DECODE, message);
}

static int may_have_body (const xfer *x) {
  return !x->receive.is_head && x->status != 204 && x->status != 304;
}

/* All headers are there: how the body will have to be read. */
static void finish_head (xfer *x) {
  int is_kept = x->receive.is_raw && xfer_is_success(x);
  if (may_have_body(x) && !is_kept) find_coding(x);
  set_phase(x, PHASE_HEAD);
  if (x->receive.is_stream || x->send.is_upload) xfer_note(x);
}

static void fail_head (xfer *x, err_code code) {
  xfer_fail(x, code, code == ERR_MEMORY ? "out of memory" : "the headers of the answer are larger than 256 KiB");
}

/* A header behind the body. It is not wanted, but libcurl keeps each. */
static size_t count_trailer (xfer *x, size_t len) {
  x->receive.trailers += len;
  if (x->receive.trailers <= MAX_HEADER_SIZE) return len;
  fail_head(x, ERR_TOO_LARGE);
  return 0;
}

/* The status in a status line, which need not end with a zero: three digits behind the first blank; 0: there is none. */
static int read_status (const char *line, size_t len) {
  const char *end = line + len, *p = memchr(line, ' ', len);
  int status = 0;
  while (p != NULL && p < end && *p == ' ') p++;
  for (int i = 0; p != NULL && p < end && i < 3 && *p >= '0' && *p <= '9'; i++) status = status * 10 + (*p++ - '0');
  return status;
}

static size_t on_header (char *line, size_t size, size_t count, void *user) {
  xfer *x = user;
  xfer_receive *r = &x->receive;
  size_t len = size * count;
  count_wire(x, len);
  if (x->phase >= PHASE_HEAD) return count_trailer(x, len);
  if (!r->in_head && len > 5 && memcmp(line, "HTTP/", 5) == 0) {     /* also after an interim answer such as 103 */
    r->in_head = 1;
    x->status = read_status(line, len);
    buf_drop(&r->head, r->head.len);
    return len;
  }
  int is_end = len <= 2 && (line[0] == '\r' || line[0] == '\n');
  if (is_end) {
    r->in_head = 0;
    if (x->status >= 200) finish_head(x);
    return len;
  }
  err_code rc = buf_append(&r->head, line, len);
  if (rc == ERR_OK) return len;
  fail_head(x, rc);
  return 0;
}

/* The body of a failed request explains it; the first part of it is enough, and ends the exchange: what follows may have no end. */
static size_t keep_error_body (xfer *x, const char *data, size_t len) {
  xfer_receive *r = &x->receive;
  size_t room = XFER_ERROR_BODY - r->raw.len;
  if (buf_append(&r->raw, data, len < room ? len : room) != ERR_OK) {
    xfer_fail(x, ERR_MEMORY, "out of memory");
    return 0;
  }
  r->has_enough = len > room;
  return r->has_enough ? 0 : len;
}

static size_t on_body (char *data, size_t size, size_t count, void *user) {
  xfer *x = user;
  xfer_receive *r = &x->receive;
  size_t len = size * count;
  if (x->code != ERR_OK) return 0;
  int is_full = r->is_stream && xfer_is_success(x) && r->raw.len > 0 && r->raw.len + len > r->high_water;
  if (is_full || (r->is_pinned && !xfer_is_coded(x))) {     /* 'raw' is what is read then */
    r->is_paused = 1;
    if (r->wants_data) xfer_note(x);                        /* who has seen all that is here, and waits, must say that it is too little */
    return CURL_WRITEFUNC_PAUSE;
  }
  count_wire(x, len);
  r->body_wire += (curl_off_t)len;
  if (!xfer_is_success(x)) return keep_error_body(x, data, len);
  int is_over = !r->is_stream && len > r->max_body - r->raw.len;
  err_code rc = is_over ? ERR_TOO_LARGE : buf_append(&r->raw, data, len);
  if (rc != ERR_OK) {
    xfer_fail(x, rc, rc == ERR_MEMORY ? "out of memory" : "the body is larger than max_body_size");
    return 0;
  }
  if (!xfer_is_coded(x)) r->decoded += (curl_off_t)len;
  if (r->wants_data) xfer_note(x);
  return len;
}

/* A request that must not be sent twice: libcurl reads it from here, and cannot rewind. */
static size_t on_send (char *out, size_t size, size_t count, void *user) {
  xfer *x = user;
  xfer_send *s = &x->send;
  size_t room = size * count, left = s->body_len - s->body_sent;
  size_t n = left < room ? left : room;
  memcpy(out, s->body + s->body_sent, n);
  s->body_sent += n;
  return n;
}

/* ---- set-up and release -------------------------------------------------------------------------------- */

void xfer_init (xfer *x) {
  memset(x, 0, sizeof *x);
  x->receive.high_water = XFER_HIGH_WATER;
  x->touched = event_now();
  buf_init(&x->receive.head, MAX_HEADER_SIZE);
  buf_init(&x->receive.raw, MAX_BODY_SIZE);
  buf_init(&x->receive.plain, MAX_BODY_SIZE);
  buf_init(&x->send.waiting, 0);
  inflater_init(&x->receive.inflater);
}

void xfer_release (xfer *x) {
  if (x->link.hooks != NULL) x->link.hooks->detach(x);
  if (x->easy != NULL) curl_easy_cleanup(x->easy);
  x->easy = NULL;
  curl_slist_free_all(x->headers);
  x->headers = NULL;
  buf_free(&x->receive.head);
  buf_free(&x->receive.raw);
  buf_free(&x->receive.plain);
  buf_free(&x->send.waiting);
  inflater_free(&x->receive.inflater);
}

static void set_callbacks (xfer *x) {
  curl_easy_setopt(x->easy, CURLOPT_PRIVATE, x);
  curl_easy_setopt(x->easy, CURLOPT_ERRORBUFFER, x->curl_text);
  curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->headers);
  curl_easy_setopt(x->easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(x->easy, CURLOPT_HEADERDATA, x);
  curl_easy_setopt(x->easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(x->easy, CURLOPT_WRITEDATA, x);
  curl_easy_setopt(x->easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
  curl_easy_setopt(x->easy, CURLOPT_OPENSOCKETDATA, x);
  curl_easy_setopt(x->easy, CURLOPT_RESOLVER_START_FUNCTION, on_resolve);
  curl_easy_setopt(x->easy, CURLOPT_RESOLVER_START_DATA, x);
  curl_easy_setopt(x->easy, CURLOPT_PREREQFUNCTION, on_request);
  curl_easy_setopt(x->easy, CURLOPT_PREREQDATA, x);
}

/* libcurl itself sends a request again when a reused connection closes before the first byte of its answer.
** What must not be sent twice goes through a callback that cannot rewind, or, without a body, over a fresh connection. */
static void set_body (xfer *x, int send_once) {
  curl_easy_setopt(x->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->send.body_len);
  if (!send_once || x->send.body_len == 0) {
    curl_easy_setopt(x->easy, CURLOPT_POSTFIELDS, x->send.body);
    if (send_once) curl_easy_setopt(x->easy, CURLOPT_FRESH_CONNECT, 1L);
    return;
  }
  curl_easy_setopt(x->easy, CURLOPT_POST, 1L);
  curl_easy_setopt(x->easy, CURLOPT_READFUNCTION, on_send);
  curl_easy_setopt(x->easy, CURLOPT_READDATA, x);
  curl_easy_setopt(x->easy, CURLOPT_SEEKFUNCTION, xfer_cannot_rewind);
}

/* Move field 'name' of the options to slot 'slot' of the user value on top of the stack. */
static void keep (lua_State *L, int idx, const char *name, int slot) {
  lua_getfield(L, idx, name);
  lua_rawseti(L, -2, slot);
}

static void keep_values (lua_State *L, int idx, xfer *x, int x_idx) {
  lua_getiuservalue(L, x_idx, 1);
  keep(L, idx, "owner", SLOT_OWNER);
  keep(L, idx, "body", SLOT_BODY);
  lua_newtable(L);
  lua_rawseti(L, -2, SLOT_ENVELOPE);
  lua_rawgeti(L, -1, SLOT_BODY);
  x->send.body = lua_tolstring(L, -1, &x->send.body_len);
  lua_pop(L, 2);
}

static void set_limits (lua_State *L, int idx, xfer *x) {
  xfer_receive *r = &x->receive;
  lua_getfield(L, idx, "max_body_size");
  r->max_body = lua_isnil(L, -1) ? MAX_BODY_SIZE : (size_t)lua_tonumber(L, -1);
  lua_pop(L, 1);
  size_t whole = r->max_body > XFER_ERROR_BODY ? r->max_body : XFER_ERROR_BODY;      /* an error must fit in any case */
  buf_init(&r->raw, r->is_stream ? 2 * MAX_ROW_SIZE + CURL_MAX_WRITE_SIZE : whole);
  buf_init(&r->plain, (r->is_stream ? MAX_ROW_SIZE : r->max_body) + 2 * XFER_WINDOW);
  rows_init(&r->rows, MAX_ROW_SIZE, MAX_ROW_GAP);
}

/* The options `upload` and `upload_size`. */
static void set_upload (lua_State *L, int idx, xfer *x) {
  lua_getfield(L, idx, "upload_size");
  lua_Number size = lua_isnil(L, -1) ? -1 : lua_tonumber(L, -1);
  int is_sane = lua_isnil(L, -1) || (lua_isnumber(L, -1) && size >= 0 && size <= MAX_UPLOAD_SIZE && size == (lua_Number)(curl_off_t)size);
  lua_pop(L, 1);
  if (!is_sane) luaL_error(L, "option 'upload_size' is not a number of bytes");
  if (x->send.body != NULL) luaL_error(L, "the options 'body' and 'upload' exclude each other");
  xfer_set_upload(x, (curl_off_t)size);
}

err_code xfer_setup (lua_State *L, int idx, xfer *x, int x_idx) {
  x->easy = curl_easy_init();
  if (x->easy == NULL) return ERR_MEMORY;
  x->receive.is_stream = core_flag(L, idx, "stream");
  x->receive.is_raw = core_flag(L, idx, "raw");
  set_limits(L, idx, x);
  keep_values(L, idx, x, x_idx);
  err_code rc = xfer_apply_options(L, idx, x->easy, &x->headers);
  if (rc != ERR_OK) return rc;
  set_callbacks(x);
  lua_getfield(L, idx, "method");
  const char *method = lua_tostring(L, -1);
  x->receive.is_head = method != NULL && strcmp(method, "HEAD") == 0;
  if (x->receive.is_head) curl_easy_setopt(x->easy, CURLOPT_NOBODY, 1L);
  else if (core_flag(L, idx, "upload")) set_upload(L, idx, x);
  else if (x->send.body != NULL) set_body(x, core_flag(L, idx, "send_once"));
  lua_pop(L, 1);
  return ERR_OK;
}
