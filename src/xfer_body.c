/* xfer_body.c - the received body, decoded when somebody reads: one window at a time from 'raw' to 'plain', or 'raw' itself. */
#include "xfer.h"

#include <stdio.h>

#define USUAL_RATIO 8                    /* compressed JSON grows about so much; what grows more takes several steps */

buf *xfer_window (xfer *x) {
  return xfer_is_coded(x) ? &x->receive.plain : &x->receive.raw;
}

void xfer_apply_pauses (xfer *x) {
  CURLcode rc = curl_easy_pause(x->easy, (x->receive.is_paused ? CURLPAUSE_RECV : 0) | (x->send.is_paused ? CURLPAUSE_SEND : 0));
  if (rc == CURLE_OK || rc == CURLE_BAD_FUNCTION_ARGUMENT) return;   /* the latter: it has no connection any more */
  xfer_fail(x, ERR_MEMORY, "out of memory");
  if (x->link.hooks != NULL && x->phase < PHASE_DONE) x->link.hooks->stop(x);
}

static void resume (xfer *x) {
  x->receive.is_paused = 0;
  xfer_apply_pauses(x);                             /* may call on_body at once */
}

/* Some of 'raw' was used. */
static void make_room (xfer *x) {
  if (x->receive.raw.len > XFER_LOW_WATER) return;
  x->receive.high_water = XFER_HIGH_WATER;
  if (x->receive.is_paused) resume(x);
}

void xfer_drop (xfer *x, size_t n) {
  buf_drop(xfer_window(x), n);
  make_room(x);
}

/* All that is here was seen and is too little, such as half a row of some megabytes: let more of it in. */
static void raise_high_water (xfer *x) {
  if (!x->receive.is_paused || x->receive.high_water > MAX_ROW_SIZE) return;
  x->receive.high_water *= 2;
  resume(x);
}

/* The compressed bytes are not what they should be. */
static body_state fail_stream (xfer *x, const char *how) {
  char message[64];
  snprintf(message, sizeof message, "the %s stream %s", coding_name(x->receive.inflater.coding), how);
  xfer_fail(x, ERR_DECODE, message);
  return BODY_FAIL;
}

/* The bytes that are here are used up, or not enough. */
static body_state at_end (xfer *x) {
  if (x->code != ERR_OK) return BODY_FAIL;
  if (x->phase < PHASE_DONE) {
    raise_high_water(x);
    return BODY_MORE;
  }
  if (xfer_is_coded(x) && !inflater_may_end(&x->receive.inflater) && xfer_is_success(x)) {
    x->receive.is_damaged = 1;                   /* a wrong bit can hide the end of the stream, too */
    return fail_stream(x, "ends early");
  }
  return BODY_END;
}

static body_state fail_decoding (xfer *x, err_code code) {
  if (code != ERR_MEMORY) {
    x->receive.is_damaged = 1;
    return fail_stream(x, "is damaged");
  }
  xfer_fail(x, code, "out of memory");
  return BODY_FAIL;
}

static body_state fail_too_large (xfer *x, err_code code) {
  xfer_fail(x, code, code == ERR_MEMORY ? "out of memory" : "the decoded body is larger than max_body_size");
  return BODY_FAIL;
}

/* Decoded bytes that may be added to 'plain'. A stream is bounded by the size of a row, which its reader watches. */
static size_t room_left (const xfer *x) {
  size_t max = xfer_is_success(x) ? x->receive.max_body : XFER_ERROR_BODY;
  if (x->receive.is_stream && xfer_is_success(x)) return XFER_WINDOW;
  return max > x->receive.plain.len ? max - x->receive.plain.len : 0;
}

/* Bytes that one step decodes: less than a window for the few compressed ones of a small answer. What has grown before may go on growing
** from bytes that are all read already: a decoder of brotli holds megabytes. */
static size_t step_room (const xfer_receive *r) {
  size_t by_raw = r->raw.len < XFER_WINDOW ? r->raw.len * USUAL_RATIO : XFER_WINDOW;
  size_t by_past = r->decoded < XFER_WINDOW ? (size_t)r->decoded : XFER_WINDOW;
  size_t room = (by_raw > by_past ? by_raw : by_past) + 1;      /* not 0 */
  return room < XFER_WINDOW ? room : XFER_WINDOW;
}

/* One window of decoded bytes from 'raw' to 'plain'. */
static body_state inflate_some (xfer *x) {
  xfer_receive *r = &x->receive;
  size_t used, made, left = room_left(x), room = step_room(r);
  if (left == 0 && !xfer_is_success(x)) return at_end(x);       /* of an error's body, the first part is enough */
  if (left < room) room = xfer_is_success(x) ? left + 1 : left;  /* one byte more than allowed tells that there is more */
  char *out;
  err_code rc = buf_reserve(&r->plain, room, &out);
  if (rc != ERR_OK) return fail_too_large(x, rc);
  rc = inflater_run(&r->inflater, buf_bytes(&r->raw), r->raw.len, &used, out, room, &made);
  if (rc != ERR_OK) return fail_decoding(x, rc);
  if (made > left) return fail_too_large(x, ERR_TOO_LARGE);
  buf_commit(&r->plain, made);
  r->decoded += (curl_off_t)made;
  buf_drop(&r->raw, used);
  make_room(x);
  if (made > 0) return BODY_SOME;
  return used > 0 && r->raw.len > 0 ? BODY_SOME : at_end(x);
}

body_state xfer_produce (xfer *x) {
  if (!xfer_is_coded(x) || (x->receive.raw.len == 0 && !x->receive.inflater.is_full)) return at_end(x);
  return inflate_some(x);
}
