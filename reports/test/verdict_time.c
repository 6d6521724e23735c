/*
 * verdict_time.c - how long a decision takes: 40 blocks, 8 metrics that block, and the 10 quantiles
 * of each as explaining rows with bands. Not a test; build/release/test/verdict_time [ROUNDS]
 * prints the CPU time of each decision in ms, smallest first. The bound is 300 ms.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "daemon/base/rng.h"
#include "reports/lib/stats.h"
#include "reports/lib/verdict.h"
#include "reports/test/noise.h"

enum { BLOCKS = 40, BLOCKING = 8, QUANTILES = 10, METRICS = BLOCKING * (1 + QUANTILES) };

static void describe(struct verdict_metric *m, double *scale)
{
	for (size_t i = 0; i < METRICS; i++) {
		bool is_blocking = i < BLOCKING;

		m[i] = *verdict_metric_find("cpu_ns_per_request");
		m[i].family = is_blocking ? VERDICT_BLOCKING : VERDICT_EXPLAINING;
		m[i].curve = is_blocking ? 0 : (int)((i - BLOCKING) / QUANTILES) + 1;
		scale[i] = 0.02;
	}
}

static double cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 9;
	static double d[BLOCKS * METRICS], scale[METRICS], shift[METRICS], took[1000];
	static struct verdict_metric metrics[METRICS];
	struct verdict_cfg cfg = { .seed = 1 };
	struct verdict_input input = {
		.metrics = metrics, .metrics_count = METRICS, .d = d, .blocks_count = BLOCKS
	};
	struct rng rng;

	rounds = rounds < 1 ? 1 : rounds > 1000 ? 1000 : rounds;
	describe(metrics, scale);
	rng_init(&rng, 1, 0);
	for (size_t i = 0; i < rounds; i++) {
		struct verdict v;
		double start_ms;

		noise_sitting(&rng, BLOCKS, METRICS, scale, shift, d);
		start_ms = cpu_ms();
		if (verdict_decide(&cfg, &input, &v, NULL) < 0)
			return 1;
		took[i] = cpu_ms() - start_ms;
		verdict_deinit(&v);
	}
	printf("median %.1f ms:", stats_median(took, rounds)); /* sorts */
	for (size_t i = 0; i < rounds; i++)
		printf(" %.1f", took[i]);
	printf("\n");
	return 0;
}
