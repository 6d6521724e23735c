/*
 * permit.h - what this machine and this user may measure, and why not.
 *
 * Every question is answered by trying, not by reading version numbers; the sentence names the knob
 * that would change the answer.
 */
#ifndef PROFILES_PERMIT_H
#define PROFILES_PERMIT_H

#include <stdbool.h>

enum permit_item {
	PERMIT_COUNT_USER,   /* count events of user code */
	PERMIT_COUNT_KERNEL, /* and of the kernel */
	PERMIT_HARDWARE,     /* the processor's own counters */
	PERMIT_TRACEPOINTS,
	PERMIT_SAMPLE,   /* perf record */
	PERMIT_MACHINE,  /* whole processors, whoever runs on them */
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
 * Asks everything. Where tracefs is not mounted and we may mount, it is mounted in a mount
 * namespace of our own, which nobody else sees and which ends with this process: call it before
 * any thread is started.
 */
void permit_probe(struct permit *p);

const char *permit_name(enum permit_item item);

#endif
