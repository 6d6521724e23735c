#include "bench/exact.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include <valgrind/callgrind.h>

#include "bench/shim.h"
#include "daemon/base/err.h"

static int open_run(void *ctx, void **local)
{
	(void)ctx;
	*local = NULL;
	CALLGRIND_START_INSTRUMENTATION;
	return 0;
}

static void toggle_on(void *local)
{
	(void)local;
	CALLGRIND_TOGGLE_COLLECT;
}

static void toggle_off(void *local)
{
	(void)local;
	CALLGRIND_TOGGLE_COLLECT;
}

static void calibrate(void *local)
{
	(void)local;
	CALLGRIND_DUMP_STATS_AT("base");
}

static void report(void *local, struct bench_state *s)
{
	(void)local;
	CALLGRIND_DUMP_STATS_AT("run");
	bench_counter(s, "exact_iterations", (double)bench_iterations_counted(s), 0);
}

static void close_run(void *local)
{
	(void)local;
	CALLGRIND_STOP_INSTRUMENTATION;
}

int exact_use(const char *plan, struct err *err)
{
	static const struct bench_instrument instrument = {
		.open = open_run,
		.start = toggle_on,
		.stop = toggle_off,
		.calibrate = calibrate,
		.report = report,
		.close = close_run,
	};
	char *end;
	uint64_t warm_up = strtoull(plan, &end, 10), count = 0;

	if (*end == ':')
		count = strtoull(end + 1, &end, 10);
	if (*end || !count)
		return err_set(err, -EINVAL, "--exact %s: two numbers are expected", plan);
	bench_exact_plan(warm_up, count);
	return bench_instrument_add(&instrument);
}
