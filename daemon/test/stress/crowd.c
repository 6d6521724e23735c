#include "daemon/test/stress/crowd.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/thread.h"
#include "daemon/test/stress/report.h"
#include "daemon/test/stress/run.h"
#include "daemon/test/stress/target.h"

enum {
	AFTER_FAILURE_MS = 20,
	PROJECT_S_MIN = 5, /* until a player of a soak begins a new project */
	PROJECT_S_MAX = 25,
	/*
	 * The players leave the processor to the daemon and the bystander: what is measured is how
	 * the daemon shares itself, not how the kernel shares a small machine among clients.
	 */
	PLAYER_NICE = 10,
	PLAYER_STACK_BYTES = 256 << 10,
};

void crowd_init(struct crowd *c, struct run *run)
{
	memset(c, 0, sizeof(*c));
	c->run = run;
}

/*
 * At a modest rate for a long time: projects do not grow for ever. What the clients hold is then
 * the same in each minute, and what grows is the daemon's.
 */
static void begin_anew(struct player *p)
{
	uint64_t now = clock_ns();

	if (p->pause_ns == 0 || p->project == 0)
		return;
	if (p->project_end_ns == 0)
		p->project_end_ns =
			now + player_draw(p, PROJECT_S_MIN, PROJECT_S_MAX) * NSEC_PER_SEC;
	if (now < p->project_end_ns)
		return;
	player_call(p, player_limit_ns(p, 60), NULL, "close_project", "{\"project_id\":%d}",
		    p->project);
	p->project = 0;
	p->project_end_ns = 0;
}

static void *play(void *arg)
{
	struct player *p = arg;

	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), PLAYER_NICE);
	while (!run_is_finishing(p->run)) {
		int rc = p->actor->step(p);

		atomic_fetch_add(&p->steps_count, 1);
		if (rc < 0) {
			link_close(&p->link);
			run_sleep(p->run, AFTER_FAILURE_MS * NSEC_PER_MSEC);
		} else {
			begin_anew(p);
		}
		if (p->pause_ns > 0)
			run_sleep(p->run, p->pause_ns / 2 + rng_below(&p->rng, p->pause_ns));
	}
	link_deinit(&p->link);
	atomic_store(&p->has_ended, true);
	return NULL;
}

int crowd_add(struct crowd *c, const struct actor *actor, unsigned threads, uint64_t pause_ns,
	      struct err *err)
{
	for (unsigned i = 0; i < threads; i++) {
		struct player *p = &c->players[c->count];

		if (c->count == CROWD_MAX)
			return err_set(err, -ENOSPC, "more than %d players", CROWD_MAX);
		memset(p, 0, sizeof(*p));
		p->actor = actor;
		p->run = c->run;
		p->index = i;
		p->pause_ns = pause_ns;
		p->link = LINK_INIT;
		rng_init(&p->rng, c->run->seed, ++c->stream);

		int rc = thread_start(&p->thread, actor->name, PLAYER_STACK_BYTES, play, p, err);

		if (rc < 0)
			return rc;
		c->count++;
	}
	return 0;
}

/* Who waits longer than limit_ns for a reply after the end of the step that it began before. */
static bool is_overdue(const struct player *p)
{
	return !atomic_load(&p->has_ended) && !(p->actor->uses & ACTOR_LONG);
}

void crowd_finish(struct crowd *c, uint64_t limit_ns)
{
	uint64_t deadline_ns = clock_ns() + limit_ns;
	size_t i = 0;

	run_finish(c->run);
	while (i < c->count && clock_ns() < deadline_ns && target_is_alive(c->run->target)) {
		while (i < c->count && !is_overdue(&c->players[i]))
			i++;
		if (i < c->count)
			clock_sleep_until_ns(clock_ns() + 5 * NSEC_PER_MSEC);
	}
	for (; i < c->count && target_is_alive(c->run->target); i++)
		if (is_overdue(&c->players[i]))
			report_fail(c->run->report, c->players[i].actor->name, "no reply",
				    "%.0f s after the attack", (double)limit_ns / 1e9);
}

void crowd_join(struct crowd *c)
{
	for (size_t i = 0; i < c->count; i++)
		pthread_join(c->players[i].thread, NULL);
}

void crowd_clear(struct crowd *c)
{
	c->count = 0;
}

struct crowd_counts crowd_count(const struct crowd *c, const struct actor *actor)
{
	struct crowd_counts sum = { 0 };

	for (size_t i = 0; i < c->count; i++) {
		const struct player *p = &c->players[i];

		if (actor && p->actor != actor)
			continue;
		sum.steps += atomic_load(&p->steps_count);
		sum.results += atomic_load(&p->results_count);
		sum.errors += atomic_load(&p->errors_count);
		sum.cuts += atomic_load(&p->cuts_count);
	}
	return sum;
}
