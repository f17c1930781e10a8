/* file_lua.c - a file that is there in full or not at all: written beside, and renamed when complete.
** What is not a regular file, such as a device, a fifo or /dev/stdout, is written directly. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE                      /* realpath */
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core.h"
#include "err.h"
#include "random.h"

#define FILE_TYPE "apify.file"

#define PART_FORMAT "%.*s.%016llx.part"  /* nobody can guess it, and no two are the same */
#define PART_EXTRA 23                    /* bytes that it adds, and the end of the string */

typedef struct file {
  int fd;                                /* -1: closed */
  pid_t owner;                           /* the process that opened it: a forked child must not remove its file */
  int is_dirty;                          /* something was written */
  char *path;                            /* as given, for messages */
  char *target;                          /* where it goes in the end; NULL: it is written directly */
  char *part;                            /* where it is until then; NULL: not there any more */
} file;

/* ---- release ---- */

static void close_fd (file *f) {
  if (f->fd >= 0) close(f->fd);
  f->fd = -1;
}

static void remove_part (file *f) {
  if (f->part != NULL && f->owner == getpid()) unlink(f->part);
  free(f->part);
  f->part = NULL;
}

/* What was written is gone, unless it was committed. Safe to call twice. */
static void discard (file *f) {
  close_fd(f);
  remove_part(f);
  free(f->target);
  f->target = NULL;
}

/* discard() and __close. */
static int l_discard (lua_State *L) {
  discard(luaL_checkudata(L, 1, FILE_TYPE));
  return 0;
}

/* __gc. */
static int l_gc (lua_State *L) {
  file *f = luaL_checkudata(L, 1, FILE_TYPE);
  discard(f);
  free(f->path);
  f->path = NULL;
  return 0;
}

/* ---- failures ---- */

/* nil, "cannot write <path>: <the system's words>", "io" (or "memory"), errno. Pushes 4 values. */
static int push_failure (lua_State *L, const file *f, int sys_errno) {
  lua_pushfstring(L, "cannot write %s: %s", f->path, strerror(sys_errno));
  err_push(L, sys_errno == ENOMEM ? ERR_MEMORY : ERR_IO, lua_tostring(L, -1));
  lua_remove(L, -4);
  lua_pushinteger(L, sys_errno);
  return 4;
}

/* ---- opening: each function gives 0 or an errno ---- */

/* The descriptor that a path such as /dev/stdout stands for, or -1. */
static int standard_fd (const char *path) {
  int fd, end = 0;
  if (strcmp(path, "/dev/stdout") == 0) return STDOUT_FILENO;
  if (strcmp(path, "/dev/stderr") == 0) return STDERR_FILENO;
  if (sscanf(path, "/dev/fd/%9d%n", &fd, &end) == 1 && path[end] == '\0') return fd;
  return -1;
}

/* Write to the descriptor that the process has already, at its own place. */
static int open_standard (file *f, int fd) {
  f->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  return f->fd < 0 ? errno : 0;
}

/* Write to what is no regular file. */
static int open_direct (file *f) {
  do f->fd = open(f->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
  while (f->fd < 0 && errno == EINTR);
  return f->fd < 0 ? errno : 0;
}

/* The whole path of a file that does not exist yet, so that another working directory means no other file. NULL: see errno. */
static char *whole_path (const char *path) {
  const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
  if (*name == '\0') errno = *path == '\0' ? ENOENT : EISDIR;
  if (*name == '\0') return NULL;
  char *copy = strdup(path);
  if (copy == NULL) return NULL;
  copy[name - path] = '\0';
  char *folder = realpath(slash == NULL ? "." : copy, NULL);
  free(copy);
  if (folder == NULL) return NULL;
  size_t size = strlen(folder) + strlen(name) + 2;
  char *whole = malloc(size);
  if (whole != NULL) snprintf(whole, size, "%s/%s", folder, name);
  free(folder);
  return whole;
}

/* A name beside the target: "<target>.<random>.part", or "<folder>/.<random>.part" where that would be too long. NULL: no memory. */
static char *part_name (const char *target, unsigned long long random) {
  const char *name = strrchr(target, '/') + 1;                       /* the target's path is whole */
  size_t size = strlen(target) + PART_EXTRA;
  size_t kept = strlen(name) + PART_EXTRA - 1 > NAME_MAX ? (size_t)(name - target) : strlen(target);
  char *part = malloc(size);
  if (part != NULL) snprintf(part, size, PART_FORMAT, (int)kept, target, random);
  return part;
}

/* Make the file beside the target, which nobody else has. 'old': what is known of the target, or NULL if there is none. */
static int open_part (file *f, const struct stat *old) {
  unsigned long long random;
  if (!random_fill(&random, sizeof random)) return EIO;
  char *part = part_name(f->target, random);
  if (part == NULL) return ENOMEM;
  f->fd = open(part, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, old == NULL ? 0666 : 0600);
  int rc = f->fd < 0 ? errno : 0;
  if (rc == 0) f->part = part;
  else free(part);
  if (rc == 0 && old != NULL && fchmod(f->fd, old->st_mode & 0777) != 0) rc = errno;
  return rc;
}

/* Open beside a regular file, or where there is none yet. */
static int open_beside (file *f, const struct stat *old) {
  f->target = old == NULL ? whole_path(f->path) : realpath(f->path, NULL);
  if (f->target == NULL) return errno;
  if (old != NULL && access(f->target, W_OK) != 0) return errno;     /* renaming would not ask */
  return open_part(f, old);
}

static int open_any (file *f) {
  struct stat st;
  int fd = standard_fd(f->path);
  if (fd >= 0) return open_standard(f, fd);
  if (stat(f->path, &st) != 0) {
    int rc = errno;
    int is_link = lstat(f->path, &st) == 0;                          /* one that leads nowhere: it would be replaced */
    return rc != ENOENT || is_link ? rc : open_beside(f, NULL);
  }
  if (S_ISDIR(st.st_mode)) return EISDIR;
  return S_ISREG(st.st_mode) ? open_beside(f, &st) : open_direct(f);
}

/* core.file(path) -> file | nil, message, "io", errno.   Pushes 1 or 4 values. */
static int l_new (lua_State *L) {
  size_t len;
  const char *path = luaL_checklstring(L, 1, &len);
  luaL_argcheck(L, strlen(path) == len, 1, "a path has no zero bytes");
  file *f = lua_newuserdatauv(L, sizeof *f, 0);
  *f = (file){ .fd = -1, .owner = getpid() };
  luaL_setmetatable(L, FILE_TYPE);                  /* the collector owns it from here */
  f->path = strdup(path);
  if (f->path == NULL) return err_push(L, ERR_MEMORY, "out of memory");
  int rc = open_any(f);
  if (rc == 0) return 1;
  discard(f);
  return push_failure(L, f, rc);
}

/* ---- methods ---- */

static file *check_file (lua_State *L) {            /* an open file, or an argument error */
  file *f = luaL_checkudata(L, 1, FILE_TYPE);
  luaL_argcheck(L, f->fd >= 0, 1, "the file is closed");
  return f;
}

static int push_true (lua_State *L) {
  lua_pushboolean(L, 1);
  return 1;
}

/* Wait for a descriptor that somebody has made non-blocking. */
static void wait_writable (int fd) {
  struct pollfd p = { .fd = fd, .events = POLLOUT };
  poll(&p, 1, -1);
}

/* All bytes; 0 or an errno. */
static int write_all (int fd, const char *bytes, size_t len) {
  while (len > 0) {
    ssize_t n = write(fd, bytes, len);
    if (n >= 0) {
      bytes += n;
      len -= (size_t)n;
    }
    else if (errno == EAGAIN) wait_writable(fd);
    else if (errno != EINTR) return errno;
  }
  return 0;
}

/* file:write(bytes) -> true | nil, message, "io", errno.   Pushes 1 or 4 values. All bytes, or a failure. */
static int l_write (lua_State *L) {
  size_t len;
  file *f = check_file(L);
  const char *bytes = luaL_checklstring(L, 2, &len);
  if (len > 0) f->is_dirty = 1;
  int rc = write_all(f->fd, bytes, len);
  return rc == 0 ? push_true(L) : push_failure(L, f, rc);
}

/* file:rewind() -> true | nil, message, "io", errno: forget what was written; what was written directly cannot be forgotten.
** Pushes 1 or 4 values. */
static int l_rewind (lua_State *L) {
  file *f = check_file(L);
  if (!f->is_dirty) return push_true(L);
  if (f->part == NULL) return push_failure(L, f, ESPIPE);
  if (ftruncate(f->fd, 0) != 0 || lseek(f->fd, 0, SEEK_SET) != 0) return push_failure(L, f, errno);
  f->is_dirty = 0;
  return push_true(L);
}

/* Close the file and put it in its place. 0 or an errno. */
static int put_in_place (file *f) {
  int fd = f->fd;
  f->fd = -1;
  if (close(fd) != 0 && errno != EINTR) return errno;
  if (f->part == NULL) return 0;
  if (f->owner != getpid()) return EPERM;
  if (rename(f->part, f->target) != 0) return errno;
  free(f->part);
  f->part = NULL;
  return 0;
}

/* file:commit() -> true | nil, message, "io", errno: all is written, and the file takes its place. Nothing is left after a failure.
** Pushes 1 or 4 values. */
static int l_commit (lua_State *L) {
  file *f = check_file(L);
  int rc = put_in_place(f);
  remove_part(f);
  return rc == 0 ? push_true(L) : push_failure(L, f, rc);
}

static const luaL_Reg meta[] = {
  { "__close", l_discard },
  { "__gc", l_gc },
  { NULL, NULL }
};

static const luaL_Reg methods[] = {
  { "commit", l_commit },
  { "discard", l_discard },
  { "rewind", l_rewind },
  { "write", l_write },
  { NULL, NULL }
};

void open_file (lua_State *L) {
  core_new_type(L, FILE_TYPE, meta, methods);
  core_add(L, "file", l_new);
}
