/* pair_pilot.c - a short closed loop for each arm. */
#include "loadgen/pair/pair_pilot.h"

#include <errno.h>
#include <math.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "loadgen/pair/pair_server.h"
#include "loadgen/run.h"

#define PILOT_WARMUP_NS (100 * NSEC_PER_MSEC)
#define PILOT_NS        (300 * NSEC_PER_MSEC)

static int drive(const struct pair_setup *setup, const struct sock_addr *addr, double *per_s,
		 struct err *err)
{
	struct options o = setup->load;
	struct plan plan = { 0 };
	struct run_result run = { 0 };
	int rc;

	o.addr = *addr;
	o.rate_per_s = 0;
	o.warmup_ns = PILOT_WARMUP_NS;
	o.duration_ns = PILOT_NS;
	rc = plan_init(&plan, &o, setup->workload, err);
	if (!rc)
		rc = run_load(&plan, NULL, &run, err);
	if (!rc && run.state == RUN_INTERRUPTED) {
		rc = err_set(err, -EINTR, "interrupted");
	} else if (!rc) {
		const struct recorder *total = &run.collect.total;
		uint64_t done = recorder_ops(total) - recorder_op_errors(total);

		*per_s = (double)done * (double)NSEC_PER_SEC / (double)PILOT_NS;
		if (!done)
			rc = err_set(err, -EPROTO, "no request succeeded");
	}
	run_result_deinit(&run);
	plan_deinit(&plan);
	return rc;
}

static int pilot_arm(const struct pair_setup *setup, uint32_t arm, double *per_s, struct err *err)
{
	struct pair_server server;
	int rc = pair_server_start(
		&(struct pair_start){
			.home = &setup->home,
			.arm = &setup->arms[arm],
			.base = setup->base,
			.cpus = &setup->server_cpus,
			.timeout_ns = setup->load.timeout_ns,
			.stop_fd = setup->stop_fd,
		},
		&server, err);

	if (!rc)
		rc = drive(setup, &server.addr, per_s, err);
	pair_server_stop(&server);
	return rc ? err_wrap(err, rc, "arm %c", setup->arms[arm].name) : 0;
}

int pair_pilot(const struct pair_setup *setup, double *slowest_per_s, struct err *err)
{
	*slowest_per_s = INFINITY;
	for (uint32_t i = 0; i < setup->design.arms_count; i++) {
		double per_s = 0;
		int rc = pilot_arm(setup, i, &per_s, err);

		if (rc)
			return rc;
		*slowest_per_s = fmin(*slowest_per_s, per_s);
	}
	return 0;
}

double pair_pilot_round(double rate_per_s)
{
	double unit = pow(10, floor(log10(rate_per_s)) - 1);

	return floor(rate_per_s / unit) * unit;
}
