/*
 * signals.h - what the daemon does about its signals, without a thread for them: a process
 * with one thread pays less for each system call, and v15 has one until a long request comes.
 *
 * Handlers only note what came and wake the thread that runs the transport; that one then calls
 * signals_serve.
 */
#ifndef DAEMON_SERVER_SIGNALS_H
#define DAEMON_SERVER_SIGNALS_H

struct signals_cfg {
	void *ctx;
	void (*stop)(void *ctx);   /* TERM, INT; in the handler: must be safe there */
	void (*wake)(void *ctx);   /* the same */
	void (*reload)(void *ctx); /* HUP; from signals_serve */
	void (*dump)(void *ctx);   /* USR1; from signals_serve */
};

/* First thing in main: what comes before signals_start waits until then. */
void signals_block(void);

/* Once, by the main thread, with all others started by base/thread.h: those never hear signals. */
void signals_start(const struct signals_cfg *cfg);

/* Does what came since the last call. */
void signals_serve(void);

/* No call of cfg's functions from handlers any more. */
void signals_end(void);

#endif
