/* isal.c - isa-l's decoder, looked up by name when the first body wants it; a build without its header has none.
** 100 pages of 545 KB each, in windows of 64 KiB: zlib 104 ms, 10 of them the checksum; isa-l 55 ms, with the checksum; libdeflate 43 ms,
** but it wants whole pages in memory. A body of 550 bytes: zlib 3.9 us, isa-l 2.7 us. On a thread of its own, a window ahead of the reader,
** it took 11 to 18 % more CPU and, of the wall time of 100,000 runs, nothing off on Lua 5.4 and 6 % on LuaJIT: in a process with two threads
** each malloc costs more, and the bytes have to come from the other core. */
#include "isal.h"

#include <stdlib.h>

#if defined(__has_include)
#if __has_include("isa-l/igzip_lib.h")     /* in quotes for cppcheck, which knows no other */
#define HAS_ISAL
#endif
#endif

static int is_unwanted;

void isal_use (int is_wanted) {
  is_unwanted = !is_wanted;
}

#ifdef HAS_ISAL

#include <isa-l/igzip_lib.h>
#include <pthread.h>

#include "dl.h"

static void (*init_state) (struct inflate_state *s);        /* NULL: not here */
static int (*run_state) (struct inflate_state *s);

/* The library stays until the process ends, as the core does. */
static void load (void) {
  void *library = dlopen("libisal.so.2", RTLD_LAZY | RTLD_LOCAL);
  if (library == NULL || !dl_find(library, "isal_inflate", &run_state, sizeof run_state)) return;
  dl_find(library, "isal_inflate_init", &init_state, sizeof init_state);
}

int isal_is_here (void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  if (is_unwanted) return 0;
  pthread_once(&once, load);
  return init_state != NULL;
}

static void *spare;                     /* a state that nobody uses: giving so large a block back makes malloc tidy up, each time */

err_code isal_begin (void **state) {
  struct inflate_state *s = __atomic_exchange_n(&spare, NULL, __ATOMIC_ACQUIRE);
  if (s == NULL) s = malloc(sizeof *s);                     /* 85 KB, of which small bodies touch little: not cleared */
  *state = s;
  if (s == NULL) return ERR_MEMORY;
  init_state(s);
  s->crc_flag = ISAL_GZIP_NO_HDR_VER;
  return ERR_OK;
}

/* isa-l 2.30 leaves the upper halves of the vector registers in use, which makes all SSE code that follows slower, the interpreter's too:
** without this, a page would take a third longer than with zlib. */
#if defined(__x86_64__)
__attribute__((target("avx"))) static void zero_upper_halves (void) {
  __builtin_ia32_vzeroupper();
}

static void clean_registers (void) {
  if (__builtin_cpu_supports("avx")) zero_upper_halves();
}
#else
static void clean_registers (void) {}
#endif

static uint32_t clamp (size_t n) {
  return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

err_code isal_run (void *state, const char *in, size_t len, size_t *used, char *out, size_t room, size_t *made, int *has_ended) {
  struct inflate_state *s = state;
  uint32_t had = clamp(len), could = clamp(room);
  s->next_in = (uint8_t *)in;             /* it is read only */
  s->avail_in = had;
  s->next_out = (uint8_t *)out;
  s->avail_out = could;
  int rc = run_state(s);
  clean_registers();
  *used = had - s->avail_in;
  *made = could - s->avail_out;
  *has_ended = rc == ISAL_DECOMP_OK && s->block_state == ISAL_BLOCK_FINISH;
  if (rc == ISAL_DECOMP_OK) return ERR_OK;
  *used = *made = 0;                      /* after an error its counts may be anything */
  return ERR_DECODE;
}

void isal_free (void **state) {
  void *own = *state;
  *state = NULL;
  if (own != NULL) free(__atomic_exchange_n(&spare, own, __ATOMIC_ACQ_REL));
}

void isal_forget (void) {
  free(__atomic_exchange_n(&spare, NULL, __ATOMIC_ACQUIRE));
}

#else

int isal_is_here (void) {
  return 0;
}

err_code isal_begin (void **state) {
  *state = NULL;
  return ERR_MEMORY;
}

err_code isal_run (void *state, const char *in, size_t len, size_t *used, char *out, size_t room, size_t *made, int *has_ended) {
  (void)state; (void)in; (void)len; (void)out; (void)room;
  *used = *made = 0;
  *has_ended = 0;
  return ERR_DECODE;
}

void isal_free (void **state) {
  *state = NULL;
}

void isal_forget (void) {}

#endif
