/* progress.c - progress lines and the formats they share with the summary. */
#include "loadgen/report/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

char *format_time(uint64_t ns, char *out, size_t cap)
{
	static const struct {
		double ns;
		const char *unit;
	} units[] = { { 1e9, "s" }, { 1e6, "ms" }, { 1e3, "µs" } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		double v = (double)ns / units[i].ns;

		if (v < 1)
			continue;
		snprintf(out, cap, "%.*f %s", v < 10 ? 2 : v < 1000 ? 1 : 0, v, units[i].unit);
		return out;
	}
	snprintf(out, cap, "%d ns", (int)ns);
	return out;
}

char *format_count(uint64_t n, char *out, size_t cap)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
	size_t at = 0;

	for (int i = 0; i < len && at + 2 < cap; i++) {
		if (i && (len - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = '\0';
	return out;
}

void progress_begin(struct progress *p, const struct plan *plan)
{
	enum progress_when when = plan->options->progress;

	*p = (struct progress){
		.is_on = when != PROGRESS_OFF,
		.is_terminal = when == PROGRESS_AUTO && isatty(STDERR_FILENO),
	};
}

void progress_row(void *progress, const struct interval_row *row)
{
	struct progress *p = progress;
	char rate[32], errors[32], p50[16], p99[16], max[16];
	double end_s = (double)(row->start_ns + row->length_ns) / (double)NSEC_PER_SEC;

	p->errors_count += row->errors_count;
	if (!p->is_on)
		return;
	format_count((uint64_t)(row->throughput_per_s + 0.5), rate, sizeof(rate));
	fprintf(stderr, "%s%5.0f s  %-8s %11s ops/s", p->is_terminal ? "\r\033[K" : "", end_s,
		row->phase, rate);
	if (row->ops_count)
		fprintf(stderr, "  p50 %8s  p99 %8s  max %8s  errors %s",
			format_time(row->p50_ns, p50, sizeof(p50)),
			format_time(row->p99_ns, p99, sizeof(p99)),
			format_time(row->max_ns, max, sizeof(max)),
			format_count(p->errors_count, errors, sizeof(errors)));
	if (!p->is_terminal)
		fputc('\n', stderr);
	fflush(stderr);
}

void progress_end(struct progress *p)
{
	if (p->is_on && p->is_terminal)
		fputs("\r\033[K", stderr);
}
