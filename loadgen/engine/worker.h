/*
 * worker.h - one generator thread: its connections, its share of the load, its measurements.
 *
 * Closed loop: each connection keeps `depth` requests in flight; a place is filled again as soon as
 * its reply has been checked, so the generator does not synchronize the connections. Open loop:
 * requests are sent by the schedule, on the connections in turn; when all places are in use, they
 * wait, and the wait is part of their response time. A worker reads the clock once per read and
 * once per write, not per request.
 */
#ifndef LOADGEN_ENGINE_WORKER_H
#define LOADGEN_ENGINE_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "loadgen/engine/record.h"
#include "loadgen/workload/plan.h"

struct err;
struct worker;

enum worker_end {
	WORKER_RUNNING,
	WORKER_COMPLETE,
	WORKER_STOPPED, /* by worker_stop */
	WORKER_GONE,    /* the server is gone */
	WORKER_BROKEN,  /* epoll or memory failed */
};

/* The report of a worker; valid after worker_join. */
struct worker_report {
	enum worker_end end;
	uint64_t end_ns;      /* when it stopped, from the run's start */
	uint64_t reply_ns;    /* last reply, from the run's start */
	uint64_t measured_ns; /* wall time of the recorded phases that it took part in */
	uint64_t cpu_ns;      /* its own CPU time in them */
	uint64_t switches_involuntary;
	uint64_t planned_count; /* open loop: recorded arrivals that became due */
	uint64_t unsent_count;  /* of these, not sent by the end */
	char message[160];      /* why it ended early */
};

/*
 * Creates a worker with its share of the connections, all connected. index < threads_count. Errors:
 * those of connecting; -ENOMEM.
 */
int worker_open(const struct plan *plan, uint32_t index, struct worker **out, struct err *err);
int worker_start(struct worker *w, struct err *err); /* sends nothing before plan->start_ns */
void worker_stop(struct worker *w);                  /* asks it to end; any thread */
bool worker_has_ended(struct worker *w);             /* everything is published */
void worker_join(struct worker *w, struct worker_report *out);
void worker_close(struct worker *w); /* after worker_join, or never started */

struct record_pair *worker_records(struct worker *w);

/*
 * Slices, instead of worker_start: the calling thread is the generator, and the worker rests
 * between them with its connections open, while another one has its turn. The plan, of an open
 * loop, is that of plan_turn_slice. Returns when the last reply is there, or none is to be expected
 * any more.
 */
void worker_slice(struct worker *w);

/* What the slices so far recorded; grows with each. */
struct recorder *worker_slice_records(struct worker *w);
const struct worker_report *worker_slice_report(const struct worker *w);

/* A slice that lost a connection, or was cut short by the timeout, is no measurement. */
bool worker_is_whole(const struct worker *w);

#endif
