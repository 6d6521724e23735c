/* Slices drawn, targets read, figures judged, effects computed: what goxel-pair does without
 * servers. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/hist.h"
#include "loadgen/pair/pair_block.h"
#include "loadgen/pair/pair_effect.h"
#include "loadgen/pair/pair_fitness.h"
#include "loadgen/pair/pair_pilot.h"
#include "loadgen/pair/pair_watch.h"
#include "reports/lib/target_file.h"

static const struct pair_design usual = {
	.seed = 7,
	.arms_count = 2,
	.slice_ns_min = 10000000,
	.slice_ns_max = 50000000,
	.block_ns = 1000000000,
};

/* ---- the schedule ---------------------------------------------------------------- */

static char *schedule_text(const struct pair_design *d, uint32_t block)
{
	struct pair_schedule s;
	struct strbuf text = { 0 };

	assert_int_equal(pair_schedule_draw(d, block, &s, NULL), 0);
	pair_schedule_write(&s, &text);
	pair_schedule_deinit(&s);
	return strbuf_take(&text);
}

static void test_same_seed_gives_same_bytes(void **state)
{
	struct pair_design other = usual;
	char *a = schedule_text(&usual, 3), *b = schedule_text(&usual, 3);
	char *next = schedule_text(&usual, 4), *reseeded;

	(void)state;
	other.seed++;
	reseeded = schedule_text(&other, 3);
	assert_string_equal(a, b);
	assert_string_not_equal(a, next);
	assert_string_not_equal(a, reseeded);
	free(a);
	free(b);
	free(next);
	free(reseeded);
}

/* Every arm once in a row with the same length and seed; every place once in a square. */
static void check_squares(const struct pair_schedule *s, uint32_t k)
{
	assert_int_equal(s->slices_count, (size_t)s->rows_count * k);
	assert_int_equal(s->rows_count % k, 0);
	for (size_t at = 0; at < s->slices_count; at += (size_t)k * k) {
		uint32_t in_column[PAIR_ARMS_MAX] = { 0 };

		for (uint32_t r = 0; r < k; r++) {
			const struct pair_slice *row = &s->slices[at + (size_t)r * k];
			uint32_t seen = 0;

			for (uint32_t i = 0; i < k; i++) {
				assert_int_equal(row[i].row, row[0].row);
				assert_int_equal(row[i].length_ns, row[0].length_ns);
				assert_int_equal(row[i].seed, row[0].seed);
				seen |= 1u << row[i].arm;
				in_column[i] |= 1u << row[i].arm;
			}
			assert_int_equal(seen, (1u << k) - 1);
		}
		for (uint32_t i = 0; i < k; i++)
			assert_int_equal(in_column[i], (1u << k) - 1);
	}
}

static void test_rows_make_latin_squares(void **state)
{
	(void)state;
	for (uint32_t k = 2; k <= PAIR_ARMS_MAX; k++)
		for (uint32_t block = 0; block < 50; block++) {
			struct pair_design d = usual;
			struct pair_schedule s;

			d.arms_count = k;
			assert_int_equal(pair_schedule_draw(&d, block, &s, NULL), 0);
			check_squares(&s, k);
			assert_true(s.load_ns >= d.block_ns);
			assert_true(s.load_ns < d.block_ns + k * d.slice_ns_max);
			pair_schedule_deinit(&s);
		}
}

static void test_lengths_stay_within_their_range_and_fill_it(void **state)
{
	uint64_t least = UINT64_MAX, most = 0;

	(void)state;
	for (uint32_t block = 0; block < 40; block++) {
		struct pair_schedule s;

		assert_int_equal(pair_schedule_draw(&usual, block, &s, NULL), 0);
		for (size_t i = 0; i < s.slices_count; i++) {
			least = s.slices[i].length_ns < least ? s.slices[i].length_ns : least;
			most = s.slices[i].length_ns > most ? s.slices[i].length_ns : most;
		}
		pair_schedule_deinit(&s);
	}
	assert_in_range(least, 10000000, 11000000);
	assert_in_range(most, 49000000, 50000000);
}

/* A fair coin: both first arms, both orders of starting. */
static void test_no_arm_is_favored(void **state)
{
	uint32_t first[2] = { 0 }, started[2] = { 0 };

	(void)state;
	for (uint32_t block = 0; block < 1000; block++) {
		struct pair_schedule s;

		assert_int_equal(pair_schedule_draw(&usual, block, &s, NULL), 0);
		first[s.slices[0].arm]++;
		started[s.start_order[0]]++;
		pair_schedule_deinit(&s);
	}
	/* Four standard deviations. */
	assert_in_range(first[0], 437, 563);
	assert_in_range(started[0], 437, 563);
}

/* ---- targets ----------------------------------------------------------------------- */

static char folder[] = "/tmp/test-pair.XXXXXX";

static const char *file_with(const char *text)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s/t.target", folder);
	assert_int_equal(file_write_atomic(path, span_str(text), NULL), 0);
	return path;
}

static const struct target_places places = {
	.bin = "/b",
	.dir = "/d",
	.root = "/r",
	.args = "--queue  ring",
};

static void test_target_becomes_a_command(void **state)
{
	static const char *const want[] = { "/b/server", "--socket", "/d/s",   "--queue",
					    "ring",      "--root",   "/r/data" };
	struct target_file t;
	struct sock_addr addr;
	char **words, *memory;

	(void)state;
	assert_int_equal(target_file_read(file_with("# a comment\n\nname = x\n"
						    "command = {bin}/server  --socket {dir}/s "
						    "{args} --root {root}/data\n"
						    "unix = {dir}/s\nrequest = {\"a\": 1}\n"
						    "status = ignored here\n"),
					  &t, NULL),
			 0);
	assert_string_equal(t.request, "{\"a\": 1}");
	assert_int_equal(target_file_command(&t, &places, &words, &memory, NULL), 0);
	for (size_t i = 0; i < 7; i++)
		assert_string_equal(words[i], want[i]);
	assert_null(words[7]);
	assert_int_equal(target_file_addr(&t, &places, &addr, NULL), 0);
	assert_true(addr.is_unix);
	assert_string_equal(addr.path, "/d/s");
	free(words);
	free(memory);
	target_file_deinit(&t);
}

static void test_words_without_a_place_come_last(void **state)
{
	struct target_file t;
	char **words, *memory;

	(void)state;
	assert_int_equal(
		target_file_read(file_with("name=x\ncommand=s\ntcp=:1\nrequest=r\n"), &t, NULL), 0);
	assert_int_equal(target_file_command(&t, &places, &words, &memory, NULL), 0);
	assert_string_equal(words[0], "s");
	assert_string_equal(words[2], "ring");
	assert_null(words[3]);
	free(words);
	free(memory);
	target_file_deinit(&t);
}

static void check_refused(const char *text, const char *says)
{
	struct target_file t;
	struct err err = ERR_INIT;

	assert_int_equal(target_file_read(file_with(text), &t, &err), -EINVAL);
	if (!strstr(err.msg, says))
		fail_msg("\"%s\" does not say \"%s\"", err.msg, says);
}

static void test_bad_targets_are_refused_with_their_line(void **state)
{
	(void)state;
	check_refused("name = x\nnonsense\n", "t.target:2: expected key = value");
	check_refused("nam = x\n", ":1: unknown key 'nam'");
	check_refused("pid = other\n", "command or child");
	check_refused("name=x\ncommand=c\nrequest=r\n", "exactly one of 'unix' and 'tcp'");
	check_refused("name=x\ncommand=c\nrequest=r\nunix=a\ntcp=:1\n", "exactly one");
	check_refused("name=x\ntcp=:1\nrequest=r\n", "'command' is missing");
}

/* ---- figures ------------------------------------------------------------------------ */

static double metric_value(const char *key, const struct pair_figures *f)
{
	for (const struct pair_metric *m = pair_metrics; m->key; m++)
		if (!strcmp(m->key, key))
			return m->of(f);
	fail_msg("no metric %s", key);
	return NAN;
}

static void test_metrics_of_known_figures(void **state)
{
	struct pair_figures f = {
		.requests_count = 2000,
		.usage = { .cpu_ns = 8000000, .switches_voluntary = 3000 },
		.response = hist_new(),
		.service = hist_new(),
		.lag = hist_new(),
	};

	(void)state;
	for (uint64_t i = 1; i <= 2000; i++)
		hist_record(f.response, i * 100);
	assert_float_equal(metric_value("cpu_ns_per_request", &f), 4000, 1e-9);
	assert_float_equal(metric_value("context_switches_per_request", &f), 1.5, 1e-9);
	assert_float_equal(metric_value("response_p50_ns", &f), 100000, 100);
	assert_float_equal(metric_value("response_p99_ns", &f), 198000, 200);
	/* Two values lie beyond: no figure. */
	assert_true(isnan(metric_value("response_p99_9_ns", &f)));
	assert_true(isnan(metric_value("rss_bytes", &f)));
	hist_free(f.response);
	hist_free(f.service);
	hist_free(f.lag);
}

/* One value of a bucket's two halves moves the quantile by half a bucket, not by none. */
static void test_quantiles_are_interpolated(void **state)
{
	struct pair_figures a = { .response = hist_new() }, b = { .response = hist_new() };

	(void)state;
	hist_record_n(a.response, 1000000, 100);
	hist_record_n(b.response, 1000000, 100);
	hist_record_n(a.response, 2000, 10);
	hist_record_n(b.response, 2000, 20);
	assert_true(metric_value("response_p50_ns", &a) > metric_value("response_p50_ns", &b));
	hist_free(a.response);
	hist_free(b.response);
}

struct judged {
	struct pair_setup setup;
	struct pair_block block;
};

static void judged_begin(struct judged *j)
{
	memset(j, 0, sizeof(*j));
	j->setup.design.arms_count = 2;
	j->setup.has_all_rules = true;
	j->setup.lag_limit_pct = 10;
	for (uint32_t i = 0; i < 2; i++) {
		struct pair_figures *f = &j->block.arms[i];

		j->setup.arms[i].name = (char)('A' + i);
		f->response = hist_new();
		f->service = hist_new();
		f->lag = hist_new();
		hist_record_n(f->response, 50000, 1000);
		hist_record_n(f->lag, 1000, 1000);
		f->requests_count = f->planned_count = 1000;
		f->load_ns = f->idle_ns = 1000000000;
	}
}

static void judged_end(struct judged *j, const char *says)
{
	pair_block_judge(&j->setup, &j->block);
	if (says) {
		assert_int_equal(j->block.reasons_count, 1);
		if (!strstr(j->block.reasons[0], says))
			fail_msg("\"%s\" does not say \"%s\"", j->block.reasons[0], says);
	} else {
		assert_int_equal(j->block.reasons_count, 0);
	}
	pair_block_deinit(&j->block);
}

/* Each rule, on either arm. */
static void test_blocks_are_judged_blind_to_the_arm(void **state)
{
	struct judged j;

	(void)state;
	judged_begin(&j);
	judged_end(&j, NULL);
	for (uint32_t i = 0; i < 2; i++) {
		judged_begin(&j);
		j.block.arms[i].errors_count = 1;
		judged_end(&j, i ? "B: 1 requests failed" : "A: 1 requests failed");
		judged_begin(&j);
		j.block.arms[i].unsent_count = 11;
		judged_end(&j, "11 of 1000 planned requests were not sent");
		judged_begin(&j);
		j.block.arms[i].unsent_count = 10;
		judged_end(&j, NULL);
		judged_begin(&j);
		j.block.arms[i].overrun_ns = 101000000;
		judged_end(&j, "does not keep up");
		judged_begin(&j);
		hist_record_n(j.block.arms[i].lag, 6000, 20);
		judged_end(&j, "the generator sent late");
		judged_begin(&j);
		j.block.arms[i].idle_cpu_ns = 30000000;
		judged_end(&j, "is not idle then");
	}
}

static void test_unfit_machines_are_named(void **state)
{
	struct pair_fitness f = { .is_taken = true, .pressure_pct = NAN, .steal_pct = NAN };

	(void)state;
	pair_fitness_judge(&f, &pair_fitness_usual);
	assert_true(f.is_fit);
	f.steal_pct = 5.1;
	pair_fitness_judge(&f, &pair_fitness_usual);
	assert_false(f.is_fit);
	assert_string_equal(f.why, "the hypervisor takes processor time away: 5.1 %, the limit is "
				   "5 %");
	f.steal_pct = 4.9;
	f.bias_pct = f.bias_low_pct = f.bias_high_pct = -3;
	pair_fitness_judge(&f, &pair_fitness_usual);
	assert_false(f.is_fit);
	f.bias_high_pct = 1;
	pair_fitness_judge(&f, &pair_fitness_usual);
	assert_true(f.is_fit);
	f.lost_pct = 30;
	pair_fitness_judge(&f, &pair_fitness_usual);
	assert_false(f.is_fit);
}

/* ---- effects ------------------------------------------------------------------------ */

struct values {
	double change[2]; /* of arms 1 and 2, as a log ratio */
	size_t metric;
};

static double value_of(const void *arg, size_t block, uint32_t arm, size_t metric)
{
	const struct values *v = arg;
	double noise = 0.001 * ((double)((block * 7 + metric) % 11) - 5);
	double base = 1000 * exp(0.1 * (double)(block % 3));

	if (metric == v->metric)
		return NAN;
	return arm ? base * exp(v->change[arm - 1] + noise) : base;
}

static int compute(const struct values *v, size_t blocks_count, uint32_t arms_count,
		   struct pair_effects *out)
{
	return pair_effects_compute(&(struct pair_values){ .of = value_of,
							   .arg = v,
							   .blocks_count = blocks_count,
							   .arms_count = arms_count },
				    1, out, NULL);
}

static void test_effects_of_known_changes(void **state)
{
	struct values v = { .change = { log(1.05), 0 }, .metric = 4 };
	struct pair_effects e, again;

	(void)state;
	assert_int_equal(compute(&v, 20, 3, &e), 0);
	assert_int_equal(compute(&v, 20, 3, &again), 0);
	assert_int_equal(e.count, 2 * (pair_metrics_count() - 1));
	for (size_t i = 0; i < e.count; i++) {
		const struct pair_effect *row = &e.rows[i];

		assert_ptr_not_equal(row->metric, &pair_metrics[4]);
		assert_float_equal(row->change_pct, row->arm == 1 ? 5 : 0, 0.3);
		if (row->arm == 1)
			assert_true(row->low_pct > 0);
		else
			assert_true(row->low_pct < 0 && row->high_pct > 0);
		assert_true(isnan(row->p_adjusted) != row->metric->is_judged);
		assert_true(row->detectable_pct > 0 && row->detectable_pct < 2);
		/* Same seed, same result to the last bit. */
		assert_memory_equal(&row->low_pct, &again.rows[i].low_pct, sizeof(double));
	}
	pair_effects_deinit(&e);
	pair_effects_deinit(&again);
}

static void test_one_block_has_no_effects(void **state)
{
	struct values v = { .metric = 99 };
	struct pair_effects e;

	(void)state;
	assert_int_equal(compute(&v, 1, 2, &e), 0);
	assert_int_equal(e.count, 0);
	pair_effects_deinit(&e);
}

/* ---- the rest ------------------------------------------------------------------------ */

static void test_watch_sees_what_a_process_uses(void **state)
{
	struct pair_watch w;
	struct pair_usage before, now, used;
	volatile uint64_t x = 1;
	uint64_t rss_bytes, peak_bytes;

	(void)state;
	assert_int_equal(pair_watch_open(getpid(), &w, NULL), 0);
	pair_watch_read(&w, &before);
	for (uint64_t start = pair_watch_cpu_ns(&w); pair_watch_cpu_ns(&w) < start + 5000000;)
		x = x * 3 + 1;
	pair_watch_read(&w, &now);
	used = pair_usage_since(&now, &before);
	assert_true(used.cpu_ns >= 5000000);
	pair_watch_memory(&w, &rss_bytes, &peak_bytes);
	assert_true(rss_bytes > 100000);
	assert_true(peak_bytes >= rss_bytes);
	pair_watch_close(&w);
	assert_int_equal(pair_watch_open(0x3ffffff, &w, NULL), -ESRCH);
	pair_watch_close(&w);
}

static void test_rates_are_rounded_down_to_two_digits(void **state)
{
	(void)state;
	assert_float_equal(pair_pilot_round(12999), 12000, 1e-6);
	assert_float_equal(pair_pilot_round(9.99), 9.9, 1e-9);
	assert_float_equal(pair_pilot_round(100000), 100000, 1e-6);
}

static int remove_folder(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/t.target", folder);
	unlink(path);
	return rmdir(folder);
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(test_same_seed_gives_same_bytes),
		cmocka_unit_test(test_rows_make_latin_squares),
		cmocka_unit_test(test_lengths_stay_within_their_range_and_fill_it),
		cmocka_unit_test(test_no_arm_is_favored),
		cmocka_unit_test(test_target_becomes_a_command),
		cmocka_unit_test(test_words_without_a_place_come_last),
		cmocka_unit_test(test_bad_targets_are_refused_with_their_line),
		cmocka_unit_test(test_metrics_of_known_figures),
		cmocka_unit_test(test_quantiles_are_interpolated),
		cmocka_unit_test(test_blocks_are_judged_blind_to_the_arm),
		cmocka_unit_test(test_unfit_machines_are_named),
		cmocka_unit_test(test_effects_of_known_changes),
		cmocka_unit_test(test_one_block_has_no_effects),
		cmocka_unit_test(test_watch_sees_what_a_process_uses),
		cmocka_unit_test(test_rates_are_rounded_down_to_two_digits),
	};

	return cmocka_run_group_tests(cases, make_folder, remove_folder);
}
