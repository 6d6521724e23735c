// Queries and results of a body, outside its loop.
#include "bench/shim/shim_private.hh"

#include <map>

namespace shim
{

// skipped() came with 1.8, which removed error_occurred(). The type is asked which one exists, so
// that one source builds with both.
template <class State> static auto ask_skipped(const State *st, int) -> decltype(st->skipped())
{
	return st->skipped();
}

template <class State> static bool ask_skipped(const State *st, long)
{
	return st->error_occurred();
}

bool is_skipped(const benchmark::State *st)
{
	return ask_skipped(st, 0);
}

// ---- counters hidden on the console ------------------------------------------------------------

static pthread_mutex_t background_lock = PTHREAD_MUTEX_INITIALIZER;

static std::map<std::string, unsigned> &background()
{
	static std::map<std::string, unsigned> names = {
		{ "p50_ns", BENCH_SHOW_SPREAD },
		{ "p90_ns", BENCH_SHOW_SPREAD },
		{ "p99_ns", BENCH_SHOW_SPREAD },
		{ "max_ns", BENCH_SHOW_SPREAD },
		{ "spread_count", BENCH_SHOW_SPREAD },
		{ "spread_batch", BENCH_SHOW_SPREAD },
		{ "allocs_per_iter", BENCH_SHOW_MEMORY },
		{ "alloc_bytes_per_iter", BENCH_SHOW_MEMORY },
		{ "max_bytes_used", BENCH_SHOW_MEMORY },
		{ "net_heap_growth", BENCH_SHOW_MEMORY },
	};

	return names;
}

static void set_counter(bench_state *s, const char *name, benchmark::Counter value,
			bool is_background)
{
	s->st->counters[name] = value;
	if (!is_background)
		return;
	pthread_mutex_lock(&background_lock);
	background()[name] = BENCH_SHOW_COUNTERS;
	pthread_mutex_unlock(&background_lock);
}

bool is_shown(const std::string &counter, unsigned shown)
{
	bool result;

	pthread_mutex_lock(&background_lock);
	auto at = background().find(counter);
	result = at == background().end() || (at->second & shown);
	pthread_mutex_unlock(&background_lock);
	return result;
}

} // namespace shim

// ---- facts and results ----------------------------------------------------------------------

int64_t bench_range(const struct bench_state *s, size_t index)
{
	return s->st->range(index);
}

void *bench_context(const struct bench_state *s)
{
	return s->owner->context;
}

void *bench_shared(const struct bench_state *s)
{
	return s->shared;
}

void *bench_local(const struct bench_state *s)
{
	return s->local;
}

int bench_thread_index(const struct bench_state *s)
{
	return s->st->thread_index();
}

int bench_thread_count(const struct bench_state *s)
{
	return s->threads;
}

uint64_t bench_iterations_done(const struct bench_state *s)
{
	// Batches are counted by the library until its count is reached, stretches here.
	return s->handed_out ? s->handed_out
			     : static_cast<uint64_t>(s->st->iterations()) + s->beyond;
}

uint64_t bench_iterations_counted(const struct bench_state *s)
{
	return shim::plan.count && s->handed_out ? shim::plan.count : bench_iterations_done(s);
}

const char *bench_name(const struct bench_state *s)
{
	return s->owner->name.c_str();
}

void bench_bytes_processed(struct bench_state *s, uint64_t bytes)
{
	s->st->SetBytesProcessed(static_cast<int64_t>(bytes));
}

void bench_items_processed(struct bench_state *s, uint64_t items)
{
	s->st->SetItemsProcessed(static_cast<int64_t>(items));
}

void bench_complexity_n(struct bench_state *s, int64_t n)
{
	s->st->SetComplexityN(n);
}

void bench_label(struct bench_state *s, const char *text)
{
	s->st->SetLabel(text);
}

void bench_counter(struct bench_state *s, const char *name, double value, unsigned flags)
{
	static const struct {
		unsigned ours;
		int theirs;
	} map[] = {
		{ BENCH_COUNTER_RATE, benchmark::Counter::kIsRate },
		{ BENCH_COUNTER_AVG_THREADS, benchmark::Counter::kAvgThreads },
		{ BENCH_COUNTER_PER_ITERATION_CONSTANT, benchmark::Counter::kIsIterationInvariant },
		{ BENCH_COUNTER_AVG_ITERATIONS, benchmark::Counter::kAvgIterations },
		{ BENCH_COUNTER_INVERT, benchmark::Counter::kInvert },
	};
	int all = benchmark::Counter::kDefaults;

	for (const auto &m : map)
		if (flags & m.ours)
			all |= m.theirs;
	shim::set_counter(s, name,
			  benchmark::Counter(value, static_cast<benchmark::Counter::Flags>(all),
					     flags & BENCH_COUNTER_BASE_1024
						     ? benchmark::Counter::kIs1024
						     : benchmark::Counter::kIs1000),
			  (flags & BENCH_COUNTER_BACKGROUND) != 0);
}

void bench_skip_error(struct bench_state *s, const char *text)
{
	// The library stops its clock by itself.
	s->st->SkipWithError(text);
}

// A library before 1.8 cannot report skipping; it is an error that begins with this text.
template <class State>
static auto skip_message(State *st, const char *text, int) -> decltype(st->SkipWithMessage(text))
{
	st->SkipWithMessage(text);
}

template <class State> static void skip_message(State *st, const char *text, long)
{
	st->SkipWithError((std::string("SKIP: ") + text).c_str());
}

void bench_skip_message(struct bench_state *s, const char *text)
{
	skip_message(s->st, text, 0);
}

bool bench_is_skipped(const struct bench_state *s)
{
	return shim::is_skipped(s->st);
}
