/*
 * sampler.h - runs `perf record` on a process for a given time.
 *
 * perf is started with sampling off, told to begin over its control pipe, and ended by SIGINT, so
 * that its own start-up is in no profile. It is killed when this program dies. Only perf.data tells
 * which event was recorded: without hardware counters, perf silently replaces cycles by cpu-clock.
 */
#ifndef PROFILES_CAPTURE_SAMPLER_H
#define PROFILES_CAPTURE_SAMPLER_H

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
	int message_fd; /* stderr of perf */
};

/* Starts perf, which prepares but does not sample yet. */
int sampler_start(const struct sampler_cfg *cfg, struct sampler *out, struct err *err);

/*
 * Waits up to 10 s until it samples. -ETIMEDOUT, -EIO with perf's message: perf has then been
 * ended.
 */
int sampler_begin(struct sampler *s, struct err *err);

/*
 * Ends perf and waits up to 30 s until the file is complete. Calling it again is a no-op. -EIO:
 * perf failed; err has its message, and the file may still hold samples.
 */
int sampler_stop(struct sampler *s, struct err *err);

#endif
