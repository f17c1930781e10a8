/* multi.h - all transfers of a Lua state, and the one place where they are driven. */
#ifndef APIFY_MULTI_H
#define APIFY_MULTI_H

#include "event.h"
#include "xfer.h"

#pragma GCC visibility push(hidden)

#define MAX_POOLS 12                     /* distinct connection limits in one process; more share the last pool of their kind */

typedef struct multi multi;

typedef enum pool_kind { POOL_PLAIN, POOL_SHARED, POOL_HTTP1, POOL_KINDS } pool_kind;      /* http; https; https over HTTP/1.1 alone */

typedef struct pool {
  CURLM *handle;
  multi *owner;
  int index;
  pool_kind kind;
  long max_connections;                  /* 0: no limit */
  int64_t deadline;                      /* when libcurl wants to be called, in event_now's time */
  int is_lost;                           /* a socket could not be watched, or libcurl had no memory: nobody would hear of what happens there */
} pool;

struct multi {
  event_set events;
  pool pools[MAX_POOLS];
  int pool_count;
  xfer *attached;                        /* intrusive list: transfers may be collected before or after the multi */
  xfer *news;
  int in_flight;
  int is_open;
  int is_driving;                        /* libcurl is on the C stack */
  unsigned generation;                   /* of the process that made it */
};

/* Closed; cannot fail. */
void multi_init (multi *m);

/* 0; or an errno, for want of an event set. */
int multi_open (multi *m);

/* Detach all transfers, then let go of the connections. Safe to call twice. */
void multi_close (multi *m);

/* Was it made before a fork? It shares its sockets with the parent: it must not be driven, nor told to let go of them. */
int multi_is_foreign (const multi *m);

/* The pool for these settings, made when it is the first of its kind. NULL: no memory. */
pool *multi_find_pool (multi *m, pool_kind kind, long max_connections);

/* Hand the transfer to libcurl, which begins it when it is driven. ERR_OK or ERR_MEMORY. */
err_code multi_attach (pool *p, xfer *x);

/* Wait at most 'seconds' for sockets and timers, and serve them: once, or until a few milliseconds are over.
** Was there anything on a socket? */
int multi_drive (multi *m, double seconds);

/* A transfer that has news; NULL when none has. */
xfer *multi_first_news (const multi *m);

/* Its news was given out: it has none any more. */
void multi_drop_news (multi *m, xfer *x);

/* Let the event set wake its host when the first pool's time comes, now that the news has been taken. */
void multi_update_deadline (multi *m);

#pragma GCC visibility pop

#endif
