/* calm.h - what a daemon must be like when nobody bothers it any more. */
#ifndef DAEMON_TEST_STRESS_CALM_H
#define DAEMON_TEST_STRESS_CALM_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/test/stress/proc_sample.h"

struct bystander;
struct run;

/* What status says of the daemon's resources; -1: it does not say. */
struct calm_status {
	int64_t connections_count;
	int64_t projects_count;
	int64_t refused_connections_count;
	int64_t budget_used_bytes;
	int64_t budget_kept_bytes; /* of it: for reuse */
	int64_t pictures_bytes;    /* of it: those that are drawn and those that are cached */
	int64_t budget_limit_bytes;
	int64_t budget_refused_count; /* takes from the budget that failed */
	int64_t queued_count;
	int64_t errors_count;
	int64_t blocks_count;
};

/* One connection, one status. 0, or a negative errno; all is -1 then. */
int calm_read_status(struct run *r, struct calm_status *out);

struct calm_base {
	struct proc_sample sample;
	struct calm_status status;
};

/* Before the attack: after a script, a picture and a save, so that what is made on first use is. */
int calm_take_base(struct run *r, struct calm_base *base);

/* After it: closes every project, waits until the resources are back, reports what is not. */
void calm_check(struct run *r, const struct calm_base *base);

#endif
