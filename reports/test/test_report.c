/*
 * test_report.c - the parts of goxel-report: numbers for people, folded stacks, documents,
 * pictures, targets, spread.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "reports/doc/doc.h"
#include "reports/doc/flame.h"
#include "reports/doc/fmt.h"
#include "reports/doc/plot.h"
#include "reports/judge/figures.h"
#include "reports/judge/judge.h"
#include "reports/judge/metric.h"
#include "reports/judge/rule.h"
#include "reports/judge/target.h"
#include "reports/lib/quantiles.h"
#include "reports/lib/stats.h"
#include "reports/read/bench_json.h"
#include "reports/read/folded.h"
#include "reports/read/view.h"
#include "reports/test/fixture.h"

static void test_numbers_read_as_people_write_them(void **state)
{
	(void)state;
	assert_string_equal(fmt_ns(0).s, "0 ns");
	assert_string_equal(fmt_ns(999.4).s, "999 ns");
	assert_string_equal(fmt_ns(999.6).s, "1.00 µs");
	assert_string_equal(fmt_ns(12345).s, "12.3 µs");
	assert_string_equal(fmt_ns(2.5e9).s, "2.50 s");
	assert_string_equal(fmt_ns(NAN).s, "–");
	assert_string_equal(fmt_bytes(20e6).s, "20.0 MB");
	assert_string_equal(fmt_count(1234567).s, "1,234,567");
	assert_string_equal(fmt_count(999).s, "999");
	assert_string_equal(fmt_count(0.001).s, "<0.01");
	assert_string_equal(fmt_rate(12345).s, "12,345/s");
	assert_string_equal(fmt_change(100, 110).s, "+10.0 %");
	assert_string_equal(fmt_change(100, 50).s, "−50.0 %");
	assert_string_equal(fmt_change(100, 350).s, "3.50×");
	assert_string_equal(fmt_change(0, 5).s, "new");
	assert_string_equal(fmt_change(5, 5).s, "equal");
	assert_string_equal(fmt_change(NAN, 5).s, "–");
}

static struct folded *parse_folded(const char *text)
{
	struct folded *f = NULL;

	assert_int_equal(folded_parse("test", span_str(text), &f, NULL), 0);
	return f;
}

static void test_folded_stacks_make_a_sorted_tree(void **state)
{
	struct folded *f = parse_folded("t;b 2\nt;a;c 3\nt;a 1\n\n# comment\nt;b 1\n");
	const struct folded_node *t = folded_child(&f->root, "t");

	(void)state;
	assert_int_equal(f->root.total, 7);
	assert_non_null(t);
	assert_int_equal(t->children_count, 2);
	assert_string_equal(t->children[0]->name, "a");
	assert_int_equal(t->children[0]->self, 1);
	assert_int_equal(t->children[0]->total, 4);
	assert_int_equal(t->children[1]->total, 3);
	assert_null(folded_child(t, "zzz"));
	folded_free(f);
}

static void test_a_recursive_function_counts_once_in_total(void **state)
{
	struct folded *f = parse_folded("main;fib;fib;fib 5\nmain;fib 2\n");
	struct folded_function *list;
	size_t count;

	(void)state;
	assert_int_equal(folded_functions(f, &list, &count), 0);
	assert_int_equal(count, 2);
	assert_string_equal(list[0].name, "fib");
	assert_int_equal(list[0].self, 7);
	assert_int_equal(list[0].total, 7);
	assert_int_equal(list[1].total, 7);
	free(list);
	folded_free(f);
}

static void test_threads_are_taken_together(void **state)
{
	struct folded *f = parse_folded("w-0;main;x 1\nw-1;main;x 2\nw-1;main;y 4\n");
	struct folded *merged = folded_without_threads(f);

	(void)state;
	assert_non_null(merged);
	assert_int_equal(merged->root.total, 7);
	assert_int_equal(merged->root.children_count, 1);
	assert_int_equal(folded_child(folded_child(&merged->root, "main"), "x")->total, 3);
	folded_free(merged);
	folded_free(f);
}

static void test_damaged_folded_stacks_name_the_line(void **state)
{
	static const char *const texts[] = { "a;b 1\nno count\n", "a;b 1\n5\n", "a;b 1\na;b -\n",
					     "a;b 1\na;b 12345678901234567890\n" };
	struct folded *f;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(folded_parse("x", span_str(texts[i]), &f, &err), -EPROTO);
		assert_memory_equal(err.msg, "x:2: ", 5);
	}
	assert_int_equal(folded_parse("x", span_str("# nothing\n"), &f, NULL), -EPROTO);
}

static void test_deep_stacks_are_bounded(void **state)
{
	struct strbuf sb = { 0 };
	struct folded *f;

	(void)state;
	for (int i = 0; i < 5000; i++)
		strbuf_addf(&sb, "f%d;", i);
	strbuf_add_str(&sb, "leaf 3\n");
	f = parse_folded(strbuf_span(&sb).ptr);
	assert_int_equal(f->root.total, 3);
	strbuf_clear(&sb);
	flame_svg(&sb, &(struct flame){ .title = "deep", .samples = f });
	assert_false(sb.failed);
	assert_non_null(strstr(sb.ptr, "</svg>"));
	folded_free(f);
	strbuf_deinit(&sb);
}

static void test_flame_graph_escapes_names(void **state)
{
	struct folded *f = parse_folded("std::vector<int>::push;operator&& 4\n");
	struct strbuf sb = { 0 };

	(void)state;
	flame_svg(&sb, &(struct flame){ .title = "<script>", .samples = f, .against = f });
	assert_null(strstr(sb.ptr, "vector<int>"));
	assert_non_null(strstr(sb.ptr, "vector&lt;int&gt;"));
	assert_non_null(strstr(sb.ptr, "operator&amp;&amp;"));
	assert_null(strstr(sb.ptr, "\"><script>"));
	folded_free(f);
	strbuf_deinit(&sb);
}

static void test_document_renders_three_ways_and_escapes(void **state)
{
	struct strbuf sb = { 0 };
	struct doc d;

	(void)state;
	doc_init(&d, "a <b> | c");
	doc_heading(&d, 1, "Head");
	doc_table(&d, "Name|>Value");
	doc_cell(&d, TONE_NONE, "x|y <z>");
	doc_cell(&d, TONE_BAD, "%d", 7);
	doc_note(&d, TONE_WARN, "careful & slow");
	doc_figure(&d, "pic", strdup("<svg></svg>"), false, NULL);
	assert_int_equal(doc_text(&d, &sb), 0);
	assert_non_null(strstr(sb.ptr, "  x|y <z>      7"));
	strbuf_clear(&sb);
	assert_int_equal(doc_markdown(&d, &sb), 0);
	assert_non_null(strstr(sb.ptr, "| x\\|y \\<z> | **7** |"));
	strbuf_clear(&sb);
	assert_int_equal(doc_html(&d, &sb), 0);
	assert_non_null(strstr(sb.ptr, "<td class=\"\">x|y &lt;z&gt;</td>"));
	assert_non_null(strstr(sb.ptr, "careful &amp; slow"));
	assert_non_null(strstr(sb.ptr, "<svg></svg>"));
	assert_null(strstr(sb.ptr, "<z>"));
	doc_deinit(&d);
	strbuf_deinit(&sb);
}

static void test_long_cells_are_cut_on_a_terminal_between_characters(void **state)
{
	struct strbuf sb = { 0 };
	struct doc d;

	(void)state;
	doc_init(&d, "t");
	doc_table(&d, "Name");
	doc_cell(&d, TONE_NONE, "%s",
		 "µµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµµ");
	assert_int_equal(doc_text(&d, &sb), 0);
	assert_non_null(strstr(sb.ptr, "µ…\n"));
	doc_deinit(&d);
	strbuf_deinit(&sb);
}

static void test_pictures_of_nothing_are_no_pictures(void **state)
{
	const double x[] = { 0, 1 }, bad[] = { NAN, NAN }, zero[] = { 0, 0 };
	struct plot p = { .alt = "a", .series = { { "s", 'a', x, bad, 2 } }, .target = NAN };
	struct plot_bar bar = { "b", NAN, NAN };

	(void)state;
	assert_null(plot_lines(&p));
	p.series[0].y = zero;
	p.is_y_log = true;
	assert_null(plot_lines(&p));
	assert_null(plot_bars("a", &bar, 1, PLOT_NS, "x", "y"));
	assert_null(plot_waterfall("a", NULL, 0, 1, 'a'));
}

static void test_pictures_hold_no_nan(void **state)
{
	const double x[] = { 0, 0.5, 0.9, 0.99 }, y[] = { 100, NAN, 1e5, 1e9 },
		     same[] = { 5, 5, 5, 5 };
	struct plot p = { .alt = "a",
			  .series = { { "s", 'a', x, y, 4 }, { "t", 'b', x, same, 4 } },
			  .is_y_log = true,
			  .is_percentile = true,
			  .target = 1e6,
			  .target_name = "target" };
	char *svg = plot_lines(&p);

	(void)state;
	assert_non_null(svg);
	assert_null(strstr(svg, "nan"));
	assert_null(strstr(svg, "inf"));
	free(svg);
	p = (struct plot){ .alt = "flat", .series = { { "s", 'a', x, same, 4 } }, .target = NAN };
	svg = plot_lines(&p);
	assert_non_null(svg);
	assert_null(strstr(svg, "nan"));
	free(svg);
}

static size_t count_of(const char *text, const char *word)
{
	size_t count = 0;

	for (; (text = strstr(text, word)); text++)
		count++;
	return count;
}

/* However narrow or wide the range is: enough lines to read a value from, none on another. */
static void test_a_logarithmic_axis_has_labels_for_every_range(void **state)
{
	static const double factors[] = { 1, 1.001, 1.3, 2, 5, 10, 40, 300, 1e4, 1e8 };
	const double x[] = { 0, 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++) {
		for (int step = 0; step < 15; step++) {
			double low = 100 * pow(1.37, step);
			double y[] = { low, low * factors[i] };
			char *svg = plot_lines(&(struct plot){ .alt = "a",
							       .series = { { "s", 'a', x, y, 2 } },
							       .y_unit = PLOT_NS,
							       .is_y_log = true,
							       .target = NAN });

			assert_non_null(svg);
			assert_in_range(count_of(svg, "H468\"/>\n<text"), 3, 11);
			free(svg);
		}
	}
}

static void test_targets_of_v15_are_whole(void **state)
{
	struct targets t;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(targets_open(NULL, &t, &err), 0);
	assert_string_equal(t.name, "v15");
	assert_int_equal(t.count, 11); /* R-500; detection of MCP comes with MCP */
	targets_close(&t);
	assert_int_equal(targets_open("speed", &t, &err), 0);
	assert_string_equal(t.name, "speed");
	assert_true(isnan(targets_limit(&t, "floor_clock_ns")));
	assert_int_equal((int)targets_limit(&t, "generator_n10_p1"), 250000);
	for (size_t i = 0; i < t.count; i++)
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(t.list[i].key, t.list[k].key);
	targets_close(&t);
}

static void test_damaged_targets_are_refused(void **state)
{
	static const struct {
		const char *row, *why;
	} bad[] = {
		{ "\"metric\": \"no_such\", \"below\": 1", "is not a metric" },
		{ "\"metric\": \"startup_ns\", \"below\": 1, \"above\": 1", "at most" },
		{ "\"metric\": \"startup_ns\", \"figure\": \"f\"", "one of metric and figure" },
		{ "\"below\": 1", "one of metric and figure" },
		{ "\"figure\": \"f\", \"unit\": \"hours\"", "unit" },
		{ "\"figure\": \"f\", \"unit\": \"ns\", \"over\": \"a\"", "benchmark" },
		{ "\"metric\": \"startup_ns\", \"beneath\": 1", "unknown key 'beneath'" },
	};
	char dir[64], path[128], text[512];
	struct targets t;

	(void)state;
	fixture_dir(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/t.json", dir);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = ERR_INIT;

		snprintf(text, sizeof(text),
			 "{\"schema\": \"goxel-targets/1\", \"targets\": [{\"title\": \"t\", %s}]}",
			 bad[i].row);
		fixture_write(path, text);
		assert_true(targets_open(path, &t, &err) < 0);
		assert_non_null(strstr(err.msg, bad[i].why));
	}
	fixture_remove(dir);
}

/* values around centre, the i-th apart by i steps to either side */
static size_t spread_values(double centre, double step, size_t n, double *out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = centre * exp(step * ((double)i - (double)(n - 1) / 2));
	return n;
}

static enum verdict verdict_for(const struct target *t, double centre, double step, size_t n)
{
	double values[64] = { 0 };
	struct judged j;

	assert_int_equal(judge_values(t, values, spread_values(centre, step, n, values), &j), 0);
	assert_int_equal(j.count, n);
	if (n > 1) {
		assert_true(fabs(log(j.value / centre)) < 1e-9);
		assert_true(j.low < j.value && j.value < j.high);
		assert_true((n < JUDGE_COUNT_MIN) == isinf(j.high));
	}
	return j.verdict;
}

static void test_the_interval_decides(void **state)
{
	struct target below = { .limit = 1, .relation = TARGET_BELOW };
	struct target above = { .limit = 1, .relation = TARGET_ABOVE };
	struct target shown = { .limit = NAN, .relation = TARGET_SHOWN };

	(void)state;
	assert_int_equal(verdict_for(&below, 0.5, 0.01, 7), VERDICT_MET);
	assert_int_equal(verdict_for(&above, 0.5, 0.01, 7), VERDICT_MISSED);
	assert_int_equal(verdict_for(&below, 2, 0.01, 7), VERDICT_MISSED);
	assert_int_equal(verdict_for(&above, 2, 0.01, 7), VERDICT_MET);
	/* The limit lies inside the interval, wherever the estimate is. */
	assert_int_equal(verdict_for(&below, 0.98, 0.1, 7), VERDICT_UNSETTLED);
	assert_int_equal(verdict_for(&below, 1.02, 0.1, 7), VERDICT_UNSETTLED);
	assert_int_equal(verdict_for(&above, 1.02, 0.1, 7), VERDICT_UNSETTLED);
	/* More values settle it. */
	assert_int_equal(verdict_for(&below, 0.98, 0.002, 60), VERDICT_MET);
	/* Too few for an interval; one is judged as it is, at the limit as well. */
	assert_int_equal(verdict_for(&below, 0.01, 0.01, 5), VERDICT_UNSETTLED);
	assert_int_equal(verdict_for(&below, 0.01, 0.01, 6), VERDICT_MET);
	assert_int_equal(verdict_for(&below, 0.99, 0, 1), VERDICT_MET);
	assert_int_equal(verdict_for(&below, 1, 0, 1), VERDICT_MISSED);
	assert_int_equal(verdict_for(&above, 1, 0, 1), VERDICT_MET);
	assert_int_equal(verdict_for(&shown, 1, 0.1, 7), VERDICT_SHOWN);
	assert_int_equal(verdict_for(&below, 1, 0, 0), VERDICT_UNMEASURED);
	assert_int_equal(stats_reachable_n(0.05 / 2), JUDGE_COUNT_MIN);
}

static void test_a_difference_may_be_negative(void **state)
{
	static const double values[] = { -0.02, 0.01, -0.01, 0.02, 0, 0.005, -0.005, 0.001 };
	struct target t = { .limit = 0.05, .relation = TARGET_BELOW, .minus = "other" };
	struct judged j;

	(void)state;
	assert_int_equal(judge_values(&t, values, 8, &j), 0);
	assert_int_equal(j.verdict, VERDICT_MET);
	assert_true(j.low < 0 && j.high > 0);
	t.limit = 0;
	assert_int_equal(judge_values(&t, values, 8, &j), 0);
	assert_int_equal(j.verdict, VERDICT_UNSETTLED);
}

static void test_figures_come_from_benchmarks_and_values(void **state)
{
	char dir[64], bench[128], values[128], file[128];
	struct targets t;
	struct figures f = { .targets = &t };
	struct err err = ERR_INIT;

	(void)state;
	fixture_dir(dir, sizeof(dir));
	snprintf(file, sizeof(file), "%s/t.json", dir);
	snprintf(bench, sizeof(bench), "%s/b.json", dir);
	snprintf(values, sizeof(values), "%s/v.json", dir);
	fixture_write(file, "{\"schema\": \"goxel-targets/1\", \"targets\": ["
			    "{\"title\": \"r\", \"figure\": \"r\", \"unit\": \"ratio\", "
			    "\"benchmark\": \"push/{queue}\", \"over\": \"floor\", \"below\": 3},"
			    "{\"title\": \"d\", \"figure\": \"d\", \"unit\": \"ns\", "
			    "\"benchmark\": \"push/{queue}\", \"minus\": \"floor\"},"
			    "{\"title\": \"p\", \"figure\": \"p\", \"unit\": \"ratio\", "
			    "\"above\": 1}]}");
	fixture_write(bench, "{\"schema\": \"goxel-bench/1\", \"presets\": {\"v14\": {\"queue\": "
			     "\"mutex\"}, \"v15\": {\"queue\": \"ring\"}}, \"benchmarks\": ["
			     "{\"name\": \"push/ring\", \"cpu_time\": 6},"
			     "{\"name\": \"push/mutex\", \"cpu_time\": 9},"
			     "{\"name\": \"floor\", \"cpu_time\": 4}]}");
	fixture_write(values, "{\"schema\": \"goxel-ceiling/1\", \"values\": {\"p\": [2, 3]}}");
	assert_int_equal(targets_open(file, &t, &err), 0);
	assert_int_equal(figures_read(&f, bench, &err), 0);
	assert_int_equal(figures_read(&f, values, &err), 0);
	assert_false(f.lacks_axes);
	assert_int_equal(f.list[0].count, 1);
	assert_true(f.list[0].values[0] == 1.5 && f.list[0].v14[0] == 2.25);
	assert_true(f.list[1].values[0] == 2);
	assert_int_equal(f.list[2].count, 2);
	assert_true(f.list[2].values[1] == 3);
	assert_true(figures_read(&f, file, &err) < 0);
	assert_non_null(strstr(err.msg, "goxel-targets/1"));
	figures_deinit(&f);
	targets_close(&t);
	fixture_remove(dir);
}

/* A run with a given results file only. */
static void open_run(struct view *v, char *dir, size_t cap, const char *results)
{
	char path[128];
	struct err err = ERR_INIT;

	fixture_dir(dir, cap);
	snprintf(path, sizeof(path), "%s/run.json", dir);
	fixture_write(path, "{\"schema\": \"goxel-run/1\", \"state\": \"complete\"}");
	snprintf(path, sizeof(path), "%s/load-test-results.json", dir);
	fixture_write(path, results);
	assert_int_equal(view_open(dir, v, &err), 0);
}

static enum verdict verdict_by(const struct target *t, const struct view *v)
{
	struct judged j;

	assert_int_equal(judge_runs(t, v, 1, 1, &j), 0);
	return j.verdict;
}

static void test_targets_are_judged_at_their_limit(void **state)
{
	struct view *v = calloc(1, sizeof(*v));
	struct target below = { .metric = metric_get("response_p50_ns"),
				.limit = 1e6,
				.relation = TARGET_BELOW };
	struct target above = { .metric = metric_get("throughput_per_s"),
				.limit = 100000,
				.relation = TARGET_ABOVE };
	struct target missing = { .metric = metric_get("startup_ns"),
				  .limit = 1,
				  .relation = TARGET_BELOW };
	char dir[64];

	(void)state;
	open_run(v, dir, sizeof(dir),
		 "{\"schema\": \"goxel-load/1\", \"totals\": {\"throughput_per_s\": 100000, "
		 "\"errors_count\": 1}, \"response_time_ns\": {\"p50\": 1000000}}");
	assert_int_equal(verdict_by(&below, v), VERDICT_MISSED);
	assert_int_equal(verdict_by(&above, v), VERDICT_MET);
	above.needs_zero = metric_get("errors_count");
	assert_int_equal(verdict_by(&above, v), VERDICT_MISSED);
	assert_int_equal(verdict_by(&missing, v), VERDICT_UNMEASURED);
	assert_true(isnan(target_read(&missing, v)));
	view_close(v);
	free(v);
	fixture_remove(dir);
}

static char *results_with_intervals(double level, double wobble)
{
	struct strbuf sb = { 0 };

	strbuf_addf(&sb,
		    "{\"schema\": \"goxel-load/1\", \"totals\": {\"throughput_per_s\": %f}, "
		    "\"intervals\": [",
		    level);
	for (int i = 0; i < 20; i++)
		strbuf_addf(&sb, "%s{\"recorded\": %s, \"throughput_per_s\": %f}", i ? "," : "",
			    i ? "true" : "false", level * (1 + (i * 7 % 5 - 2) * wobble));
	strbuf_add_str(&sb, "]}");
	return strbuf_take(&sb);
}

static void test_spread_tells_what_could_be_seen(void **state)
{
	const struct metric *m = metric_find("throughput_per_s");
	struct view *a = calloc(1, sizeof(*a)), *b = calloc(1, sizeof(*b));
	char *quiet = results_with_intervals(1000, 0.01), *loud = results_with_intervals(1000, 0.1);
	char dir_a[64], dir_b[64];
	struct spread sa, sb;

	(void)state;
	open_run(a, dir_a, sizeof(dir_a), quiet);
	open_run(b, dir_b, sizeof(dir_b), loud);
	assert_true(metric_spread(m, a, &sa));
	assert_true(metric_spread(m, b, &sb));
	assert_int_equal(sa.count, 19); /* the warm-up is not counted */
	assert_true(sa.sd_ln > 0.009 && sa.sd_ln < 0.03);
	assert_true(spread_detectable_pct(&sa, &sa) < 4);
	assert_true(spread_detectable_pct(&sb, &sb) > 8);
	assert_false(metric_spread(metric_find("cpu_ns_per_request"), a, &sa));
	view_close(a);
	view_close(b);
	free(a);
	free(b);
	free(quiet);
	free(loud);
	fixture_remove(dir_a);
	fixture_remove(dir_b);
}

static void test_rule_asks_for_allocations_and_speed(void **state)
{
	struct view *a = calloc(1, sizeof(*a)), *b = calloc(1, sizeof(*b));
	char dir_a[64], dir_b[64];
	struct rule rule;

	(void)state;
	open_run(a, dir_a, sizeof(dir_a),
		 "{\"schema\": \"goxel-load/1\", \"totals\": {\"throughput_per_s\": 100}}");
	open_run(b, dir_b, sizeof(dir_b),
		 "{\"schema\": \"goxel-load/1\", \"totals\": {\"throughput_per_s\": 109}}");
	a->allocs = json_loads("{\"requests_count\": 10, \"totals\": {\"allocs_count\": 100}}", 0,
			       NULL);
	b->allocs =
		json_loads("{\"requests_count\": 10, \"totals\": {\"allocs_count\": 79}}", 0, NULL);
	rule_judge(a, b, &rule);
	assert_int_equal(rule.clauses[0].verdict, RULE_HOLDS);   /* 21 % fewer */
	assert_int_equal(rule.clauses[1].verdict, RULE_FAILS);   /* 9 % more */
	assert_int_equal(rule.clauses[2].verdict, RULE_UNKNOWN); /* no latencies */
	assert_int_equal(rule.verdict, RULE_UNKNOWN);
	json_decref(b->allocs);
	b->allocs =
		json_loads("{\"requests_count\": 10, \"totals\": {\"allocs_count\": 81}}", 0, NULL);
	rule_judge(a, b, &rule);
	assert_int_equal(rule.clauses[0].verdict, RULE_FAILS);
	assert_int_equal(rule.verdict, RULE_FAILS);
	view_close(a);
	view_close(b);
	free(a);
	free(b);
	fixture_remove(dir_a);
	fixture_remove(dir_b);
}

static void test_benchmarks_are_found_by_name(void **state)
{
	json_t *bench =
		json_loads("{\"benchmarks\": ["
			   "{\"name\": \"parse/dom\", \"real_time\": 12, \"time_unit\": \"us\"},"
			   "{\"name\": \"parse/simd\", \"real_time\": 900, \"cpu_time\": 800},"
			   "{\"name\": \"parse/simd\", \"real_time\": 950, \"cpu_time\": 810},"
			   "{\"name\": \"parse/simd\", \"real_time\": 990, \"cpu_time\": 830},"
			   "{\"name\": \"parse/simd\", \"cpu_time\": 1, \"error_occurred\": true},"
			   "{\"name\": \"parse/simd_avx\", \"real_time\": 1, \"cpu_time\": 1},"
			   "{\"name\": \"parse/simd_stddev\", \"run_name\": \"parse/simd\","
			   " \"aggregate_name\": \"stddev\", \"real_time\": 2, \"cpu_time\": 2},"
			   "{\"name\": \"hop/ring/real_time\", \"real_time\": 7, \"cpu_time\": 3},"
			   "{\"name\": \"bench_enter_median\", \"run_name\": \"bench_enter\","
			   " \"aggregate_name\": \"median\", \"real_time\": 6, \"cpu_time\": 5}]}",
			   0, NULL);

	(void)state;
	assert_float_equal(bench_ns(bench, "parse/dom"), 12000, 0);
	assert_float_equal(bench_ns(bench, "parse/simd"), 810, 0);
	assert_float_equal(bench_ns(bench, "hop/ring/real_time"), 7, 0);
	assert_float_equal(bench_ns(bench, "enter"), 5, 0);
	assert_float_equal(bench_ns(bench, "hop/ring"), 7, 0); /* the library appended the rest */
	assert_true(isnan(bench_ns(bench, "parse")));
	assert_true(isnan(bench_ns(NULL, "parse/dom")));
	json_decref(bench);
}

static void test_a_pattern_takes_any_axis(void **state)
{
	json_t *bench = json_loads("{\"benchmarks\": [{\"name\": \"queue_hop/ring/real_time\", "
				   "\"real_time\": 7, \"cpu_time\": 3}]}",
				   0, NULL);
	json_t *axes = json_pack("{s:s, s:s, s:s}", "queue", "ring", "buffers", "pool", "context",
				 "shared");
	struct bench_arch arch = { "v15", axes };
	char name[64];

	(void)state;
	assert_float_equal(bench_pattern_ns(bench, &arch, "queue_hop/{queue}"), 7, 0);
	assert_true(isnan(bench_pattern_ns(bench, &arch, "queue_hop/{parser}")));
	assert_true(bench_pattern_fill(&arch, "memory/{buffers}/512", name, sizeof(name)));
	assert_string_equal(name, "memory/pool/512");
	assert_true(bench_pattern_fill(&arch, "enter/{context}", name, sizeof(name)));
	assert_string_equal(name, "enter/shared");
	assert_true(bench_pattern_fill(&arch, "startup_time/{preset}", name, sizeof(name)));
	assert_string_equal(name, "startup_time/v15");
	assert_false(bench_pattern_fill(&arch, "startup_time/{preset}", name, 16));
	json_decref(axes);
	json_decref(bench);
}

static void test_quantiles_rise_and_are_found(void **state)
{
	char key[32];

	(void)state;
	for (size_t i = 0; i < QUANTILES_COUNT; i++) {
		const struct quantile *one = &quantiles[i];

		assert_true(i == 0 || one->q > quantiles[i - 1].q);
		assert_ptr_equal(quantile_find(one->q), one);
		/* "p99.9" and "p99_9" are the same but for the point. */
		snprintf(key, sizeof(key), "%s", one->name);
		if (strchr(key, '.'))
			*strchr(key, '.') = '_';
		assert_string_equal(one->key, key);
		if (one->q < 1)
			assert_true(fabs(strtod(one->name + 1, NULL) - 100 * one->q) < 1e-9);
	}
	assert_null(quantile_find(0.123));
	assert_string_equal(metric_of_quantile(quantiles[QUANTILE_p99_9].q)->key,
			    "response_p99_9_ns");
	assert_null(metric_of_quantile(quantiles[QUANTILE_p75].q));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_read_as_people_write_them),
		cmocka_unit_test(test_folded_stacks_make_a_sorted_tree),
		cmocka_unit_test(test_a_recursive_function_counts_once_in_total),
		cmocka_unit_test(test_threads_are_taken_together),
		cmocka_unit_test(test_damaged_folded_stacks_name_the_line),
		cmocka_unit_test(test_deep_stacks_are_bounded),
		cmocka_unit_test(test_flame_graph_escapes_names),
		cmocka_unit_test(test_document_renders_three_ways_and_escapes),
		cmocka_unit_test(test_long_cells_are_cut_on_a_terminal_between_characters),
		cmocka_unit_test(test_pictures_of_nothing_are_no_pictures),
		cmocka_unit_test(test_pictures_hold_no_nan),
		cmocka_unit_test(test_a_logarithmic_axis_has_labels_for_every_range),
		cmocka_unit_test(test_targets_of_v15_are_whole),
		cmocka_unit_test(test_damaged_targets_are_refused),
		cmocka_unit_test(test_targets_are_judged_at_their_limit),
		cmocka_unit_test(test_the_interval_decides),
		cmocka_unit_test(test_a_difference_may_be_negative),
		cmocka_unit_test(test_figures_come_from_benchmarks_and_values),
		cmocka_unit_test(test_spread_tells_what_could_be_seen),
		cmocka_unit_test(test_rule_asks_for_allocations_and_speed),
		cmocka_unit_test(test_benchmarks_are_found_by_name),
		cmocka_unit_test(test_a_pattern_takes_any_axis),
		cmocka_unit_test(test_quantiles_rise_and_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
