#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reports/test/blocks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/test/fixture.h"

/* block,a_p50..a_p99_9,a_cpu,b_p50..b_p99_9,b_cpu */
int blocks_read_slices(const char *name, struct blocks *out)
{
	const char *path = fixture_data(name);
	FILE *file = path ? fopen(path, "re") : NULL;
	char line[1024];

	*out = (struct blocks){ 0 };
	if (!file)
		return -1;
	assert_non_null(fgets(line, sizeof(line), file));
	while (fgets(line, sizeof(line), file) && out->n < BLOCKS_MAX) {
		double v[2 * BLOCKS_METRICS];
		char *at = strchr(line, ',');

		for (int i = 0; i < 2 * BLOCKS_METRICS; i++)
			v[i] = strtod(at + 1, &at);
		for (int q = 0; q < BLOCKS_METRICS; q++)
			out->d[out->n * BLOCKS_METRICS + (size_t)q] =
				log(v[BLOCKS_METRICS + q] / v[q]);
		out->n++;
	}
	fclose(file);
	return 0;
}

/* block,position,arm,p50..p99_9,...: two arms by name, quantiles only */
int blocks_read_runs(const char *arm_a, const char *arm_b, struct blocks *out)
{
	const char *path = fixture_data("blocks/runs-75-blocks.csv");
	FILE *file = path ? fopen(path, "re") : NULL;
	char line[512];

	*out = (struct blocks){ 0 };
	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		unsigned block, position;
		char arm[16], *at;
		double sign;
		int used = 0;

		/* NOLINTNEXTLINE(cert-err34-c): our own file */
		if (sscanf(line, "%u,%u,%15[^,]%n", &block, &position, arm, &used) != 3)
			continue;
		sign = strcmp(arm, arm_b) == 0 ? 1 : strcmp(arm, arm_a) == 0 ? -1 : 0;
		at = line + used;
		assert_true(block < BLOCKS_MAX);
		for (size_t q = 0; q < BLOCKS_QUANTILES; q++)
			out->d[(size_t)block * BLOCKS_METRICS + q] +=
				sign * log(strtod(at + 1, &at));
		out->n = block + 1 > out->n ? block + 1 : out->n;
	}
	fclose(file);
	return 0;
}

void blocks_column(const struct blocks *b, size_t metric, double *d)
{
	for (size_t i = 0; i < b->n; i++)
		d[i] = b->d[i * BLOCKS_METRICS + metric];
}
