/* notify.h - one descriptor's news, told over a unix socket: for hosts whose loop waits for its own sockets only.
** A helper thread waits for the descriptor and sends a byte; it touches nothing else. All functions belong to the owner's thread. */
#ifndef APIFY_NOTIFY_H
#define APIFY_NOTIFY_H

#include <pthread.h>

#pragma GCC visibility push(hidden)

typedef struct notifier {
  int source;              /* the descriptor that is waited for; the owner's */
  int listener;            /* between open and accept, or -1 */
  int peer;                /* the connection, or -1: written by the owner's thread alone, under the lock */
  int set;                 /* what the thread waits for: source and changes; or -1 */
  int changes;             /* eventfd: the thread shall look at peer and is_stopping again; or -1 */
  int has_thread;
  int is_stopping;         /* under the lock */
  pthread_t thread;
  pthread_mutex_t lock;
  char folder[96];         /* empty: nothing is on the disk */
  char path[108];          /* the socket in it, as long as a unix socket's address may be */
  char problem[256];       /* why the last function that failed did */
} notifier;

/* Closed; cannot fail. */
void notify_init (notifier *n);

/* Listen in a new folder below $TMPDIR or /tmp; what was open is closed before. 'source' is the same each time and outlives n.
** The path to connect to, or NULL with 'problem' set and nothing left behind. Where there is no epoll: always NULL. */
const char *notify_open (notifier *n, int source);

/* Take the connection, which must have been made, and leave nothing on the disk. 0, or -1 with 'problem' set and all closed.
** From now on the peer gets a byte when the source is readable, then none until notify_rearm; and one after each quiet second. */
int notify_accept (notifier *n);

/* The source was served: its next news is worth a byte again, at once if there is some already. */
void notify_rearm (notifier *n);

/* No more bytes: the peer reads end of file. The thread sleeps on. Safe at any time. */
void notify_close (notifier *n);

/* Close, and end the thread. n is not used again; its source may be closed now. */
void notify_release (notifier *n);

/* What a forked child does in place of close and release: only its copies of the descriptors go. Safe to call twice. */
void notify_abandon (notifier *n);

#pragma GCC visibility pop

#endif
