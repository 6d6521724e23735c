/*
 * startup.h - the start-up trace: when each phase began, relative to exec, and how long it took.
 *
 *	int main(...)
 *	{
 *		startup_init();
 *		int phase = startup_begin("context");
 *		...
 *		startup_end(phase);
 *		startup_ready();
 *
 * Phases may overlap and may run in other threads. The kernel does not report the time of exec. A
 * launcher that wants an exact start sets the environment variable GOXEL_EXEC_NS to CLOCK_MONOTONIC
 *in ns just before exec (goxel-start does). Without it, the start is estimated as main minus the
 *CPU time used until then, which is right for a process that is forked and executed at once on an
 *idle machine; the output marks it as an estimate.
 */
#ifndef DAEMON_TELEMETRY_STARTUP_H
#define DAEMON_TELEMETRY_STARTUP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json_out;

enum { STARTUP_PHASES_MAX = 32 };

struct startup_phase {
	const char *name;     /* a literal */
	uint64_t start_ns;    /* since exec */
	uint64_t duration_ns; /* so far, while is_open */
	bool is_open;
};

struct startup_trace {
	struct startup_phase phases[STARTUP_PHASES_MAX]; /* in order of begin; [0] is "exec" */
	unsigned count;
	unsigned lost_count;  /* begun beyond STARTUP_PHASES_MAX */
	uint64_t exec_ns;     /* CLOCK_MONOTONIC of the start */
	uint64_t main_ns;     /* start to main */
	bool is_exact;        /* given by the launcher; else estimated */
	uint64_t main_cpu_ns; /* CPU time of the process before main */
	uint64_t main_ns_max; /* upper bound, by the tick of the fork; 0 = unknown */
	uint64_t ready_ns;    /* start to startup_ready; 0 = not yet */
};

/* First thing in main. Calling it again is a no-op. */
void startup_init(void);

/* Begins a phase; name must be a literal. Returns its number for startup_end, -1 when full. */
int startup_begin(const char *name);
void startup_end(int phase);

/* Call when the daemon answers requests. Later calls change nothing. */
void startup_ready(void);

void startup_read(struct startup_trace *out);

/* {ready_ns, exec_to_main:{duration_ns,is_exact,cpu_ns,max_ns},
 * phases:[{name,start_ns,duration_ns}]} for `status`. */
void startup_write(struct json_out *j, const char *key);

/* Prints the table of --startup-trace. */
void startup_print(FILE *out);

#endif
