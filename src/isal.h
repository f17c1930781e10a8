/* isal.h - isa-l's decoder of deflate, where it is installed: twice as fast as zlib's. Nothing is linked for it.
** zlib reads the headers of gzip; the blocks behind them, their checksum and their length are the business of this. */
#ifndef APIFY_ISAL_H
#define APIFY_ISAL_H

#include <stddef.h>

#include "err.h"

#pragma GCC visibility push(hidden)

/* Is it in this process, or can it be brought here, and does nobody want it off? */
int isal_is_here (void);

/* Is it to be used where it is here? Yes, until somebody says no; for what begins from now on. */
void isal_use (int is_wanted);

/* Begin what follows a gzip header: '*state' is set. ERR_OK or ERR_MEMORY. Only if it is here. */
err_code isal_begin (void **state);

/* Decode from 'in' into 'out'; *used and *made say how far. *has_ended: the checksum and the length were read, too, and are right.
** ERR_OK or ERR_DECODE. */
err_code isal_run (void *state, const char *in, size_t len, size_t *used, char *out, size_t room, size_t *made, int *has_ended);

/* Give the memory back, or keep it for the next; '*state' is NULL then. Safe to call twice. */
void isal_free (void **state);

/* Give back what is kept. */
void isal_forget (void);

#pragma GCC visibility pop

#endif
