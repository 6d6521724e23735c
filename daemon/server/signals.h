/*
 * signals.h - handles the daemon's signals without a thread: system calls are cheaper in a
 * process with one thread, and v15 has only one until the first long request.
 *
 * Handlers only record the signal and wake the thread that runs the transport, which then calls
 * signals_serve.
 */
#ifndef DAEMON_SERVER_SIGNALS_H
#define DAEMON_SERVER_SIGNALS_H

struct signals_cfg {
	void *ctx;
	void (*stop)(void *ctx);   /* TERM, INT; called in the handler: must be async-signal-safe */
	void (*wake)(void *ctx);   /* the same */
	void (*reload)(void *ctx); /* HUP; from signals_serve */
	void (*dump)(void *ctx);   /* USR1; from signals_serve */
};

/* Call first in main: signals before signals_start are delayed until then. */
void signals_block(void);

/* Call once, in the main thread; all others are started by base/thread.h and never get signals. */
void signals_start(const struct signals_cfg *cfg);

/* Handles the signals received since the last call. */
void signals_serve(void);

/* After this, handlers call none of cfg's functions. */
void signals_end(void);

#endif
