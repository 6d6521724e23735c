/* worker_clock.c - switches a worker between phases and intervals, and accounts for its CPU time.
 */
#include <sys/resource.h>

#include "loadgen/engine/worker_private.h"

static uint64_t involuntary_switches(void)
{
	struct rusage ru;

	return getrusage(RUSAGE_THREAD, &ru) == 0 ? (uint64_t)ru.ru_nivcsw : 0;
}

void worker_mark(struct worker *w)
{
	w->cpu_mark_ns = clock_thread_cpu_ns();
	w->switches_mark = involuntary_switches();
	w->wall_mark_ns = clock_ns();
}

/* Adds the CPU time used since the mark to the report, if that time is recorded. */
void worker_account(struct worker *w)
{
	if (w->is_recording) {
		w->report.cpu_ns += clock_thread_cpu_ns() - w->cpu_mark_ns;
		w->report.switches_involuntary += involuntary_switches() - w->switches_mark;
		w->report.measured_ns += clock_ns() - w->wall_mark_ns;
	}
	worker_mark(w);
}

static void turn_phase(struct worker *w)
{
	uint64_t offset = w->now_ns - w->plan->start_ns;
	size_t phase = plan_phase_at(w->plan, offset);
	bool is_ending = w->now_ns >= w->end_ns;

	if (phase == w->phase && is_ending == w->is_ending)
		return;
	worker_account(w);
	w->phase = phase;
	w->is_ending = is_ending;
	w->is_recording = w->plan->phases[phase].is_recorded && !is_ending;
}

static void turn_interval(struct worker *w)
{
	const struct plan *p = w->plan;
	uint64_t offset = w->now_ns - p->start_ns;
	uint32_t interval = w->interval;
	struct recorder *next;

	while (interval + 1 < p->intervals_count && offset >= p->cuts_ns[interval + 1])
		interval++;
	if (interval == w->interval)
		return;
	w->interval = interval;
	w->rec->full_checks_count += w->verifier.full_count;
	w->verifier.full_count = 0;
	next = record_pair_publish(&w->records, w->now_ns, interval);
	if (next)
		w->rec = next;
}

static void set_next_tick(struct worker *w)
{
	const struct plan *p = w->plan;
	uint64_t next = w->now_ns + WORKER_TICK_NS;

	if (w->interval + 1 <= p->intervals_count &&
	    p->start_ns + p->cuts_ns[w->interval + 1] > w->now_ns &&
	    p->start_ns + p->cuts_ns[w->interval + 1] < next)
		next = p->start_ns + p->cuts_ns[w->interval + 1];
	w->tick_ns = next;
}

void worker_tick(struct worker *w)
{
	turn_phase(w);
	turn_interval(w);
	set_next_tick(w);
}
