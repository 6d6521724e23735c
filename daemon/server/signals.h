/*
 * signals.h - the thread that hears the process's signals, so that no handler has to do
 * anything but wait its turn.
 */
#ifndef DAEMON_SERVER_SIGNALS_H
#define DAEMON_SERVER_SIGNALS_H

#include <pthread.h>

struct err;

/* Called on the signal thread. */
struct signals_cfg {
	void *ctx;
	void (*stop)(void *ctx);   /* TERM, INT */
	void (*reload)(void *ctx); /* HUP */
	void (*dump)(void *ctx);   /* USR1 */
};

struct signals {
	struct signals_cfg cfg;
	pthread_t thread;
};

/* First thing in main: no thread may die of what signals_start will hear. */
void signals_block(void);

int signals_start(struct signals *s, const struct signals_cfg *cfg, struct err *err);
void signals_join(struct signals *s);

#endif
