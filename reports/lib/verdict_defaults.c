/* verdict_defaults.c - the margins in force unless a caller brings others: one place. */
#include <math.h>
#include <string.h>

#include "reports/lib/verdict.h"

/*
 * Required are those that pairs of slices can decide on a shared machine. Tails of wall time spread
 * there by 30 % and more from block to block: they block when a change is shown, but a verdict does
 * not wait for them. Tails of CPU time per request are the ones to gate tails on.
 */
/* clang-format off */
const struct verdict_metric verdict_metrics_default[] = {
	/* key                class           family            required bigger margin */
	{ "cpu_ns_per_request", VERDICT_CPU,    VERDICT_BLOCKING, true,  false, 0.01, 0, 0 },
	{ "cpu_p99_ns",         VERDICT_CPU,    VERDICT_BLOCKING, false, false, 0.05, 0, 0 },
	{ "throughput_per_s",   VERDICT_WALL,   VERDICT_BLOCKING, true,  true,  0.02, 0, 0 },
	{ "response_p50_ns",    VERDICT_WALL,   VERDICT_BLOCKING, true,  false, 0.02, 0, 0 },
	{ "response_p90_ns",    VERDICT_WALL,   VERDICT_BLOCKING, false, false, 0.05, 0, 0 },
	{ "response_p99_ns",    VERDICT_WALL,   VERDICT_BLOCKING, false, false, 0.05, 0, 0 },
	{ "rss_peak_bytes",     VERDICT_MEMORY, VERDICT_BLOCKING, false, false, 0.05, 0, 0 },
	{ NULL,                 VERDICT_CPU,    VERDICT_BLOCKING, false, false, 0,    0, 0 },
};

const struct verdict_count verdict_counts_default[] = {
	/* key                            a    a_again b    ratio  abs */
	{ "instructions_per_request",     NAN, NAN,    NAN, 0.005, 0 },
	{ "allocs_per_request",           NAN, NAN,    NAN, 0,     0.01 },
	{ "allocated_bytes_per_request",  NAN, NAN,    NAN, 0.005, 1 },
	{ "syscalls_per_request",         NAN, NAN,    NAN, 0,     0.01 },
	{ "context_switches_per_request", NAN, NAN,    NAN, 0,     0.01 },
	{ NULL,                           NAN, NAN,    NAN, 0,     0 },
};
/* clang-format on */

const struct verdict_metric *verdict_metric_find(const char *key)
{
	for (const struct verdict_metric *m = verdict_metrics_default; m->key; m++)
		if (strcmp(m->key, key) == 0)
			return m;
	return NULL;
}

const struct verdict_count *verdict_count_find(const char *key)
{
	for (const struct verdict_count *c = verdict_counts_default; c->key; c++)
		if (strcmp(c->key, key) == 0)
			return c;
	return NULL;
}
