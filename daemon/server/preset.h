/*
 * preset.h - the rows v14 and v15: which implementation of each axis, and the scalars beside them.
 */
#ifndef DAEMON_SERVER_PRESET_H
#define DAEMON_SERVER_PRESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct err;
struct options;

enum {
	WORKERS_MAX = 64,
	AXES_CPUS_MAX = 256,
};

/* What runs, or a row that says what would. */
struct axes {
	const char *preset;
	const char *summary;
	const char *transport;
	const char *queue;
	const char *parser;
	const char *dispatch;
	const char *buffers;
	const char *context;
	unsigned workers_min;
	unsigned workers_max;
	unsigned stack_kib;
	bool has_fast_path;
	bool has_zero_copy;
	bool is_lazy;
	bool has_request_log;
	bool has_render_cache;
	bool has_huge_pages;
	bool is_numa_local;
	const char *affinity;    /* as asked for */
	int cpus[AXES_CPUS_MAX]; /* of the reading thread, then of the workers in turn */
	unsigned cpus_count;     /* 0: threads run where the kernel puts them */
};

/* NULL-terminated, for --preset. */
extern const char *const preset_names[];

void preset_print(FILE *out); /* the table, for --help */

/*
 * The preset's row with what the options name instead. -ENOENT: unknown name. -EOPNOTSUPP: a
 * combination that makes no sense or cannot be had here, and why.
 */
int preset_resolve(const struct options *o, struct axes *out, struct err *err);

#endif
