/* soak_out.c - the rows of a soak as CSV, JSON and text; and whether memory grows. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/hist.h"
#include "daemon/base/json_out.h"
#include "daemon/test/stress/arena.h"
#include "daemon/test/stress/report.h"
#include "daemon/test/stress/soak.h"
#include "daemon/test/stress/stress.h"
#include "reports/lib/envelope.h"
#include "reports/lib/stats.h"

enum { GROWTH_BLOCKS = 10, GROWTH_ROWS_MIN = 20 * GROWTH_BLOCKS };

/* Growth below these is not told from the noise of a heap that finds its size. */
#define GROWTH_BYTES_MIN 4e6
#define GROWTH_RATIO_MIN 0.05

/* ---- CSV ------------------------------------------------------------------------- */

static const char *const columns[] = { "get", "add", "render", "knock", "timer" };

void soak_put_head(FILE *csv)
{
	fputs("time_s,rss_bytes,pss_bytes,cpu_pct,fds,threads,children,projects,connections,"
	      "budget_bytes,budget_limit_bytes,daemon_errors,steps,results,error_replies,hangups,"
	      "failures,bystander_requests",
	      csv);
	for (int i = 0; i < BYSTANDER_KINDS; i++)
		fprintf(csv, ",%s_count,%s_p50_us,%s_p99_us,%s_max_us", columns[i], columns[i],
			columns[i], columns[i]);
	fputc('\n', csv);
}

/* An empty field for what is not known. */
static void put_known(FILE *csv, int64_t value)
{
	if (value < 0)
		fputc(',', csv);
	else
		fprintf(csv, ",%lld", (long long)value);
}

void soak_put_row(FILE *csv, const struct soak_row *r)
{
	fprintf(csv, "%.2f,%llu,%llu,%.1f,%u,%u,%u", r->time_s,
		(unsigned long long)r->sample.rss_bytes, (unsigned long long)r->sample.pss_bytes,
		r->cpu_pct, r->sample.fds_count, r->sample.threads_count, r->sample.children_count);
	put_known(csv, r->status.projects_count);
	put_known(csv, r->status.connections_count);
	put_known(csv, r->status.budget_used_bytes);
	put_known(csv, r->status.budget_limit_bytes);
	put_known(csv, r->status.errors_count);
	fprintf(csv, ",%llu,%llu,%llu,%llu,%llu,%llu", (unsigned long long)r->counts.steps,
		(unsigned long long)r->counts.results, (unsigned long long)r->counts.errors,
		(unsigned long long)r->counts.cuts, (unsigned long long)r->failures_count,
		(unsigned long long)r->requests_count);
	for (int i = 0; i < BYSTANDER_KINDS; i++) {
		fprintf(csv, ",%llu", (unsigned long long)r->latency_count[i]);
		/* An empty field where nothing was measured: no zero on a scale of logarithms. */
		if (r->latency_count[i] > 0)
			fprintf(csv, ",%.1f,%.1f,%.1f", (double)r->latency_p50_ns[i] / 1e3,
				(double)r->latency_p99_ns[i] / 1e3,
				(double)r->latency_max_ns[i] / 1e3);
		else
			fputs(",,,", csv);
	}
	fputc('\n', csv);
}

/* ---- growth ----------------------------------------------------------------------- */

static void fit(const double *t, const double *y, size_t n, struct soak_line *out)
{
	double mean_t = stats_mean(t, n);
	double mean_y = stats_mean(y, n);
	double stt = 0;
	double sty = 0;
	double rest = 0;

	for (size_t i = 0; i < n; i++) {
		stt += (t[i] - mean_t) * (t[i] - mean_t);
		sty += (t[i] - mean_t) * (y[i] - mean_y);
	}

	double slope = sty / stt; /* bytes a second */

	for (size_t i = 0; i < n; i++) {
		double off = y[i] - mean_y - slope * (t[i] - mean_t);

		rest += off * off;
	}

	double error = sqrt(rest / (double)(n - 2) / stt);
	double half = stats_t_quantile(0.975, (double)(n - 2)) * error;

	out->mean_bytes = mean_y;
	out->slope_bytes_per_h = slope * 3600;
	out->low_bytes_per_h = (slope - half) * 3600;
	out->high_bytes_per_h = (slope + half) * 3600;
	out->grown_bytes = slope * (t[n - 1] - t[0]);
	out->is_growing = out->low_bytes_per_h > 0 && out->grown_bytes > GROWTH_BYTES_MIN &&
			  out->grown_bytes > GROWTH_RATIO_MIN * out->mean_bytes;
}

void soak_judge_growth(const struct soak_rows *rows, double warmup_s, struct soak_growth *out)
{
	double t[GROWTH_BLOCKS] = { 0 };
	double rss[GROWTH_BLOCKS] = { 0 };
	double beside[GROWTH_BLOCKS] = { 0 };
	size_t first = 0;

	*out = (struct soak_growth){ 0 };
	while (first < rows->count && rows->list[first].time_s < warmup_s)
		first++;

	size_t each = (rows->count - first) / GROWTH_BLOCKS;

	if (rows->count - first < GROWTH_ROWS_MIN)
		return;
	for (size_t i = 0; i < GROWTH_BLOCKS * each; i++) {
		const struct soak_row *row = &rows->list[first + i];
		double bytes = (double)row->sample.rss_bytes;

		t[i / each] += row->time_s / (double)each;
		rss[i / each] += bytes / (double)each;
		if (row->status.budget_used_bytes > 0)
			bytes -= (double)row->status.budget_used_bytes;
		beside[i / each] += bytes / (double)each;
	}
	fit(t, rss, GROWTH_BLOCKS, &out->rss);
	fit(t, beside, GROWTH_BLOCKS, &out->beside);
	out->blocks_count = GROWTH_BLOCKS;
}

/* ---- JSON -------------------------------------------------------------------------- */

static void put_latencies(struct json_out *j, const struct bystander *b)
{
	json_object_open(j, "bystander");
	json_u64(j, "requests_count", b->requests_count);
	json_u64(j, "refused_count", b->refused_count);
	for (int i = 0; i < BYSTANDER_KINDS; i++) {
		const struct hist *h = b->total[i];

		json_object_open(j, bystander_names[i]);
		json_u64(j, "count", h->total);
		json_u64(j, "p50_ns", hist_quantile_ns(h, 0.5));
		json_u64(j, "p99_ns", hist_quantile_ns(h, 0.99));
		json_u64(j, "p999_ns", hist_quantile_ns(h, 0.999));
		json_u64(j, "max_ns", h->total ? h->max_ns : 0);
		json_close(j);
	}
	json_close(j);
}

static void put_failures(struct json_out *j, const struct report *r)
{
	json_array_open(j, "failures");
	for (size_t i = 0; i < r->kinds_count; i++) {
		json_object_open(j, NULL);
		json_str(j, "who", r->kinds[i].who);
		json_str(j, "what", r->kinds[i].what);
		json_u64(j, "count", r->kinds[i].count);
		json_close(j);
	}
	json_close(j);
}

static void put_line(struct json_out *j, const char *key, const struct soak_line *l, bool is_known)
{
	json_object_open(j, key);
	json_f64(j, "mean_bytes", is_known ? l->mean_bytes : NAN);
	json_f64(j, "slope_bytes_per_h", is_known ? l->slope_bytes_per_h : NAN);
	json_f64(j, "low_bytes_per_h", is_known ? l->low_bytes_per_h : NAN);
	json_f64(j, "high_bytes_per_h", is_known ? l->high_bytes_per_h : NAN);
	json_bool(j, "is_growing", l->is_growing);
	json_close(j);
}

static void put_actors(struct json_out *j, const struct crowd *c)
{
	json_array_open(j, "actors");
	for (size_t i = 0; i < c->count; i++) {
		struct crowd_counts n = crowd_count(c, c->players[i].actor);

		json_object_open(j, NULL);
		json_str(j, "name", c->players[i].actor->name);
		json_u64(j, "steps_count", n.steps);
		json_u64(j, "results_count", n.results);
		json_u64(j, "error_replies_count", n.errors);
		json_u64(j, "hangups_count", n.cuts);
		json_close(j);
	}
	json_close(j);
}

static void put_last_row(struct json_out *j, const struct soak_row *row)
{
	json_object_open(j, "last");
	json_f64(j, "time_s", row->time_s);
	json_u64(j, "rss_bytes", row->sample.rss_bytes);
	json_u64(j, "pss_bytes", row->sample.pss_bytes);
	json_u64(j, "fds_count", row->sample.fds_count);
	json_u64(j, "threads_count", row->sample.threads_count);
	json_u64(j, "steps_count", row->counts.steps);
	json_u64(j, "results_count", row->counts.results);
	json_u64(j, "error_replies_count", row->counts.errors);
	json_u64(j, "hangups_count", row->counts.cuts);
	json_close(j);
}

int soak_write_json(const struct stress *s, const struct arena *a, const struct soak_rows *rows,
		    const struct soak_growth *growth, const char *dir, struct err *err)
{
	struct strbuf sb = { 0 };
	struct json_out j = { .sb = &sb, .indent = 2 };
	char path[512];
	int rc;

	json_object_open(&j, NULL);
	envelope_write(&j, &(struct envelope){ .schema = "goxel-soak/1", .tool = "goxel-stress" });
	json_str(&j, "preset", a->target.cfg->preset);
	json_str(&j, "transport", s->transport ? s->transport : "the preset's");
	json_str(&j, "daemon_options", s->args ? s->args : "");
	json_i64(&j, "seed", s->seed);
	json_f64(&j, "duration_s", (double)s->duration_ns / 1e9);
	json_u64(&j, "samples_count", rows->count);
	put_line(&j, "resident", &growth->rss, growth->blocks_count > 0);
	put_line(&j, "resident_beside_budget", &growth->beside, growth->blocks_count > 0);
	if (rows->count > 0)
		put_last_row(&j, &rows->list[rows->count - 1]);
	put_latencies(&j, &a->bystander);
	put_actors(&j, &a->crowd);
	put_failures(&j, s->report);
	json_close(&j);
	strbuf_add_char(&sb, '\n');
	snprintf(path, sizeof(path), "%s/soak.json", dir);
	rc = sb.failed ? err_set(err, -ENOMEM, "soak.json")
		       : file_write_atomic(path, strbuf_span(&sb), err);
	strbuf_deinit(&sb);
	return rc;
}

/* ---- text -------------------------------------------------------------------------- */

static void print_line(const char *name, const struct soak_line *l)
{
	printf("  %-15s %+.2f MB an hour (95 %%: %+.2f .. %+.2f) around %.1f MB: %s\n", name,
	       l->slope_bytes_per_h / 1e6, l->low_bytes_per_h / 1e6, l->high_bytes_per_h / 1e6,
	       l->mean_bytes / 1e6, l->is_growing ? "it grows" : "no growth");
}

static void print_growth(const struct soak_growth *g)
{
	if (g->blocks_count == 0) {
		printf("  memory          too few samples to tell whether it grows\n");
		return;
	}
	print_line("resident", &g->rss);
	print_line("beside budget", &g->beside);
}

void soak_print_summary(const struct stress *s, const struct arena *a, const struct soak_rows *rows,
			const struct soak_growth *growth)
{
	const struct bystander *b = &a->bystander;
	uint64_t most_rss = 0;
	unsigned most_fds = 0;

	for (size_t i = 0; i < rows->count; i++) {
		if (rows->list[i].sample.rss_bytes > most_rss)
			most_rss = rows->list[i].sample.rss_bytes;
		if (rows->list[i].sample.fds_count > most_fds)
			most_fds = rows->list[i].sample.fds_count;
	}
	printf("soak of %s, %.0f s, seed %lld\n", a->target.cfg->preset,
	       rows->count ? rows->list[rows->count - 1].time_s : 0, (long long)s->seed);
	print_growth(growth);
	printf("  at most         RSS %.1f MB, %u descriptors (%u at the start)\n",
	       (double)most_rss / 1e6, most_fds, a->base.sample.fds_count);
	for (int i = 0; i < BYSTANDER_KINDS; i++)
		printf("  %-15s %9llu x, p50 %8.3f ms, p99 %8.3f ms, max %9.3f ms\n",
		       bystander_names[i], (unsigned long long)b->total[i]->total,
		       (double)hist_quantile_ns(b->total[i], 0.5) / 1e6,
		       (double)hist_quantile_ns(b->total[i], 0.99) / 1e6,
		       b->total[i]->total ? (double)b->total[i]->max_ns / 1e6 : 0);
	printf("  actors          %-16s %10s %10s %10s %10s\n", "", "steps", "results", "errors",
	       "hang-ups");
	for (size_t i = 0; i < a->crowd.count; i++) {
		const struct actor *row = a->crowd.players[i].actor;
		struct crowd_counts n = crowd_count(&a->crowd, row);

		printf("                  %-16s %10llu %10llu %10llu %10llu\n", row->name,
		       (unsigned long long)n.steps, (unsigned long long)n.results,
		       (unsigned long long)n.errors, (unsigned long long)n.cuts);
	}
	fflush(stdout);
}
