/* worker_private.h - shared by the files of a worker. */
#ifndef LOADGEN_ENGINE_WORKER_PRIVATE_H
#define LOADGEN_ENGINE_WORKER_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "loadgen/engine/conn.h"
#include "loadgen/engine/timers.h"
#include "loadgen/engine/worker.h"

enum {
	WORKER_READ_BYTES = 128 * 1024,
	WORKER_WRITE_BYTES = 256 * 1024,
	WORKER_REPLY_BYTES_MAX = 64 << 20,
	WORKER_EVENTS = 64,
	WORKER_TICK_NS =
		20 * 1000 * 1000, /* timeouts and stop requests are noticed at most this late */
};

struct worker {
	const struct plan *plan;
	uint32_t index;
	int epoll_fd;
	int ticker_fd;      /* readable at each tick, which bounds every wait */
	struct conn *conns; /* owned; conns[conns_count] */
	uint32_t conns_count;
	uint32_t open_count; /* connections that are open */
	uint32_t depth;
	uint32_t mix_below[WORKLOAD_OPS_MAX]; /* operation i when 32 random bits are below it */

	/* Time, from the monotonic clock. */
	uint64_t now_ns;        /* as of the last event */
	uint64_t tick_ns;       /* when worker_tick is due */
	uint64_t check_ns;      /* when timeouts and closed connections are checked */
	uint64_t end_ns;        /* of the last phase */
	uint64_t gone_since_ns; /* since when no connection is open; 0 = some are */
	bool is_refused;        /* the last attempt to connect again failed */
	size_t phase;
	uint32_t interval;
	bool is_recording; /* the phase is recorded */
	bool is_ending;    /* the last phase is over: nothing new is sent in a closed loop */

	/* Open loop. */
	struct arrival arrival;
	size_t arrival_phase;
	uint32_t next_conn;
	bool is_blocked;  /* an arrival is due and every place is in use */
	uint64_t room_ns; /* when that last ended */

	/*
	 * Slices: requests come from one source in the order of the schedule, whichever connection
	 * takes them, so that two servers get the same ones.
	 */
	bool is_sliced;
	struct draw draw;

	struct timers timers; /* closed loop with think times */

	struct record_pair records;
	struct recorder *rec; /* the active one */
	struct verifier verifier;
	char *rx; /* owned; WORKER_READ_BYTES */
	char *tx; /* owned; requests of one write */
	size_t tx_cap;
	size_t tx_len;
	uint64_t tx_first; /* of the current connection: first request not stamped as sent */

	/* Of the recorded phases. */
	uint64_t cpu_mark_ns, wall_mark_ns;
	uint64_t switches_mark;
	struct worker_report report;
	pthread_t thread;
	atomic_bool must_stop; /* set by worker_stop, read by the worker */
	atomic_bool has_ended; /* set by the worker as its last action */
};

/* worker_send.c */

/* Fills the free places of c and sends. Closed loop. */
void worker_top_up(struct worker *w, struct conn *c);

/* Sends every arrival that is due, as far as places are free. Open loop. */
void worker_send_due(struct worker *w);

/* Starts the schedule of the current phase, or of the next one that has arrivals. */
void worker_next_schedule(struct worker *w);

/* Advances to the next arrival, which may be in a later phase. */
void worker_take_arrival(struct worker *w);

/* The socket has room again. */
void worker_send_rest(struct worker *w, struct conn *c);

/* worker_receive.c */

/* Reads once and checks the replies. */
void worker_receive(struct worker *w, struct conn *c);

/* worker_record.c */

void worker_record_success(struct worker *w, const struct slot *s);

/* code is that of an RPC error. */
void worker_record_failure(struct worker *w, const struct slot *s, enum error_kind kind,
			   int64_t code);

/* Closes the connection after an error; its requests in flight fail with that kind. */
void worker_fail_conn(struct worker *w, struct conn *c, enum error_kind kind);

/* worker_clock.c */

/* Switches to the phase and the interval of now_ns, and sets the time of the next switch. */
void worker_tick(struct worker *w);

/* Starts a period of CPU time accounting, after adding the previous one to the report if
 * recorded. */
void worker_mark(struct worker *w);
void worker_account(struct worker *w);

/* worker_connect.c */

/* Opens all connections. Errors: those of connecting; -ENOMEM. */
int worker_connect_all(struct worker *w, struct err *err);

/* Ends requests that took too long, and reopens closed connections. */
void worker_check_conns(struct worker *w);

/* worker_loop.c */

/* The thread; arg is the worker. */
void *worker_run(void *arg);

/* Makes the ticks come that bound each wait. -errno. */
int worker_start_ticker(struct worker *w);

/* Sends and receives until the plan is over and the last reply is there, or the server is gone. */
void worker_loop(struct worker *w);

/* Counts what never got its reply, and the arrivals that were never sent. */
void worker_count_left_overs(struct worker *w);

#endif
