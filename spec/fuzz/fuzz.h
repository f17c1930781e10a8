/* fuzz.h - what the fuzzers share. A target is one file with fuzz_open and fuzz_one; a promise that does not hold aborts.
** Whatever a target does at random depends on its input alone, so that an input that failed fails again. */
#ifndef APIFY_FUZZ_H
#define APIFY_FUZZ_H

#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

#define FUZZ_MAX_INPUT 4096

/* The target's: once, with an empty stack, what all inputs need; what it leaves on the stack stays there. */
void fuzz_open (lua_State *L);

/* The target's: one input, which has a zero behind it. The stack may be left with more on it. */
void fuzz_one (lua_State *L, const char *bytes, size_t len);

/* A number below 'n', or 0; the same for the same input. */
size_t fuzz_below (size_t n);

/* If it does not hold, say what it is, show the input, and abort. */
void fuzz_check (int holds, const char *what);

/* A copy in a block of exactly its size, which AddressSanitizer watches; to be freed. */
char *fuzz_exact (const char *bytes, size_t len);

/* Add apify.core, as far as it has no network, to package.loaded. */
void fuzz_load_core (lua_State *L);

/* Are the values at 'a' and 'b' alike, down to the kinds of their numbers and the marks of their arrays? */
int fuzz_same (lua_State *L, int a, int b);

#endif
