/* xfer_result.c - how an exchange ends, and who hears: libcurl's many results as the few kinds of failure that a program can act upon. */
#include "xfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "descriptors.h"

/* libcurl has one code for both, before 8.6. */
#define TOO_LONG "a header of the answer is larger than libcurl takes, or there was no memory for it"

void xfer_note (xfer *x) {
  if (x->link.has_news || x->link.news == NULL) return;
  x->link.has_news = 1;
  x->link.news_next = *x->link.news;
  *x->link.news = x;
}

typedef struct reason {
  CURLcode result;
  err_code code;
} reason;

static const reason reasons[] = {                /* what is not here is a failure of the network */
  { CURLE_COULDNT_RESOLVE_PROXY, ERR_CONNECT },
  { CURLE_COULDNT_RESOLVE_HOST, ERR_CONNECT },
  { CURLE_COULDNT_CONNECT, ERR_CONNECT },
  { CURLE_PROXY, ERR_CONNECT },
  { CURLE_OUT_OF_MEMORY, ERR_MEMORY },
  { CURLE_PEER_FAILED_VERIFICATION, ERR_TLS },
  { CURLE_SSL_CACERT_BADFILE, ERR_TLS },
  { CURLE_SSL_CIPHER, ERR_TLS },
  { CURLE_SSL_ENGINE_INITFAILED, ERR_TLS },
  { CURLE_SSL_ISSUER_ERROR, ERR_TLS },
  { CURLE_SSL_INVALIDCERTSTATUS, ERR_TLS },
  { CURLE_UNSUPPORTED_PROTOCOL, ERR_DECODE },
  { CURLE_WEIRD_SERVER_REPLY, ERR_DECODE },
  { CURLE_OK, ERR_NETWORK }
};

/* A handshake that breaks off is the network's fault; one that is refused is not. */
static err_code handshake_code (const char *message) {
  return strstr(message, "SSL routines") != NULL ? ERR_TLS : ERR_CONNECT;
}

static err_code classify (CURLcode result, const char *message) {
  if (result == CURLE_SSL_CONNECT_ERROR) return handshake_code(message);
  const reason *r = reasons;
  while (r->result != CURLE_OK && r->result != result) r++;
  return r->code;
}

/* Did libcurl refuse a header line? It has a limit of its own (100 KiB) and, before 8.6, no code for it but that of memory. */
static int is_long_line (const xfer *x, CURLcode result) {
  if (!x->receive.in_head) return 0;
#if LIBCURL_VERSION_NUM >= 0x080600
  if (result == CURLE_TOO_LARGE) return 1;
#endif
  if (result != CURLE_OUT_OF_MEMORY) return 0;
  void *volatile probe = malloc(MAX_HEADER_SIZE);     /* more than it can have asked for; volatile, or the compiler would leave it out */
  int has_memory = probe != NULL;
  free(probe);
  return has_memory;
}

/* libcurl's text, but where it speaks of its own affairs. */
static const char *explain (const xfer *x, CURLcode result) {
  if (result == CURLE_SEND_FAIL_REWIND) return "the connection closed before the answer, and the request must not be sent twice";
  return x->curl_text[0] != '\0' ? x->curl_text : curl_easy_strerror(result);
}

void xfer_fail (xfer *x, err_code code, const char *message) {
  if (x->code != ERR_OK) return;                    /* the first reason is the true one */
  x->code = code;
  snprintf(x->message, sizeof x->message, "%s", message);
}

/* What a connection that ended in the head has brought is no answer, be it an interim one or half of one; libcurl is content with it. */
static void drop_head (xfer *x, CURLcode result) {
  x->status = 0;
  buf_drop(&x->receive.head, x->receive.head.len);
  if (result == CURLE_OK) xfer_fail(x, ERR_NETWORK, "the connection closed before the head of the answer had ended");
}

void xfer_finish (xfer *x, CURLcode result) {
  if (is_long_line(x, result)) xfer_fail(x, ERR_TOO_LARGE, TOO_LONG);
  if (x->phase < PHASE_HEAD) drop_head(x, result);
  x->phase = PHASE_DONE;
  xfer_note(x);
  if (result == CURLE_OK || x->receive.has_enough) return;
  if (x->lack_errno != 0) {
    char text[128];
    descriptors_explain(x->lack_errno, text, sizeof text);
    xfer_fail(x, ERR_CONNECT, text);
  }
  const char *text = explain(x, result);
  err_code code = classify(result, text);
  if (code == ERR_NETWORK && !x->was_sent) code = ERR_CONNECT;      /* such as a proxy that refuses */
  xfer_fail(x, code, text);
}
