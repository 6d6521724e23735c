#include "daemon/test/stress/arena.h"

#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/test/stress/fault.h"
#include "daemon/test/stress/report.h"
#include "daemon/test/stress/stress.h"

enum {
	PATIENCE_SANITIZED = 4,
	BUSY_MS = 400, /* long requests are under way this long before TERM */
	IDLE_LINKS = 12,
	IDLE_SETTLE_MS = 50, /* until the last of them has been looked at */
	IDLE_MS = 300,
};

/* Of one processor. A loop without sleep takes all of it, or half on a machine that others use. */
#define IDLE_SHARE_MAX 0.25

int arena_open(struct arena *a, const struct stress *s, const struct target_cfg *cfg,
	       unsigned scale, struct err *err)
{
	int rc;

	memset(a, 0, sizeof(*a));
	rc = target_start(&a->target, cfg, &s->place, err);
	if (rc < 0)
		return rc;
	a->run = (struct run){ .target = &a->target,
			       .report = s->report,
			       .seed = (uint64_t)s->seed,
			       .scale = scale,
			       .patience = (unsigned)s->patience *
					   (a->target.is_sanitized ? PATIENCE_SANITIZED : 1) };
	rc = run_open(&a->run, err);
	if (rc == 0)
		rc = bystander_open(&a->bystander, &a->run, err);
	crowd_init(&a->crowd, &a->run);
	if (rc == 0 && calm_take_base(&a->run, &a->base) < 0)
		report_fail(s->report, "daemon", "start", "does not answer before any attack");
	if (rc == 0)
		rc = bystander_start(&a->bystander, err);
	return rc;
}

void arena_end_attack(struct arena *a)
{
	fault_set_mask(&a->run, 0);
	if (!stress_is_interrupted())
		crowd_finish(&a->crowd, (uint64_t)ARENA_REPLY_S * a->run.patience * NSEC_PER_SEC);
	run_stop(&a->run);
	crowd_join(&a->crowd);
	bystander_join(&a->bystander);
	run_restart(&a->run);
}

void arena_check_calm(struct arena *a)
{
	if (!target_is_alive(&a->target) || stress_is_interrupted())
		return;
	bystander_check_all(&a->bystander);
	link_close(&a->bystander.link);
	calm_check(&a->run, &a->base);
}

void arena_check_idle(struct arena *a)
{
	struct link links[IDLE_LINKS];
	uint64_t begin_ns;
	uint64_t cpu_ms;
	double share;
	struct proc_sample sample;

	if (!target_is_alive(&a->target) || stress_is_interrupted())
		return;
	fault_set_mask(&a->run, FAULT_FDS);
	for (int i = 0; i < IDLE_LINKS; i++) {
		links[i] = LINK_INIT;
		link_open(&links[i], &a->target.addr, a->run.stop_fd);
	}
	clock_sleep_until_ns(clock_ns() + IDLE_SETTLE_MS * NSEC_PER_MSEC);
	proc_sample_take(a->target.pid, &sample);
	cpu_ms = sample.cpu_ms;
	begin_ns = clock_ns();
	clock_sleep_until_ns(begin_ns + IDLE_MS * NSEC_PER_MSEC);
	proc_sample_take(a->target.pid, &sample);
	share = (double)(sample.cpu_ms - cpu_ms) * 1e6 / (double)(clock_ns() - begin_ns);
	if (share > IDLE_SHARE_MAX)
		report_fail(a->run.report, "daemon", "spins",
			    "%.0f %% of a processor with %d idle clients and no descriptor left",
			    share * 100, IDLE_LINKS);
	for (int i = 0; i < IDLE_LINKS; i++)
		link_deinit(&links[i]);
	fault_set_mask(&a->run, 0);
}

static void make_busy(struct arena *a)
{
	const struct actor *row;

	a->run.scale = 2; /* longer than this waits */
	crowd_clear(&a->crowd);
	for (size_t i = 0; (row = actor_at(i)); i++)
		if (row->uses & ACTOR_LONG)
			crowd_add(&a->crowd, row, 1, 0, NULL);
	clock_sleep_until_ns(clock_ns() + BUSY_MS * NSEC_PER_MSEC);
}

void arena_close(struct arena *a, bool is_busy)
{
	uint64_t limit_ns =
		(uint64_t)(ARENA_END_S + ARENA_END_SLACK_S) * a->run.patience * NSEC_PER_SEC;

	if (stress_is_interrupted())
		target_kill(&a->target);
	if (is_busy && target_is_alive(&a->target))
		make_busy(a);
	a->end_ns = target_end(&a->target, limit_ns, a->run.report);
	run_stop(&a->run);
	crowd_join(&a->crowd);
	crowd_clear(&a->crowd);
	bystander_join(&a->bystander);
}

void arena_free(struct arena *a)
{
	bystander_close(&a->bystander);
	run_close(&a->run);
}
