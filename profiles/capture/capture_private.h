/* capture_private.h - what the capture*.c files share: a capture under way. */
#ifndef PROFILES_CAPTURE_CAPTURE_PRIVATE_H
#define PROFILES_CAPTURE_CAPTURE_PRIVATE_H

#include "daemon/base/clock.h"
#include "daemon/base/rng.h"
#include "daemon/base/strbuf.h"
#include "profiles/capture/capture.h"
#include "profiles/capture/control.h"
#include "profiles/capture/counters.h"
#include "profiles/capture/events.h"
#include "profiles/capture/permit.h"
#include "profiles/capture/procstat.h"
#include "profiles/capture/sampler.h"
#include "profiles/capture/target.h"
#include "profiles/capture/waits.h"
#include "profiles/profile/heap.h"
#include "profiles/profile/perfdata.h"
#include "reports/lib/runfile.h"

struct json_out;
struct symbols;

enum capture_state { CAPTURE_COMPLETE, CAPTURE_INTERRUPTED, CAPTURE_TARGET_DIED };

enum { CAPTURE_MISSING_MAX = 96, CAPTURE_FILES_MAX = 16 };

struct capture_interval {
	double start_s, elapsed_s;
	double values[EVENTS_MAX]; /* in the order of events */
};

struct capture {
	struct capture_cfg cfg;
	struct permit permit;
	struct target target;
	struct control control; /* fd -1: no goxel daemon */
	char control_why[256];  /* why there is no control connection */
	enum capture_state state;
	uint64_t begin_ns; /* when the capture was requested to start */
	uint64_t start_wall_ns, start_ns, end_ns;
	uint64_t own_cpu_ns[2]; /* of this program: before and after measuring */

	struct event events[EVENTS_MAX];
	size_t events_count;
	struct counters *counters; /* NULL = none */
	struct counter_value first[EVENTS_MAX], last[EVENTS_MAX];
	struct counter_estimate totals[EVENTS_MAX]; /* of the whole capture */
	struct rng rng;                             /* chooses the positions of windows */
	struct capture_interval *intervals;         /* owned */
	size_t intervals_count, intervals_cap;
	unsigned long long user_ns[2], kernel_ns[2]; /* of the target: before, after */
	int64_t requests[2];                         /* -1 = unknown */

	struct sampler sampler;
	bool has_samples;
	struct perfdata_info perf;
	uint64_t own_samples_count; /* of the target */
	bool is_machine_wide;
	struct stacks cpu_stacks;

	struct heap_profile heap_before, heap_after;
	bool has_heap[2];
	struct procstat memory;
	struct waits waits;
	uint64_t look_ns; /* when the next sample of waits is due */
	struct symbols *symbols;

	struct {
		char name[EVENT_NAME_MAX];
		char reason[256];
	} missing[CAPTURE_MISSING_MAX];
	size_t missing_count;
	const char *files[CAPTURE_FILES_MAX];
	size_t files_count;
	struct strbuf summary;  /* text for the terminal */
	struct strbuf document; /* profile.json */
};

/* Records what could not be captured, and why. */
void capture_miss(struct capture *c, const char *name, const char *reason);
int capture_put(struct capture *c, enum runfile file, const struct strbuf *text, struct err *err);
/* Adds a file name to profile.json. */
void capture_add_file(struct capture *c, enum runfile file);
void capture_path(const struct capture *c, enum runfile file, char *out, size_t cap);
/* Waits until the given time, the target's end, or *stop; samples the waits while measuring. */
void capture_wait(struct capture *c, uint64_t until_ns, const volatile sig_atomic_t *stop);
int capture_measure(struct capture *c, const volatile sig_atomic_t *stop, struct err *err);
int capture_write_waits(struct capture *c, struct err *err);    /* capture_json.c */
int capture_analyze(struct capture *c, struct err *err);        /* capture_analyze.c */
int capture_write_counters(struct capture *c, struct err *err); /* capture_json.c */
int capture_write_profile(struct capture *c, struct err *err);  /* capture_profile.c */
int64_t capture_requests(const struct capture *c); /* answered during the capture; -1 = unknown */
void capture_put_requests(struct json_out *j, const struct capture *c);

static inline double capture_seconds(uint64_t ns)
{
	return (double)ns / (double)NSEC_PER_SEC;
}

#endif
