/*
 * fault.h - what goes wrong around the daemon while it runs, switched on and off from outside:
 * failing allocations, no descriptors, a full disk, files that may not grow.
 */
#ifndef DAEMON_TEST_STRESS_FAULT_H
#define DAEMON_TEST_STRESS_FAULT_H

#include <stdint.h>

struct run;

enum fault_bit {
	FAULT_ALLOC = 1 << 0,
	FAULT_FDS = 1 << 1,
	FAULT_DISK = 1 << 2,
	FAULT_FILE_SIZE = 1 << 3,
};

struct fault {
	const char *name;
	const char *does;
	uint32_t bit;
	int (*on)(struct run *r); /* -EOPNOTSUPP: not here */
	void (*off)(struct run *r);
};

extern const struct fault faults[]; /* ends with a row without a name */

/* Makes `mask` the faults in force; those that this machine cannot have are left out. Returns what
 * is in force. Main thread. */
uint32_t fault_set_mask(struct run *r, uint32_t mask);

/* "failing allocations, full disk" or "none"; cap at least 128. */
void fault_format(uint32_t mask, char *out, int cap);

#endif
