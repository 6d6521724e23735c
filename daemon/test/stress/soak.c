/*
 * soak.c - all well-behaved actors at a modest rate for as long as wanted, and what the daemon's
 * resources and the bystander's latencies are over time.
 */
#include "daemon/test/stress/soak.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/hist.h"
#include "daemon/test/stress/arena.h"
#include "daemon/test/stress/report.h"
#include "daemon/test/stress/stress.h"
#include "reports/lib/rundir.h"

enum {
	ROWS_WANTED = 600, /* unless --sample says otherwise */
	SAYS_COUNT = 60,   /* lines of progress */
	PAUSE_MS = 250,    /* mean, between the steps of a player */
	PAUSE_LONG_MS = 3000,
	WARMUP_PCT = 10,   /* of the duration, */
	WARMUP_S_MIN = 60, /* but at least so long: several lives of each project */
	PATIENCE = 3,      /* a soak shares its machine, and shows each latency */
};

static int add_actors(struct arena *a, struct err *err)
{
	const struct actor *row;
	int rc = 0;

	for (size_t i = 0; (row = actor_at(i)) && rc == 0; i++) {
		uint64_t pause_ms = row->uses & ACTOR_LONG ? PAUSE_LONG_MS : PAUSE_MS;

		if (row->uses & ACTOR_SOAK)
			rc = crowd_add(&a->crowd, row, 1, pause_ms * NSEC_PER_MSEC, err);
	}
	return rc;
}

/* ---- samples ---------------------------------------------------------------------- */

struct sampler {
	struct stress *s;
	struct arena *a;
	struct soak_rows rows;
	struct hist *window[BYSTANDER_KINDS];
	FILE *csv;
	uint64_t start_ns;
	uint64_t last_ns;
	uint64_t last_cpu_ms;
};

static void take_latencies(struct sampler *m, struct soak_row *row)
{
	for (int i = 0; i < BYSTANDER_KINDS; i++)
		hist_reset(m->window[i]);
	bystander_take_window(&m->a->bystander, m->window);
	for (int i = 0; i < BYSTANDER_KINDS; i++) {
		row->latency_count[i] = m->window[i]->total;
		row->latency_p50_ns[i] = hist_quantile_ns(m->window[i], 0.5);
		row->latency_p99_ns[i] = hist_quantile_ns(m->window[i], 0.99);
		row->latency_max_ns[i] = m->window[i]->total ? m->window[i]->max_ns : 0;
	}
}

static int keep_row(struct soak_rows *rows, const struct soak_row *row)
{
	if (rows->count == rows->cap) {
		size_t cap = rows->cap ? rows->cap * 2 : 1024;
		struct soak_row *list = realloc(rows->list, cap * sizeof(*list));

		if (!list)
			return -ENOMEM;
		rows->list = list;
		rows->cap = cap;
	}
	rows->list[rows->count++] = *row;
	return 0;
}

static int take_row(struct sampler *m, struct err *err)
{
	struct arena *a = m->a;
	uint64_t now = clock_ns();
	struct soak_row row = { .time_s = (double)(now - m->start_ns) / 1e9,
				.counts = crowd_count(&a->crowd, NULL),
				.requests_count = a->bystander.requests_count };

	if (proc_sample_take(a->target.pid, &row.sample) < 0)
		return 0; /* it has died: the end of the soak says so */
	if (calm_read_status(&a->run, &row.status) < 0)
		report_fail(m->s->report, "daemon", "no status", "at %.0f s", row.time_s);
	row.cpu_pct =
		(double)(row.sample.cpu_ms - m->last_cpu_ms) * 1e8 / (double)(now - m->last_ns);
	m->last_cpu_ms = row.sample.cpu_ms;
	m->last_ns = now;
	row.failures_count = report_failures(m->s->report);
	take_latencies(m, &row);
	soak_put_row(m->csv, &row);
	fflush(m->csv);
	if (keep_row(&m->rows, &row) < 0)
		return err_set(err, -ENOMEM, "rows of the soak");
	return 0;
}

static void say_progress(struct sampler *m)
{
	const struct soak_row *row = &m->rows.list[m->rows.count - 1];

	report_say(
		m->s->report,
		"%3.0f %%: RSS %.1f MB, %u descriptors, %u threads, cpu %.0f %%, %llu results, "
		"%llu error replies; bystander get_voxel p99 %.2f max %.1f ms, render max %.0f ms; "
		"%llu failures",
		row->time_s * 1e11 / (double)m->s->duration_ns, (double)row->sample.rss_bytes / 1e6,
		row->sample.fds_count, row->sample.threads_count, row->cpu_pct,
		(unsigned long long)row->counts.results, (unsigned long long)row->counts.errors,
		(double)row->latency_p99_ns[BYSTANDER_GET] / 1e6,
		(double)row->latency_max_ns[BYSTANDER_GET] / 1e6,
		(double)row->latency_max_ns[BYSTANDER_RENDER] / 1e6,
		(unsigned long long)row->failures_count);
}

static int sample_until_end(struct sampler *m, struct err *err)
{
	uint64_t duration_ns = m->s->duration_ns;
	uint64_t sample_ns = m->s->sample_ns ? m->s->sample_ns : duration_ns / ROWS_WANTED;
	uint64_t say_ns = duration_ns / SAYS_COUNT;
	uint64_t due_ns;
	uint64_t said_ns;
	int rc = 0;

	if (!m->s->sample_ns && sample_ns < NSEC_PER_SEC)
		sample_ns = NSEC_PER_SEC;
	m->start_ns = m->last_ns = due_ns = said_ns = clock_ns();
	while (rc == 0 && clock_ns() < m->start_ns + duration_ns &&
	       target_is_alive(&m->a->target)) {
		due_ns += sample_ns;
		if (!stress_sleep(due_ns > clock_ns() ? due_ns - clock_ns() : 0))
			return 0;
		rc = take_row(m, err);
		if (m->rows.count > 0 && clock_ns() >= said_ns + say_ns) {
			say_progress(m);
			said_ns = clock_ns();
		}
	}
	return rc;
}

/* ---- the whole ---------------------------------------------------------------------- */

static int open_sampler(struct sampler *m, const char *dir, struct err *err)
{
	char path[512];

	for (int i = 0; i < BYSTANDER_KINDS; i++) {
		m->window[i] = hist_new();
		if (!m->window[i])
			return err_set(err, -ENOMEM, "histograms");
	}
	snprintf(path, sizeof(path), "%s/soak.csv", dir);
	m->csv = fopen(path, "we");
	if (!m->csv)
		return err_set(err, -errno, "open %s", path);
	soak_put_head(m->csv);
	return 0;
}

static void close_sampler(struct sampler *m)
{
	for (int i = 0; i < BYSTANDER_KINDS; i++)
		hist_free(m->window[i]);
	if (m->csv)
		fclose(m->csv);
	free(m->rows.list);
}

static int run_in(struct stress *s, struct arena *a, const char *dir, struct err *err)
{
	struct sampler m = { .s = s, .a = a };
	struct soak_growth growth;
	int rc = open_sampler(&m, dir, err);

	if (rc == 0)
		rc = add_actors(a, err);
	if (rc == 0)
		rc = sample_until_end(&m, err);
	if (rc == 0) {
		soak_judge_growth(&m.rows,
				  fmax(WARMUP_S_MIN, (double)s->duration_ns / 1e11 * WARMUP_PCT),
				  &growth);
		if (growth.rss.is_growing || growth.beside.is_growing)
			report_fail(s->report, "daemon", "memory grows",
				    "%.1f MB an hour, %.1f of it beside the budget",
				    growth.rss.slope_bytes_per_h / 1e6,
				    growth.beside.slope_bytes_per_h / 1e6);
		soak_print_summary(s, a, &m.rows, &growth);
		arena_end_attack(a);
		arena_check_calm(a);
		rc = soak_write_json(s, a, &m.rows, &growth, dir, err);
	}
	close_sampler(&m);
	return rc;
}

int soak_run(struct stress *s, struct err *err)
{
	struct target_cfg cfg = { .program = s->daemon_path,
				  .preset = s->preset ? s->preset : "v15",
				  .transport = s->transport,
				  .args = s->args };
	static struct arena arena; /* large, and there is one at a time */
	struct arena *a = &arena;
	struct rundir dir = { 0 };
	int rc = s->out ? 0 : err_set(err, -EINVAL, "a soak needs --out DIR");

	if (rc == 0)
		rc = rundir_create(s->out, &dir, err);
	if (rc == 0)
		rc = arena_open(a, s, &cfg, 1, err);
	if (rc == 0) {
		a->run.patience *= PATIENCE;
		rc = run_in(s, a, dir.partial, err);
		a->run.patience /= PATIENCE;
		arena_close(a, true);
		report_say(s->report, "ended %.2f s after TERM", (double)a->end_ns / 1e9);
		arena_free(a);
	}
	/* What was interrupted keeps the name of an incomplete run. */
	if (rc == 0 && !stress_is_interrupted())
		rc = rundir_complete(&dir, err);
	rundir_close(&dir);
	return rc;
}
