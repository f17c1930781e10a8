/* multi.c - all transfers of a Lua state, and the one place where they are driven.
**
** A multi holds up to MAX_POOLS libcurl multi handles: one for plain http, one for https, and one for https over HTTP/1.1 alone, of each
** connection limit, because what is right for one is wrong for the other: PIPEWAIT makes every plain request wait for the first answer;
** a limit of connections a host would starve plain long polls; and libcurl takes an idle HTTP/1.1 connection rather than sharing one of
** HTTP/2, so that the first long polls would hold those that starts have left, and all others would stand in line. All share one event set.
** Lua runs only after libcurl has returned: wait() drives, then hands out the transfers that have news. */
#include "multi.h"

#include <limits.h>
#include <pthread.h>
#include <string.h>

#include "isal.h"

#define MAX_STEP_MS      5               /* work at most this long before the host's loop goes on */
#define MAX_READY        16              /* sockets that are asked for at a time */
#define MAX_CACHED       256L            /* idle connections that are kept */

/* ---- forks ------------------------------------------------------------------------------------------------ */

static unsigned process_generation;      /* counts the forks between the first process and this one */

static void on_fork_child (void) {
  process_generation++;
}

int multi_is_foreign (const multi *m) {
  return m->generation != process_generation;
}

/* ---- libcurl's wishes ------------------------------------------------------------------------------------- */

static int on_socket_change (CURL *easy, curl_socket_t fd, int what, void *user, void *sock_user) {
  (void)easy; (void)sock_user;
  pool *p = user;
  if (multi_is_foreign(p->owner)) return 0;                 /* the event set is the parent's */
  int mask = 0;
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) mask |= EVENT_IN;
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) mask |= EVENT_OUT;
  if (event_watch(&p->owner->events, fd, p->index, mask) != 0 && mask != 0) p->is_lost = 1;
  return 0;
}

void multi_update_deadline (multi *m) {
  int64_t first = EVENT_NEVER;
  for (int i = 0; i < m->pool_count; i++)
    if (m->pools[i].deadline < first) first = m->pools[i].deadline;
  event_set_deadline(&m->events, m->news != NULL ? 0 : first);
}

static int on_timer (CURLM *handle, long ms, void *user) {
  (void)handle;
  pool *p = user;
  if (multi_is_foreign(p->owner)) return 0;                 /* the timer is the parent's */
  p->deadline = ms < 0 ? EVENT_NEVER : event_now() + ms;
  if (!p->owner->is_driving) multi_update_deadline(p->owner);
  return 0;
}

/* ---- pools ------------------------------------------------------------------------------------------------ */

static err_code open_pool (multi *m, pool *p, pool_kind kind, long max_connections) {
  *p = (pool){ .owner = m, .index = m->pool_count, .kind = kind,
               .max_connections = max_connections, .deadline = EVENT_NEVER };
  p->handle = curl_multi_init();
  if (p->handle == NULL) return ERR_MEMORY;
  curl_multi_setopt(p->handle, CURLMOPT_SOCKETFUNCTION, on_socket_change);
  curl_multi_setopt(p->handle, CURLMOPT_SOCKETDATA, p);
  curl_multi_setopt(p->handle, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(p->handle, CURLMOPT_TIMERDATA, p);
  curl_multi_setopt(p->handle, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
  curl_multi_setopt(p->handle, CURLMOPT_MAXCONNECTS, MAX_CACHED);
  curl_multi_setopt(p->handle, CURLMOPT_MAX_HOST_CONNECTIONS, max_connections);
  m->pool_count++;
  return ERR_OK;
}

pool *multi_find_pool (multi *m, pool_kind kind, long max_connections) {
  pool *same_kind = NULL;
  for (int i = 0; i < m->pool_count; i++) {
    pool *p = &m->pools[i];
    if (p->kind != kind) continue;
    if (p->max_connections == max_connections) return p;
    same_kind = p;
  }
  int is_last = m->pool_count > MAX_POOLS - POOL_KINDS;      /* a place is kept for each of the other kinds */
  if (is_last && same_kind != NULL) return same_kind;
  pool *p = &m->pools[m->pool_count];
  return open_pool(m, p, kind, max_connections) == ERR_OK ? p : NULL;
}

/* ---- attaching -------------------------------------------------------------------------------------------- */

static void unlink_news (multi *m, xfer *x) {
  xfer **at = &m->news;
  while (*at != NULL && *at != x) at = &(*at)->link.news_next;
  if (*at == x) *at = x->link.news_next;
  x->link.has_news = 0;
}

static void unlink_attached (multi *m, xfer *x) {
  if (x->link.prev != NULL) x->link.prev->link.next = x->link.next;
  else m->attached = x->link.next;
  if (x->link.next != NULL) x->link.next->link.prev = x->link.prev;
}

/* Take a transfer out; what it has received stays with it. In a forked child libcurl is not told. */
static void detach (xfer *x) {
  pool *p = x->link.pool;
  multi *m = p->owner;                                /* NOLINT: whoever is on the list has a pool; unlinking leaves none on it */
  if (x->link.has_news) unlink_news(m, x);
  unlink_attached(m, x);
  if (multi_is_foreign(m)) x->easy = NULL;            /* leaked: cleaning up would speak on the parent's connection */
  else curl_multi_remove_handle(p->handle, x->easy);
  if (x->phase < PHASE_DONE) m->in_flight--;
  x->link = (xfer_link){ 0 };
  if (!multi_is_foreign(m)) event_set_deadline(&m->events, 0);   /* who waits on the descriptor must see that there is less to wait for */
}

/* Was the transfer begun by the process that this one was forked from? */
static int is_of_parent (const xfer *x) {
  const pool *p = x->link.pool;
  return multi_is_foreign(p->owner);
}

/* End the exchange now: libcurl forgets it and its connection, and that is news. It stays attached like any that is done. */
static void stop (xfer *x) {
  pool *p = x->link.pool;
  multi *m = p->owner;
  if (!multi_is_foreign(m)) curl_multi_remove_handle(p->handle, x->easy);
  m->in_flight--;
  xfer_finish(x, CURLE_ABORTED_BY_CALLBACK);
  if (!multi_is_foreign(m)) event_set_deadline(&m->events, 0);
}

err_code multi_attach (pool *p, xfer *x) {
  static const xfer_hooks hooks = { .detach = detach, .is_foreign = is_of_parent, .stop = stop };
  multi *m = p->owner;
  if (p->kind == POOL_SHARED) curl_easy_setopt(x->easy, CURLOPT_PIPEWAIT, 1L);   /* rather share an HTTP/2 connection than open another */
  if (curl_multi_add_handle(p->handle, x->easy) != CURLM_OK) return ERR_MEMORY;
  x->link = (xfer_link){ .hooks = &hooks, .pool = p, .news = &m->news, .next = m->attached };
  if (m->attached != NULL) m->attached->link.prev = x;
  m->attached = x;
  m->in_flight++;
  return ERR_OK;
}

/* ---- driving ---------------------------------------------------------------------------------------------- */

static int curl_mask (int mask) {
  int out = 0;
  if (mask & EVENT_IN) out |= CURL_CSELECT_IN;
  if (mask & EVENT_OUT) out |= CURL_CSELECT_OUT;
  if (mask & EVENT_ERR) out |= CURL_CSELECT_ERR;
  return out;
}

/* Let libcurl go on. Where it has no memory, it does not say whose exchange will not go on. */
static void act (pool *p, curl_socket_t fd, int mask) {
  int running;
  if (curl_multi_socket_action(p->handle, fd, mask, &running) != CURLM_OK) p->is_lost = 1;
}

static void run_timers (multi *m) {
  for (int i = 0; i < m->pool_count; i++) {
    pool *p = &m->pools[i];
    if (p->deadline > event_now()) continue;
    p->deadline = EVENT_NEVER;                        /* libcurl sets the next one */
    act(p, CURL_SOCKET_TIMEOUT, 0);
  }
}

/* End what is under way in the pools where something was lost: for want of memory, so that its owners hear of it at once. */
static void end_lost (multi *m) {
  for (int i = 0; i < m->pool_count; i++) {
    pool *p = &m->pools[i];
    for (xfer *x = m->attached; x != NULL && p->is_lost; x = x->link.next) {
      if (x->link.pool != p || x->phase >= PHASE_DONE) continue;
      xfer_fail(x, ERR_MEMORY, "out of memory");
      stop(x);
    }
    p->is_lost = 0;
  }
}

static void reap_finished (multi *m) {
  for (int i = 0; i < m->pool_count; i++) {
    CURLMsg *msg;
    int left;
    while ((msg = curl_multi_info_read(m->pools[i].handle, &left)) != NULL) {
      if (msg->msg != CURLMSG_DONE) continue;
      char *user = NULL;
      CURLcode result = msg->data.result;
      curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &user);
      m->in_flight--;
      xfer_finish((xfer *)(void *)user, result);
    }
  }
}

/* Milliseconds to sleep: not past a timer of libcurl's, not at all when there is news to give out. */
static int sleep_time (const multi *m, double seconds) {
  if (m->news != NULL) return 0;
  int64_t now = event_now(), until = EVENT_NEVER;
  for (int i = 0; i < m->pool_count; i++)
    if (m->pools[i].deadline < until) until = m->pools[i].deadline;
  double ms = seconds * 1000;
  if (until != EVENT_NEVER && (double)(until - now) < ms) ms = (double)(until - now);
  if (ms <= 0) return 0;
  return ms >= INT_MAX ? INT_MAX : (int)ms + 1;       /* rounded up: waking early would spin */
}

int multi_drive (multi *m, double seconds) {
  event_ready ready[MAX_READY];
  int64_t stop = EVENT_NEVER;
  int timeout, has_moved = 0, n;
  m->is_driving = 1;
  run_timers(m);                                      /* a request is sent by one: before its answer is waited for, not after a look */
  reap_finished(m);
  end_lost(m);                                        /* here, or since in a call from outside */
  timeout = sleep_time(m, seconds);
  do {
    n = event_wait(&m->events, timeout, ready, MAX_READY);
    has_moved |= n > 0;
    if (stop == EVENT_NEVER) stop = event_now() + MAX_STEP_MS;
    for (int i = 0; i < n && event_now() < stop; i++)  /* what is not served stays ready; a TLS handshake takes a millisecond */
      act(&m->pools[ready[i].tag], ready[i].fd, curl_mask(ready[i].mask));
    run_timers(m);
    timeout = 0;
  } while (n == MAX_READY && event_now() < stop);
  reap_finished(m);
  end_lost(m);
  m->is_driving = 0;
  return has_moved;
}

xfer *multi_first_news (const multi *m) {
  return m->news;
}

void multi_drop_news (multi *m, xfer *x) {
  unlink_news(m, x);
  xfer_settle(x);
}

/* ---- life ------------------------------------------------------------------------------------------------- */

void multi_init (multi *m) {
  memset(m, 0, sizeof *m);
  event_init(&m->events);
  m->generation = process_generation;
}

int multi_open (multi *m) {
  static int is_registered;                            /* once a process, whatever number of Lua states */
  if (!is_registered && pthread_atfork(NULL, NULL, on_fork_child) == 0) is_registered = 1;
  m->is_open = 1;
  return event_open(&m->events);
}

void multi_close (multi *m) {
  if (!m->is_open) return;
  m->is_open = 0;
  while (m->attached != NULL) detach(m->attached);
  for (int i = 0; i < m->pool_count && !multi_is_foreign(m); i++) curl_multi_cleanup(m->pools[i].handle);
  m->pool_count = 0;
  event_close(&m->events);
  isal_forget();
}
