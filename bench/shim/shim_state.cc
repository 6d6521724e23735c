// The loop of a body.
//
// A run is passed to the body in stretches. Most runs are one stretch: the iterations requested
// by the library, at the cost of two calls. A run is split when parts of it must be observed:
// single iterations that are timed one by one, or the warm-up of an exact plan.
#include "bench/shim/shim_private.hh"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <ctime>

using shim::stage;

namespace
{

enum : uint64_t {
	// Iterations that show how long one takes, before deciding whether each is timed.
	PROBE_COUNT = 16,
	// With at most this many iterations one shows it: they are slow, and each of them
	// matters.
	PROBE_OF_COUNT = 64,
	// Bodies below this have no distribution: the clock's own 25 ns would show.
	SPREAD_FROM_NS = 1000,
	// From here on a clock read per iteration costs the timed run less than 0.2 %; below, the
	// distribution of one thread is measured in the library's extra pass.
	SPREAD_TIMED_FROM_NS = 20000,
	// Of the extra pass.
	SPREAD_BUDGET_NS = 100000000,
};

uint64_t now_ns()
{
	timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return static_cast<uint64_t>(t.tv_sec) * 1000000000u + static_cast<uint64_t>(t.tv_nsec);
}

} // namespace

namespace shim
{

// ---- stretches ------------------------------------------------------------------------------

static void mark_start(bench_state *s)
{
	s->stretch_ns = 0;
	s->manual_s = -1;
	s->stamp_ns = now_ns();
}

static uint64_t since_start_ns(const bench_state *s)
{
	return s->stretch_ns + now_ns() - s->stamp_ns;
}

// By the clock, or as given by the body.
static uint64_t timed_ns(const bench_state *s)
{
	return s->manual_s >= 0 ? static_cast<uint64_t>(s->manual_s * 1e9) : since_start_ns(s);
}

static uint64_t finish(bench_state *s)
{
	if (s->is_paused)
		bench_resume(s);
	stop_counting(s);
	// Counts nothing any more: everything was claimed when the loop began.
	while (s->st->KeepRunningBatch(1))
		;
	s->stage = stage::finished;
	return 0;
}

static uint64_t hand_out(bench_state *s, uint64_t n)
{
	s->handed_out += n;
	mark_start(s);
	return n;
}

static shim::spread *times_of(bench_state *s)
{
	return s->observed ? &s->observed->times : &s->times;
}

// Prepares timing one by one, outside the body's time.
static void prepare_times(bench_state *s)
{
	if (s->observed) {
		s->observed->times.prepare();
		s->deadline_ns = now_ns() + SPREAD_BUDGET_NS;
	} else {
		bench_pause(s);
		s->times.prepare();
		bench_resume(s);
	}
}

static uint64_t begin_single(bench_state *s)
{
	s->stage = stage::single;
	s->to_do--;
	return hand_out(s, 1);
}

// How many more of the prepared iterations the extra pass may run.
static uint64_t left_to_observe(const bench_state *s)
{
	uint64_t fixed = s->owner->fixed_count, done = bench_iterations_done(s);

	if (!fixed)
		return UINT64_MAX;
	return fixed > done ? fixed - done : 0;
}

// From now on one iteration at a time.
static uint64_t begin_singles(bench_state *s)
{
	if (s->observed)
		s->to_do = left_to_observe(s);
	if (!s->to_do)
		return finish(s);
	prepare_times(s);
	return begin_single(s);
}

static uint64_t begin_counted(bench_state *s, uint64_t n)
{
	uint64_t first = n > PROBE_OF_COUNT ? static_cast<uint64_t>(PROBE_COUNT) : 1;

	start_counting(s);
	s->stage = stage::counted;
	if (s->observed || plan.count || n == 1)
		first = n;
	s->to_do = n - first;
	return hand_out(s, first);
}

static uint64_t begin_base(bench_state *s)
{
	s->stage = stage::base;
	start_counting(s);
	return hand_out(s, 1);
}

static uint64_t after_base(bench_state *s)
{
	stop_counting(s);
	calibrate_all(s);
	// The first time the code around the iteration was cold: symbols were resolved.
	if (!s->is_warm) {
		s->is_warm = true;
		return begin_base(s);
	}
	return begin_counted(s, plan.count + 1);
}

static uint64_t begin(bench_state *s)
{
	auto n = static_cast<uint64_t>(s->st->max_iterations);

	if (!s->st->KeepRunningBatch(s->st->max_iterations)) {
		s->stage = stage::finished;
		return 0;
	}
	if (plan.count && plan.warm_up) {
		s->stage = stage::warming_up;
		return hand_out(s, plan.warm_up);
	}
	return plan.count ? begin_base(s) : begin_counted(s, n);
}

static uint64_t after_counted(bench_state *s)
{
	uint64_t took_ns = since_start_ns(s);
	auto n = static_cast<uint64_t>(s->st->max_iterations);

	if (s->observed) {
		stop_counting(s);
		s->observed->iterations = static_cast<int64_t>(n);
		if (last_run_has_spread || took_ns / n < SPREAD_FROM_NS ||
		    took_ns / n > SPREAD_BUDGET_NS)
			return finish(s);
		return begin_singles(s);
	}
	if (!s->to_do)
		return finish(s);

	uint64_t one_ns = took_ns / (n - s->to_do);

	if (one_ns >= (s->threads > 1 ? SPREAD_FROM_NS : SPREAD_TIMED_FROM_NS))
		return begin_singles(s);
	return hand_out(s, std::exchange(s->to_do, 0));
}

static uint64_t after_single(bench_state *s)
{
	times_of(s)->record(timed_ns(s));
	if (!s->to_do || (s->observed && now_ns() >= s->deadline_ns))
		return finish(s);
	return begin_single(s);
}

// The extra pass has run the iterations requested by the library. True: batches continue, to be
// timed.
static bool go_on_timing(bench_state *s)
{
	s->observed->iterations = static_cast<int64_t>(s->st->iterations());
	if (!s->times_batches || left_to_observe(s) < s->batch_size) {
		finish(s);
		return false;
	}
	stop_counting(s);
	prepare_times(s);
	s->stage = stage::single;
	return true;
}

// Decides by the first batch whether batches are timed one by one.
static void judge_batches(bench_state *s, uint64_t took_ns)
{
	if (plan.count || took_ns / s->batch_size < SPREAD_FROM_NS)
		return;
	if (s->observed)
		s->times_batches = !last_run_has_spread && took_ns <= SPREAD_BUDGET_NS;
	else
		s->times_batches = s->threads > 1 || took_ns >= SPREAD_TIMED_FROM_NS;
	if (s->times_batches && !s->observed) // in the extra pass, after counting memory
		prepare_times(s);
}

// Called after a batch. False: that was the last one.
static bool after_batch(bench_state *s)
{
	bool is_first = std::exchange(s->is_first_batch, false);
	bool is_last = s->stage == stage::counted && s->st->iterations() >= s->st->max_iterations;

	if (is_skipped(s->st) && s->stage != stage::single)
		return true; // the library ends it
	if (s->times_batches) {
		times_of(s)->record(timed_ns(s) / s->batch_size);
		times_of(s)->batch = std::max(times_of(s)->batch, s->batch_size);
	} else if (is_first && (s->observed || !is_last)) {
		judge_batches(s, since_start_ns(s));
	}
	if (s->stage == stage::single && (is_skipped(s->st) || now_ns() >= s->deadline_ns ||
					  left_to_observe(s) < s->batch_size)) {
		finish(s);
		return false;
	}
	if (is_last && s->observed)
		return go_on_timing(s);
	if (is_last)
		finish(s);
	return !is_last;
}

void pass_barriers(bench_state *s)
{
	if (s->stage == stage::finished)
		return;
	if (!is_skipped(s->st))
		bench_skip_error(s, s->stage == stage::before
					    ? "the body did not run its loop"
					    : "the body left its loop before the end");
	if (s->stage == stage::before)
		begin(s);
	else
		finish(s);
}

} // namespace shim

// ---- the loop -------------------------------------------------------------------------------

uint64_t bench_loop(struct bench_state *s)
{
	if (shim::is_skipped(s->st) && s->stage != stage::before && s->stage != stage::finished)
		return shim::finish(s);
	switch (s->stage) {
	case stage::before:
		return shim::begin(s);
	case stage::warming_up:
		return shim::begin_base(s);
	case stage::base:
		return shim::after_base(s);
	case stage::counted:
		return shim::after_counted(s);
	case stage::single:
		return shim::after_single(s);
	case stage::finished:
		break;
	}
	return 0;
}

bool bench_next(struct bench_state *s)
{
	if (__builtin_expect(s->left == 0, 0)) {
		s->left = bench_loop(s);
		if (!s->left)
			return false;
	}
	s->left--;
	return true;
}

// Batches are reported to the library one by one, since only it knows by how much the last one
// exceeded its count.
bool bench_batch(struct bench_state *s, uint64_t n)
{
	assert(n > 0);
	if (s->stage == stage::finished || (s->batch_size && !shim::after_batch(s)))
		return false;
	if (s->stage != stage::single &&
	    !s->st->KeepRunningBatch(static_cast<benchmark::IterationCount>(n))) {
		// Skipped: before the first batch, or inside one.
		shim::stop_counting(s);
		s->stage = stage::finished;
		return false;
	}
	if (s->stage == stage::single)
		s->beyond += n;
	if (s->stage == stage::before) {
		s->stage = stage::counted;
		shim::start_counting(s);
		shim::mark_start(s); // the first batch decides whether batches are timed
	} else if (s->times_batches) {
		shim::mark_start(s);
	}
	s->batch_size = n;
	return true;
}

static bool fail_batch(bench_state *s, int rc)
{
	bench_skip_error(s, (std::string("batch setup failed: ") + strerror(-rc)).c_str());
	return bench_batch(s, 1);
}

bool bench_batch_fixed(struct bench_state *s, uint64_t n)
{
	const bench_fixture &fx = s->owner->fixture;
	uint64_t before = std::exchange(s->batch_open, 0);

	if (before && fx.batch_teardown) {
		bench_pause(s);
		fx.batch_teardown(s, before);
		bench_resume(s);
	}
	if (!bench_batch(s, n))
		return false;
	if (fx.batch_setup) {
		bench_pause(s);
		int rc = fx.batch_setup(s, n);
		bench_resume(s);
		if (rc < 0)
			return fail_batch(s, rc);
	}
	s->batch_open = n;
	return true;
}

void bench_pause(struct bench_state *s)
{
	if (s->is_paused || shim::is_skipped(s->st))
		return;
	s->stretch_ns += now_ns() - s->stamp_ns;
	s->st->PauseTiming();
	if (s->is_counting)
		shim::stop_all(s);
	s->is_paused = true;
}

void bench_resume(struct bench_state *s)
{
	if (!s->is_paused)
		return;
	s->is_paused = false;
	if (shim::is_skipped(s->st)) {
		s->is_counting = false;
		return;
	}
	if (s->is_counting)
		shim::start_all(s);
	s->st->ResumeTiming();
	s->stamp_ns = now_ns();
}

void bench_iteration_time_s(struct bench_state *s, double seconds)
{
	s->manual_s = std::max(s->manual_s, 0.0) + seconds; // of all iterations of a batch
	s->st->SetIterationTime(seconds);
}
