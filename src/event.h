/* event.h - waiting for sockets until a moment in time, behind one small interface.
** event_epoll.c serves Linux (epoll and a timerfd, so that one descriptor stands for everything);
** event_poll.c serves the rest with poll(2) and has no such descriptor. A third backend is one more file. */
#ifndef APIFY_EVENT_H
#define APIFY_EVENT_H

#include <stdint.h>
#include <time.h>

#pragma GCC visibility push(hidden)

#if defined(__linux__) && !defined(APIFY_EVENT_POLL)
#define EVENT_BACKEND_EPOLL 1
#else
#define EVENT_BACKEND_POLL 1
#endif

#define EVENT_IN   1
#define EVENT_OUT  2
#define EVENT_ERR  4

#define EVENT_NEVER  INT64_MAX

typedef struct event_ready {
  int fd;
  int tag;             /* what event_watch was given */
  int mask;            /* EVENT_* */
} event_ready;

typedef struct event_set {
  int fd;              /* the descriptor that stands for all (epoll), or -1 */
  int timer;           /* timerfd, or -1 */
  int is_exported;     /* somebody else waits for 'fd': the timer must be armed */
  int64_t deadline;    /* monotonic milliseconds, or EVENT_NEVER */
  struct event_slots *slots;      /* poll backend: what is watched */
} event_set;

/* All zero is not a valid closed state; this is. */
void event_init (event_set *s);

/* 0, or an errno. */
int event_open (event_set *s);

/* Safe to call twice, on a set that never opened, and in a forked child (closes only its own copies). */
void event_close (event_set *s);

/* The descriptor that becomes readable when event_wait has something to do, or -1 where there is none. */
int event_export (event_set *s);

/* Watch 'fd' for the events in 'mask' (0: no longer). 0, or an errno. */
int event_watch (event_set *s, int fd, int tag, int mask);

/* The exported descriptor becomes readable at this moment (monotonic milliseconds; EVENT_NEVER: at none). */
void event_set_deadline (event_set *s, int64_t when);

/* Wait at most 'timeout' milliseconds (-1: no limit). Fills 'ready'; the number filled, or -errno (-EINTR after a signal). */
int event_wait (event_set *s, int timeout, event_ready *ready, int max);

/* Milliseconds of the monotonic clock. */
static inline int64_t event_now (void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

#pragma GCC visibility pop

#endif
