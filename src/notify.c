/* notify.c - a thread that sleeps in an epoll set of its own, until the source is readable or a second is over.
** The source is in that set for one event at a time: the thread never spins on what its owner has not served yet.
** The lock stands between the thread's send and the owner's opening and closing of the peer, and is held for no longer. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE                       /* accept4 */
#endif
#include "notify.h"

#include "event.h"

#ifdef EVENT_BACKEND_EPOLL

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "descriptors.h"

#define HEARTBEAT_MS 1000                 /* what a lost wake-up costs at most */

#define NEWS         "!"                  /* the bytes differ for who watches; the host need not look */
#define HEARTBEAT    "."

void notify_init (notifier *n) {
  *n = (notifier){ .source = -1, .listener = -1, .peer = -1, .set = -1, .changes = -1 };
  pthread_mutex_init(&n->lock, NULL);
}

static void close_fd (int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

/* Put down what failed, where, and why (errno). Always -1. */
static int fail (notifier *n, const char *what, const char *where) {
  int reason = errno;
  if (descriptors_is_lack(reason)) descriptors_explain(reason, n->problem, sizeof n->problem);
  else snprintf(n->problem, sizeof n->problem, "%s%.150s: %s", what, where, strerror(reason));
  return -1;
}

/* ---- the thread ------------------------------------------------------------------------------------------- */

/* Sends what it woke up for, and never waits for the peer: one that has not read its last byte needs no other. */
static void *run (void *user) {
  notifier *n = user;
  int is_running = 1, timeout = -1;
  while (is_running) {
    struct epoll_event ev;
    eventfd_t count;
    int got = epoll_wait(n->set, &ev, 1, timeout);
    int is_change = got > 0 && ev.data.fd == n->changes;
    if (is_change) eventfd_read(n->changes, &count);
    pthread_mutex_lock(&n->lock);
    if (n->peer >= 0 && !is_change) send(n->peer, got > 0 ? NEWS : HEARTBEAT, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    timeout = n->peer >= 0 ? HEARTBEAT_MS : -1;
    is_running = !n->is_stopping;
    pthread_mutex_unlock(&n->lock);
  }
  return NULL;
}

/* 0, or an errno. The host's signals are not for this thread. */
static int create_thread (notifier *n) {
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  int rc = pthread_create(&n->thread, NULL, run, n);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  n->has_thread = rc == 0;
  return rc;
}

/* Make the set with what the thread waits for. 0, or -1 with errno set. */
static int fill_set (notifier *n) {
  n->set = epoll_create1(EPOLL_CLOEXEC);
  if (n->set < 0) return -1;
  n->changes = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (n->changes < 0) return -1;
  struct epoll_event changes = { .events = EPOLLIN, .data.fd = n->changes };
  struct epoll_event source = { .events = EPOLLIN | EPOLLONESHOT, .data.fd = n->source };
  if (epoll_ctl(n->set, EPOLL_CTL_ADD, n->changes, &changes) < 0) return -1;
  return epoll_ctl(n->set, EPOLL_CTL_ADD, n->source, &source);
}

/* Have the thread running. 0, or -1 with 'problem' set and none of it there. */
static int start (notifier *n, int source) {
  if (n->has_thread) return 0;
  n->source = source;
  int rc = fill_set(n);
  if (rc == 0) {
    errno = create_thread(n);
    if (n->has_thread) return 0;
  }
  fail(n, "the helper thread could not be started", "");
  close_fd(&n->set);
  close_fd(&n->changes);
  return -1;
}

static void tell_thread (notifier *n) {
  eventfd_write(n->changes, 1);
}

/* ---- the socket ------------------------------------------------------------------------------------------- */

/* A folder that only this user can enter. 0, or -1 with 'problem' set. */
static int make_folder (notifier *n) {
  const char *base = getenv("TMPDIR");
  if (base == NULL || base[0] == '\0') base = "/tmp";
  int size = snprintf(n->folder, sizeof n->folder, "%s/apify-XXXXXX", base);
  if (size < (int)sizeof n->folder && mkdtemp(n->folder) != NULL) return 0;
  if (size >= (int)sizeof n->folder) errno = ENAMETOOLONG;
  n->folder[0] = '\0';
  return fail(n, "no folder could be made in ", base);
}

static int listen_in_folder (notifier *n) {
  struct sockaddr_un at = { .sun_family = AF_UNIX };
  snprintf(n->path, sizeof n->path, "%s/wake", n->folder);
  memcpy(at.sun_path, n->path, sizeof at.sun_path);
  n->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (n->listener < 0) return fail(n, "no unix socket could be made", "");
  if (bind(n->listener, (struct sockaddr *)&at, sizeof at) < 0) return fail(n, "no unix socket could be made in ", n->folder);
  return listen(n->listener, 1) < 0 ? fail(n, "nothing can listen in ", n->folder) : 0;
}

static void remove_listener (notifier *n) {
  close_fd(&n->listener);
  if (n->folder[0] == '\0') return;
  unlink(n->path);
  rmdir(n->folder);
  n->folder[0] = '\0';
}

/* ---- for the owner ---------------------------------------------------------------------------------------- */

const char *notify_open (notifier *n, int source) {
  notify_close(n);
  if (make_folder(n) == 0 && listen_in_folder(n) == 0 && start(n, source) == 0) return n->path;
  remove_listener(n);
  return NULL;
}

int notify_accept (notifier *n) {
  int fd = accept4(n->listener, NULL, NULL, SOCK_CLOEXEC);
  if (fd < 0) fail(n, "no connection could be taken", "");
  remove_listener(n);
  if (fd < 0) return -1;
  pthread_mutex_lock(&n->lock);
  n->peer = fd;
  pthread_mutex_unlock(&n->lock);
  notify_rearm(n);
  tell_thread(n);
  return 0;
}

void notify_rearm (notifier *n) {
  if (n->peer < 0) return;
  struct epoll_event ev = { .events = EPOLLIN | EPOLLONESHOT, .data.fd = n->source };
  epoll_ctl(n->set, EPOLL_CTL_MOD, n->source, &ev);
}

void notify_close (notifier *n) {
  remove_listener(n);
  if (n->peer < 0) return;
  shutdown(n->peer, SHUT_RDWR);            /* end of file even if a forked child has a copy */
  pthread_mutex_lock(&n->lock);
  close_fd(&n->peer);
  pthread_mutex_unlock(&n->lock);
}

void notify_release (notifier *n) {
  notify_close(n);
  if (n->has_thread) {
    pthread_mutex_lock(&n->lock);
    n->is_stopping = 1;
    pthread_mutex_unlock(&n->lock);
    tell_thread(n);
    pthread_join(n->thread, NULL);
  }
  close_fd(&n->set);
  close_fd(&n->changes);
  pthread_mutex_destroy(&n->lock);
}

void notify_abandon (notifier *n) {
  close_fd(&n->listener);
  close_fd(&n->peer);
  close_fd(&n->set);
  close_fd(&n->changes);
}

#else

void notify_init (notifier *n) { *n = (notifier){ .source = -1, .listener = -1, .peer = -1 }; }
const char *notify_open (notifier *n, int source) { (void)n; (void)source; return NULL; }
int notify_accept (notifier *n) { (void)n; return -1; }
void notify_rearm (notifier *n) { (void)n; }
void notify_close (notifier *n) { (void)n; }
void notify_release (notifier *n) { (void)n; }
void notify_abandon (notifier *n) { (void)n; }

#endif
