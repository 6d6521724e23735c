// Shared by the files of the shim; not visible to C programs.
#ifndef BENCH_SHIM_PRIVATE_HH
#define BENCH_SHIM_PRIVATE_HH

#include <benchmark/benchmark.h>

#include <pthread.h>

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include "bench/shim.h"

struct hist;

namespace shim
{

// The library's class of registered benchmarks has changed its namespace; its type is derived
// from RegisterBenchmark.
using registered = std::remove_pointer_t<decltype(benchmark::RegisterBenchmark(
	"", std::declval<void (*)(benchmark::State &)>()))>;

// Allocations of one thread in its timed stretches.
struct memory_sum {
	bool is_counted = false;
	int64_t allocs_count = 0;
	int64_t allocated_bytes = 0;
	int64_t peak_bytes = 0;
	int64_t growth_bytes = 0;

	void add(const bench_memory_result &r);
};

// Times of single iterations, or means of batches. Call prepare before adding the first.
struct spread {
	hist *h = nullptr;
	uint64_t batch = 1; // the largest batch

	spread() = default;
	spread(const spread &) = delete;
	spread &operator=(const spread &) = delete;
	~spread();
	void prepare();
	void record(uint64_t ns);
	bool is_known() const; // one value has no distribution
	void add(const spread &other);
	void clear();
};

// Results of the untimed pass after each timed run; kept until they are reported.
struct observation {
	memory_sum memory;
	spread times;
	int64_t iterations = 0;
};

// Non-NULL while the library runs its extra pass.
extern observation *observed_pass;
// Timed runs so far, and the counter that passes the number of each run to the reporters.
extern uint64_t runs_count;
extern bool last_run_has_spread; // the timed run before the extra pass
extern const char run_number[];
extern const bench_memory *memory_source;
extern struct exact_plan {
	uint64_t warm_up, count;
} plan;

extern bench_instrument instruments[BENCH_INSTRUMENTS_MAX];
extern size_t instruments_count;

// A barrier where the threads of one run meet before the clock starts and after it has stopped.
// The library has its own barriers, but inside the timed calls; the fixture must be done before
// the first of them. Thread 0 leads. The library starts the threads of a run after those of the
// previous run have ended.
class meeting
{
      public:
	meeting();
	void open(void *shared, int rc);
	int wait_open(void **shared);
	// merge is called under the lock. The leader returns when all threads have arrived.
	template <class Merge> void close(int threads, bool leads, Merge merge)
	{
		pthread_mutex_lock(&lock_);
		merge();
		if (++arrived_ == threads)
			pthread_cond_broadcast(&changed_);
		while (leads && arrived_ < threads)
			pthread_cond_wait(&changed_, &lock_);
		if (leads) {
			arrived_ = 0;
			is_open_ = false;
		}
		pthread_mutex_unlock(&lock_);
	}

      private:
	pthread_mutex_t lock_;
	pthread_cond_t changed_;
	void *shared_ = nullptr;
	int rc_ = 0;
	int arrived_ = 0;
	bool is_open_ = false;
};

enum class stage {
	before,     // the loop has not begun
	warming_up, // untimed iterations of an exact plan
	base,       // its one iteration that is counted to be subtracted
	counted,    // the iterations requested by the library
	single,     // one iteration or batch at a time, each timed
	finished,   // after the library's last barrier
};

bool is_skipped(const benchmark::State *st);

// Whether the console shows a counter when these bits of bench_show are set.
bool is_shown(const std::string &counter, unsigned shown);

} // namespace shim

struct bench {
	bench *next; // registered before
	shim::registered *lib = nullptr;
	std::string name;
	bench_body *body = nullptr;
	bench_fixture fixture = {};
	void *context = nullptr;
	uint64_t fixed_count = 0; // number of iterations that the body was prepared for; 0: any
	shim::meeting threads_meet;
	shim::spread threads_times; // of the current run; under the meeting's lock
};

struct bench_state {
	benchmark::State *st;
	bench *owner;
	int threads; // that run now
	void *shared = nullptr;
	void *local = nullptr;
	shim::observation *observed = nullptr; // this is the extra pass
	shim::stage stage = shim::stage::before;
	bool is_paused = false;
	uint64_t left = 0;       // of the stretch handed out by bench_next
	uint64_t to_do = 0;      // of the run, after the stretch handed out
	uint64_t handed_out = 0; // so far, in stretches
	uint64_t beyond = 0;     // in batches after the library's count
	uint64_t batch_size = 0; // of bench_batch: the current one; 0: none
	bool is_first_batch = true;
	bool times_batches = false;
	uint64_t batch_open = 0; // of bench_batch_fixed: iterations whose teardown is due

	// What is measured; used by this thread only.
	bool is_counting = false; // the instruments run whenever the clock does
	bool counts_memory = false;
	bool is_warm = false; // of an exact plan: the base was counted once
	void *instrument_local[BENCH_INSTRUMENTS_MAX] = {};
	bool instrument_open[BENCH_INSTRUMENTS_MAX] = {};
	shim::memory_sum memory;
	shim::spread times;
	uint64_t stamp_ns = 0;    // when the stretch or the iteration began
	uint64_t stretch_ns = 0;  // of it, before the last pause
	uint64_t deadline_ns = 0; // of the single iterations in the extra pass
	double manual_s = -1;     // time of the iteration given by the body; below 0: none
};

namespace shim
{

void open_instruments(bench_state *s);
void close_instruments(bench_state *s);
void start_all(bench_state *s);
void stop_all(bench_state *s);
void calibrate_all(bench_state *s);
// The clock runs on entry and on return; work in between is not timed.
void start_counting(bench_state *s);
// The clock runs, or the run was skipped.
void stop_counting(bench_state *s);
// Takes the thread through the library's barriers, whatever the body did.
void pass_barriers(bench_state *s);
void report_spread(benchmark::UserCounters *into, const spread &times);

} // namespace shim

#endif
