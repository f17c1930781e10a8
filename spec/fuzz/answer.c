/* answer.c - an answer as libcurl gives it, its header lines and then its body in pieces, through a transfer's own callbacks.
**   - fields are within the head and have no blank around their values; the one that is found by name is the last of that name;
**   - how the body is cut changes neither what is read of it nor whether and why it fails;
**   - of the body of a failure, no more than its maximum is kept. */
#include "xfer.c"

#include "fuzz.h"

#define MAX_BODY 20000                /* small enough to be reached */
#define MAX_OUTPUT (1u << 20)         /* of a stream, which is left then: what is larger takes long, and shows nothing more */

typedef struct result {
  body_state state;
  int status;
  err_code code;
  size_t len;
  char message[CURL_ERROR_SIZE];
  char bytes[MAX_OUTPUT];
} result;

void fuzz_open (lua_State *L) {
  (void)L;
}

static int is_end (const char *line, size_t len) {
  return len <= 2 && (line[0] == '\r' || line[0] == '\n');
}

/* Give the head, line by line. Returns where the body begins. */
static const char *give_head (xfer *x, const char *p, const char *end) {
  while (p < end) {
    const char *eol = memchr(p, '\n', (size_t)(end - p));
    size_t len = (size_t)((eol == NULL ? end : eol + 1) - p);
    char *line = fuzz_exact(p, len);
    on_header(line, 1, len, x);
    free(line);
    p += len;
    if (is_end(p - len, len) && x->status >= 200) break;
  }
  return p;
}

static int is_blank (char c) {
  return c == ' ' || c == '\t';
}

static void check_fields (const xfer *x) {
  size_t at = 0, len;
  xfer_field f, last = { 0 };
  const char *start = buf_bytes(&x->receive.head), *end = start + x->receive.head.len;
  while (xfer_next_header(x, &at, &f)) {
    fuzz_check(f.name >= start && f.value >= f.name + f.name_len && f.value + f.value_len <= end, "a field is within the head");
    fuzz_check(f.value_len == 0 || (!is_blank(*f.value) && !is_blank(f.value[f.value_len - 1])), "a value has no blank around it");
    last = f;
  }
  if (last.name == NULL || memchr(last.name, '\0', last.name_len) != NULL) return;
  char *name = calloc(1, last.name_len + 1);
  if (name == NULL) abort();
  memcpy(name, last.name, last.name_len);
  fuzz_check(xfer_header(x, name, &len) == last.value && len == last.value_len, "the last field of a name is found");
  free(name);
}

/* Take what can be read now, as a stream's reader does; a buffered body is left until the end. */
static body_state take (xfer *x, result *out) {
  body_state state;
  do {
    state = xfer_produce(x);
    if (!x->receive.is_stream) continue;
    const buf *b = xfer_window(x);
    size_t n = b->len < MAX_OUTPUT - out->len ? b->len : MAX_OUTPUT - out->len;
    memcpy(out->bytes + out->len, buf_bytes(b), n);
    out->len += n;
    xfer_drop(x, b->len);
  } while (state == BODY_SOME && out->len < MAX_OUTPUT);
  return state;
}

static void read_answer (const char *bytes, size_t len, size_t piece, int is_stream, result *out) {
  xfer x;
  const char *end = bytes + len, *p;
  xfer_init(&x);
  x.receive.max_body = MAX_BODY;
  x.receive.is_stream = is_stream;
  rows_init(&x.receive.rows, MAX_BODY, MAX_BODY);
  out->len = 0;
  p = give_head(&x, bytes, end);
  check_fields(&x);
  while (p < end && x.phase == PHASE_HEAD && x.code == ERR_OK && out->len < MAX_OUTPUT) {
    size_t n = 1 + fuzz_below(piece < (size_t)(end - p) ? piece : (size_t)(end - p));
    char *window = fuzz_exact(p, n);
    size_t taken = on_body(window, 1, n, &x);
    free(window);
    if (taken == n) p += n;
    if (is_stream) take(&x, out);
  }
  if (x.phase == PHASE_HEAD) x.phase = PHASE_DONE;
  out->state = take(&x, out);
  out->status = x.status, out->code = x.code;
  memcpy(out->message, x.message, sizeof out->message);
  if (!is_stream) {
    const buf *b = xfer_window(&x);
    fuzz_check(b->len <= (xfer_is_success(&x) ? MAX_BODY : XFER_ERROR_BODY), "a body is not larger than its maximum");
    memcpy(out->bytes, buf_bytes(b), b->len);
    out->len = b->len;
  }
  xfer_release(&x);
}

void fuzz_one (lua_State *L, const char *bytes, size_t len) {
  static result a, b;
  (void)L;
  int is_stream = (int)fuzz_below(2);
  read_answer(bytes, len, len, is_stream, &a);
  read_answer(bytes, len, 1 + fuzz_below(30), is_stream, &b);
  if (a.len < MAX_OUTPUT && b.len < MAX_OUTPUT) {
    fuzz_check(a.state == b.state && a.status == b.status && a.code == b.code, "cuts change no outcome");
    fuzz_check(strcmp(a.message, b.message) == 0, "cuts change no reason");
    if (a.state != BODY_FAIL) fuzz_check(a.len == b.len, "cuts change no length");       /* else it ends wherever that was seen */
  }
  fuzz_check(memcmp(a.bytes, b.bytes, a.len < b.len ? a.len : b.len) == 0, "cuts change no byte");
}
