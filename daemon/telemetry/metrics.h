/*
 * metrics.h - counters that are always on: one padded block per thread, summed on reading.
 *
 * Counters only grow; a level (open connections, queue depth) is the difference of two of them, so
 * writers never share a cache line. A block outlives its thread and is reused by a later one, so no
 * count is lost.
 * Cost: an addition in the thread's own cache line.
 */
#ifndef DAEMON_TELEMETRY_METRICS_H
#define DAEMON_TELEMETRY_METRICS_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

#include "daemon/base/thread_slots.h"

struct json_out;

enum metric {
	METRIC_REQUESTS,           /* started, including notifications and members of batches */
	METRIC_REPLIES,            /* replies to single requests or members of batches */
	METRIC_NOTIFICATIONS,      /* of the requests, those without id */
	METRIC_FAST_PATH,          /* of the requests, those run by the reading thread */
	METRIC_READ_BYTES,         /* from clients */
	METRIC_WRITTEN_BYTES,      /* to clients */
	METRIC_CONNECTIONS_OPENED, /* accepted */
	METRIC_CONNECTIONS_CLOSED,
	METRIC_CONNECTIONS_REFUSED, /* over the limit, or no descriptor or memory left */
	METRIC_CONNECTIONS_TIMED_OUT,
	METRIC_CONNECTIONS_REPLACED, /* closed to make room for a new one */
	METRIC_ENQUEUED,
	METRIC_DEQUEUED,
	METRIC_REFUSED_BUSY,      /* queue full, answered at once */
	METRIC_REFUSED_UNKEPT,    /* no memory for the rest of a request */
	METRIC_ERROR_PARSE,       /* -32700 */
	METRIC_ERROR_REQUEST,     /* -32600 */
	METRIC_ERROR_METHOD,      /* -32601 */
	METRIC_ERROR_PARAMS,      /* -32602 */
	METRIC_ERROR_INTERNAL,    /* -32603 */
	METRIC_ERROR_SERVER,      /* -32099..-32000: busy and similar */
	METRIC_ERROR_APPLICATION, /* every other code: those of the engine */
	METRIC_COUNT,
};

struct metrics {
	uint64_t counts[METRIC_COUNT];
	uint64_t errors_count;      /* all METRIC_ERROR_* together */
	uint64_t connections_count; /* open now */
	uint64_t queue_depth;       /* waiting now */
};

/* Private: the block of a thread, and how to get one. */
struct metrics_block {
	alignas(64) struct thread_slot slot;
	_Atomic uint64_t counts[METRIC_COUNT]; /* written by the owning thread only */
};
extern _Thread_local struct metrics_block *metrics_mine;
struct metrics_block *metrics_attach(void);

static inline void metrics_add(enum metric metric, uint64_t n)
{
	struct metrics_block *mine = metrics_mine;

	if (__builtin_expect(!mine, 0))
		mine = metrics_attach();
	/* There is one writer, so a load and a store suffice and avoid a locked addition. */
	atomic_store_explicit(&mine->counts[metric],
			      atomic_load_explicit(&mine->counts[metric], memory_order_relaxed) + n,
			      memory_order_relaxed);
}

/* Counts an error reply by its JSON-RPC code. */
void metrics_add_error(int code);

/* Sums all threads. A level read between its two counters is clamped at 0. */
void metrics_read(struct metrics *out);

/* {requests_count, ..., errors:{"-32700":n, ...}} for `status`. */
void metrics_write(struct json_out *j, const char *key);

#endif
