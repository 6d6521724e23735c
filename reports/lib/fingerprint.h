/*
 * fingerprint.h - describes this machine and its load.
 *
 * Reads /proc and /sys only; values that cannot be read stay empty (texts) or NaN (numbers), which
 * become null in JSON. Never fails.
 */
#ifndef REPORTS_LIB_FINGERPRINT_H
#define REPORTS_LIB_FINGERPRINT_H

#include <stdint.h>

#include "daemon/base/json_out.h"

#define FINGERPRINT_TEXT_MAX 128

/* CPU time of the whole machine in clock ticks since boot; two of them give a steal share. */
struct cpu_ticks {
	uint64_t total;
	uint64_t idle; /* idle and iowait */
	uint64_t steal;
};

struct fingerprint {
	char cpu_model[FINGERPRINT_TEXT_MAX];
	char microcode[FINGERPRINT_TEXT_MAX];
	int cores_count;                     /* online processors */
	char smt[FINGERPRINT_TEXT_MAX];      /* "on", "off", "notsupported", ... */
	char governor[FINGERPRINT_TEXT_MAX]; /* of cpu0 */
	char turbo[FINGERPRINT_TEXT_MAX];    /* "on", "off" */
	char mitigations[1024];              /* "meltdown=Mitigation: PTI; ..." */
	char kernel[FINGERPRINT_TEXT_MAX];
	char thp[FINGERPRINT_TEXT_MAX];  /* the choice in brackets: "madvise" */
	char aslr[FINGERPRINT_TEXT_MAX]; /* randomize_va_space */
	char clocksource[FINGERPRINT_TEXT_MAX];
	char virtualised[FINGERPRINT_TEXT_MAX]; /* "no", or the hypervisor's name */
	char cgroup_cpu_max[FINGERPRINT_TEXT_MAX];
	char cgroup_memory_max[FINGERPRINT_TEXT_MAX];
	char perf_event_paranoid[FINGERPRINT_TEXT_MAX];
	uint64_t memory_bytes;
	double load_1m, load_5m, load_15m;
	double pressure_cpu_pct, pressure_memory_pct, pressure_io_pct; /* PSI, some, avg10 */
	double steal_pct; /* since boot; see fingerprint_steal_pct for an interval */
};

void fingerprint_take(struct fingerprint *f);
void fingerprint_write(struct json_out *j, const char *key, const struct fingerprint *f);

void cpu_ticks_read(struct cpu_ticks *t); /* zeroes when unreadable */

/* Stolen share of the time between two readings, in percent; NaN when no tick passed. */
double fingerprint_steal_pct(const struct cpu_ticks *before, const struct cpu_ticks *after);

#endif
