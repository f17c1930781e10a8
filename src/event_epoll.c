/* event_epoll.c - Linux: one epoll descriptor holds every socket and a timerfd. */
#include "event.h"

#ifdef EVENT_BACKEND_EPOLL

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define MAX_BATCH 64                    /* events taken from the kernel at once; the rest stay readable */

void event_init (event_set *s) {
  *s = (event_set){ .fd = -1, .timer = -1, .deadline = EVENT_NEVER };
}

static uint64_t pack (int fd, int tag) {
  return ((uint64_t)(uint32_t)tag << 32) | (uint32_t)fd;
}

int event_open (event_set *s) {
  s->fd = epoll_create1(EPOLL_CLOEXEC);
  if (s->fd < 0) return errno;
  s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (s->timer < 0) return errno;
  struct epoll_event ev = { .events = EPOLLIN, .data.u64 = pack(s->timer, -1) };
  return epoll_ctl(s->fd, EPOLL_CTL_ADD, s->timer, &ev) < 0 ? errno : 0;
}

void event_close (event_set *s) {
  if (s->timer >= 0) close(s->timer);
  if (s->fd >= 0) close(s->fd);
  event_init(s);
}

/* Set the timerfd to the deadline; a moment that is past makes it readable at once. */
static void arm (event_set *s) {
  struct itimerspec t = { { 0, 0 }, { 0, 0 } };
  if (s->deadline != EVENT_NEVER) {
    t.it_value.tv_sec = s->deadline / 1000;
    t.it_value.tv_nsec = s->deadline % 1000 * 1000000;
    if (s->deadline <= 0) t.it_value.tv_nsec = 1;       /* zero would disarm it */
  }
  timerfd_settime(s->timer, TFD_TIMER_ABSTIME, &t, NULL);
}

int event_export (event_set *s) {
  if (!s->is_exported) {
    s->is_exported = 1;
    arm(s);
  }
  return s->fd;
}

int event_watch (event_set *s, int fd, int tag, int mask) {
  struct epoll_event ev = { .data.u64 = pack(fd, tag) };
  if (mask == 0) return epoll_ctl(s->fd, EPOLL_CTL_DEL, fd, &ev) < 0 ? errno : 0;
  if (mask & EVENT_IN) ev.events |= EPOLLIN;
  if (mask & EVENT_OUT) ev.events |= EPOLLOUT;
  if (epoll_ctl(s->fd, EPOLL_CTL_ADD, fd, &ev) == 0) return 0;      /* libcurl forgets each socket between two requests */
  if (errno != EEXIST) return errno;
  return epoll_ctl(s->fd, EPOLL_CTL_MOD, fd, &ev) < 0 ? errno : 0;
}

void event_set_deadline (event_set *s, int64_t when) {
  if (s->deadline == when) return;
  s->deadline = when;
  if (s->is_exported) arm(s);           /* nobody looks at it before: one system call less a request */
}

static void drain_timer (event_set *s) {
  uint64_t ticks;
  if (read(s->timer, &ticks, sizeof ticks) < 0) return;      /* already drained: nothing to do */
  s->deadline = EVENT_NEVER;                                  /* it is not armed any more */
}

int event_wait (event_set *s, int timeout, event_ready *ready, int max) {
  struct epoll_event evs[MAX_BATCH];
  int n = epoll_wait(s->fd, evs, max < MAX_BATCH ? max : MAX_BATCH, timeout);
  if (n < 0) return -errno;
  int filled = 0;
  for (int i = 0; i < n; i++) {
    event_ready *r = &ready[filled];
    r->fd = (int)(uint32_t)evs[i].data.u64;
    r->tag = (int)(uint32_t)(evs[i].data.u64 >> 32);
    if (r->tag < 0) {
      drain_timer(s);
      continue;
    }
    r->mask = 0;
    if (evs[i].events & EPOLLIN) r->mask |= EVENT_IN;
    if (evs[i].events & EPOLLOUT) r->mask |= EVENT_OUT;
    if (evs[i].events & (EPOLLERR | EPOLLHUP)) r->mask |= EVENT_ERR;
    filled++;
  }
  return filled;
}

#else
typedef int event_epoll_unused;         /* ISO C wants a declaration in every file */
#endif
