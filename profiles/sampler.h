/*
 * sampler.h - runs `perf record` on a process for as long as we say.
 *
 * perf is started with sampling off, told to begin over its control pipe, and ended by SIGINT, so
 * that its own start-up is in nobody's profile. It dies with us. What event it really recorded is
 * in perf.data only: asked for cycles on a machine without them, it takes cpu-clock in silence.
 */
#ifndef PROFILES_SAMPLER_H
#define PROFILES_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

struct sampler_cfg {
	const char *perf_path;
	pid_t pid;
	unsigned rate_hz;
	const char *event;    /* "cycles" */
	bool with_kernel;     /* false: user code only */
	bool is_machine_wide; /* all processors and processes, in place of pid's threads */
	const char *out_path; /* perf.data */
};

struct sampler {
	pid_t perf_pid; /* 0 = not running */
	int control_fd, ack_fd;
	int message_fd; /* what perf says on stderr */
};

/* Starts perf, which gets ready and does not sample yet. */
int sampler_start(const struct sampler_cfg *cfg, struct sampler *out, struct err *err);

/*
 * Waits, 10 s at most, until it samples. -ETIMEDOUT, -EIO with perf's own words: it is ended then.
 */
int sampler_begin(struct sampler *s, struct err *err);

/*
 * Ends perf and waits until the file is finished, 30 s at most. Calling it again is a no-op.
 * -EIO: perf failed; its words are in err, and the file may hold samples nevertheless.
 */
int sampler_stop(struct sampler *s, struct err *err);

#endif
