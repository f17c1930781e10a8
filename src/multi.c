/* multi.c - all transfers of a Lua state, and the one place where they are driven.
**
** A multi holds up to MAX_POOLS libcurl multi handles: one for plain http, one for https, and one for https over HTTP/1.1 alone, of each
** connection limit, because what is right for one is wrong for the other: PIPEWAIT makes every plain request wait for the first answer;
** a limit of connections a host would starve plain long polls; and libcurl takes an idle HTTP/1.1 connection rather than sharing one of
** HTTP/2, so that the first long polls would hold those that starts have left, and all others would stand in line. All share one event set.
** Lua runs only after libcurl has returned: wait() drives, then hands out the transfers that have news. */
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "core.h"
#include "descriptors.h"
#include "event.h"
#include "notify.h"
#include "xfer_lua.h"

#define MULTI_TYPE "apify.multi"

#define MAX_POOLS        12              /* distinct connection limits in one process; more share the last pool of their kind */
#define MAX_STEP_MS      5               /* work at most this long before the host's loop has its turn */
#define MAX_READY        16              /* sockets that are asked for at a time */
#define MAX_CACHED       256L            /* idle connections that are kept */
#define HTTPS_PER_HOST   16L             /* connections to one https host */

typedef struct multi multi;

typedef enum pool_kind { POOL_PLAIN, POOL_SHARED, POOL_HTTP1, POOL_KINDS } pool_kind;      /* http; https; https over HTTP/1.1 alone */

typedef struct pool {
  CURLM *handle;
  multi *owner;
  int index;
  pool_kind kind;
  long max_connections;                  /* 0: no limit */
  int64_t deadline;                      /* when libcurl wants to be called, in event_now's time */
} pool;

struct multi {
  event_set events;
  notifier notifier;                     /* tells a host that cannot wait for the event set itself */
  pool pools[MAX_POOLS];
  int pool_count;
  xfer *attached;                        /* intrusive list: transfers may be collected before or after the multi */
  xfer *news;
  int in_flight;
  int is_open;
  int is_driving;                        /* libcurl is on the C stack */
  unsigned generation;                   /* of the process that made it */
};

/* ---- forks ------------------------------------------------------------------------------------------------ */

static unsigned process_generation;      /* counts the forks between the first process and this one */

static void on_fork_child (void) {
  process_generation++;
}

/* A multi from before a fork shares its sockets with the parent: it must not be driven, nor told to let go of them. */
static int is_foreign (const multi *m) {
  return m->generation != process_generation;
}

/* ---- libcurl's wishes ------------------------------------------------------------------------------------- */

static int on_socket_change (CURL *easy, curl_socket_t fd, int what, void *user, void *sock_user) {
  (void)easy; (void)sock_user;
  pool *p = user;
  if (is_foreign(p->owner)) return 0;                 /* the event set is the parent's */
  int mask = 0;
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) mask |= EVENT_IN;
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) mask |= EVENT_OUT;
  event_watch(&p->owner->events, fd, p->index, mask);
  return 0;
}

static void update_deadline (multi *m) {
  int64_t first = EVENT_NEVER;
  for (int i = 0; i < m->pool_count; i++)
    if (m->pools[i].deadline < first) first = m->pools[i].deadline;
  event_set_deadline(&m->events, m->news != NULL ? 0 : first);
}

static int on_timer (CURLM *handle, long ms, void *user) {
  (void)handle;
  pool *p = user;
  if (is_foreign(p->owner)) return 0;                 /* the timer is the parent's */
  p->deadline = ms < 0 ? EVENT_NEVER : event_now() + ms;
  if (!p->owner->is_driving) update_deadline(p->owner);
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

/* The pool for these settings, made when it is the first of its kind. NULL: no memory. */
static pool *find_pool (multi *m, pool_kind kind, long max_connections) {
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
  x->link.next = x->link.prev = NULL;
}

/* Take a transfer out; what it has received stays with it. In a forked child libcurl is not told. */
static void detach (xfer *x) {
  pool *p = x->link.pool;
  multi *m = p->owner;
  if (x->link.has_news) unlink_news(m, x);
  unlink_attached(m, x);
  if (is_foreign(m)) x->easy = NULL;                  /* leaked: cleaning up would speak on the parent's connection */
  else curl_multi_remove_handle(p->handle, x->easy);
  if (x->phase < PHASE_DONE) m->in_flight--;
  x->link.pool = NULL;
  x->link.news = NULL;
  x->link.hooks = NULL;
  if (!is_foreign(m)) event_set_deadline(&m->events, 0);   /* who waits on the descriptor must see that there is less to wait for */
}

/* Was the transfer begun by the process that this one was forked from? */
static int is_of_parent (const xfer *x) {
  const pool *p = x->link.pool;
  return is_foreign(p->owner);
}

/* End the exchange now: libcurl forgets it and its connection, and that is news. It stays attached like any that is done. */
static void stop (xfer *x) {
  pool *p = x->link.pool;
  multi *m = p->owner;
  if (!is_foreign(m)) curl_multi_remove_handle(p->handle, x->easy);
  m->in_flight--;
  xfer_finish(x, CURLE_ABORTED_BY_CALLBACK);
  if (!is_foreign(m)) event_set_deadline(&m->events, 0);
}

static void link_attached (multi *m, pool *p, xfer *x) {
  static const xfer_hooks hooks = { .detach = detach, .is_foreign = is_of_parent, .stop = stop };
  x->link = (xfer_link){ .hooks = &hooks, .pool = p, .news = &m->news, .next = m->attached };
  if (m->attached != NULL) m->attached->link.prev = x;
  m->attached = x;
  m->in_flight++;
}

/* ---- driving ---------------------------------------------------------------------------------------------- */

static int curl_mask (int mask) {
  int out = 0;
  if (mask & EVENT_IN) out |= CURL_CSELECT_IN;
  if (mask & EVENT_OUT) out |= CURL_CSELECT_OUT;
  if (mask & EVENT_ERR) out |= CURL_CSELECT_ERR;
  return out;
}

static void run_timers (multi *m) {
  int running;
  for (int i = 0; i < m->pool_count; i++) {
    pool *p = &m->pools[i];
    if (p->deadline > event_now()) continue;
    p->deadline = EVENT_NEVER;                        /* libcurl sets the next one */
    curl_multi_socket_action(p->handle, CURL_SOCKET_TIMEOUT, 0, &running);
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

/* Sockets and timers, once or until MAX_STEP_MS are over. */
static void drive (multi *m, double seconds) {
  event_ready ready[MAX_READY];
  int64_t stop = EVENT_NEVER;
  int timeout = sleep_time(m, seconds), n, running;
  m->is_driving = 1;
  do {
    n = event_wait(&m->events, timeout, ready, MAX_READY);
    if (stop == EVENT_NEVER) stop = event_now() + MAX_STEP_MS;
    for (int i = 0; i < n && event_now() < stop; i++)  /* what is not served stays ready; a TLS handshake takes a millisecond */
      curl_multi_socket_action(m->pools[ready[i].tag].handle, ready[i].fd, curl_mask(ready[i].mask), &running);
    run_timers(m);
    timeout = 0;
  } while (n == MAX_READY && event_now() < stop);
  reap_finished(m);
  m->is_driving = 0;
}

/* ---- Lua -------------------------------------------------------------------------------------------------- */

static multi *anymulti (lua_State *L) {               /* in any state */
  return luaL_checkudata(L, 1, MULTI_TYPE);
}

/* Pushes nil, message, name and returns 3 when the multi cannot be used; 0 when it can. */
static int refuse (lua_State *L, const multi *m) {
  if (!m->is_open) return err_push(L, ERR_CLOSED, "the core is closed");
  if (is_foreign(m)) return err_push(L, ERR_CONTEXT, "the core was made before a fork: its connections belong to the parent process");
  if (m->is_driving) return err_push(L, ERR_CONTEXT, "the core is being driven already");
  return 0;
}

/* close() and __gc: detach all transfers, then let go of the connections. Safe to call twice. */
static int l_close (lua_State *L) {
  multi *m = anymulti(L);
  if (!m->is_open) return 0;
  m->is_open = 0;
  while (m->attached != NULL) detach(m->attached);
  for (int i = 0; i < m->pool_count && !is_foreign(m); i++) curl_multi_cleanup(m->pools[i].handle);
  m->pool_count = 0;
  if (is_foreign(m)) notify_abandon(&m->notifier);
  else notify_release(&m->notifier);
  event_close(&m->events);
  return 0;
}

/* core.multi() -> multi | nil, message, name.   Pushes 1 or 3 values. */
static int l_new (lua_State *L) {
  multi *m = lua_newuserdatauv(L, sizeof *m, 1);
  memset(m, 0, sizeof *m);
  event_init(&m->events);                             /* closed; cannot fail */
  notify_init(&m->notifier);
  m->generation = process_generation;
  lua_newtable(L);                                    /* pointer -> transfer, weak: nobody's transfer is collected */
  lua_newtable(L);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_setiuservalue(L, -2, 1);
  luaL_setmetatable(L, MULTI_TYPE);
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return err_push(L, ERR_MEMORY, "libcurl could not be initialised");
  m->is_open = 1;
  int rc = event_open(&m->events);
  if (rc == 0) return 1;
  char text[128];
  if (descriptors_is_lack(rc)) descriptors_explain(rc, text, sizeof text);
  else snprintf(text, sizeof text, "the event set could not be made: %s", strerror(rc));
  return err_push(L, ERR_CONNECT, text);
}

/* The kind of pool that the options want. */
static pool_kind wanted_kind (lua_State *L, int idx) {
  lua_getfield(L, idx, "http1");
  lua_getfield(L, idx, "url");
  const char *url = lua_tostring(L, -1);
  int is_https = url != NULL && strncmp(url, "https:", 6) == 0;
  pool_kind kind = !is_https ? POOL_PLAIN : lua_toboolean(L, -2) ? POOL_HTTP1 : POOL_SHARED;
  lua_pop(L, 2);
  return kind;
}

static long connection_limit (lua_State *L, int idx, pool_kind kind) {
  lua_getfield(L, idx, "max_connections");
  long limit = lua_isnil(L, -1) ? (kind == POOL_PLAIN ? 0 : HTTPS_PER_HOST) : (long)lua_tonumber(L, -1);
  lua_pop(L, 1);
  return limit;
}

/* multi:submit(options) -> transfer | nil, message, name.   Pushes 1 or 3 values. Raises on bad options. */
static int l_submit (lua_State *L) {
  multi *m = anymulti(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  if (refuse(L, m)) return 3;
  pool_kind kind = wanted_kind(L, 2);
  pool *p = find_pool(m, kind, connection_limit(L, 2, kind));
  xfer *x = p == NULL ? NULL : xfer_new(L, 1, 2);
  if (x == NULL) return err_push(L, ERR_MEMORY, "out of memory");
  lua_getiuservalue(L, 1, 1);
  lua_pushvalue(L, -2);
  lua_rawsetp(L, -2, x);
  lua_pop(L, 1);
  if (kind == POOL_SHARED) curl_easy_setopt(x->easy, CURLOPT_PIPEWAIT, 1L);   /* rather share an HTTP/2 connection than open another */
  if (curl_multi_add_handle(p->handle, x->easy) != CURLM_OK) return err_push(L, ERR_MEMORY, "libcurl refused the transfer");
  link_attached(m, p, x);
  return 1;
}

/* Move the transfers with news into the list at 'idx'; returns how many. */
static int give_news (lua_State *L, multi *m, int idx) {
  int n = 0;
  lua_getiuservalue(L, 1, 1);
  while (m->news != NULL) {
    xfer *x = m->news;
    m->news = x->link.news_next;
    x->link.has_news = 0;
    xfer_settle(x);
    lua_rawgetp(L, -1, x);
    if (lua_isnil(L, -1)) lua_pop(L, 1);               /* about to be collected */
    else lua_rawseti(L, idx, ++n);
  }
  lua_pop(L, 1);
  return n;
}

/* multi:wait(seconds, list) -> number of transfers with news, put into list | nil, message, name.   Pushes 1 or 3 values.
** Waits at most 'seconds', less when something happens or a signal arrives; works at most MAX_STEP_MS. */
static int l_wait (lua_State *L) {
  multi *m = anymulti(L);
  double seconds = luaL_checknumber(L, 2);
  luaL_checktype(L, 3, LUA_TTABLE);
  if (refuse(L, m)) return 3;
  drive(m, seconds);
  int n = give_news(L, m, 3);
  update_deadline(m);
  notify_rearm(&m->notifier);
  lua_pushinteger(L, n);
  return 1;
}

/* multi:fd() -> a descriptor that is readable when wait(0) has work, or nil where the platform has none.   Pushes 1 value. */
static int l_fd (lua_State *L) {
  multi *m = anymulti(L);
  int fd = m->is_open ? event_export(&m->events) : -1;
  if (fd < 0) lua_pushnil(L);
  else lua_pushinteger(L, fd);
  return 1;
}

/* multi:notify_open() -> path | nil, message, name.   Pushes 1 or 3 values.
** A unix socket for a host that cannot wait for fd(): it connects to the path, then notify_accept(). What was open is closed first. */
static int l_notify_open (lua_State *L) {
  multi *m = anymulti(L);
  if (refuse(L, m)) return 3;
  int fd = event_export(&m->events);
  if (fd < 0) return err_push(L, ERR_CONTEXT, "no descriptor stands for the core on this system");
  const char *path = notify_open(&m->notifier, fd);
  if (path == NULL) return err_push(L, ERR_CONNECT, m->notifier.problem);
  lua_pushstring(L, path);
  return 1;
}

/* multi:notify_accept() -> true | nil, message, name.   Pushes 1 or 3 values.
** From now on the host reads a byte when fd() becomes readable, once until the next wait(); and one after each quiet second.
** Never blocks: without a connection it fails. Nothing stays on the disk. */
static int l_notify_accept (lua_State *L) {
  multi *m = anymulti(L);
  if (refuse(L, m)) return 3;
  if (m->notifier.listener < 0) return err_push(L, ERR_CONTEXT, "nothing is open to connect to");
  if (notify_accept(&m->notifier) != 0) return err_push(L, ERR_CONNECT, m->notifier.problem);
  lua_pushboolean(L, 1);
  return 1;
}

/* multi:notify_close(): no more bytes; the host reads end of file. Safe at any time.   Pushes nothing. */
static int l_notify_close (lua_State *L) {
  multi *m = anymulti(L);
  if (!m->is_open) return 0;
  if (is_foreign(m)) notify_abandon(&m->notifier);
  else notify_close(&m->notifier);
  return 0;
}

/* multi:in_flight() -> number of unfinished transfers.   Pushes 1 value. */
static int l_in_flight (lua_State *L) {
  lua_pushinteger(L, anymulti(L)->in_flight);
  return 1;
}

/* multi:is_usable() -> boolean: open, and made by this process.   Pushes 1 value. */
static int l_is_usable (lua_State *L) {
  const multi *m = anymulti(L);
  lua_pushboolean(L, m->is_open && !is_foreign(m));
  return 1;
}

static const luaL_Reg methods[] = {
  { "close", l_close },
  { "fd", l_fd },
  { "in_flight", l_in_flight },
  { "is_usable", l_is_usable },
  { "notify_accept", l_notify_accept },
  { "notify_close", l_notify_close },
  { "notify_open", l_notify_open },
  { "submit", l_submit },
  { "wait", l_wait },
  { NULL, NULL }
};

void open_multi (lua_State *L) {
  static int is_registered;                            /* once a process, whatever number of Lua states */
  if (!is_registered && pthread_atfork(NULL, NULL, on_fork_child) == 0) is_registered = 1;
  luaL_newmetatable(L, MULTI_TYPE);
  lua_pushliteral(L, MULTI_TYPE);
  lua_setfield(L, -2, "__name");
  lua_pushcfunction(L, l_close);
  lua_setfield(L, -2, "__gc");
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, l_new);
  lua_setfield(L, -2, "multi");
}
