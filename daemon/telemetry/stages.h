/*
 * stages.h - where a request's time goes: seven stages, stamped for a sampled share.
 *
 * A request carries a struct stage_clock. stage_begin chooses at random whether the request is
 * sampled; stage_mark stamps the end of a stage; stages_record, called once when the reply has been
 * written, adds each stage's time to histograms of the calling thread, which stages_read merges. A
 * stage lasts from the latest mark before it (or the start) to its own mark: a text that the
 * reading thread has not parsed is parsed after the queue. A stage that was skipped (the fast path
 * has neither enqueue nor dequeue) is not recorded.
 *
 * Every mark is also a USDT probe, goxel:request__<stage>, whether sampled or not; argument 1 is
 * the address of the clock, which tells requests apart; argument 2 is 1 for a sampled one.
 *
 * Cost: off, one predictable branch per call and a nop per mark; on, for the sampled 1 in N
 * requests, one clock read per mark and one uncontended lock at the end.
 */
#ifndef DAEMON_TELEMETRY_STAGES_H
#define DAEMON_TELEMETRY_STAGES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/clock.h"
#include "daemon/telemetry/probes.h"

struct hist;
struct json_out;

enum stage {
	STAGE_READ,      /* bytes arrived -> one whole frame */
	STAGE_PARSE,     /* frame -> request record */
	STAGE_ENQUEUE,   /* -> in the queue */
	STAGE_DEQUEUE,   /* waiting in the queue -> taken by a worker */
	STAGE_EXECUTE,   /* dispatch and method */
	STAGE_SERIALIZE, /* result -> reply text */
	STAGE_WRITE,     /* reply text -> accepted by the transport */
	STAGE_COUNT,
	STAGE_TOTAL = STAGE_COUNT, /* for stages_read: from the start to the last mark */
};

/* Embedded in a request; one thread at a time. While `on` is false the rest is meaningless. */
struct stage_clock {
	uint64_t start_ns;
	uint64_t ns[STAGE_COUNT]; /* when the stage ended; 0 = not passed */
	bool on;
};

/*
 * Samples one request in every_n on average, chosen at random; 0 turns sampling off (the default).
 * A thread that is counting down to its next sample finishes that count first. Threads: any.
 */
void stages_set_every(uint32_t every_n);
uint32_t stages_get_every(void);

/* The name of a stage, "read" .. "write", "total". */
const char *stage_name(enum stage stage);

/* Private: the switch, the calling thread's countdown, and choosing the next one when it ends. */
extern _Atomic uint32_t stages_every_n;
extern _Thread_local uint32_t stages_left;
bool stages_draw(void);
void stages_record_on(const struct stage_clock *clk);

static inline bool stages_pick(void)
{
	if (__builtin_expect(!atomic_load_explicit(&stages_every_n, memory_order_relaxed), 1))
		return false;
	if (__builtin_expect(stages_left > 1, 1)) {
		stages_left--;
		return false;
	}
	return stages_draw();
}

/*
 * Starts a request's clock.
 *
 * start_ns  when its bytes arrived, if already known; 0 = now
 */
static inline void stage_begin(struct stage_clock *clk, uint64_t start_ns)
{
	clk->on = stages_pick();
	if (__builtin_expect(clk->on, 0)) {
		*clk = (struct stage_clock){ .on = true };
		clk->start_ns = start_ns ? start_ns : clock_ns();
	}
}

/* Stamps the end of a stage, which must be a constant at the call site. */
static inline __attribute__((always_inline)) void stage_mark(struct stage_clock *clk,
							     enum stage stage)
{
	if (__builtin_expect(clk->on, 0))
		clk->ns[stage] = clock_ns();
	switch (stage) {
	case STAGE_READ:
		PROBE_REQUEST_READ(clk, clk->on);
		break;
	case STAGE_PARSE:
		PROBE_REQUEST_PARSE(clk, clk->on);
		break;
	case STAGE_ENQUEUE:
		PROBE_REQUEST_ENQUEUE(clk, clk->on);
		break;
	case STAGE_DEQUEUE:
		PROBE_REQUEST_DEQUEUE(clk, clk->on);
		break;
	case STAGE_EXECUTE:
		PROBE_REQUEST_EXECUTE(clk, clk->on);
		break;
	case STAGE_SERIALIZE:
		PROBE_REQUEST_SERIALIZE(clk, clk->on);
		break;
	case STAGE_WRITE:
		PROBE_REQUEST_WRITE(clk, clk->on);
		break;
	case STAGE_COUNT:
		break;
	}
}

/* Ends a request: adds its stages to the calling thread's histograms. Allocates once per thread. */
static inline void stages_record(const struct stage_clock *clk)
{
	if (__builtin_expect(clk->on, 0))
		stages_record_on(clk);
}

/*
 * Adds what all threads, also ended ones, have recorded of a stage to *out (which the caller has
 * zeroed or reset). Threads: any.
 */
void stages_read(enum stage stage, struct hist *out);

/* Drops everything recorded, e.g. after warm-up. */
void stages_reset(void);

/* The object of `status`: NAME: {count, mean_ns, p50_ns, p99_ns, max_ns}. -ENOMEM. */
int stages_write(struct json_out *j, const char *key);

#endif
