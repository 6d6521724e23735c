// Google Benchmark behind bench/shim.h. The only C++ of the suite; nothing here is timed.
#include <benchmark/benchmark.h>

#include <pthread.h>

#include <cassert>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "bench/shim.h"

struct bench_state {
	benchmark::State *st;
	const bench *owner;
	void *shared;
	void *local;
	uint64_t batch_open; // of bench_batch_fixed: iterations whose teardown is due
};

namespace
{

// Where the threads of one run meet before the clock starts and after it stopped. The library has
// its own barriers, but inside the timed calls; the fixture must be done before the first of them.
class Meeting
{
      public:
	Meeting()
	{
		pthread_mutex_init(&lock_, nullptr);
		pthread_cond_init(&changed_, nullptr);
	}

	// Thread 0 leads: the others wait until it has called open().
	void open(void *shared, int rc)
	{
		pthread_mutex_lock(&lock_);
		shared_ = shared;
		rc_ = rc;
		round_++;
		pthread_cond_broadcast(&changed_);
		pthread_mutex_unlock(&lock_);
	}

	int wait_open(uint64_t round, void **shared)
	{
		pthread_mutex_lock(&lock_);
		while (round_ == round)
			pthread_cond_wait(&changed_, &lock_);
		*shared = shared_;
		int rc = rc_;
		pthread_mutex_unlock(&lock_);
		return rc;
	}

	// Everybody comes; the leader returns last.
	void close(int threads, bool leads)
	{
		pthread_mutex_lock(&lock_);
		if (++arrived_ == threads)
			pthread_cond_broadcast(&changed_);
		while (leads && arrived_ < threads)
			pthread_cond_wait(&changed_, &lock_);
		if (leads)
			arrived_ = 0;
		pthread_mutex_unlock(&lock_);
	}

	// Read by a thread before it can have been opened for the run it belongs to: the library
	// starts the threads of a run after those of the run before have ended.
	uint64_t round() const
	{
		return finished_round_;
	}
	void finish()
	{
		finished_round_ = round_;
	}

      private:
	pthread_mutex_t lock_;
	pthread_cond_t changed_;
	void *shared_ = nullptr;
	int rc_ = 0;
	int arrived_ = 0;
	uint64_t round_ = 0;
	uint64_t finished_round_ = 0;
};

size_t failed_runs;

} // namespace

struct bench : public benchmark::internal::Benchmark {
	bench(const char *name, bench_body *body)
	    : Benchmark(name), name_(name), body_(body), fixture_{}, context_(nullptr)
	{
	}

	void Run(benchmark::State &st) override;

	std::string name_;
	bench_body *body_;
	bench_fixture fixture_;
	void *context_;

      private:
	bool begin(bench_state *s);
	void end(bench_state *s, bool has_local);
	Meeting meeting_;
};

static void skip_setup(bench_state *s, const char *what, int rc)
{
	std::string text = std::string(what) + " failed: " + strerror(-rc);

	bench_skip_error(s, text.c_str());
}

// False when the fixture failed: the body must not run then.
bool bench::begin(bench_state *s)
{
	int rc = 0;

	if (s->st->thread_index() == 0) {
		if (fixture_.setup)
			rc = fixture_.setup(s, &s->shared);
		meeting_.open(s->shared, rc);
	} else {
		rc = meeting_.wait_open(meeting_.round(), &s->shared);
	}
	if (rc < 0) {
		skip_setup(s, "setup", rc);
		return false;
	}
	return !bench_is_skipped(s);
}

void bench::end(bench_state *s, bool has_local)
{
	if (has_local && fixture_.thread_teardown)
		fixture_.thread_teardown(s, s->local);
	meeting_.close(s->st->threads(), s->st->thread_index() == 0);
	if (s->st->thread_index() == 0) {
		if (s->shared && fixture_.teardown)
			fixture_.teardown(s, s->shared);
		meeting_.finish();
	}
}

void bench::Run(benchmark::State &st)
{
	bench_state s = { &st, this, nullptr, nullptr, 0 };
	bool has_local = false;

	if (begin(&s)) {
		int rc = 0;

		if (fixture_.thread_setup)
			rc = fixture_.thread_setup(&s, s.shared, &s.local);
		has_local = rc >= 0;
		if (rc < 0)
			skip_setup(&s, "thread setup", rc);
		else
			body_(&s);
	}
	end(&s, has_local);
}

// ---- registration ---------------------------------------------------------------------------

struct bench *bench_register(const char *name, bench_body *body)
{
	auto *b = new (std::nothrow) bench(name, body);

	if (b)
		benchmark::internal::RegisterBenchmarkInternal(b);
	return b;
}

struct bench *bench_with(struct bench *b, void *context)
{
	b->context_ = context;
	return b;
}

struct bench *bench_use(struct bench *b, const struct bench_fixture *fixture)
{
	b->fixture_ = *fixture;
	return b;
}

struct bench *bench_arg(struct bench *b, int64_t value)
{
	b->Arg(value);
	return b;
}

struct bench *bench_args(struct bench *b, const int64_t *values, size_t count)
{
	b->Args(std::vector<int64_t>(values, values + count));
	return b;
}

struct bench *bench_args2(struct bench *b, int64_t first, int64_t second)
{
	b->Args({ first, second });
	return b;
}

struct bench *bench_range_from(struct bench *b, int64_t low, int64_t high)
{
	b->Range(low, high);
	return b;
}

struct bench *bench_range_dense(struct bench *b, int64_t low, int64_t high, int step)
{
	b->DenseRange(low, high, step);
	return b;
}

struct bench *bench_range_multiplier(struct bench *b, int multiplier)
{
	b->RangeMultiplier(multiplier);
	return b;
}

struct bench *bench_args_product(struct bench *b, const struct bench_list *lists, size_t count)
{
	std::vector<std::vector<int64_t>> all;

	for (size_t i = 0; i < count; i++)
		all.emplace_back(lists[i].values, lists[i].values + lists[i].count);
	b->ArgsProduct(all);
	return b;
}

struct bench *bench_arg_names(struct bench *b, const char *const *names, size_t count)
{
	b->ArgNames(std::vector<std::string>(names, names + count));
	return b;
}

struct bench *bench_threads(struct bench *b, int count)
{
	b->Threads(count);
	return b;
}

struct bench *bench_thread_range(struct bench *b, int low, int high)
{
	b->ThreadRange(low, high);
	return b;
}

struct bench *bench_thread_range_dense(struct bench *b, int low, int high, int stride)
{
	b->DenseThreadRange(low, high, stride);
	return b;
}

struct bench *bench_thread_per_cpu(struct bench *b)
{
	b->ThreadPerCpu();
	return b;
}

struct bench *bench_time_unit(struct bench *b, enum bench_unit unit)
{
	static const benchmark::TimeUnit units[] = { benchmark::kNanosecond,
						     benchmark::kMicrosecond,
						     benchmark::kMillisecond, benchmark::kSecond };

	b->Unit(units[unit]);
	return b;
}

struct bench *bench_min_time_s(struct bench *b, double seconds)
{
	b->MinTime(seconds);
	return b;
}

struct bench *bench_min_warmup_s(struct bench *b, double seconds)
{
	b->MinWarmUpTime(seconds);
	return b;
}

struct bench *bench_iterations(struct bench *b, uint64_t count)
{
	b->Iterations(static_cast<benchmark::IterationCount>(count));
	return b;
}

struct bench *bench_repetitions(struct bench *b, int count)
{
	b->Repetitions(count);
	return b;
}

struct bench *bench_aggregates_only(struct bench *b, bool in_file_too)
{
	if (in_file_too)
		b->ReportAggregatesOnly(true);
	else
		b->DisplayAggregatesOnly(true);
	return b;
}

struct bench *bench_use_real_time(struct bench *b)
{
	b->UseRealTime();
	return b;
}

struct bench *bench_use_manual_time(struct bench *b)
{
	b->UseManualTime();
	return b;
}

struct bench *bench_measure_process_cpu(struct bench *b)
{
	b->MeasureProcessCPUTime();
	return b;
}

struct bench *bench_complexity(struct bench *b, enum bench_big_o big_o)
{
	static const benchmark::BigO orders[] = { benchmark::oAuto,  benchmark::o1,
						  benchmark::oLogN,  benchmark::oN,
						  benchmark::oNLogN, benchmark::oNSquared,
						  benchmark::oNCubed };

	b->Complexity(orders[big_o]);
	return b;
}

struct bench *bench_complexity_fn(struct bench *b, double (*big_o)(int64_t n))
{
	b->Complexity(static_cast<benchmark::BigOFunc *>(big_o));
	return b;
}

// The library takes plain functions of a vector; each slot is one that calls the C function kept in
// it.
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
	b->ComputeStatistics(
		name, statistic_at(slot, std::make_integer_sequence<int, BENCH_STATISTICS_MAX>{}),
		is_percentage ? benchmark::kPercentage : benchmark::kTime);
	return 0;
}

// ---- the loop -------------------------------------------------------------------------------

uint64_t bench_loop(struct bench_state *s)
{
	benchmark::IterationCount n = s->st->max_iterations;

	return s->st->KeepRunningBatch(n) ? static_cast<uint64_t>(n) : 0;
}

bool bench_batch(struct bench_state *s, uint64_t n)
{
	return s->st->KeepRunningBatch(static_cast<benchmark::IterationCount>(n));
}

bool bench_batch_fixed(struct bench_state *s, uint64_t n)
{
	const bench_fixture &fx = s->owner->fixture_;

	if (s->batch_open && fx.batch_teardown) {
		s->st->PauseTiming();
		fx.batch_teardown(s, s->batch_open);
		s->st->ResumeTiming();
	}
	s->batch_open = 0;
	if (!bench_batch(s, n))
		return false;
	if (fx.batch_setup) {
		s->st->PauseTiming();
		int rc = fx.batch_setup(s, n);
		s->st->ResumeTiming();
		if (rc < 0) {
			skip_setup(s, "batch setup", rc);
			return false;
		}
	}
	s->batch_open = n;
	return true;
}

bool bench_next(struct bench_state *s)
{
	return s->st->KeepRunning();
}

void bench_pause(struct bench_state *s)
{
	s->st->PauseTiming();
}

void bench_resume(struct bench_state *s)
{
	s->st->ResumeTiming();
}

void bench_iteration_time_s(struct bench_state *s, double seconds)
{
	s->st->SetIterationTime(seconds);
}

// ---- facts and results ----------------------------------------------------------------------

int64_t bench_range(const struct bench_state *s, size_t index)
{
	return s->st->range(index);
}

void *bench_context(const struct bench_state *s)
{
	return s->owner->context_;
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
	return s->st->threads();
}

uint64_t bench_iterations_done(const struct bench_state *s)
{
	return static_cast<uint64_t>(s->st->iterations());
}

const char *bench_name(const struct bench_state *s)
{
	return s->owner->name_.c_str();
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
	s->st->counters[name] =
		benchmark::Counter(value, static_cast<benchmark::Counter::Flags>(all),
				   flags & BENCH_COUNTER_BASE_1024 ? benchmark::Counter::kIs1024
								   : benchmark::Counter::kIs1000);
}

void bench_skip_error(struct bench_state *s, const char *text)
{
	__atomic_fetch_add(&failed_runs, 1, __ATOMIC_RELAXED);
	s->st->SkipWithError(text);
}

// SkipWithMessage and skipped() came with 1.8; which of these two pairs exists is asked of the
// type, so that one source builds with both.
template <class State>
static auto skip_message(State *st, const char *text, int) -> decltype(st->SkipWithMessage(text))
{
	st->SkipWithMessage(text);
}

template <class State> static void skip_message(State *st, const char *text, long)
{
	st->SkipWithError((std::string("SKIP: ") + text).c_str());
}

template <class State> static auto is_skipped(const State *st, int) -> decltype(st->skipped())
{
	return st->skipped();
}

template <class State> static bool is_skipped(const State *st, long)
{
	return st->error_occurred();
}

void bench_skip_message(struct bench_state *s, const char *text)
{
	skip_message(s->st, text, 0);
}

bool bench_is_skipped(const struct bench_state *s)
{
	return is_skipped(s->st, 0);
}

// ---- memory ---------------------------------------------------------------------------------

namespace
{

class Memory : public benchmark::MemoryManager
{
      public:
	void Start() override
	{
		source->start(source->ctx);
	}
	// Both spellings of the library's versions; only one of them overrides.
	void Stop(Result *out)
	{
		stop(out);
	}
	void Stop(Result &out)
	{
		stop(&out);
	}

	const bench_memory *source = nullptr;

      private:
	void stop(Result *out)
	{
		bench_memory_result r = { 0, -1, 0, INT64_MIN };

		source->stop(source->ctx, &r);
		out->num_allocs = r.allocs_count;
		out->max_bytes_used = r.peak_bytes;
		if (r.allocated_bytes >= 0)
			out->total_allocated_bytes = r.allocated_bytes;
		if (r.growth_bytes != INT64_MIN)
			out->net_heap_growth = r.growth_bytes;
	}
};

Memory memory_manager;

} // namespace

void bench_memory_source(const struct bench_memory *memory)
{
	memory_manager.source = memory;
	benchmark::RegisterMemoryManager(memory ? &memory_manager : nullptr);
}

// ---- running --------------------------------------------------------------------------------

void bench_add_context(const char *key, const char *value)
{
	benchmark::AddCustomContext(key, value);
}

int bench_initialize(int abi, int *argc, char **argv)
{
	if (abi != BENCH_ABI) {
		fprintf(stderr,
			"%s: built with version %d of bench/shim.h, the library has version %d\n",
			argv[0], abi, BENCH_ABI);
		return -EPROTONOSUPPORT;
	}
	benchmark::Initialize(argc, argv);
	return 0;
}

bool bench_has_unrecognized(int argc, char **argv)
{
	return benchmark::ReportUnrecognizedArguments(argc, argv);
}

size_t bench_run(size_t *failed_count)
{
	failed_runs = 0;

	size_t n = benchmark::RunSpecifiedBenchmarks();

	if (failed_count)
		*failed_count = failed_runs;
	return n;
}

void bench_shutdown(void)
{
	benchmark::Shutdown();
}

int bench_main(int abi, int argc, char **argv)
{
	size_t failed;

	if (bench_initialize(abi, &argc, argv) < 0 || bench_has_unrecognized(argc, argv))
		return 2;
	if (bench_run(&failed) == 0)
		return 2; // the library has said that nothing matched
	bench_shutdown();
	return failed ? 1 : 0;
}

// GetBenchmarkVersion came with 1.8.3.
namespace benchmark
{
std::string GetBenchmarkVersion() __attribute__((weak));
}

const char *bench_library_version(void)
{
	static std::string version;

	if (!benchmark::GetBenchmarkVersion)
		return "before 1.8.3";
	version = benchmark::GetBenchmarkVersion();
	return version.c_str();
}
