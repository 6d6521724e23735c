/* progress.h - how far a long measurement is, on stderr: one line that is refreshed on a terminal,
 * a plain line now and then elsewhere. Nothing is said before two seconds have passed. */
#ifndef BENCH_PROGRESS_H
#define BENCH_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	const char *what; /* plural: "benchmarks" */
	size_t total;     /* 0 = not known: set it when it is */
	size_t done_count, failed_count;
	uint64_t start_ns;
	uint64_t next_ns; /* of the next line */
	bool is_terminal;
	bool is_shown; /* a line stands on the terminal */
};

void progress_begin(struct progress *p, const char *what, size_t total);

/* Whether a line is due: the moment to find out the total. */
bool progress_is_due(const struct progress *p);

/* One more is done. */
void progress_step(struct progress *p, bool is_failed);
void progress_end(struct progress *p);

#endif
