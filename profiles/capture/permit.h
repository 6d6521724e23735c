/*
 * permit.h - finds out what this user can measure on this machine, and why something cannot be
 * measured.
 *
 * Each check is done by trying, not by comparing versions; the message names the setting that would
 * change the result.
 */
#ifndef PROFILES_CAPTURE_PERMIT_H
#define PROFILES_CAPTURE_PERMIT_H

#include <stdbool.h>

enum permit_item {
	PERMIT_COUNT_USER,   /* count events of user code */
	PERMIT_COUNT_KERNEL, /* and of the kernel */
	PERMIT_HARDWARE,     /* hardware counters of the processor */
	PERMIT_TRACEPOINTS,
	PERMIT_SAMPLE,   /* perf record */
	PERMIT_MACHINE,  /* whole processors, with all processes */
	PERMIT_KALLSYMS, /* names of kernel functions */
	PERMIT_ITEMS_COUNT,
};

struct permit {
	struct {
		bool is_ok;
		char why[200]; /* the reason when not; a remark or "" when ok */
	} items[PERMIT_ITEMS_COUNT];
	int paranoid;         /* kernel.perf_event_paranoid; 99 when it cannot be read */
	char tracefs[64];     /* where its events/ folder is; "" = nowhere */
	char perf_path[4096]; /* "" = not installed */
};

/*
 * Checks everything. If tracefs is not mounted and this user may mount, it is mounted in a private
 * mount namespace, which no other process sees and which ends with this process. So call this
 * before any thread is started.
 */
void permit_probe(struct permit *p);

const char *permit_name(enum permit_item item);

#endif
