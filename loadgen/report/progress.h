/* progress.h - prints a line per interval to stderr: updated in place on a terminal, else one after
 * another. */
#ifndef LOADGEN_REPORT_PROGRESS_H
#define LOADGEN_REPORT_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loadgen/report/collect.h"
#include "loadgen/workload/plan.h"

struct progress {
	bool is_on;
	bool is_terminal;
	uint64_t errors_count; /* so far */
};

void progress_begin(struct progress *p, const struct plan *plan);
void progress_row(void *progress, const struct interval_row *row); /* a collector's on_row */
void progress_end(struct progress *p);

/* "812 ns", "24.1 µs", "3.20 ms", "1.50 s"; cap at least 16. Returns out. */
char *format_time(uint64_t ns, char *out, size_t cap);

/* "1,234,567"; cap at least 27. Returns out. */
char *format_count(uint64_t n, char *out, size_t cap);

#endif
