/* worker_slice.c - a worker driven in slices: the caller's thread runs it for some milliseconds at
 * a time. */
#include <sys/prctl.h>

#include "loadgen/engine/worker_private.h"

/* The random streams of slices must not coincide with those of connections. */
enum { SLICE_STREAM = 1 << 25 };

/* Once: what worker_run does before its first request. */
static void begin(struct worker *w)
{
	w->is_sliced = true;
	w->is_ending = true;
	draw_init(&w->draw, 0, 0, 1);
	/* Phases and intervals do not change within a slice. */
	w->tick_ns = UINT64_MAX;
	w->rec = record_pair_active(&w->records);
	/* Timers of an open loop must be exact to the microsecond; the default slack is 50. */
	prctl(PR_SET_TIMERSLACK, 1UL);
	if (worker_start_ticker(w) < 0)
		w->report.end = WORKER_BROKEN;
}

void worker_slice(struct worker *w)
{
	const struct plan *p = w->plan;

	if (!w->is_sliced)
		begin(w);
	if (w->report.end == WORKER_BROKEN)
		return;
	/* Random sequences continue where the last slice stopped. */
	rng_init(&w->draw.rng, p->seed, SLICE_STREAM);
	w->report.end = WORKER_RUNNING;
	w->end_ns = p->start_ns + p->duration_ns;
	w->is_recording = p->phases[0].is_recorded;
	w->is_blocked = false;
	w->arrival_phase = 0;
	w->next_conn = 0;
	clock_sleep_until_ns(p->start_ns - p->options->spin_ns);
	w->now_ns = clock_ns();
	w->check_ns = w->now_ns + WORKER_TICK_NS;
	worker_next_schedule(w);
	worker_loop(w);
	w->now_ns = clock_ns();
	worker_count_left_overs(w);
}

struct recorder *worker_slice_records(struct worker *w)
{
	return w->rec;
}

const struct worker_report *worker_slice_report(const struct worker *w)
{
	return &w->report;
}

bool worker_is_whole(const struct worker *w)
{
	return w->report.end == WORKER_COMPLETE && w->open_count == w->conns_count;
}
