/* builtin.h - the workloads of loadgen/workloads/, compiled in, so that they are always available.
 */
#ifndef LOADGEN_WORKLOAD_BUILTIN_H
#define LOADGEN_WORKLOAD_BUILTIN_H

enum { BUILTIN_MAX = 32 };

struct builtin_workload {
	const char *name;
	const char *text;
};

/* Ends with a NULL name; at most BUILTIN_MAX before it. */
extern const struct builtin_workload builtin_workloads[];

#endif
