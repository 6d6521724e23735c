/* progress.h - progress of a long measurement on stderr: one line updated in place on a terminal,
 * plain lines at intervals elsewhere. Nothing is printed in the first two seconds. */
#ifndef BENCH_PROGRESS_H
#define BENCH_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	const char *what; /* plural: "benchmarks" */
	size_t total;     /* 0 = unknown; set it when known */
	size_t done_count, failed_count;
	uint64_t start_ns;
	uint64_t next_ns; /* of the next line */
	bool is_terminal;
	bool is_shown; /* a line is shown on the terminal */
};

void progress_begin(struct progress *p, const char *what, size_t total);

/* Whether a line is due, so that the caller can find out the total. */
bool progress_is_due(const struct progress *p);

/* Counts one more as done. */
void progress_step(struct progress *p, bool is_failed);
void progress_end(struct progress *p);

#endif
