// Runs the registered benchmarks and filters the library's output. Each of the library's
// reporters is wrapped in a relay, which adds the results of the untimed extra pass, hides
// counters that were not requested from the console, counts failures and passes results to a
// reporter written in C. So the library's own output code stays in use.
#include "bench/shim/shim_private.hh"

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <vector>

extern "C" {
#include "bench/shim/counters.h"
#include "daemon/base/err.h"
#include "daemon/base/hist.h"
}

using Run = benchmark::BenchmarkReporter::Run;
using Result = benchmark::MemoryManager::Result;

namespace
{

unsigned shown;
const bench_reporter *c_reporter;
size_t failed_results;

// By the number of the timed run before the extra pass. The library's own result cannot carry
// them: it has no room, and in 1.7.1 all but those of the last repetition are freed before
// reporting.
std::map<uint64_t, shim::observation> observations;

// The library enables its memory results when this exists.
class extra_pass : public benchmark::MemoryManager
{
      public:
	// No "override" here: which Stop overrides depends on the library's version.
	void Start()
	{
		shim::observed_pass = &observations[shim::runs_count];
	}
	void Stop(Result *)
	{
		shim::observed_pass = nullptr;
	}
	void Stop(Result &)
	{
		shim::observed_pass = nullptr;
	}
};

extra_pass manager;

// Removes from a run what the shim has hidden in it: the number of its extra pass, and the
// library's own memory result (a pointer or a value), which the shim reports better.
shim::observation *take_observation(Run &run)
{
	auto number = run.counters.find(shim::run_number);
	shim::observation *seen = nullptr;

	run.memory_result = {};
	if (number == run.counters.end())
		return nullptr;
	if (run.run_type == Run::RT_Iteration) {
		auto at = observations.find(static_cast<uint64_t>(number->second.value));

		seen = at == observations.end() ? nullptr : &at->second;
	}
	run.counters.erase(number);
	return seen;
}

// error_occurred became an enumeration in 1.8.
enum class outcome { done, skipped, failed };

template <class R>
auto ask_outcome(const R &run, const char **text, int) -> decltype(run.skipped, outcome())
{
	*text = run.skip_message.c_str();
	if (static_cast<int>(run.skipped) == 0)
		return outcome::done;
	return static_cast<int>(run.skipped) == 1 ? outcome::skipped : outcome::failed;
}

template <class R> outcome ask_outcome(const R &run, const char **text, long)
{
	*text = run.error_message.c_str();
	if (!run.error_occurred)
		return outcome::done;
	return run.error_message.compare(0, 6, "SKIP: ") == 0 ? outcome::skipped : outcome::failed;
}

void add_memory(Run &run, const shim::observation &seen)
{
	const shim::memory_sum &m = seen.memory;
	auto per = [&](int64_t value) {
		return static_cast<double>(value) / static_cast<double>(seen.iterations);
	};

	if (!m.is_counted || seen.iterations == 0)
		return;
	run.counters["allocs_per_iter"] = per(m.allocs_count);
	run.counters["alloc_bytes_per_iter"] = per(m.allocated_bytes);
	if (m.peak_bytes >= 0)
		run.counters["max_bytes_used"] = static_cast<double>(m.peak_bytes);
	if (m.growth_bytes != INT64_MIN)
		run.counters["net_heap_growth"] = static_cast<double>(m.growth_bytes);
}

// Hands one result to the program's reporter.
void tell(const Run &run)
{
	static const enum bench_unit units[] = { BENCH_NS, BENCH_US, BENCH_MS, BENCH_S };
	std::string name = run.benchmark_name();
	std::vector<bench_value> values;
	const char *text;
	outcome end = ask_outcome(run, &text, 0);

	for (const auto &c : run.counters)
		values.push_back({ c.first.c_str(), c.second.value });

	bench_result r = {};

	r.name = name.c_str();
	r.aggregate = run.run_type == Run::RT_Aggregate ? run.aggregate_name.c_str() : nullptr;
	r.error = end == outcome::failed ? text : nullptr;
	r.skipped = end == outcome::skipped ? text : nullptr;
	r.label = run.report_label.c_str();
	r.repetition_index = run.repetition_index;
	r.iterations = run.iterations;
	r.real_time = run.GetAdjustedRealTime();
	r.cpu_time = run.GetAdjustedCPUTime();
	if (r.aggregate && run.aggregate_unit == benchmark::kPercentage) {
		r.real_time = run.real_accumulated_time;
		r.cpu_time = run.cpu_accumulated_time;
	}
	r.unit = units[static_cast<int>(run.time_unit)];
	r.counters = values.data();
	r.counters_count = values.size();
	c_reporter->result(c_reporter->ctx, &r);
}

template <class Reporter>
auto forward_config(Reporter *r, double min_time, bool is_explicit,
		    benchmark::IterationCount iterations, int)
	-> decltype(r->ReportRunsConfig(min_time, is_explicit, iterations))
{
	r->ReportRunsConfig(min_time, is_explicit, iterations);
}

template <class Reporter>
void forward_config(Reporter *, double, bool, benchmark::IterationCount, long)
{
}

class relay : public benchmark::BenchmarkReporter
{
      public:
	// inner NULL: nothing is printed.
	relay(benchmark::BenchmarkReporter *inner, bool is_display, const std::string &format)
	    : inner_(inner), is_display_(is_display), is_json_(format == "json"),
	      is_csv_(format == "csv")
	{
	}

	bool ReportContext(const Context &context) override
	{
		if (!inner_)
			return true;
		inner_->SetOutputStream(&GetOutputStream());
		inner_->SetErrorStream(&GetErrorStream());
		return inner_->ReportContext(context);
	}

	// Came with 1.8; overrides nothing in older versions.
	void ReportRunsConfig(double min_time, bool is_explicit,
			      benchmark::IterationCount iterations)
	{
		if (inner_)
			forward_config(inner_, min_time, is_explicit, iterations, 0);
	}

	void ReportRuns(const std::vector<Run> &given) override
	{
		std::vector<Run> runs(given);

		for (Run &run : runs) {
			const char *text;

			if (shim::observation *seen = take_observation(run)) {
				add_memory(run, *seen);
				shim::report_spread(&run.counters, seen->times);
			}
			if (is_display_ && ask_outcome(run, &text, 0) == outcome::failed)
				failed_results++;
		}
		print(runs);
		if (is_display_ && c_reporter)
			for (const Run &run : runs)
				tell(run);
	}

	void Finalize() override
	{
		if (inner_ && !held_.empty())
			inner_->ReportRuns(held_);
		if (inner_)
			inner_->Finalize();
		if (is_display_ && c_reporter && c_reporter->end)
			c_reporter->end(c_reporter->ctx);
	}

      private:
	void print(std::vector<Run> runs)
	{
		for (Run &run : runs)
			hide(run);
		// Its columns are those of the first results, and a counter that comes later ends
		// the program. So all results are reported at once.
		if (is_csv_)
			held_.insert(held_.end(), runs.begin(), runs.end());
		else if (inner_)
			inner_->ReportRuns(runs);
	}

	// Hides counters that were not requested, and values that JSON cannot hold: the variation
	// of zeroes is NaN.
	void hide(Run &run) const
	{
		for (auto at = run.counters.begin(); at != run.counters.end();) {
			bool is_kept = std::isfinite(at->second.value) &&
				       (is_json_ || shim::is_shown(at->first, shown));

			at = is_kept ? std::next(at) : run.counters.erase(at);
		}
	}

	benchmark::BenchmarkReporter *inner_;
	bool is_display_;
	bool is_json_;
	bool is_csv_;
	std::vector<Run> held_;
};

// ---- flags ----------------------------------------------------------------------------------

// The library's flags are private; these must be known here, too.
struct {
	std::string format = "console";
	std::string out_format = "json";
	std::string out;
	bool list_only = false;
} flags;

const char *value_of(const char *arg, const char *name)
{
	size_t n = strlen(name);

	return strncmp(arg, name, n) == 0 && arg[n] == '=' ? arg + n + 1 : nullptr;
}

void from_environment(const char *name, std::string *value)
{
	if (const char *text = getenv(name))
		*value = text;
}

void look_at_flags(int argc, char **argv)
{
	from_environment("BENCHMARK_FORMAT", &flags.format);
	from_environment("BENCHMARK_OUT_FORMAT", &flags.out_format);
	from_environment("BENCHMARK_OUT", &flags.out);
	for (int i = 1; i < argc; i++) {
		if (const char *v = value_of(argv[i], "--benchmark_format"))
			flags.format = v;
		else if (const char *w = value_of(argv[i], "--benchmark_out_format"))
			flags.out_format = w;
		else if (const char *x = value_of(argv[i], "--benchmark_out"))
			flags.out = x;
	}
}

// "counters,memory,spread"
int parse_show(const char *text, unsigned *out)
{
	static const struct {
		const char *name;
		unsigned bit;
	} words[] = { { "counters", BENCH_SHOW_COUNTERS },
		      { "memory", BENCH_SHOW_MEMORY },
		      { "spread", BENCH_SHOW_SPREAD } };

	while (*text) {
		size_t n = strcspn(text, ",");
		unsigned bit = 0;

		for (const auto &w : words)
			if (strlen(w.name) == n && strncmp(text, w.name, n) == 0)
				bit = w.bit;
		if (!bit)
			return -EINVAL;
		*out |= bit;
		text += n + (text[n] == ',');
	}
	return 0;
}

struct own_flags {
	const char *events = nullptr;
	bool required = false;
	int rc = 0;
};

// Takes the shim's flags out of argv.
own_flags take_flags(int *argc, char **argv)
{
	own_flags own;
	int kept = 1;

	for (int i = 1; i < *argc; i++) {
		if (const char *v = value_of(argv[i], "--benchmark_perf_counters")) {
			own.events = v;
		} else if (strcmp(argv[i], "--require_counters") == 0) {
			own.required = true;
		} else if (const char *w = value_of(argv[i], "--show")) {
			if (parse_show(w, &shown) < 0) {
				fprintf(stderr,
					"%s: --show=%s: a list of counters, memory, spread\n",
					argv[0], w);
				own.rc = -EINVAL;
			}
		} else {
			argv[kept++] = argv[i];
		}
	}
	argv[kept] = nullptr;
	*argc = kept;
	return own;
}

// Before 1.8 a number of seconds had no unit; newer versions want "0.1s".
template <class State> auto takes_unit(const State *, int) -> decltype(&State::skipped, true)
{
	return true;
}

template <class State> bool takes_unit(const State *, long)
{
	return false;
}

bool library_is_18()
{
	return takes_unit(static_cast<const benchmark::State *>(nullptr), 0);
}

// The library accepts any text, also NaN, which would measure for ever or not at all.
bool is_time_flag(const char *arg, const char *name)
{
	const char *text = value_of(arg, name);
	char *end;
	double value = text ? strtod(text, &end) : 1;

	if (!text || end == text || (std::isfinite(value) && value >= 0))
		return true; // or the library refuses it
	fprintf(stderr, "%s: not a time\n", arg);
	return false;
}

bool are_times(int argc, char **argv)
{
	bool all = true;

	for (int i = 1; i < argc; i++)
		all &= is_time_flag(argv[i], "--benchmark_min_time") &&
		       is_time_flag(argv[i], "--benchmark_min_warmup_time");
	return all;
}

// The texts of argv must not be changed.
void adapt_min_time(int argc, char **argv)
{
	static std::deque<std::string> texts;

	for (int i = 1; i < argc && !library_is_18(); i++) {
		const char *v = value_of(argv[i], "--benchmark_min_time");
		size_t n = v ? strlen(v) : 0;

		if (n > 1 && v[n - 1] == 's') {
			texts.emplace_back(argv[i], strlen(argv[i]) - 1);
			argv[i] = &texts.back()[0];
		}
	}
}

// The CSV reporter is deprecated but still used.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
benchmark::BenchmarkReporter *file_reporter()
{
	if (flags.out_format == "json")
		return new benchmark::JSONReporter();
	if (flags.out_format == "csv")
		return new benchmark::CSVReporter();
	return new benchmark::ConsoleReporter(benchmark::ConsoleReporter::OO_None);
}
#pragma GCC diagnostic pop

} // namespace

// ---- running --------------------------------------------------------------------------------

void bench_show(unsigned what)
{
	shown = what;
}

void bench_reporter_set(const struct bench_reporter *reporter)
{
	c_reporter = reporter;
}

void bench_add_context(const char *key, const char *value)
{
	benchmark::AddCustomContext(key, value);
}

int bench_initialize(int abi, int *argc, char **argv)
{
	struct err err = {};

	if (abi != BENCH_ABI) {
		fprintf(stderr,
			"%s: built with version %d of bench/shim.h, the library has version %d\n",
			argv[0], abi, BENCH_ABI);
		return -EPROTONOSUPPORT;
	}

	own_flags own = take_flags(argc, argv);

	if (own.rc < 0)
		return own.rc;
	if (!are_times(*argc, argv))
		return -EINVAL;
	look_at_flags(*argc, argv);
	adapt_min_time(*argc, argv);
	benchmark::Initialize(argc, argv);

	int rc = bench_counters_use(own.events, own.required, &err);

	if (rc < 0)
		fprintf(stderr, "%s: %s\n", argv[0], err.msg);
	return rc;
}

bool bench_has_unrecognized(int argc, char **argv)
{
	return benchmark::ReportUnrecognizedArguments(argc, argv);
}

size_t bench_run(size_t *failed_count)
{
	bool replaces = c_reporter && c_reporter->replaces_display;
	relay display(replaces ? nullptr : benchmark::CreateDefaultDisplayReporter(), true,
		      flags.format);

	failed_results = 0;
	// With an exact plan the simulator counts; another pass is not needed.
	if (!shim::plan.count)
		benchmark::RegisterMemoryManager(&manager);

	size_t n;

	if (flags.out.empty()) {
		n = benchmark::RunSpecifiedBenchmarks(&display);
	} else {
		std::unique_ptr<benchmark::BenchmarkReporter> inner(file_reporter());
		relay file(inner.get(), false, flags.out_format);

		n = benchmark::RunSpecifiedBenchmarks(&display, &file);
	}
	benchmark::RegisterMemoryManager(nullptr);
	observations.clear();
	if (failed_count)
		*failed_count = failed_results;
	return n;
}

void bench_shutdown(void)
{
	benchmark::Shutdown();
}

int bench_main(int abi, int argc, char **argv)
{
	size_t failed;
	int rc = bench_initialize(abi, &argc, argv);

	if (rc < 0)
		return rc == -EOPNOTSUPP ? 3 : 2;
	if (bench_has_unrecognized(argc, argv))
		return 2;
	if (bench_run(&failed) == 0)
		return 2; // the library has printed that nothing matched
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
		return library_is_18() ? "1.8" : "before 1.8";
	version = benchmark::GetBenchmarkVersion();
	return version.c_str();
}
