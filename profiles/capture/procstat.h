/*
 * procstat.h - a process's memory against time, from /proc/PID.
 *
 * smaps_rollup (two sums) is read at each call; smaps (every mapping, for stacks and heap) as often
 * as its cost allows. It does not mark stacks of threads: a private anonymous mapping with a guard
 * page just below it is one, which is the layout of glibc.
 */
#ifndef PROFILES_CAPTURE_PROCSTAT_H
#define PROFILES_CAPTURE_PROCSTAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/base/strbuf.h"

struct err;

struct procstat_row {
	double time_s; /* since the start of the capture */
	uint64_t rss_bytes, pss_bytes, anonymous_bytes, private_dirty_bytes;
	bool has_detail;               /* whether the next four were read */
	uint64_t heap_bytes;           /* resident: anonymous, neither stack nor a file's pages */
	uint64_t stacks_bytes;         /* resident */
	uint64_t stacks_virtual_bytes; /* reserved */
	uint64_t files_bytes;          /* resident: mapped files */
	unsigned threads_count;
};

struct procstat {
	pid_t pid;
	uint64_t start_ns;
	uint64_t cost_ns;          /* spent reading so far */
	uint64_t detail_cost_ns;   /* of the last read of smaps */
	unsigned skip_count;       /* calls until smaps is read again */
	struct procstat_row *rows; /* owned */
	size_t count, cap;
};

void procstat_init(struct procstat *p, pid_t pid);
void procstat_deinit(struct procstat *p);

/* Appends a row. -ESRCH: the process is gone; -EACCES: its maps cannot be read; -ENOMEM. */
int procstat_take(struct procstat *p, struct err *err);

/* memory.csv: a header line and a line per row; a value that was not read is an empty field. */
void procstat_write_csv(const struct procstat *p, struct strbuf *out);

/* Private to procstat.c; declared for tests and fuzzing: adds one smaps text to a row. */
void procstat_parse_smaps(const char *text, struct procstat_row *row);

#endif
