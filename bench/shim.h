/*
 * shim.h - Google Benchmark for C programs: register C functions, keep all of the library's flags,
 * reporters and statistics, write no C++.
 *
 *	#include "bench/shim.h"
 *
 *	static void sum(struct bench_state *s)
 *	{
 *		uint64_t total = 0;
 *
 *		BENCH_LOOP(s)
 *			BENCH_KEEP(total += (uint64_t)bench_range(s, 0));
 *	}
 *	BENCH(sum, bench_arg(b, 8); bench_arg(b, 64))
 *	BENCH_MAIN()
 *
 * What it is not: a benchmark library. Timing, iteration counts, complexity fits and output are
 *Google Benchmark's (1.7.1 and newer; tested with 1.7.1 and 1.9.1); its documentation applies.
 *
 * Cost: the loop of BENCH_LOOP is a plain counted loop in the caller's own code; the library is
 * called twice per run.
 * Threads: registration belongs to one thread before bench_run; a body runs in as many threads as
 * asked for, each with its own bench_state.
 * Errors: functions that can fail return 0 or a negative errno, and print a message to stderr if no
 * reporter can show it. Running out of memory while registering benchmarks ends the program.
 *
 * A body is called several times: while the library looks for the number of iterations, for each
 * repetition, and after each of these once more, untimed and in one thread, to count allocations
 *and to time single iterations (p50_ns, p90_ns, p99_ns, max_ns of bodies above 1 us). Bodies of
 *several threads have no such extra call; the timed run provides these values.
 */
#ifndef BENCH_SHIM_H
#define BENCH_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when the interface changes; a program built with another header is refused at start. */
#define BENCH_ABI 1

struct bench;       /* a registered benchmark; belongs to the library for the life of the program */
struct bench_state; /* one thread's run; valid inside the body and the fixture's functions */

typedef void(bench_body)(struct bench_state *s);

/* ---- registration ---------------------------------------------------------------------- */

/* name is copied; slashes make families. NULL only when out of memory. */
struct bench *bench_register(const char *name, bench_body *body);

/* Gives the body a pointer of the program: bench_context(s). Borrowed. */
struct bench *bench_with(struct bench *b, void *context);

/*
 * What surrounds the timed region. All members may be NULL. Order in a run: setup (one thread, the
 * others wait), thread_setup (each), the timed loop, thread_teardown (each), teardown (the last).
 * None of it is timed. A setup that returns a negative errno ends the run with that error; no speed
 * is reported, and the setup must undo its own work: its teardown is not called. In teardown the
 * other threads have left the body but may still be ending.
 */
struct bench_fixture {
	int (*setup)(struct bench_state *s, void **shared);
	void (*teardown)(struct bench_state *s, void *shared);
	int (*thread_setup)(struct bench_state *s, void *shared, void **local);
	void (*thread_teardown)(struct bench_state *s, void *local);
	/* Around each batch of bench_batch_fixed; excluded from the time by pause and resume (about
	 * 1 us each). */
	int (*batch_setup)(struct bench_state *s, uint64_t n);
	void (*batch_teardown)(struct bench_state *s, uint64_t n);
};
struct bench *bench_use(struct bench *b, const struct bench_fixture *fixture); /* borrowed */

/* Arguments: each call adds instances. The body reads the values by bench_range(s, index). */
struct bench *bench_arg(struct bench *b, int64_t value);
struct bench *bench_args(struct bench *b, const int64_t *values, size_t count);
struct bench *bench_args2(struct bench *b, int64_t first, int64_t second);
struct bench *bench_range_from(struct bench *b, int64_t low, int64_t high); /* powers between */
struct bench_bounds {
	int64_t low, high;
};
struct bench *bench_ranges(struct bench *b, const struct bench_bounds *bounds, size_t count);
struct bench *bench_range_dense(struct bench *b, int64_t low, int64_t high, int step);
struct bench *bench_range_multiplier(struct bench *b, int multiplier); /* default 8 */
struct bench_list {
	const int64_t *values; /* [count] */
	size_t count;
};
struct bench *bench_args_product(struct bench *b, const struct bench_list *lists, size_t count);
struct bench *bench_arg_names(struct bench *b, const char *const *names, size_t count);

struct bench *bench_threads(struct bench *b, int count);
struct bench *bench_thread_range(struct bench *b, int low, int high); /* doubling */
struct bench *bench_thread_range_dense(struct bench *b, int low, int high, int stride);
struct bench *bench_thread_per_cpu(struct bench *b);

enum bench_unit { BENCH_NS, BENCH_US, BENCH_MS, BENCH_S };
struct bench *bench_time_unit(struct bench *b, enum bench_unit unit);
struct bench *bench_min_time_s(struct bench *b, double seconds);
struct bench *bench_min_warmup_s(struct bench *b, double seconds);
struct bench *bench_iterations(struct bench *b, uint64_t count); /* never more in a run */
struct bench *bench_repetitions(struct bench *b, int count);
struct bench *bench_aggregates_only(struct bench *b, bool in_file_too);

struct bench *bench_use_real_time(struct bench *b);
struct bench *bench_use_manual_time(struct bench *b); /* body calls bench_iteration_time_s */
struct bench *bench_measure_process_cpu(struct bench *b);

enum bench_big_o {
	BENCH_O_AUTO,
	BENCH_O_1,
	BENCH_O_LOG_N,
	BENCH_O_N,
	BENCH_O_N_LOG_N,
	BENCH_O_N_2,
	BENCH_O_N_3
};
struct bench *bench_complexity(struct bench *b, enum bench_big_o big_o);
struct bench *bench_complexity_fn(struct bench *b, double (*big_o)(int64_t n));

/*
 * A statistic over repetitions, in addition to mean, median and stddev: values[count], one per
 * repetition, in seconds. At most BENCH_STATISTICS_MAX different functions in a program: -ENOSPC.
 */
enum { BENCH_STATISTICS_MAX = 16 };
typedef double(bench_statistic_fn)(const double *values, size_t count);
int bench_statistic(struct bench *b, const char *name, bench_statistic_fn *fn, bool is_percentage);

/* ---- inside the body: the loop ---------------------------------------------------------- */

/* How many iterations to do now; 0 = the end. The first call starts the clock, the last stops it.
 */
uint64_t bench_loop(struct bench_state *s);

/*
 * The body's statement, timed, at the cost of a counted loop. After a bench_skip_* before it, it
 * does not run at all. break leaves only the current stretch and makes the result invalid: use
 * bench_skip_error.
 */
#define BENCH_LOOP(s)                                                                     \
	for (uint64_t bench_left = bench_loop(s); bench_left; bench_left = bench_loop(s)) \
		for (; bench_left--;)

/*
 * True while n more iterations are to be done, n from 1: while (bench_batch(s, 1000)) thousand();
 * Only the mean time of each batch is known: p50_ns and the others are computed from these means,
 * and spread_batch in the result gives the batch size. The maximum of means is not the maximum of
 * iterations.
 */
bool bench_batch(struct bench_state *s, uint64_t n);

/* The same with the fixture's batch_setup and batch_teardown around each batch, untimed. A setup
 * that returns a negative errno ends the run with that error. */
bool bench_batch_fixed(struct bench_state *s, uint64_t n);

/* One iteration at a time; about 1.5 ns each: for bodies above 100 ns. */
bool bench_next(struct bench_state *s);

void bench_pause(struct bench_state *s);
void bench_resume(struct bench_state *s);
void bench_iteration_time_s(struct bench_state *s, double seconds); /* manual time */

/* ---- inside the body: facts and results -------------------------------------------------- */

int64_t bench_range(const struct bench_state *s, size_t index); /* asserts that it was given */
void *bench_context(const struct bench_state *s);               /* of bench_with */
void *bench_shared(const struct bench_state *s);                /* of the fixture's setup */
void *bench_local(const struct bench_state *s);                 /* of thread_setup */
int bench_thread_index(const struct bench_state *s);
int bench_thread_count(const struct bench_state *s);            /* running now */
uint64_t bench_iterations_done(const struct bench_state *s);    /* so far, including started ones */
uint64_t bench_iterations_counted(const struct bench_state *s); /* counted by instruments */
const char *bench_name(const struct bench_state *s);            /* as registered */

void bench_bytes_processed(struct bench_state *s, uint64_t bytes);
void bench_items_processed(struct bench_state *s, uint64_t items);
void bench_complexity_n(struct bench_state *s, int64_t n);
void bench_label(struct bench_state *s, const char *text); /* copied */

enum bench_counter_flags { /* combine with | */
			   BENCH_COUNTER_PLAIN = 0,
			   BENCH_COUNTER_RATE = 1 << 0,        /* divided by the time */
			   BENCH_COUNTER_AVG_THREADS = 1 << 1, /* divided by the threads */
			   BENCH_COUNTER_PER_ITERATION_CONSTANT =
				   1 << 2,                        /* multiplied by the iterations */
			   BENCH_COUNTER_AVG_ITERATIONS = 1 << 3, /* divided by the iterations */
			   BENCH_COUNTER_INVERT = 1 << 4,
			   BENCH_COUNTER_BASE_1024 = 1 << 5, /* how it is printed */
			   BENCH_COUNTER_BACKGROUND =
				   1 << 6, /* shown only with BENCH_SHOW_COUNTERS */
};
void bench_counter(struct bench_state *s, const char *name, double value, unsigned flags);

/* The run counts as failed in every reporter; no speed is reported. Call before the loop or inside
 * it (then leave it). */
void bench_skip_error(struct bench_state *s, const char *text);
/* Not an error: the machine does not support it. With libraries before 1.8 it is reported as an
 * error that starts with "SKIP: ". */
void bench_skip_message(struct bench_state *s, const char *text);
bool bench_is_skipped(const struct bench_state *s);

/* ---- preventing unwanted optimization -------------------------------------------------------- */

/* The value counts as used. lvalue or rvalue that fits a register or memory. */
#define BENCH_KEEP(value)                                              \
	do {                                                           \
		__typeof__(value) bench_kept = (value);                \
		__asm__ volatile("" : : "r,m"(bench_kept) : "memory"); \
	} while (0)

/* The compiler must assume that the variable was changed elsewhere. */
#define BENCH_CHANGED(lvalue) __asm__ volatile("" : "+m,r"(lvalue) : : "memory")

/* All memory counts as read and written here. */
#define BENCH_CLOBBER() __asm__ volatile("" : : : "memory")

/* ---- counting in addition to time --------------------------------------------------------- */

/*
 * Counts something in each thread while its body is timed: the library's clock is stopped during
 * start and stop, which surround each stretch between bench_pause and bench_resume. All members are
 * required.
 */
struct bench_instrument {
	void *ctx;
	int (*open)(void *ctx, void **local); /* before a run; negative: not counted */
	void (*start)(void *local);           /* continues counting */
	void (*stop)(void *local);            /* until the next start */
	void (*calibrate)(void *local);       /* what was counted so far was one empty
						 stretch: forget it, and take it off
						 each later one */
	void (*report)(void *local, struct bench_state *s); /* calls bench_counter */
	void (*close)(void *local);
};
enum { BENCH_INSTRUMENTS_MAX = 8 };
int bench_instrument_add(const struct bench_instrument *instrument); /* copied. -ENOSPC */

/* Of the calling thread, between start and stop. */
struct bench_memory_result {
	int64_t allocs_count;
	int64_t allocated_bytes;
	int64_t peak_bytes;   /* most bytes alive at once, beyond those alive at start; -1 = not
				 known */
	int64_t growth_bytes; /* allocated minus freed; INT64_MIN = not known */
};
/*
 * A program that can count its allocations gets allocs_per_iter, alloc_bytes_per_iter,
 * max_bytes_used and net_heap_growth (over the counted iterations) into the JSON. is_timed: the
 * clock runs between start and stop, so nothing there may slow malloc down; peak and growth may
 * then stay unknown.
 */
struct bench_memory {
	void *ctx;
	void (*start)(void *ctx, bool is_timed);
	void (*stop)(void *ctx, bool is_timed, struct bench_memory_result *out);
};
void bench_memory_source(const struct bench_memory *memory); /* borrowed; NULL ends it */

/*
 * For simulators that count exactly: from now on each run does warm_up iterations; twice one
 * iteration with the instruments on, after each of which they calibrate; and count + 1 iterations,
 * whatever the library asks for. The difference between the last two is that of `count` iterations.
 * Batches (bench_batch) stay as they are. Times are meaningless then. count 0 ends it.
 */
void bench_exact_plan(uint64_t warm_up, uint64_t count);

/* Which of these the console and CSV show in addition to the times; JSON has all of them. */
enum bench_show {
	BENCH_SHOW_COUNTERS = 1 << 0, /* events that were not requested by name */
	BENCH_SHOW_MEMORY = 1 << 1,
	BENCH_SHOW_SPREAD = 1 << 2, /* p50_ns ... */
};
void bench_show(unsigned what);

/* ---- running ----------------------------------------------------------------------------- */

/* "key": value in the context of every reporter. */
void bench_add_context(const char *key, const char *value);

/*
 * Takes the flags out of argv: the library's (--help prints them and exits) and these:
 *	--benchmark_perf_counters=LIST  events by libpfm4's names, or tracepoints (group:name), of
 *	                                user and kernel, per iteration; braces count together;
 *	                                default: software events and system calls; "" = none
 *	--require_counters              fail when one of them cannot be counted here
 *	--show=counters,memory,spread   in the console too
 * abi is BENCH_ABI. Errors: -EPROTONOSUPPORT the header and the library do not fit; -EINVAL an
 * unknown event or flag value; -EOPNOTSUPP a required event cannot be counted.
 */
int bench_initialize(int abi, int *argc, char **argv);

/* Prints to stderr what is left in argv; returns true when anything is. */
bool bench_has_unrecognized(int argc, char **argv);

struct bench_value {
	const char *name;
	double value; /* as reported: a rate, an average, ... */
};

/* One line of the results. Texts are valid during the call. */
struct bench_result {
	const char
		*name; /* with arguments, threads, ...: the name that --benchmark_filter matches */
	const char *aggregate; /* "mean", "cv", ...; NULL = one repetition */
	const char *error;     /* NULL = none: times and counters are valid */
	const char *skipped;   /* NULL = not */
	const char *label;     /* "" = none */
	int64_t repetition_index;
	int64_t iterations;
	double real_time; /* of an iteration, in unit; of an aggregate that is a percentage, a
			     ratio */
	double cpu_time;
	enum bench_unit unit;
	size_t counters_count;
	const struct bench_value *counters;
};
/* In addition to the library's reporters, or instead of the display reporter; called for a result
 * after that one has printed it. */
struct bench_reporter {
	void *ctx;
	bool replaces_display;
	void (*result)(void *ctx, const struct bench_result *result);
	void (*end)(void *ctx); /* NULL = none */
};
void bench_reporter_set(const struct bench_reporter *reporter); /* borrowed; NULL ends it */

/*
 * Runs what --benchmark_filter selects. Returns how many benchmarks that was; *failed_count (may be
 * NULL) = results with errors.
 */
size_t bench_run(size_t *failed_count);
void bench_shutdown(void);

/*
 * initialize, refuse unknown arguments, run. 0; 1 a benchmark failed; 2 usage, or nothing matched;
 * 3 a required event cannot be counted here.
 */
int bench_main(int abi, int argc, char **argv);
#define BENCH_MAIN()                                      \
	int main(int argc, char **argv)                   \
	{                                                 \
		return bench_main(BENCH_ABI, argc, argv); \
	}

/* "1.9.1" if the library reports it, else what is known: "before 1.8", "1.8". */
const char *bench_library_version(void);

/* Registers fn under its own name before main; further calls on `b` may follow the name. */
#define BENCH(fn, ...)                                                     \
	__attribute__((constructor)) static void bench_register_##fn(void) \
	{                                                                  \
		struct bench *b = bench_register(#fn, fn);                 \
		(void)b;                                                   \
		__VA_ARGS__;                                               \
	}

#ifdef __cplusplus
}
#endif
#endif
