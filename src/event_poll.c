/* event_poll.c - everywhere else: poll(2) over the sockets that are watched. No descriptor stands for all of them. */
#include "event.h"

#ifdef EVENT_BACKEND_POLL

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

typedef struct event_slots {
  struct pollfd *fds;
  int *tags;
  int count, room;
  int first;           /* where the next look begins, so that busy sockets do not starve those behind them */
} event_slots;

void event_init (event_set *s) {
  *s = (event_set){ .fd = -1, .timer = -1, .deadline = EVENT_NEVER };
}

int event_open (event_set *s) {
  s->slots = calloc(1, sizeof *s->slots);
  return s->slots == NULL ? ENOMEM : 0;
}

void event_close (event_set *s) {
  if (s->slots != NULL) {
    free(s->slots->fds);
    free(s->slots->tags);
    free(s->slots);
  }
  event_init(s);
}

int event_export (event_set *s) {
  (void)s;
  return -1;
}

static int slot_of (const event_slots *w, int fd) {
  for (int i = 0; i < w->count; i++)
    if (w->fds[i].fd == fd) return i;
  return -1;
}

/* Room for one more; 0, or ENOMEM with everything as it was. */
static int grow (event_slots *w) {
  if (w->count < w->room) return 0;
  int room = w->room == 0 ? 16 : w->room * 2;
  struct pollfd *fds = realloc(w->fds, (size_t)room * sizeof *fds);
  if (fds == NULL) return ENOMEM;
  w->fds = fds;
  int *tags = realloc(w->tags, (size_t)room * sizeof *tags);
  if (tags == NULL) return ENOMEM;
  w->tags = tags;
  w->room = room;
  return 0;
}

int event_watch (event_set *s, int fd, int tag, int mask) {
  event_slots *w = s->slots;
  int i = slot_of(w, fd);
  if (mask == 0) {
    if (i < 0) return ENOENT;
    w->count--;
    w->fds[i] = w->fds[w->count];
    w->tags[i] = w->tags[w->count];
    return 0;
  }
  if (i < 0) {
    if (grow(w) != 0) return ENOMEM;
    i = w->count++;
  }
  short events = 0;
  if (mask & EVENT_IN) events |= POLLIN;
  if (mask & EVENT_OUT) events |= POLLOUT;
  w->fds[i] = (struct pollfd){ .fd = fd, .events = events };
  w->tags[i] = tag;
  return 0;
}

void event_set_deadline (event_set *s, int64_t when) {
  s->deadline = when;
}

int event_wait (event_set *s, int timeout, event_ready *ready, int max) {
  event_slots *w = s->slots;
  int n = poll(w->fds, (nfds_t)w->count, timeout);
  if (n < 0) return -errno;
  int filled = 0;
  for (int k = 0, first = w->first; k < w->count && filled < n && filled < max; k++) {
    int i = (first + k) % w->count;
    short got = w->fds[i].revents;
    if (got == 0) continue;
    w->first = i + 1;
    event_ready *r = &ready[filled++];
    r->fd = w->fds[i].fd;
    r->tag = w->tags[i];
    r->mask = 0;
    if (got & POLLIN) r->mask |= EVENT_IN;
    if (got & POLLOUT) r->mask |= EVENT_OUT;
    if (got & (POLLERR | POLLHUP | POLLNVAL)) r->mask |= EVENT_ERR;
  }
  return filled;
}

#else
typedef int event_poll_unused;          /* ISO C wants a declaration in every file */
#endif
