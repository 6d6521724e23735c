/* clang-format off */
/*
 * capture.h - one capture of a running process: finds out what can be measured, measures it, and
 * writes the files.
 *
 * Files in the directory (DESIGN.md, section 5): counters.json, cpu.perf.data, cpu.folded,
 * cpu.pb.gz, heap-before.pb.gz, heap-after.pb.gz, allocs.json, memory.csv, waits.json,
 * profile.json. What could not be captured has no file; `missing` in profile.json says why.
 *
 * profile.json, schema "goxel-profile/1": the envelope, and
 *   state           "complete" | "interrupted" | "target_died"
 *   asked           {pid, duration_s, interval_s, rate_hz, sample_event, count_share, events[]}
 *   target          {pid, comm, exe, control}
 *   duration_s      of the capture
 *   requests_count  answered by the daemon during the capture; null: unknown
 *   cpu             {scope, event_asked, event_got, rate_hz, samples_count, others_count,
 *                   lost_count, with_kernel, is_truncated, remark} or null
 *                   scope: "machine" (all processors, filtered by the target) | "process"
 *                   others_count: samples of other processes
 *   counters        {threads_count, unsure_threads_count, events_count} or null
 *   heap            {mean_bytes, samples_count, lost_count, before{}, after{}} or null;
 *                   before, after: {allocs_count, frees_count, allocated_bytes}
 *   memory          {first{}, last{}, rss_bytes_max, pss_bytes_max} or null
 *   cost            {measuring_cpu_s, memory_read_s, waits_read_s, analysis_cpu_s, perf_cpu_s}
 *                   measuring_cpu_s includes memory_read_s and waits_read_s;
 *                   perf_cpu_s includes the start and the end of perf
 *   permitted       [{name, ok, why}]
 *   missing         [{name, reason}]
 *   files           [names]
 */
/* clang-format on */
#ifndef PROFILES_CAPTURE_CAPTURE_H
#define PROFILES_CAPTURE_CAPTURE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/base/span.h"

struct capture;
struct err;

struct capture_cfg {
	int64_t pid;
	const char *out_dir;
	uint64_t duration_ns,
		interval_ns; /* interval 0 = a twentieth of the duration, within 100 ms .. 1 s */
	uint64_t delay_ns;   /* from the call to the start; 0 = start when ready, measure the whole
				duration */
	int64_t rate_hz;
	const char *sample_event;
	const char *events;  /* list for events_parse */
	const char *control; /* NULL = find it */
	const char *scope;   /* scope of sampling: "auto", "machine", "process" */
	double count_share;  /* percent of the time during which counters are open; 100 = always */
	bool no_cpu, no_heap, no_counters;
};

/*
 * Captures and writes all files. *stop becomes non-zero to end early (from a signal handler).
 * Returns the exit code of the program; err says why when it is not 0. capture_free(*out)
 * afterwards in any case; *out is NULL when there was no memory for it.
 */
int capture_run(const struct capture_cfg *cfg, const volatile sig_atomic_t *stop,
		struct capture **out, struct err *err);
void capture_free(struct capture *c);

/* profile.json; empty when the capture did not come that far. Valid until capture_free. */
struct span capture_document(const struct capture *c);

/* The same for people: what was measured, what is missing and why, which files there are. */
void capture_report(const struct capture *c, FILE *out);

#endif
