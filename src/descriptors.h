/* descriptors.h - running out of file descriptors: noticed before a library fails in words of its own, and told with the limit. */
#ifndef APIFY_DESCRIPTORS_H
#define APIFY_DESCRIPTORS_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

/* Could 'n' more descriptors (at most 4) be opened now? 0, or EMFILE or ENFILE. */
int descriptors_lack (int n);

/* Is this the errno of having none left? */
int descriptors_is_lack (int sys_errno);

/* Write one line about it into 'text', with the limit. */
void descriptors_explain (int sys_errno, char *text, size_t size);

#pragma GCC visibility pop

#endif
