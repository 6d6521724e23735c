/*
 * attack.c - one attack at a time, each on a fresh daemon: what the bystander's requests take
 * before and during it, against the limits of a fair daemon.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/hist.h"
#include "daemon/test/stress/arena.h"
#include "daemon/test/stress/report.h"
#include "daemon/test/stress/stress.h"

enum {
	QUIET_MS = 1000, /* the bystander alone, before the attack */
	AGAIN_MS = 500,
	MEMORY_EVERY_MS = 100,
	SETTLE_MS = 6000,
	SETTLED_BYTES = 24 << 20, /* nothing to wait for */
	GET_LIMIT_MS = 5,
	RENDER_LIMIT_MS = 1000,
};

struct result {
	uint64_t rss_most_bytes;
	uint64_t rss_after_bytes;
	uint64_t failures;
};

static double ms(uint64_t ns)
{
	return (double)ns / 1e6;
}

/* "met", "met at p99" (single samples above), "not met". */
static const char *verdict(const struct hist *h, unsigned limit_ms)
{
	if (h->total == 0)
		return "no reply";
	if (h->max_ns <= limit_ms * NSEC_PER_MSEC)
		return "met";
	return hist_quantile_ns(h, 0.99) <= limit_ms * NSEC_PER_MSEC ? "met at p99" : "not met";
}

static void print_head(void)
{
	printf("%-16s | %25s %-10s | %22s %-10s | %6s %6s | %7s %7s | %5s | %s\n", "attack",
	       "get_voxel p50 p99 max ms", "< 5 ms", "render p50 p99 max ms", "< 1 s", "wake",
	       "knock", "RSS MB", "after", "end s", "failures");
}

/* wake: how late the bystander's own timer was, p99, ms; knock: a new connection's ping, max, ms;
 * RSS at most, and when all is over. */
static void print_row(const struct arena *a, const struct actor *row, const struct result *x)
{
	const struct hist *get = a->bystander.total[BYSTANDER_GET];
	const struct hist *render = a->bystander.total[BYSTANDER_RENDER];
	const struct hist *wake = a->bystander.total[BYSTANDER_WAKE];
	const struct hist *knock = a->bystander.total[BYSTANDER_KNOCK];

	printf("%-16s | %7.2f %8.2f %8.1f %-10s | %6.0f %7.0f %7.0f %-10s | %6.1f %6.0f | %7.0f "
	       "%7.0f | %5.2f | %llu\n",
	       row->name, ms(hist_quantile_ns(get, 0.5)), ms(hist_quantile_ns(get, 0.99)),
	       ms(get->max_ns), verdict(get, GET_LIMIT_MS), ms(hist_quantile_ns(render, 0.5)),
	       ms(hist_quantile_ns(render, 0.99)), ms(render->max_ns),
	       verdict(render, RENDER_LIMIT_MS), ms(hist_quantile_ns(wake, 0.99)),
	       knock->total ? ms(knock->max_ns) : -1, (double)x->rss_most_bytes / 1e6,
	       (double)x->rss_after_bytes / 1e6, (double)a->end_ns / 1e9,
	       (unsigned long long)x->failures);
	fflush(stdout);
}

/* Returns the largest RSS seen. */
static uint64_t watch(const struct arena *a, uint64_t duration_ns)
{
	uint64_t until_ns = clock_ns() + duration_ns;
	uint64_t most = 0;
	struct proc_sample sample;

	while (clock_ns() < until_ns && stress_sleep(MEMORY_EVERY_MS * NSEC_PER_MSEC))
		if (proc_sample_take(a->target.pid, &sample) == 0 && sample.rss_bytes > most)
			most = sample.rss_bytes;
	return most;
}

/* Idle threads give memory back within seconds: the least of that time. */
static uint64_t rss_after(const struct arena *a)
{
	uint64_t until_ns = clock_ns() + SETTLE_MS * NSEC_PER_MSEC;
	struct proc_sample sample;
	uint64_t least = UINT64_MAX;

	while (target_is_alive(&a->target) && proc_sample_take(a->target.pid, &sample) == 0) {
		if (sample.rss_bytes < least)
			least = sample.rss_bytes;
		if (least < SETTLED_BYTES || clock_ns() > until_ns ||
		    !stress_sleep(MEMORY_EVERY_MS * NSEC_PER_MSEC))
			break;
	}
	return least == UINT64_MAX ? 0 : least;
}

/* The attack, calm, and the attack once more. The bystander has been measured after the first. */
static int attack(struct arena *a, struct stress *s, const struct actor *row, struct result *x,
		  struct err *err)
{
	int rc;

	stress_sleep(QUIET_MS * NSEC_PER_MSEC);
	bystander_forget(&a->bystander);
	rc = crowd_add(&a->crowd, row, row->players_count, 0, err);
	if (rc < 0)
		return rc;
	x->rss_most_bytes = watch(a, s->duration_ns);
	arena_end_attack(a);
	arena_check_calm(a);
	x->rss_after_bytes = rss_after(a);
	/* TERM comes while this attack is under way. */
	crowd_clear(&a->crowd);
	if (target_is_alive(&a->target))
		rc = crowd_add(&a->crowd, row, row->players_count, 0, err);
	stress_sleep(AGAIN_MS * NSEC_PER_MSEC);
	return rc;
}

static int attack_with(struct stress *s, const struct actor *row, struct err *err)
{
	struct target_cfg cfg = { .program = s->daemon_path,
				  .preset = s->preset ? s->preset : "v15",
				  .transport = s->transport,
				  .args = s->args };
	struct result x = { .failures = report_failures(s->report) };
	static struct arena arena; /* large, and there is one at a time */
	struct arena *a = &arena;
	int rc = arena_open(a, s, &cfg, s->is_small ? 1 : 2, err);

	s->report->where = row->name;
	if (rc == 0)
		rc = attack(a, s, row, &x, err);
	if (rc == 0) {
		arena_close(a, false);
		x.failures = report_failures(s->report) - x.failures;
		print_row(a, row, &x);
		arena_free(a);
	}
	s->report->where = "";
	return rc;
}

int attack_run(struct stress *s, struct err *err)
{
	bool is_all = strcmp(s->attack, "all") == 0;
	char *names = strdup(s->attack);
	char *rest = NULL;
	const struct actor *row;
	int rc = 0;

	if (!names)
		return err_set(err, -ENOMEM, "names");
	print_head();
	for (size_t i = 0; is_all && (row = actor_at(i)) && rc == 0 && !stress_is_interrupted();
	     i++)
		rc = attack_with(s, row, err);
	for (char *name = is_all ? NULL : strtok_r(names, ",", &rest);
	     name && rc == 0 && !stress_is_interrupted(); name = strtok_r(NULL, ",", &rest)) {
		row = actor_find(name);
		rc = row ? attack_with(s, row, err)
			 : err_set(err, -ENOENT, "no attack '%s' (--list)", name);
	}
	free(names);
	return rc;
}
