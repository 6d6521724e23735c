/*
 * rounds.c - the test of combinations: a few seconds for each row of daemons, many actors at once,
 * the faults of the environment one after the other and all together; then calm, then TERM while
 * long requests run.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/hist.h"
#include "daemon/test/stress/arena.h"
#include "daemon/test/stress/fail_alloc.h"
#include "daemon/test/stress/fault.h"
#include "daemon/test/stress/report.h"
#include "daemon/test/stress/stress.h"

static const struct {
	const char *preset;
	const char *transport;
} rows[] = {
	{ "v15", "epoll" }, { "v15", "uring" },   { "v14", "poll" },  { "v15", "threads" },
	{ "v15", "poll" },  { "v14", "threads" }, { "v14", "epoll" },
};
enum { ROWS_COUNT = sizeof(rows) / sizeof(rows[0]), BUSY_ENDS = 2 };

static const uint32_t phases[] = { 0,
				   FAULT_ALLOC,
				   FAULT_FDS,
				   FAULT_DISK | FAULT_FILE_SIZE,
				   FAULT_ALLOC | FAULT_FDS | FAULT_DISK,
				   0 };
enum { PHASES_COUNT = sizeof(phases) / sizeof(phases[0]) };

/* Is the name in the list "a,b,c"? NULL holds all. */
static bool is_listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = list; at && (at = strstr(at, name)); at += len)
		if ((at == list || at[-1] == ',') && (at[len] == ',' || at[len] == '\0'))
			return true;
	return list == NULL;
}

static uint32_t allowed_faults(const struct stress *s)
{
	uint32_t mask = 0;

	for (const struct fault *f = faults; f->name; f++)
		if (is_listed(s->faults, f->name))
			mask |= f->bit;
	return mask;
}

/* Two of three rows, at random for each round: with all of them at once, nobody gets far on a small
 * machine. */
static int add_actors(struct arena *a, const struct stress *s, struct rng *rng, struct err *err)
{
	const struct actor *row;
	int rc = 0;

	for (size_t i = 0; (row = actor_at(i)) && rc == 0; i++) {
		bool is_in = s->only ? is_listed(s->only, row->name) : rng_below(rng, 3) > 0;

		if (!(row->uses & ACTOR_ALONE) && is_in)
			rc = crowd_add(&a->crowd, row, row->uses & ACTOR_LONG ? 1 : 2, 0, err);
	}
	return rc;
}

static void say_round(struct arena *a, const struct stress *s)
{
	const struct bystander *b = &a->bystander;
	struct crowd_counts n = crowd_count(&a->crowd, NULL);

	report_say(s->report,
		   "%s: %llu steps, %llu results, %llu errors, %llu hang-ups; bystander: %llu "
		   "requests, get_voxel p50 %.2f p99 %.1f max %.1f ms, render max %.0f ms, "
		   "%llu excused errors; failed allocations %llu",
		   s->report->where, (unsigned long long)n.steps, (unsigned long long)n.results,
		   (unsigned long long)n.errors, (unsigned long long)n.cuts,
		   (unsigned long long)b->requests_count,
		   (double)hist_quantile_ns(b->total[BYSTANDER_GET], 0.5) / 1e6,
		   (double)hist_quantile_ns(b->total[BYSTANDER_GET], 0.99) / 1e6,
		   (double)b->total[BYSTANDER_GET]->max_ns / 1e6,
		   (double)b->total[BYSTANDER_RENDER]->max_ns / 1e6,
		   (unsigned long long)b->errors_count,
		   (unsigned long long)atomic_load(&s->place.fail->failed_count));
}

static int run_round(struct stress *s, const struct target_cfg *cfg, uint64_t attack_ns,
		     bool is_end_busy, struct rng *rng, struct err *err)
{
	uint64_t phase_ns = attack_ns / PHASES_COUNT;
	struct arena *a = malloc(sizeof(*a));
	char where[64];
	int rc;

	snprintf(where, sizeof(where), "%s %s", cfg->preset, cfg->transport ? cfg->transport : "");
	s->report->where = where;
	rc = a ? arena_open(a, s, cfg, 1, err) : err_set(err, -ENOMEM, "a round");
	if (rc == 0)
		rc = add_actors(a, s, rng, err);
	for (int i = 0; i < PHASES_COUNT && rc == 0 && target_is_alive(&a->target); i++) {
		fault_set_mask(&a->run, phases[i] & allowed_faults(s));
		stress_sleep(phase_ns);
	}
	if (rc == 0) {
		say_round(a, s);
		arena_end_attack(a);
		arena_check_calm(a);
		arena_close(a, is_end_busy);
		report_say(s->report, "%s: ended %.2f s after TERM", where,
			   (double)a->end_ns / 1e9);
	}
	free(a);
	s->report->where = "";
	return rc;
}

/*
 * What of a round is the attack: apart from it a round needs a start, replies that are still
 * missing, and an end. An end while long requests run takes ARENA_END_S, so not every round has
 * one.
 */
static uint64_t attack_of(const struct stress *s, unsigned rounds, unsigned busy_ends)
{
	uint64_t rest_ns = busy_ends * ARENA_END_S * NSEC_PER_SEC + rounds * NSEC_PER_SEC / 2;

	return s->duration_ns < 2 * rest_ns ? s->duration_ns / rounds / 2
					    : (s->duration_ns - rest_ns) / rounds;
}

int rounds_run(struct stress *s, struct err *err)
{
	struct target_cfg cfg = { .program = s->daemon_path,
				  .args = s->args,
				  .with_fail_alloc = true };
	bool is_one = s->preset || s->transport;
	unsigned rounds = is_one ? 1 : ROWS_COUNT;
	unsigned busy_ends = is_one ? 1 : BUSY_ENDS;
	uint64_t attack_ns = attack_of(s, rounds, busy_ends);
	struct rng rng;
	int rc = 0;

	rng_init(&rng, (uint64_t)s->seed, UINT64_MAX);

	if (!s->place.has_disk)
		report_say(s->report, "no mount namespace here: without the full disk");
	if (!s->place.fail_library)
		report_say(s->report, "no fail_alloc.so here: without failing allocations");
	for (unsigned i = 0; i < rounds && rc == 0 && !stress_is_interrupted(); i++) {
		cfg.preset = s->preset ? s->preset : is_one ? "v15" : rows[i].preset;
		cfg.transport = s->transport ? s->transport : is_one ? NULL : rows[i].transport;
		/* Which rounds end busy goes round with the seed. */
		rc = run_round(s, &cfg, attack_ns, (i + (unsigned)s->seed) % rounds < busy_ends,
			       &rng, err);
	}
	return rc;
}
