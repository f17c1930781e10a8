/* xfer_upload.c - a body that is sent while it comes: written into 'waiting', from where libcurl takes it as the connection has room.
**
** libcurl pauses sending when 'waiting' is empty, and goes on when more was written or the body is finished. Receiving may be paused at
** the same time, for reasons of its own. The seek callback fails, so that libcurl sends no byte of a body twice; the one repetition
** that is left to it is that of a request on a reused connection that closed before a byte of the body was sent. */
#include "xfer.h"

#include <stdio.h>
#include <string.h>

#include "event.h"

/* Has an answer come that makes the rest of the body pointless? */
static int is_refused (const xfer *x) {
  return x->phase >= PHASE_HEAD && x->status >= 300;
}

/* Will libcurl take what is written? */
static int is_under_way (const xfer *x) {
  return x->code == ERR_OK && x->link.hooks != NULL && x->phase < PHASE_DONE && !is_refused(x);
}

int xfer_wants_body (const xfer *x) {
  return x->send.is_upload && !x->send.is_finished && is_under_way(x) && x->send.waiting.len < XFER_SEND_LOW;
}

/* libcurl wants bytes of the body. An empty buffer pauses it, but not when an answer says that no more are wanted:
** a connection that the server is about to close must not wait for them. */
static size_t on_upload (char *to, size_t size, size_t count, void *user) {
  xfer *x = user;
  xfer_send *s = &x->send;
  size_t room = size * count, n = s->waiting.len < room ? s->waiting.len : room;
  s->is_paused = 0;
  if (x->code != ERR_OK) return CURL_READFUNC_ABORT;
  if (is_refused(x)) return 0;
  if (n > 0) {
    memcpy(to, buf_bytes(&s->waiting), n);
    buf_drop(&s->waiting, n);
    x->touched = event_now();
  }
  if (xfer_wants_body(x)) xfer_note(x);
  if (n > 0 || s->is_finished) return n;
  s->is_paused = 1;
  return CURL_READFUNC_PAUSE;
}

int xfer_cannot_rewind (void *user, curl_off_t offset, int origin) {
  (void)user; (void)offset; (void)origin;
  return CURL_SEEKFUNC_FAIL;
}

void xfer_set_upload (xfer *x, curl_off_t size) {
  x->send.is_upload = 1;
  x->send.size = size;
  buf_init(&x->send.waiting, SIZE_MAX / 2);
  curl_easy_setopt(x->easy, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(x->easy, CURLOPT_READFUNCTION, on_upload);
  curl_easy_setopt(x->easy, CURLOPT_READDATA, x);
  curl_easy_setopt(x->easy, CURLOPT_SEEKFUNCTION, xfer_cannot_rewind);
  if (size >= 0) curl_easy_setopt(x->easy, CURLOPT_INFILESIZE_LARGE, size);
  if (size == 0) curl_easy_setopt(x->easy, CURLOPT_FRESH_CONNECT, 1L);    /* there is no byte that could not be sent twice */
}

static void resume_sending (xfer *x) {
  if (!x->send.is_paused) return;
  x->send.is_paused = 0;
  xfer_apply_pauses(x);
}

void xfer_settle (xfer *x) {
  if (is_refused(x)) resume_sending(x);
}

/* The body is not what was said: the exchange ends at once. */
static err_code fail_length (xfer *x, const char *message) {
  xfer_fail(x, ERR_IO, message);
  if (x->link.hooks != NULL && x->phase < PHASE_DONE) x->link.hooks->stop(x);
  return x->code;
}

err_code xfer_write (xfer *x, const char *bytes, size_t len) {
  xfer_send *s = &x->send;
  char text[96];
  if (x->code != ERR_OK) return x->code;
  if (is_refused(x)) return ERR_OK;
  if (s->size >= 0 && (curl_off_t)len > s->size - s->given) {
    snprintf(text, sizeof text, "the body is longer than %lld bytes", (long long)s->size);
    return fail_length(x, text);
  }
  if (x->phase == PHASE_DONE) return ERR_OK;
  if (x->link.hooks == NULL) return ERR_CLOSED;
  err_code rc = buf_append(&s->waiting, bytes, len);
  if (rc != ERR_OK) return ERR_MEMORY;
  s->given += (curl_off_t)len;
  if (len > 0) resume_sending(x);
  return ERR_OK;
}

err_code xfer_finish_body (xfer *x) {
  xfer_send *s = &x->send;
  char text[96];
  if (s->is_finished) return x->code;
  s->is_finished = 1;
  if (is_under_way(x) && s->given < s->size) {
    snprintf(text, sizeof text, "the body ended after %lld of %lld bytes", (long long)s->given, (long long)s->size);
    return fail_length(x, text);
  }
  resume_sending(x);
  return x->code;
}
