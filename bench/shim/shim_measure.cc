// What is counted in addition to time: instruments, allocations, times of single iterations.
#include "bench/shim/shim_private.hh"

#include <algorithm>
#include <climits>

extern "C" {
#include "daemon/base/hist.h"
}

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

// Touches all of it, so that no page faults are counted later.
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
	batch = std::max(batch, other.batch);
}

bool spread::is_known() const
{
	return h && h->total >= 2;
}

void spread::clear()
{
	hist_free(h);
	h = nullptr;
	batch = 1;
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

void start_all(bench_state *s)
{
	for (size_t i = 0; i < instruments_count; i++)
		if (s->instrument_open[i])
			instruments[i].start(s->instrument_local[i]);
	if (s->counts_memory)
		memory_source->start(memory_source->ctx, !s->observed);
}

void stop_all(bench_state *s)
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

void calibrate_all(bench_state *s)
{
	for (size_t i = 0; i < instruments_count; i++)
		if (s->instrument_open[i])
			instruments[i].calibrate(s->instrument_local[i]);
}

void start_counting(bench_state *s)
{
	bool any = false;

	for (size_t i = 0; i < instruments_count; i++)
		any |= s->instrument_open[i];
	// With one thread, allocations are counted in the extra pass, which can determine peak
	// and growth.
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

void stop_counting(bench_state *s)
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

void report_spread(benchmark::UserCounters *into, const spread &times)
{
	if (!times.is_known())
		return;

	static const struct {
		const char *name;
		double q;
	} rows[] = { { "p50_ns", 0.5 }, { "p90_ns", 0.9 }, { "p99_ns", 0.99 } };

	for (const auto &row : rows)
		(*into)[row.name] = static_cast<double>(hist_quantile_ns(times.h, row.q));
	(*into)["max_ns"] = static_cast<double>(times.h->max_ns);
	(*into)["spread_count"] = static_cast<double>(times.h->total);
	if (times.batch > 1)
		(*into)["spread_batch"] = static_cast<double>(times.batch);
}

} // namespace shim

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
