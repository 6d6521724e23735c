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

/* A row runs with one of these, at random. {dir} is the run's own folder, {n} a fresh number. */
static const struct {
	const char *args;
	/* Requests of good clients may be refused at any time; a journal refuses edits for a second
	 * and more after its disk was full. */
	bool is_tight;
} variants[] = {
	{ "", false },
	{ "-j 1:1", false },
	{ "--queue priority", false },
	{ "--context per-worker", false },
	{ "--context shared --start lazy", false },
	{ "--buffers malloc --parser scalar", false },
	{ "--memory-high 96", true },
	{ "--request-timeout 2s --request-read-timeout 1s --write-timeout 1s", true },
	{ "--journal {dir}/journal{n} --journal-sync interval", true },
	{ "--journal {dir}/journal{n} --journal-sync always", true },
};
enum { VARIANTS_COUNT = sizeof(variants) / sizeof(variants[0]) };

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
		   "requests, get_voxel p50 %.2f p99 %.1f ms, %llu excused errors",
		   s->report->where, (unsigned long long)n.steps, (unsigned long long)n.results,
		   (unsigned long long)n.errors, (unsigned long long)n.cuts,
		   (unsigned long long)b->requests_count,
		   (double)hist_quantile_ns(b->total[BYSTANDER_GET], 0.5) / 1e6,
		   (double)hist_quantile_ns(b->total[BYSTANDER_GET], 0.99) / 1e6,
		   (unsigned long long)b->errors_count);
}

static void attack_in_phases(struct arena *a, const struct stress *s, uint64_t attack_ns)
{
	for (int i = 0; i < PHASES_COUNT && target_is_alive(&a->target); i++) {
		fault_set_mask(&a->run, phases[i] & allowed_faults(s));
		stress_sleep(attack_ns / PHASES_COUNT);
	}
}

struct round {
	struct target_cfg cfg;
	uint64_t attack_ns;
	bool is_tight;
	bool is_end_busy;
};

static int run_round(struct stress *s, const struct round *round, struct rng *rng, struct err *err)
{
	static struct arena arena; /* large, and there is one at a time */
	struct arena *a = &arena;
	char where[128];
	int rc;

	snprintf(where, sizeof(where), "%s %s%s%s", round->cfg.preset,
		 round->cfg.transport ? round->cfg.transport : "", *round->cfg.args ? " " : "",
		 round->cfg.args);
	s->report->where = where;
	rc = arena_open(a, s, &round->cfg, 1, err);
	if (rc == 0) {
		a->run.is_tight = round->is_tight;
		rc = add_actors(a, s, rng, err);
	}
	if (rc == 0) {
		attack_in_phases(a, s, round->attack_ns);
		say_round(a, s);
		arena_end_attack(a);
		arena_check_calm(a);
		arena_check_idle(a);
		arena_close(a, round->is_end_busy);
		report_say(s->report, "%s: ended %.2f s after TERM", where,
			   (double)a->end_ns / 1e9);
		arena_free(a);
	}
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
	uint64_t rest_ns =
		(uint64_t)busy_ends * ARENA_END_S * NSEC_PER_SEC + rounds * NSEC_PER_SEC / 2;

	return s->duration_ns < 2 * rest_ns ? s->duration_ns / rounds / 2
					    : (s->duration_ns - rest_ns) / rounds;
}

/* The row's daemon, in one of its variants unless one was asked for. */
static void choose(const struct stress *s, unsigned row, struct rng *rng, struct round *round)
{
	bool is_one = s->preset || s->transport;
	size_t v = s->args ? 0 : rng_below(rng, VARIANTS_COUNT);

	round->is_tight = variants[v].is_tight;
	round->cfg = (struct target_cfg){
		.program = s->daemon_path,
		.preset = s->preset ? s->preset
			  : is_one  ? "v15"
				    : rows[row].preset,
		.transport = s->transport ? s->transport
			     : is_one     ? NULL
					  : rows[row].transport,
		.args = s->args ? s->args : variants[v].args,
		.with_fail_alloc = (allowed_faults(s) & FAULT_ALLOC) != 0,
	};
}

int rounds_run(struct stress *s, struct err *err)
{
	unsigned rounds = s->preset || s->transport ? 1 : ROWS_COUNT;
	unsigned busy_ends = rounds == 1 ? 1 : BUSY_ENDS;
	struct round round = { .attack_ns = attack_of(s, rounds, busy_ends) };
	struct rng rng;
	int rc = 0;

	rng_init(&rng, (uint64_t)s->seed, UINT64_MAX);
	if (!s->place.has_disk)
		report_say(s->report, "no mount namespace here: without the full disk");
	if (!s->place.fail_library)
		report_say(s->report, "no fail_alloc.so here: without failing allocations");
	for (unsigned i = 0; i < rounds && rc == 0 && !stress_is_interrupted(); i++) {
		choose(s, i, &rng, &round);
		/* Which rounds end busy goes round with the seed. */
		round.is_end_busy = (i + (unsigned)s->seed) % rounds < busy_ends;
		rc = run_round(s, &round, &rng, err);
	}
	return rc;
}
