// The loop of a body, and what is measured around it.
//
// A run is handed to the body in stretches. Most runs are one: what the library asked for, at the
// cost of two calls. A run is cut where something has to be seen of it: single iterations that are
// timed one by one, or the warm-up of an exact plan.
#include "bench/shim_private.hh"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>

extern "C" {
#include "daemon/base/hist.h"
}

using shim::stage;

namespace
{

enum : uint64_t {
	// Iterations that say how long one takes, before it is decided whether each is timed.
	PROBE_COUNT = 16,
	// Bodies below this have no distribution: the clock's own 25 ns would show.
	SPREAD_FROM_NS = 1000,
	// From here on a clock read an iteration costs the timed run less than 0.2 %; below, one
	// thread's distribution is taken in the library's extra pass.
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

observation *observed_pass;
uint64_t runs_count;
bool last_run_has_spread;
const char run_number[] = "bench_run_number";
const bench_memory *memory_source;
exact_plan plan;
bench_instrument instruments[BENCH_INSTRUMENTS_MAX];
size_t instruments_count;

void memory_sum::add(const bench_memory_result &r)
{
	is_counted = true;
	allocs_count += r.allocs_count;
	allocated_bytes += r.allocated_bytes;
	peak_bytes = r.peak_bytes < 0 ? -1 : std::max(peak_bytes, r.peak_bytes);
	growth_bytes = r.growth_bytes == INT64_MIN ? INT64_MIN : growth_bytes + r.growth_bytes;
}

spread::~spread()
{
	hist_free(h);
}

// Touches all of it, so that no page fault of it is counted later.
void spread::prepare()
{
	if (!h)
		h = hist_new();
	if (h)
		hist_reset(h);
}

void spread::record(uint64_t ns)
{
	if (h)
		hist_record(h, ns);
}

void spread::add(const spread &other)
{
	if (!other.h)
		return;
	if (!h)
		h = hist_new();
	if (h)
		hist_add(h, other.h);
}

void spread::clear()
{
	hist_free(h);
	h = nullptr;
}

// ---- instruments and memory -----------------------------------------------------------------

void open_instruments(bench_state *s)
{
	if (s->observed)
		return;
	for (size_t i = 0; i < instruments_count; i++)
		s->instrument_open[i] =
			instruments[i].open(instruments[i].ctx, &s->instrument_local[i]) >= 0;
}

void close_instruments(bench_state *s)
{
	for (size_t i = 0; i < instruments_count; i++) {
		if (!s->instrument_open[i])
			continue;
		if (!is_skipped(s->st))
			instruments[i].report(s->instrument_local[i], s);
		instruments[i].close(s->instrument_local[i]);
	}
	if (s->memory.is_counted && !s->observed) {
		auto average = benchmark::Counter::kAvgIterations;

		s->st->counters["allocs_per_iter"] = { static_cast<double>(s->memory.allocs_count),
						       average };
		s->st->counters["alloc_bytes_per_iter"] = {
			static_cast<double>(s->memory.allocated_bytes), average
		};
	}
}

static void start_all(bench_state *s)
{
	for (size_t i = 0; i < instruments_count; i++)
		if (s->instrument_open[i])
			instruments[i].start(s->instrument_local[i]);
	if (s->counts_memory)
		memory_source->start(memory_source->ctx, !s->observed);
}

static void stop_all(bench_state *s)
{
	if (s->counts_memory) {
		bench_memory_result r = { 0, 0, -1, INT64_MIN };

		memory_source->stop(memory_source->ctx, !s->observed, &r);
		(s->observed ? s->observed->memory : s->memory).add(r);
	}
	for (size_t i = instruments_count; i-- > 0;)
		if (s->instrument_open[i])
			instruments[i].stop(s->instrument_local[i]);
}

static void calibrate_all(bench_state *s)
{
	for (size_t i = 0; i < instruments_count; i++)
		if (s->instrument_open[i])
			instruments[i].calibrate(s->instrument_local[i]);
}

// The clock runs on entry and on return; what is done between is not timed.
static void start_counting(bench_state *s)
{
	bool any = false;

	for (size_t i = 0; i < instruments_count; i++)
		any |= s->instrument_open[i];
	// One thread's allocations are counted in the extra pass, where peak and growth can be.
	s->counts_memory = memory_source && (s->observed || s->threads > 1);
	if (!any && !s->counts_memory)
		return;
	s->st->PauseTiming();
	// An exact plan has counted an iteration as well.
	if (any && s->stage != stage::base) {
		bool memory = s->counts_memory;

		s->counts_memory = false;
		start_all(s);
		s->st->ResumeTiming();
		s->st->PauseTiming();
		stop_all(s);
		s->counts_memory = memory;
		calibrate_all(s);
	}
	s->is_counting = true;
	start_all(s);
	s->st->ResumeTiming();
}

// The clock runs, or the run was skipped.
static void stop_counting(bench_state *s)
{
	bool runs = !is_skipped(s->st);

	if (!s->is_counting)
		return;
	s->is_counting = false;
	if (runs)
		s->st->PauseTiming();
	stop_all(s);
	if (runs)
		s->st->ResumeTiming();
}

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

static uint64_t begin_single(bench_state *s)
{
	s->stage = stage::single;
	s->to_do--;
	return hand_out(s, 1);
}

// From now on one at a time. What that needs is not the body's.
static uint64_t begin_singles(bench_state *s)
{
	if (s->observed) {
		s->observed->times.prepare();
		s->deadline_ns = now_ns() + SPREAD_BUDGET_NS;
		s->to_do = UINT64_MAX;
	} else {
		bench_pause(s);
		s->times.prepare();
		bench_resume(s);
	}
	return begin_single(s);
}

static uint64_t begin_counted(bench_state *s, uint64_t n)
{
	uint64_t first = n > PROBE_COUNT ? static_cast<uint64_t>(PROBE_COUNT) : 1;

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
	// The first time the code around the iteration was cold: symbols were looked up.
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
		s->stage = stage::settling;
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
	uint64_t took_ns = since_start_ns(s);

	if (s->manual_s >= 0)
		took_ns = static_cast<uint64_t>(s->manual_s * 1e9);
	(s->observed ? s->observed->times : s->times).record(took_ns);
	if (!s->to_do || (s->observed && now_ns() >= s->deadline_ns))
		return finish(s);
	return begin_single(s);
}

void settle(bench_state *s)
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

void report_spread(benchmark::UserCounters *into, const spread &times)
{
	if (!times.h || times.h->total < 2)
		return;

	static const struct {
		const char *name;
		double q;
	} rows[] = { { "p50_ns", 0.5 }, { "p90_ns", 0.9 }, { "p99_ns", 0.99 } };

	for (const auto &row : rows)
		(*into)[row.name] = static_cast<double>(hist_quantile_ns(times.h, row.q));
	(*into)["max_ns"] = static_cast<double>(times.h->max_ns);
	(*into)["spread_count"] = static_cast<double>(times.h->total);
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
	case stage::settling:
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

// Batches go to the library one by one: only it knows how far the last one went over.
bool bench_batch(struct bench_state *s, uint64_t n)
{
	auto count = static_cast<benchmark::IterationCount>(n);

	if (s->stage == stage::finished)
		return false;
	if (s->stage == stage::counted && s->st->iterations() >= s->st->max_iterations) {
		if (s->observed)
			s->observed->iterations = static_cast<int64_t>(s->st->iterations());
		shim::finish(s);
		return false;
	}
	if (!s->st->KeepRunningBatch(count)) {
		// Skipped: before the first batch, or inside one.
		shim::stop_counting(s);
		s->stage = stage::finished;
		return false;
	}
	if (s->stage == stage::before) {
		s->stage = stage::counted;
		shim::start_counting(s);
	}
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
	bool is_open = std::exchange(s->batch_open, 0) != 0;

	if (is_open && fx.batch_teardown) {
		bench_pause(s);
		fx.batch_teardown(s, n);
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
	s->manual_s = seconds;
	s->st->SetIterationTime(seconds);
}

// ---- what is counted ------------------------------------------------------------------------

int bench_instrument_add(const struct bench_instrument *instrument)
{
	if (shim::instruments_count == BENCH_INSTRUMENTS_MAX)
		return -ENOSPC;
	shim::instruments[shim::instruments_count++] = *instrument;
	return 0;
}

void bench_memory_source(const struct bench_memory *memory)
{
	shim::memory_source = memory;
}

void bench_exact_plan(uint64_t warm_up, uint64_t count)
{
	shim::plan = { warm_up, count };
}
