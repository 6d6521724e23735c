/*
 * kernel_counts.h - what the kernel counts for every process anyway: exact, at the cost of reading
 * a few files.
 */
#ifndef PROFILES_CAPTURE_KERNEL_COUNTS_H
#define PROFILES_CAPTURE_KERNEL_COUNTS_H

#include <stdbool.h>
#include <sys/types.h>

struct event;

struct kernel_counts {
	double cpu_ns;       /* all threads, ended ones too */
	double minor_faults; /* likewise */
	double major_faults; /* likewise */
	double migrations;   /* of living threads */
	double switches;     /* of living threads, voluntary or not */
};

/* True when the kernel counts this event. */
bool kernel_counts_has(const struct event *e);
double kernel_counts_of(const struct kernel_counts *k, const struct event *e);

/* Leaves *out unchanged when the process is gone. */
void kernel_counts_read(pid_t pid, struct kernel_counts *out);

#endif
