/* gnuplot.c - pipes a script with its data to gnuplot; see gnuplot.h. */
#include "reports/section/gnuplot.h"

#include <errno.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/err.h"
#include "daemon/base/hist.h"
#include "daemon/base/strbuf.h"
#include "reports/judge/target.h"
#include "reports/lib/quantiles.h"
#include "reports/section/section.h"

enum { CURVE_POINTS = 200 };
#define COLOUR_A "#c05a08"
#define COLOUR_B "#1c5fd4"

/* Writes text inside a gnuplot string; quotes and characters of its enhanced mode are omitted. */
static void add_quoted(struct strbuf *sb, const char *text)
{
	strbuf_add_char(sb, '"');
	for (; *text; text++)
		if (!strchr("\"\\`\n{}^_@&", *text))
			strbuf_add(sb, text, 1);
	strbuf_add_char(sb, '"');
}

static void begin(struct strbuf *sb, const char *dir, const char *file, const char *title)
{
	strbuf_add_str(sb, "reset\nset terminal pngcairo size 960,580 font 'sans,11'\nset output ");
	strbuf_add_char(sb, '\'');
	strbuf_add_str(sb, dir);
	strbuf_addf(sb, "/%s'\nset title ", file);
	add_quoted(sb, title);
	strbuf_add_str(sb, "\nset grid xtics ytics lt 1 lw 1 lc rgb '#dde3ea'\nset border 3\n"
			   "set key outside top center horizontal\nset tics nomirror\n"
			   "set rmargin 6\nset autoscale xfix\n");
}

static void put_curve(struct strbuf *sb, const char *name, const struct hist *h)
{
	double end = fmin(log10(fmax((double)h->total, 10)), 5);

	strbuf_addf(sb, "$%s << EOD\n", name);
	for (int i = 0; i < CURVE_POINTS; i++) {
		double nines = end * i / (CURVE_POINTS - 1);

		strbuf_addf(sb, "%.5f %.6f\n", nines,
			    (double)hist_quantile_ns(h, 1 - pow(10, -nines)) / 1e3);
	}
	strbuf_add_str(sb, "EOD\n");
}

static void put_lines(struct strbuf *sb, const struct pair *p, bool has_a, bool has_b)
{
	strbuf_add_str(sb, "plot ");
	if (has_a) {
		strbuf_add_str(sb, "$a using 1:2 with lines lw 2 lc rgb '" COLOUR_A "' title ");
		add_quoted(sb, p->name_a);
	}
	if (has_b) {
		strbuf_addf(sb, "%s$b using 1:2 with lines lw 2 lc rgb '" COLOUR_B "' title ",
			    has_a ? ", " : "");
		add_quoted(sb, p->name_b);
	}
}

static void put_percentiles(struct strbuf *sb, const struct pair *p, const struct targets *t,
			    const char *dir)
{
	const struct hist *a = p->a->response, *b = p->b ? p->b->response : NULL;
	double target = targets_limit(t, "response_p50_ns") / 1e3;

	if (!(a && a->total) && !(b && b->total))
		return;
	if (a && a->total)
		put_curve(sb, "a", a);
	if (b && b->total)
		put_curve(sb, "b", b);
	begin(sb, dir, "percentiles.png", "Response time by percentile");
	strbuf_add_str(sb, "set logscale y\nset ylabel 'µs'\nset xtics (");
	for (size_t i = 0; i < QUANTILES_COUNT; i++)
		if (quantiles[i].uses & QUANTILE_LABEL)
			strbuf_addf(sb, "%s'%.10g %%%%' %.6g", i ? ", " : "", 100 * quantiles[i].q,
				    -log10(1 - quantiles[i].q));
	strbuf_add_str(sb, ")\n");
	put_lines(sb, p, a && a->total, b && b->total);
	if (!isnan(target))
		strbuf_addf(sb, ", %.3f with lines dt 2 lw 1.5 lc rgb '#7a4fc0' title 'target'",
			    target);
	strbuf_add_char(sb, '\n');
}

static void put_series(struct strbuf *sb, const char *name, const double *x, const double *y,
		       size_t count, double unit)
{
	strbuf_addf(sb, "$%s << EOD\n", name);
	for (size_t i = 0; i < count; i++)
		if (isfinite(x[i]) && isfinite(y[i]))
			strbuf_addf(sb, "%.4f %.6f\n", x[i], y[i] / unit);
	strbuf_add_str(sb, "EOD\n");
}

/* A quantity over time: columns of a run, and how the picture calls them. */
struct over_time {
	const char *file, *title, *settings;
	const double *x[2], *y[2];
	size_t count[2];
	double unit;
};

static void put_over_time(struct strbuf *sb, const struct pair *p, const struct over_time *o,
			  const char *dir)
{
	if (o->count[0] == 0 && o->count[1] == 0)
		return;
	put_series(sb, "a", o->x[0], o->y[0], o->count[0], o->unit);
	put_series(sb, "b", o->x[1], o->y[1], o->count[1], o->unit);
	begin(sb, dir, o->file, o->title);
	strbuf_addf(sb, "%sset xlabel 's'\n", o->settings);
	put_lines(sb, p, o->count[0] > 0, o->count[1] > 0);
	strbuf_add_char(sb, '\n');
}

static void put_latency(struct strbuf *sb, const struct pair *p, const char *dir)
{
	static const struct view_intervals none;
	const struct view_intervals *a = &p->a->intervals, *b = p->b ? &p->b->intervals : &none;

	put_over_time(sb, p,
		      &(struct over_time){ .file = "latency.png",
					   .title = "p99 of the response time over time",
					   .settings = "set logscale y\nset ylabel 'µs'\n",
					   .x = { a->time_s, b->time_s },
					   .y = { a->p99_ns, b->p99_ns },
					   .count = { a->count, b->count },
					   .unit = 1e3 },
		      dir);
}

static void put_memory(struct strbuf *sb, const struct pair *p, const char *dir)
{
	static const struct view_memory none;
	const struct view_memory *a = &p->a->memory, *b = p->b ? &p->b->memory : &none;

	put_over_time(sb, p,
		      &(struct over_time){ .file = "memory.png",
					   .title = "Resident memory over time",
					   .settings = "set yrange [0:*]\nset ylabel 'MB'\n",
					   .x = { a->time_s, b->time_s },
					   .y = { a->rss_bytes, b->rss_bytes },
					   .count = { a->count, b->count },
					   .unit = 1e6 },
		      dir);
}

/* Rows "name value-a value-b" in µs; "?" is gnuplot's missing value. */
static void put_stages(struct strbuf *sb, const struct pair *p, const char *dir)
{
	static const char *const names[] = { "read",    "parse",     "enqueue", "dequeue",
					     "execute", "serialize", "write" };
	const struct view *views[] = { p->a, p->b };
	size_t count = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (int k = 0; k < 2; k++)
			count += view_stage_ns(views[k], names[i], "p50_ns") > 0;
	if (count == 0)
		return;
	strbuf_add_str(sb, "$bars << EOD\n");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		strbuf_addf(sb, "%s", names[i]);
		for (int k = 0; k < 2; k++) {
			double ns = view_stage_ns(views[k], names[i], "p50_ns");

			strbuf_addf(sb, ns > 0 ? " %.4f" : " ?", ns / 1e3);
		}
		strbuf_add_char(sb, '\n');
	}
	strbuf_add_str(sb, "EOD\n");
	begin(sb, dir, "stages.png", "Median time of each stage of a request");
	strbuf_add_str(sb, "set datafile missing '?'\nset style data histograms\n"
			   "set style fill solid 0.9 noborder\nset logscale y\nset ylabel 'µs'\n"
			   "plot $bars using 2:xtic(1) lc rgb '" COLOUR_A "' title ");
	add_quoted(sb, p->name_a);
	if (p->b) {
		strbuf_add_str(sb, ", $bars using 3 lc rgb '" COLOUR_B "' title ");
		add_quoted(sb, p->name_b);
	}
	strbuf_add_char(sb, '\n');
}

/* Rows "start end row" in ms of a run's phases, from row on; their names become the y axis's. */
static int put_phases(struct strbuf *sb, const struct view *v, const char *block, int row,
		      struct strbuf *tics)
{
	const json_t *list = v ? json_object_get(v->startup, "phases") : NULL, *one;
	size_t i;

	strbuf_addf(sb, "$%s << EOD\n", block);
	json_array_foreach(list, i, one)
	{
		double start = view_number(one, "start_ns"), ns = view_number(one, "duration_ns");
		const char *name = view_text(one, "name");

		if (!name || !isfinite(start) || !isfinite(ns))
			continue;
		strbuf_addf(sb, "%.6f %.6f %d\n", start / 1e6, (start + ns) / 1e6, row);
		strbuf_add_str(tics, tics->len ? ", " : "");
		add_quoted(tics, name);
		strbuf_addf(tics, " %d", row++);
	}
	strbuf_add_str(sb, "EOD\n");
	return row;
}

/* The waterfalls of both runs, one below the other on one scale. */
static void put_startup(struct strbuf *sb, const struct pair *p, const char *dir)
{
	static const char boxes[] = "using 1:3:1:2:($3-0.35):($3+0.35) with boxxyerror "
				    "fs solid 0.9 fc rgb '";
	struct strbuf tics = { 0 };
	int rows_a = put_phases(sb, p->a, "a", 0, &tics);
	int rows = put_phases(sb, p->b, "b", rows_a ? rows_a + 1 : 0, &tics);
	bool has_b = rows > rows_a + 1;

	if (rows_a > 0) {
		begin(sb, dir, "startup.png", "Start-up by phase");
		strbuf_addf(sb,
			    "set yrange [%d:-1]\nset xrange [0:*]\nset xlabel 'ms'\nset ytics (",
			    has_b ? rows : rows_a);
		strbuf_add(sb, tics.ptr, tics.len);
		strbuf_addf(sb, ")\nplot $a %s" COLOUR_A "' title ", boxes);
		add_quoted(sb, p->name_a);
		if (has_b) {
			strbuf_addf(sb, ", $b %s" COLOUR_B "' title ", boxes);
			add_quoted(sb, p->name_b);
		}
		strbuf_add_char(sb, '\n');
	}
	sb->failed |= tics.failed;
	strbuf_deinit(&tics);
}

/* Runs gnuplot on a script; its errors go to our stderr. */
static int run_gnuplot(struct span script, struct err *err)
{
	char name[] = "/tmp/goxel-report-XXXXXX";
	char *argv[] = { (char[]){ "gnuplot" }, name, NULL };
	int fd = mkstemp(name), status = 0, rc = 0;
	pid_t pid;

	if (fd < 0 || write(fd, script.ptr, script.len) != (ssize_t)script.len)
		rc = err_set(err, -EIO, "write %s: %s", name, strerrordesc_np(errno));
	if (fd >= 0)
		close(fd);
	if (rc == 0) {
		rc = -posix_spawnp(&pid, "gnuplot", NULL, NULL, argv, environ);
		if (rc == -ENOENT)
			rc = err_set(err, rc, "--png needs gnuplot, which is not installed");
		else if (rc < 0)
			rc = err_set(err, rc, "start gnuplot: %s", strerrordesc_np(-rc));
	}
	if (rc == 0 && (waitpid(pid, &status, 0) < 0 || status != 0))
		rc = err_set(err, -EIO, "gnuplot failed (status %d)", status);
	if (fd >= 0)
		unlink(name);
	return rc;
}

int gnuplot_write(const struct pair *p, const struct targets *t, const char *dir, struct err *err)
{
	struct strbuf sb = { 0 };
	int rc;

	if (strchr(dir, '\''))
		return err_set(err, -EINVAL, "%s: gnuplot cannot write to a name with a quote",
			       dir);
	put_percentiles(&sb, p, t, dir);
	put_stages(&sb, p, dir);
	put_startup(&sb, p, dir);
	put_latency(&sb, p, dir);
	put_memory(&sb, p, dir);
	if (sb.failed)
		rc = err_set(err, -ENOMEM, "draw for %s: out of memory", dir);
	else
		rc = run_gnuplot(strbuf_span(&sb), err);
	strbuf_deinit(&sb);
	return rc;
}
