/*
 * record.h - the measurements of a worker thread, passed to the collector every interval without
 * waiting.
 *
 * Each worker has two recorders. It writes into one; at the end of an interval it publishes that
 * one and continues with the other if the collector has emptied it, else the interval is extended.
 * So the worker never waits, and no other thread reads what it is writing.
 */
#ifndef LOADGEN_ENGINE_RECORD_H
#define LOADGEN_ENGINE_RECORD_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loadgen/workload/workload.h"

struct hist;
struct err;

/* Ways in which an operation can fail; RPC errors are also counted by code. */
enum error_kind {
	ERROR_CONNECT,    /* no connection (not an operation) */
	ERROR_CLOSED,     /* the server closed the connection before the reply */
	ERROR_TIMEOUT,    /* no reply in time */
	ERROR_RPC,        /* an error reply */
	ERROR_MISMATCH,   /* not the expected reply */
	ERROR_UNPARSABLE, /* no JSON-RPC reply */
	ERROR_UNKNOWN_ID, /* a reply without a waiting request (not an operation, but an error) */
	ERROR_TOO_LARGE,  /* a reply over the limit */
	ERROR_KINDS,
};

/* "connect", "closed", ... */
const char *error_kind_name(enum error_kind kind);

enum { RECORD_CODES_MAX = 16 };

struct record_code {
	int64_t code;
	uint64_t count;
};

struct record_op {
	uint64_t ops_count;    /* ended: answered, or failed in one of the ways above */
	uint64_t errors_count; /* of these, failed */
	uint64_t items_count;  /* in those that succeeded: voxels of batches */
	struct hist *response; /* of successes, from the intended start */
	struct hist *service; /* from the sending; NULL in a closed loop, where both are the same */
};

struct recorder {
	uint32_t interval_first; /* the intervals of the plan that it covers */
	uint32_t interval_last;
	uint64_t start_ns;
	uint64_t end_ns;
	bool is_final; /* the worker ended within interval_last */
	size_t ops_count;
	struct record_op ops[WORKLOAD_OPS_MAX];
	struct hist
		*lag; /* delay of sending after the earliest possible time; NULL in a closed loop */
	uint64_t errors[ERROR_KINDS];
	struct record_code codes[RECORD_CODES_MAX];
	uint64_t codes_count;      /* slots of codes in use */
	uint64_t codes_other;      /* RPC errors beyond them */
	uint64_t unrecorded_count; /* operations of phases that are not recorded */
	uint64_t blocked_count;    /* arrivals that found no free place in any connection */
	uint64_t sent_bytes;
	uint64_t received_bytes;
	uint64_t full_checks_count; /* replies that the independent library read too */
};

/* has_service: open loop. -ENOMEM. Owns: recorder_deinit, also after failure. */
int recorder_init(struct recorder *r, size_t ops_count, bool has_service, struct err *err);
void recorder_deinit(struct recorder *r);
void recorder_reset(struct recorder *r);

/* Adds all counts; times and intervals of `into` do not change. */
void recorder_add(struct recorder *into, const struct recorder *from);

void recorder_error(struct recorder *r, enum error_kind kind);
void recorder_rpc_error(struct recorder *r, int64_t code);

uint64_t recorder_ops(const struct recorder *r);
uint64_t recorder_op_errors(const struct recorder *r);

/* The two recorders of a worker. */
struct record_pair {
	struct recorder recorders[2];
	alignas(64) atomic_uint published; /* written by the worker */
	alignas(64) atomic_uint consumed;  /* written by the collector */
};

int record_pair_init(struct record_pair *p, size_t ops_count, bool has_service, struct err *err);
void record_pair_deinit(struct record_pair *p);

/* Worker: the recorder to write to now. */
struct recorder *record_pair_active(struct record_pair *p);

/*
 * Worker: publishes the active recorder, which ends at end_ns, and returns the next one, which
 * starts there with interval next. NULL when the collector still has it: then the active one stays.
 */
struct recorder *record_pair_publish(struct record_pair *p, uint64_t end_ns, uint32_t next);

/* Worker, as its last action: publishes the active recorder, which ends with interval last. Always
 * possible. */
void record_pair_finish(struct record_pair *p, uint64_t end_ns, uint32_t last);

/* Collector: the oldest published recorder; NULL when there is none. */
struct recorder *record_pair_peek(struct record_pair *p);

/* Collector: empties it and returns it to the worker. */
void record_pair_consume(struct record_pair *p);

#endif
