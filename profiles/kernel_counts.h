/*
 * kernel_counts.h - what the kernel counts of every process anyway: exact, for the price of reading
 * a few files.
 */
#ifndef PROFILES_KERNEL_COUNTS_H
#define PROFILES_KERNEL_COUNTS_H

#include <stdbool.h>
#include <sys/types.h>

struct event;

struct kernel_counts {
	double cpu_ns;       /* all threads, ended ones too */
	double minor_faults; /* likewise */
	double major_faults; /* likewise */
	double migrations;   /* of the threads that live */
	double switches;     /* of the threads that live, voluntary or not */
};

/* True when the event is one of them. */
bool kernel_counts_has(const struct event *e);
double kernel_counts_of(const struct kernel_counts *k, const struct event *e);

/* Leaves *out as it is when the process is gone. */
void kernel_counts_read(pid_t pid, struct kernel_counts *out);

#endif
