/* fuzz.c - the harness: libFuzzer's entry, or with -DPLAIN a program that mutates a folder of inputs by itself. */
#include "fuzz.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "core.h"

static uint64_t dice;
static const char *input;
static size_t input_len;

size_t fuzz_below (size_t n) {
  dice = dice * 6364136223846793005u + 1442695040888963407u;
  return n == 0 ? 0 : (size_t)(dice >> 33) % n;
}

void fuzz_check (int holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "broken promise: %s\n", what);
  fwrite(input, 1, input_len, stderr);
  fputc('\n', stderr);
  abort();
}

char *fuzz_exact (const char *bytes, size_t len) {
  char *copy = malloc(len > 0 ? len : 1);
  if (copy == NULL) abort();
  memcpy(copy, bytes, len);
  return copy;
}

static int open_core (lua_State *L) {
  lua_newtable(L);
  open_gzip(L);
  open_json(L);
  open_rows(L);
  open_secret(L);
  open_system(L);
  open_text(L);
  return 1;
}

void fuzz_load_core (lua_State *L) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "loaded");
  lua_pushcfunction(L, open_core);
  lua_call(L, 0, 1);
  lua_setfield(L, -2, "apify.core");
  lua_pop(L, 2);
}

/* ---- are values alike? ---- */

static int same_metatable (lua_State *L, int a, int b) {
  int has_a = lua_getmetatable(L, a) != 0, has_b = lua_getmetatable(L, b) != 0;
  int is = has_a == has_b && (!has_a || lua_rawequal(L, -1, -2));
  lua_pop(L, has_a + has_b);
  return is;
}

static int count_of (lua_State *L, int idx) {
  int n = 0;
  for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) n++;
  return n;
}

static int same_table (lua_State *L, int a, int b) {
  if (!same_metatable(L, a, b) || count_of(L, a) != count_of(L, b)) return 0;
  for (lua_pushnil(L); lua_next(L, a); lua_pop(L, 1)) {
    lua_pushvalue(L, -2);
    lua_rawget(L, b);
    int is = fuzz_same(L, lua_gettop(L) - 1, lua_gettop(L));
    lua_pop(L, 1);
    if (is) continue;
    lua_pop(L, 2);
    return 0;
  }
  return 1;
}

int fuzz_same (lua_State *L, int a, int b) {
  luaL_checkstack(L, 10, "comparing");
  a = lua_absindex(L, a), b = lua_absindex(L, b);
#if COMPAT_HAS_INTEGERS
  if (lua_isinteger(L, a) != lua_isinteger(L, b)) return 0;
#endif
  if (lua_istable(L, a) && lua_istable(L, b)) return same_table(L, a, b);
  return lua_rawequal(L, a, b);
}

/* ---- one input ---- */

static lua_State *state;

/* What is left after that is a leak. */
static void close_state (void) {
  lua_close(state);
}

static void open_state (void) {
  state = luaL_newstate();
  if (state == NULL || atexit(close_state) != 0) abort();
  luaL_openlibs(state);
  fuzz_open(state);
}

int LLVMFuzzerTestOneInput (const unsigned char *data, size_t len);

int LLVMFuzzerTestOneInput (const unsigned char *data, size_t len) {
  static char text[FUZZ_MAX_INPUT + 1];
  if (state == NULL) open_state();
  if (len > FUZZ_MAX_INPUT) return 0;
  memcpy(text, data, len);
  text[len] = '\0';
  input = text, input_len = len;
  dice = 14695981039346656037u;
  for (size_t i = 0; i < len; i++) dice = (dice ^ data[i]) * 1099511628211u;
  int top = lua_gettop(state);
  fuzz_one(state, text, len);
  lua_settop(state, top);
  return 0;
}

#ifdef PLAIN

#define MAX_SEEDS 1024

typedef struct document {
  char text[FUZZ_MAX_INPUT];
  size_t len;
} document;

static document seeds[MAX_SEEDS];
static size_t seed_count;

static void take_seed (const char *folder, const char *name) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = name[0] == '.' || seed_count == MAX_SEEDS ? NULL : fopen(path, "rb");
  if (file == NULL) return;
  document *d = &seeds[seed_count++];
  d->len = fread(d->text, 1, sizeof d->text, file);
  fclose(file);
}

static void take_seeds (const char *folder) {
  DIR *dir = opendir(folder);
  if (dir == NULL) return;
  for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) take_seed(folder, entry->d_name);
  closedir(dir);
}

/* Replace 'cut' bytes at 'at' by 'n' others, as far as there is room. */
static void splice (document *d, size_t at, size_t cut, const char *bytes, size_t n) {
  if (d->len - cut + n > sizeof d->text) return;
  memmove(d->text + at + n, d->text + at + cut, d->len - at - cut);
  memcpy(d->text + at, bytes, n);
  d->len += n - cut;
}

/* One change at a random place. */
static void mutate (document *d) {
  size_t at = fuzz_below(d->len + 1), left = d->len - at;
  const document *other = &seeds[fuzz_below(seed_count)];
  size_t from = fuzz_below(other->len + 1), n = fuzz_below(other->len - from + 1);
  char one = (char)fuzz_below(256);
  switch (fuzz_below(6)) {
    case 0: splice(d, at, left > 0, &one, 1); break;
    case 1: splice(d, at, 0, &one, 1); break;
    case 2: splice(d, at, fuzz_below(left + 1) % 8 % (left + 1), "", 0); break;
    case 3: splice(d, at, 0, other->text + from, n); break;
    case 4: splice(d, at, n < left ? n : left, other->text + from, n); break;
    default: d->len = at; break;
  }
}

/* TARGET SECONDS FOLDER: the same inputs in the same order each time, as many as there is time for. */
int main (int argc, char **argv) {
  if (argc != 3) return fputs("usage: TARGET SECONDS FOLDER\n", stderr), 2;
  static document d;
  long count = 0;
  time_t end = time(NULL) + atol(argv[1]);
  take_seeds(argv[2]);
  if (seed_count == 0) return fputs("no inputs to begin with\n", stderr), 1;
  for (uint64_t next = 0; time(NULL) < end; count++) {
    d = seeds[(size_t)count % seed_count];
    dice = next;
    for (size_t n = (size_t)count < seed_count ? 0 : 1 + fuzz_below(4); n > 0; n--) mutate(&d);
    next = dice + 1;
    LLVMFuzzerTestOneInput((const unsigned char *)d.text, d.len);
  }
  fprintf(stderr, "Done %ld runs in %s second(s)\n", count, argv[1]);
  return 0;
}

#endif
