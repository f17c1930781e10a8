/* host.c - a Lua interpreter whose allocations can be made to fail: those of Lua, or those of the core and of libcurl.
**
** host SCRIPT ARGS...: runs the script with a table `torture`:
**   arm(kind, n, times)   "lua" or "core": from now on, `times` allocations from the n-th on fail; n = 0: they are counted only
**   disarm()              -> how many there were, did any fail?
**   try(fn, secs, log)    runs fn in a child process, and closes the child's Lua state: the string that fn returned, or "crash", "hang";
**                         and what was left when all was closed, or how it ended. What it complained of is in the file `log`
**   fork, wait, exit      the operating system's, for a program that forks
** Blocks of Lua, of the core and of libcurl are counted: when all is closed, none may be left, and no descriptor. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <curl/curl.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

typedef enum kind { KIND_NONE, KIND_LUA, KIND_CORE } kind;

static struct {
  kind kind;
  long first, last;                    /* which fail; none if 'first' is 0 */
  atomic_long count;
  int has_failed;
  void *block;                         /* the request of Lua that has failed: it makes it again, after a full collection */
  size_t old, new;
  int is_to_repeat;
} armed;

static atomic_long core_blocks, lua_blocks;

static lua_State *main_thread;

/* Where it fails, for whoever looks into one point: the frames of C, and the lines of Lua in the main thread. */
static void trace (void) {
  void *frames[30];
  lua_Debug at;
  backtrace_symbols_fd(frames, backtrace(frames, 30), 2);
  for (int level = 0; main_thread != NULL && lua_getstack(main_thread, level, &at); level++)
    if (lua_getinfo(main_thread, "Sl", &at)) fprintf(stderr, "%s:%d\n", at.short_src, at.currentline);
}

/* In a child that crashes: where, for the log. A sanitizer tells more by itself. */
static void on_crash (int sig) {
  static const char words[] = "crash:\n";
  if (write(2, words, sizeof words - 1) > 0) trace();
  _exit(128 + sig);
}

static void catch_crashes (void) {
#ifndef __SANITIZE_ADDRESS__
  static const int signals[] = { SIGSEGV, SIGFPE, SIGBUS, SIGILL, SIGABRT };
  static char stack[64 << 10];
  stack_t s = { .ss_sp = stack, .ss_size = sizeof stack };
  sigaltstack(&s, NULL);
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
    sigaction(signals[i], &(struct sigaction){ .sa_handler = on_crash, .sa_flags = SA_ONSTACK | (int)SA_RESETHAND }, NULL);
#else
  (void)on_crash;
#endif
}

/* Is this allocation to fail? */
static int is_due (kind k) {
  if (armed.kind != k) return 0;
  long n = ++armed.count;
  if (armed.first == 0 || n < armed.first || n > armed.last) return 0;
  armed.has_failed = 1;
  if (getenv("TORTURE_TRACE") != NULL) trace();
  errno = ENOMEM;
  return 1;
}

/* ---- the core's and libcurl's ------------------------------------------------------------------------------ */

#define OURS __attribute__((visibility("default")))

OURS void *torture_malloc (size_t size) {
  if (is_due(KIND_CORE)) return NULL;
  void *block = malloc(size);
  if (block != NULL) core_blocks++;
  return block;
}

OURS void *torture_calloc (size_t count, size_t size) {
  if (is_due(KIND_CORE)) return NULL;
  void *block = calloc(count, size);
  if (block != NULL) core_blocks++;
  return block;
}

OURS void *torture_realloc (void *block, size_t size) {
  if (is_due(KIND_CORE)) return NULL;
  void *made = realloc(block, size);
  if (block == NULL && made != NULL) core_blocks++;
  return made;
}

OURS void torture_free (void *block) {
  if (block != NULL) core_blocks--;
  free(block);
}

OURS void *torture_zalloc (void *opaque, unsigned count, unsigned size) {
  (void)opaque;
  return torture_calloc(count, size);
}

OURS void torture_zfree (void *opaque, void *block) {
  (void)opaque;
  torture_free(block);
}

OURS char *torture_strdup (const char *s) {
  size_t size = strlen(s) + 1;
  char *made = torture_malloc(size);
  return made == NULL ? NULL : memcpy(made, s, size);
}

OURS char *torture_realpath (const char *path) {
  if (is_due(KIND_CORE)) return NULL;
  char *made = realpath(path, NULL);
  if (made != NULL) core_blocks++;
  return made;
}

/* ---- Lua's ------------------------------------------------------------------------------------------------- */

/* Is it the request that has failed a moment ago? Lua 5.4 collects all garbage and asks again. */
static int is_repeated (void *block, size_t old, size_t new) {
  if (!armed.is_to_repeat || block != armed.block || old != armed.old || new != armed.new) return 0;
  armed.is_to_repeat = 0;
  return 1;
}

static int must_fail (void *block, size_t old, size_t new) {
  if (block != NULL && new <= old) return 0;
  if (is_repeated(block, old, new)) return 1;
  if (!is_due(KIND_LUA)) return 0;
  armed.block = block, armed.old = old, armed.new = new;
  armed.is_to_repeat = LUA_VERSION_NUM >= 504;
  return 1;
}

static void *allocate (void *user, void *block, size_t old, size_t new) {
  (void)user;
  if (new == 0) {
    if (block != NULL) lua_blocks--;
    free(block);
    return NULL;
  }
  if (must_fail(block, old, new)) return NULL;
  void *made = realloc(block, new);
  if (block == NULL && made != NULL) lua_blocks++;
  return made;
}

/* ---- what the script calls --------------------------------------------------------------------------------- */

static int l_arm (lua_State *L) {
  static const char *const kinds[] = { "none", "lua", "core", NULL };
  kind k = (kind)luaL_checkoption(L, 1, NULL, kinds);
  armed.first = (long)luaL_checknumber(L, 2);
  armed.last = armed.first + (long)luaL_optnumber(L, 3, 1) - 1;
  armed.count = 0;
  armed.has_failed = armed.is_to_repeat = 0;
  armed.kind = k;
  return 0;
}

static int l_disarm (lua_State *L) {
  armed.kind = KIND_NONE;
  armed.is_to_repeat = 0;
  lua_pushnumber(L, (lua_Number)armed.count);
  lua_pushboolean(L, armed.has_failed);
  return 2;
}

static int count_descriptors (void) {
  int count = 0;
  DIR *folder = opendir("/proc/self/fd");
  while (folder != NULL && readdir(folder) != NULL) count++;
  if (folder != NULL) closedir(folder);
  return count;
}

/* Close all, and say what is left. */
static void close_all (lua_State *L, int descriptors, char *left, size_t size) {
  lua_close(L);
  for (int i = 0; i < 100; i++) curl_global_cleanup();      /* each multi has begun it once; more are no harm */
  int more = count_descriptors() - descriptors;
  *left = '\0';
  if (core_blocks != 0 || lua_blocks != 0 || more > 0)
    snprintf(left, size, "%ld blocks of the core and libcurl, %ld of Lua, %d descriptors", (long)core_blocks, (long)lua_blocks, more);
}

static _Noreturn void run_child (lua_State *L, int out, const char *log) {
  char text[4096], left[256];
  int err = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  dup2(err, 2);
  close(err);
  catch_crashes();
  int descriptors = count_descriptors();
  lua_pushvalue(L, 1);
  lua_pcall(L, 0, 1, 0);
  armed.kind = KIND_NONE;
  snprintf(text, sizeof text - sizeof left, "%s", lua_tostring(L, -1) ? lua_tostring(L, -1) : "?");
  close_all(L, descriptors, left, sizeof left);
  strcat(strcat(text, "\n"), left);
  if (write(out, text, strlen(text)) < 0) _exit(98);
  _exit(0);
}

/* All that comes until the other side closes; 0 if that takes longer than 'ms'. */
static int receive (int in, int ms, char *text, size_t size) {
  size_t len = 0;
  struct pollfd p = { .fd = in, .events = POLLIN };
  for (;;) {
    int ready = poll(&p, 1, ms);
    if (ready == 0) return 0;
    if (ready < 0) continue;
    ssize_t n = read(in, text + len, size - 1 - len);
    if (n <= 0) break;
    len += (size_t)n;
  }
  text[len] = '\0';
  return 1;
}

/* It hangs: let a sanitizer tell where, and end it. */
static void stop_child (pid_t pid) {
  kill(pid, SIGABRT);
  for (int i = 0; i < 200 && waitpid(pid, NULL, WNOHANG) == 0; i++) usleep(10000);
  kill(pid, SIGKILL);
}

static int l_try (lua_State *L) {
  int ends[2], status = 0;
  char text[4400] = "";
  int ms = (int)(luaL_checknumber(L, 2) * 1000);
  const char *log = luaL_checkstring(L, 3);
  if (pipe(ends) != 0) return luaL_error(L, "no pipe: %s", strerror(errno));
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    close(ends[0]);
    run_child(L, ends[1], log);
  }
  close(ends[1]);
  int has_ended = receive(ends[0], ms, text, sizeof text);
  close(ends[0]);
  if (!has_ended) stop_child(pid);
  waitpid(pid, &status, 0);
  char *left = strchr(text, '\n');
  if (has_ended && left != NULL && status == 0) {
    lua_pushlstring(L, text, (size_t)(left - text));
    lua_pushstring(L, left + 1);
    return 2;
  }
  lua_pushstring(L, has_ended ? "crash" : "hang");
  if (WIFSIGNALED(status)) lua_pushfstring(L, "signal %d", WTERMSIG(status));
  else lua_pushfstring(L, "status %d", WEXITSTATUS(status));
  return 2;
}

static int l_fork (lua_State *L) {
  fflush(NULL);
  lua_pushnumber(L, (lua_Number)fork());
  return 1;
}

static int l_wait (lua_State *L) {
  int status = -1;
  waitpid((pid_t)lua_tonumber(L, 1), &status, 0);
  lua_pushnumber(L, (lua_Number)status);
  return 1;
}

static int l_exit (lua_State *L) {
  _exit((int)lua_tonumber(L, 1));
}

static const luaL_Reg functions[] = {
  { "arm", l_arm },
  { "disarm", l_disarm },
  { "exit", l_exit },
  { "fork", l_fork },
  { "try", l_try },
  { "wait", l_wait },
  { NULL, NULL }
};

static int run (lua_State *L) {
  char **argv = lua_touserdata(L, 1);
  luaL_openlibs(L);
  lua_newtable(L);
  for (const luaL_Reg *f = functions; f->name != NULL; f++) {
    lua_pushcfunction(L, f->func);
    lua_setfield(L, -2, f->name);
  }
  lua_setglobal(L, "torture");
  lua_settop(L, 0);
  if (luaL_loadfile(L, argv[1]) != 0) return lua_error(L);
  for (int i = 2; argv[i] != NULL; i++) lua_pushstring(L, argv[i]);
  lua_call(L, lua_gettop(L) - 1, 0);
  return 0;
}

int main (int argc, char **argv) {
  if (argc < 2) return 2;
  curl_global_init_mem(CURL_GLOBAL_DEFAULT, torture_malloc, torture_free, torture_realloc, torture_strdup, torture_calloc);
  core_blocks = 0;                     /* what libcurl and OpenSSL keep is theirs until the end */
  lua_State *L = lua_newstate(allocate, NULL);
  if (L == NULL) return 3;
  main_thread = L;
  lua_pushcfunction(L, run);
  lua_pushlightuserdata(L, argv);
  if (lua_pcall(L, 1, 0, 0) == 0) return 0;
  fprintf(stderr, "%s\n", lua_tostring(L, -1));
  return 1;
}
