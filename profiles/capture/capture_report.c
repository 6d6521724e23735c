/* capture_report.c - the summary of a capture, for people. */
#include <math.h>
#include <string.h>

#include "profiles/capture/capture_private.h"

/* Events that are missing for the same reason share a line. */
static void report_missing(const struct capture *c, FILE *out)
{
	for (size_t i = 0; i < c->missing_count; i++) {
		bool is_said = false;

		for (size_t k = 0; k < i; k++)
			is_said |= strcmp(c->missing[k].reason, c->missing[i].reason) == 0;
		if (is_said)
			continue;
		fprintf(out, "no %s", c->missing[i].name);
		for (size_t k = i + 1; k < c->missing_count; k++) {
			if (strcmp(c->missing[k].reason, c->missing[i].reason) == 0)
				fprintf(out, ", %s", c->missing[k].name);
		}
		fprintf(out, ": %s\n", c->missing[i].reason);
	}
}

void capture_report(const struct capture *c, FILE *out)
{
	if (c->has_samples)
		fprintf(out, "cpu: %llu samples of %s, %zu stacks, %llu lost\n",
			(unsigned long long)c->own_samples_count,
			perfdata_event_name(&c->perf.attr), c->cpu_stacks.count,
			(unsigned long long)c->perf.lost_count);
	for (size_t i = 0; c->counters && i < c->events_count; i++) {
		double total = c->totals[i].total;

		if (!c->events[i].missing[0] && isnan(total))
			fprintf(out, "%-28s %16s\n", c->events[i].name, "never ran");
		else if (!c->events[i].missing[0])
			fprintf(out, "%-28s %16.0f%s\n", c->events[i].name, total,
				c->totals[i].ratio < 1 ? " (estimate)" : "");
	}
	if (c->summary.len)
		fwrite(c->summary.ptr, 1, c->summary.len, out);
	report_missing(c, out);
	fprintf(out, "%s:", c->cfg.out_dir);
	for (size_t i = 0; i < c->files_count; i++)
		fprintf(out, " %s", c->files[i]);
	fputc('\n', out);
}
