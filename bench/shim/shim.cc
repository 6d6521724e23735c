// Google Benchmark behind bench/shim.h: registration, and what happens around a body.
//
// The shim is the project's only C++ besides the two programs it is compared with
// (oracle_loop.cc, daemon/test/oracle_simdjson.cc), which use C++ libraries. It has five files:
// this one, shim_state.cc (the loop), shim_measure.cc (what is counted around it), shim_facts.cc
// (queries and results of a body) and shim_report.cc (running, flags, reporters).
#include "bench/shim/shim_private.hh"

#include <cassert>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <new>
#include <vector>

namespace shim
{

meeting::meeting()
{
	pthread_mutex_init(&lock_, nullptr);
	pthread_cond_init(&changed_, nullptr);
}

void meeting::open(void *shared, int rc)
{
	pthread_mutex_lock(&lock_);
	shared_ = shared;
	rc_ = rc;
	is_open_ = true;
	pthread_cond_broadcast(&changed_);
	pthread_mutex_unlock(&lock_);
}

int meeting::wait_open(void **shared)
{
	pthread_mutex_lock(&lock_);
	while (!is_open_)
		pthread_cond_wait(&changed_, &lock_);
	*shared = shared_;
	int rc = rc_;
	pthread_mutex_unlock(&lock_);
	return rc;
}

} // namespace shim

static void skip_setup(bench_state *s, const char *what, int rc)
{
	bench_skip_error(s, (std::string(what) + " failed: " + strerror(-rc)).c_str());
}

static bool leads(const bench_state *s)
{
	return s->st->thread_index() == 0;
}

// Returns the negative errno of a setup that failed: the body must not run then.
static int enter(bench_state *s)
{
	const bench_fixture &fx = s->owner->fixture;
	int rc = 0;

	if (!leads(s))
		return s->owner->threads_meet.wait_open(&s->shared);
	if (fx.setup)
		rc = fx.setup(s, &s->shared);
	s->owner->threads_meet.open(s->shared, rc);
	return rc;
}

static void run_body(bench_state *s)
{
	const bench_fixture &fx = s->owner->fixture;
	int rc = fx.thread_setup ? fx.thread_setup(s, s->shared, &s->local) : 0;

	if (rc < 0) {
		skip_setup(s, "thread setup", rc);
		shim::pass_barriers(s);
		return;
	}
	if (!bench_is_skipped(s)) {
		shim::open_instruments(s);
		s->owner->body(s);
	}
	shim::pass_barriers(s);
	shim::close_instruments(s);
	if (fx.thread_teardown)
		fx.thread_teardown(s, s->local);
}

static void leave(bench_state *s, bool is_set_up)
{
	bench *b = s->owner;

	b->threads_meet.close(s->threads, leads(s), [=] {
		if (!s->observed)
			b->threads_times.add(s->times);
	});
	if (!leads(s))
		return;
	if (!s->observed) {
		s->st->counters[shim::run_number] = static_cast<double>(++shim::runs_count);
		shim::last_run_has_spread = b->threads_times.is_known();
	}
	shim::report_spread(&s->st->counters, b->threads_times);
	b->threads_times.clear();
	if (is_set_up && b->fixture.teardown)
		b->fixture.teardown(s, s->shared);
}

// One thread's part of one run.
static void run_thread(bench *b, benchmark::State &st)
{
	bench_state s{};

	s.st = &st;
	s.owner = b;
	s.observed = shim::observed_pass;
	s.threads = s.observed ? 1 : st.threads();
	if (s.observed && st.threads() > 1) {
		// The library's extra pass has one thread; a body that waits for other threads
		// would hang.
		while (st.KeepRunningBatch(st.max_iterations))
			;
		return;
	}

	int rc = enter(&s);

	if (rc < 0) {
		skip_setup(&s, "setup", rc);
		shim::pass_barriers(&s);
	} else {
		run_body(&s);
	}
	leave(&s, rc >= 0);
}

// ---- registration ---------------------------------------------------------------------------

struct bench *bench_register(const char *name, bench_body *body)
{
	// The library keeps a registered benchmark for the life of the program; so does this
	// list, where leak checkers find it.
	static bench *all;
	auto *b = new (std::nothrow) bench;

	if (!b)
		return nullptr;
	b->next = all;
	all = b;
	b->name = name;
	b->body = body;
	b->lib = benchmark::RegisterBenchmark(name,
					      [b](benchmark::State &st) { run_thread(b, st); });
	return b;
}

struct bench *bench_with(struct bench *b, void *context)
{
	b->context = context;
	return b;
}

struct bench *bench_use(struct bench *b, const struct bench_fixture *fixture)
{
	b->fixture = *fixture;
	return b;
}

struct bench *bench_arg(struct bench *b, int64_t value)
{
	b->lib->Arg(value);
	return b;
}

struct bench *bench_args(struct bench *b, const int64_t *values, size_t count)
{
	b->lib->Args(std::vector<int64_t>(values, values + count));
	return b;
}

struct bench *bench_args2(struct bench *b, int64_t first, int64_t second)
{
	b->lib->Args({ first, second });
	return b;
}

struct bench *bench_range_from(struct bench *b, int64_t low, int64_t high)
{
	b->lib->Range(low, high);
	return b;
}

struct bench *bench_ranges(struct bench *b, const struct bench_bounds *bounds, size_t count)
{
	std::vector<std::pair<int64_t, int64_t>> all;

	for (size_t i = 0; i < count; i++)
		all.emplace_back(bounds[i].low, bounds[i].high);
	b->lib->Ranges(all);
	return b;
}

struct bench *bench_range_dense(struct bench *b, int64_t low, int64_t high, int step)
{
	b->lib->DenseRange(low, high, step);
	return b;
}

struct bench *bench_range_multiplier(struct bench *b, int multiplier)
{
	b->lib->RangeMultiplier(multiplier);
	return b;
}

struct bench *bench_args_product(struct bench *b, const struct bench_list *lists, size_t count)
{
	std::vector<std::vector<int64_t>> all;

	for (size_t i = 0; i < count; i++)
		all.emplace_back(lists[i].values, lists[i].values + lists[i].count);
	b->lib->ArgsProduct(all);
	return b;
}

struct bench *bench_arg_names(struct bench *b, const char *const *names, size_t count)
{
	b->lib->ArgNames(std::vector<std::string>(names, names + count));
	return b;
}

struct bench *bench_threads(struct bench *b, int count)
{
	b->lib->Threads(count);
	return b;
}

struct bench *bench_thread_range(struct bench *b, int low, int high)
{
	b->lib->ThreadRange(low, high);
	return b;
}

struct bench *bench_thread_range_dense(struct bench *b, int low, int high, int stride)
{
	b->lib->DenseThreadRange(low, high, stride);
	return b;
}

struct bench *bench_thread_per_cpu(struct bench *b)
{
	b->lib->ThreadPerCpu();
	return b;
}

struct bench *bench_time_unit(struct bench *b, enum bench_unit unit)
{
	static const benchmark::TimeUnit units[] = { benchmark::kNanosecond,
						     benchmark::kMicrosecond,
						     benchmark::kMillisecond, benchmark::kSecond };

	b->lib->Unit(units[unit]);
	return b;
}

struct bench *bench_min_time_s(struct bench *b, double seconds)
{
	assert(std::isfinite(seconds) && seconds > 0);
	b->lib->MinTime(seconds);
	return b;
}

struct bench *bench_min_warmup_s(struct bench *b, double seconds)
{
	assert(std::isfinite(seconds) && seconds >= 0);
	b->lib->MinWarmUpTime(seconds);
	return b;
}

struct bench *bench_iterations(struct bench *b, uint64_t count)
{
	b->fixed_count = count;
	b->lib->Iterations(static_cast<benchmark::IterationCount>(count));
	return b;
}

struct bench *bench_repetitions(struct bench *b, int count)
{
	b->lib->Repetitions(count);
	return b;
}

struct bench *bench_aggregates_only(struct bench *b, bool in_file_too)
{
	if (in_file_too)
		b->lib->ReportAggregatesOnly(true);
	else
		b->lib->DisplayAggregatesOnly(true);
	return b;
}

struct bench *bench_use_real_time(struct bench *b)
{
	b->lib->UseRealTime();
	return b;
}

struct bench *bench_use_manual_time(struct bench *b)
{
	b->lib->UseManualTime();
	return b;
}

struct bench *bench_measure_process_cpu(struct bench *b)
{
	b->lib->MeasureProcessCPUTime();
	return b;
}

struct bench *bench_complexity(struct bench *b, enum bench_big_o big_o)
{
	static const benchmark::BigO orders[] = { benchmark::oAuto,  benchmark::o1,
						  benchmark::oLogN,  benchmark::oN,
						  benchmark::oNLogN, benchmark::oNSquared,
						  benchmark::oNCubed };

	b->lib->Complexity(orders[big_o]);
	return b;
}

struct bench *bench_complexity_fn(struct bench *b, double (*big_o)(int64_t n))
{
	b->lib->Complexity(static_cast<benchmark::BigOFunc *>(big_o));
	return b;
}

// The library takes plain functions of a vector; each slot is one that calls the C function
// stored in it.
static bench_statistic_fn *statistic_slots[BENCH_STATISTICS_MAX];

template <int slot> static double call_statistic(const std::vector<double> &values)
{
	return statistic_slots[slot](values.data(), values.size());
}

template <int... slot>
static benchmark::StatisticsFunc *statistic_at(int wanted, std::integer_sequence<int, slot...>)
{
	static benchmark::StatisticsFunc *const table[] = { call_statistic<slot>... };

	return table[wanted];
}

int bench_statistic(struct bench *b, const char *name, bench_statistic_fn *fn, bool is_percentage)
{
	int slot = 0;

	while (slot < BENCH_STATISTICS_MAX && statistic_slots[slot] && statistic_slots[slot] != fn)
		slot++;
	if (slot == BENCH_STATISTICS_MAX)
		return -ENOSPC;
	statistic_slots[slot] = fn;
	b->lib->ComputeStatistics(
		name, statistic_at(slot, std::make_integer_sequence<int, BENCH_STATISTICS_MAX>{}),
		is_percentage ? benchmark::kPercentage : benchmark::kTime);
	return 0;
}
