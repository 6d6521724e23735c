/*
 * test_hlog.c - HDR logs: what we write reads back bucket for bucket, what others wrote reads as
 * they read it, what is damaged is refused with line and reason.
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

#include "daemon/base/base64.h"
#include "daemon/base/err.h"
#include "daemon/base/hist.h"
#include "daemon/base/rng.h"
#include "reports/lib/hdr_codec.h"
#include "reports/lib/hlog.h"
#include "reports/test/fixture.h"

struct gather {
	struct hist *all;
	size_t lines_count;
	size_t tagged_count;
	char tags[4][64];
};

static int gather_one(void *arg, const struct hlog_entry *entry, struct err *err)
{
	struct gather *g = arg;

	(void)err;
	hist_add(g->all, entry->hist);
	if (entry->tag.len) {
		if (g->tagged_count < 4)
			snprintf(g->tags[g->tagged_count], 64, "%.*s", SPAN_ARG(entry->tag));
		g->tagged_count++;
	}
	g->lines_count++;
	return 0;
}

static void test_base64_known_answers(void **state)
{
	static const char *const pairs[][2] = {
		{ "", "" },        { "f", "Zg==" },        { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "foobar", "Zm9vYmFy" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct strbuf sb = { 0 };
		uint8_t back[16];
		long len;

		base64_encode(&sb, pairs[i][0], strlen(pairs[i][0]));
		assert_string_equal(strbuf_span(&sb).ptr, pairs[i][1]);
		len = base64_decode(strbuf_span(&sb), back);
		assert_int_equal(len, strlen(pairs[i][0]));
		assert_memory_equal(back, pairs[i][0], (size_t)len);
		strbuf_deinit(&sb);
	}
	assert_int_equal(base64_decode(SPAN_LIT("abc"), (uint8_t[4]){ 0 }), -EPROTO);
	assert_int_equal(base64_decode(SPAN_LIT("ab=d"), (uint8_t[4]){ 0 }), -EPROTO);
	assert_int_equal(base64_decode(SPAN_LIT("a=b="), (uint8_t[4]){ 0 }), -EPROTO);
	assert_int_equal(base64_decode(SPAN_LIT("ab d"), (uint8_t[4]){ 0 }), -EPROTO);
}

static void fill(struct hist *h, uint64_t seed, size_t values_count)
{
	struct rng rng;

	rng_init(&rng, seed, 0);
	for (size_t i = 0; i < values_count; i++)
		hist_record(h, (uint64_t)(exp(rng_unit(&rng) * 28.0)));
	hist_record(h, 0);
	hist_record(h, HIST_NS_MAX);
	hist_record_n(h, 12345, 1ull << 40);
}

static void test_encoded_histogram_reads_back_equal(void **state)
{
	struct hist *h = hist_new(), *back = hist_new();
	struct strbuf sb = { 0 };
	struct hdr_counts c;
	struct err err = ERR_INIT;

	(void)state;
	fill(h, 1, 10000);
	assert_int_equal(hdr_encode(h, &sb, &err), 0);
	assert_memory_equal(sb.ptr, "HISTFAAA", 8);
	assert_int_equal(hdr_decode(strbuf_span(&sb), &c, &err), 0);
	assert_int_equal(c.total, h->total);
	assert_int_equal(c.digits, 3);
	hdr_counts_to_hist(&c, 1, back);
	assert_int_equal(back->total, h->total);
	assert_memory_equal(back->counts, h->counts, sizeof(h->counts));
	hdr_counts_deinit(&c);
	strbuf_deinit(&sb);
	hist_free(h);
	hist_free(back);
}

static void test_empty_histogram_reads_back_empty(void **state)
{
	struct hist *h = hist_new();
	struct strbuf sb = { 0 };
	struct hdr_counts c;

	(void)state;
	assert_int_equal(hdr_encode(h, &sb, NULL), 0);
	assert_int_equal(hdr_decode(strbuf_span(&sb), &c, NULL), 0);
	assert_int_equal(c.total, 0);
	hdr_counts_deinit(&c);
	strbuf_deinit(&sb);
	hist_free(h);
}

static void test_written_log_reads_back(void **state)
{
	char dir[64], path[128];
	struct hist *h = hist_new();
	struct gather g = { .all = hist_new() };
	struct hlog_writer *w;
	struct hlog_info info;
	struct err err = ERR_INIT;

	(void)state;
	fixture_dir(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/latency.hlog", dir);
	fill(h, 2, 1000);
	assert_int_equal(hlog_writer_open(path, 1700000000123000000ull, "test 1", &w, &err), 0);
	assert_int_equal(hlog_write(w, "add_voxels", 0, 1000000000, h, &err), 0);
	assert_int_equal(hlog_write(w, "service.add_voxels", 0, 1000000000, h, &err), 0);
	assert_int_equal(hlog_write(w, NULL, 1000000000, 500000000, h, &err), 0);
	assert_int_equal(hlog_write(w, "two,words", 0, 1, h, &err), -EINVAL);
	assert_int_equal(hlog_write(w, "", 0, 1, h, &err), -EINVAL);
	assert_int_equal(hlog_writer_close(w, &err), 0);

	assert_int_equal(hlog_read(path, 1, gather_one, &g, &info, &err), 0);
	assert_int_equal(g.lines_count, 3);
	assert_int_equal(g.tagged_count, 2);
	assert_string_equal(g.tags[0], "add_voxels");
	assert_string_equal(g.tags[1], "service.add_voxels");
	assert_int_equal(g.all->total, 3 * h->total);
	assert_string_equal(info.version, "1.3");
	assert_float_equal(info.base_s, 1700000000.123, 1e-3);
	assert_float_equal(info.start_s, 1700000000.123, 1e-3);
	hist_free(h);
	hist_free(g.all);
	fixture_remove(dir);
}

/*
 * Figures as HdrHistogram's own reader gives them for its test logs. They were recorded with two
 * digits, so a value of 1 to 2 s stands for a bucket of 2^23 ns; its Java test adds the bottom of
 * the bucket to a finer histogram where we keep the top.
 */
enum { BUCKET = 1 << 23 };

static const struct foreign_log {
	const char *name;
	const char *version;
	size_t lines_count, tagged_count;
	uint64_t total, p99_9, max;
	double start_s;
} foreign_logs[] = {
	{ "hlog/jHiccup-2.0.1.logV0.hlog", "1.01", 81, 0, 61256, 1510998015, 1569718271,
	  1438869961.225 },
	{ "hlog/jHiccup-2.0.6.logV1.hlog", "1.1", 88, 0, 65964, 1829765119, 1888485375,
	  1438867590.285 },
	{ "hlog/jHiccup-2.0.7S.logV2.hlog", "1.2", 62, 0, 48761, 1745879039, 1796210687,
	  1441812279.474 },
	{ "hlog/jHiccup-2.0.7S.logV3.hlog", "1.3", 62, 4, 48761, 1745879039, 1796210687,
	  1441812279.474 },
};

static void test_foreign_logs_read_as_their_makers_read_them(void **state)
{
	(void)state;
	if (!fixture_data("hlog"))
		skip();
	for (size_t i = 0; i < sizeof(foreign_logs) / sizeof(foreign_logs[0]); i++) {
		const struct foreign_log *want = &foreign_logs[i];
		struct gather g = { .all = hist_new() };
		struct hlog_info info;
		struct err err = ERR_INIT;

		assert_int_equal(
			hlog_read(fixture_data(want->name), 1, gather_one, &g, &info, &err), 0);
		assert_string_equal(info.version, want->version);
		assert_float_equal(info.start_s, want->start_s, 1e-3);
		assert_int_equal(g.lines_count, want->lines_count);
		assert_int_equal(g.tagged_count, want->tagged_count);
		assert_int_equal(g.all->total, want->total);
		assert_int_equal(hist_quantile_ns(g.all, 0.999) / BUCKET, want->p99_9 / BUCKET);
		assert_int_equal(g.all->max_ns / BUCKET, want->max / BUCKET);
		hist_free(g.all);
	}
}

static void test_damaged_logs_are_refused_with_line_and_reason(void **state)
{
	static const struct {
		const char *name, *reason;
	} cases[] = {
		{ "hlog/test_tagged_invalid_histogram.txt", ":1: histogram" },
		{ "hlog/test_tagged_invalid_tag_key.txt", ":1: start time 'Ta=a7.133a'" },
		{ "hlog/test_tagged_invalid_timestamp.txt", ":1: start time '7.1a33'" },
		{ "hlog/test_tagged_missing_histogram.txt", ":1: no histogram" },
	};

	(void)state;
	if (!fixture_data("hlog"))
		skip();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gather g = { .all = hist_new() };
		struct err err = ERR_INIT;

		assert_int_equal(
			hlog_read(fixture_data(cases[i].name), 1, gather_one, &g, NULL, &err),
			-EPROTO);
		assert_non_null(strstr(err.msg, cases[i].reason));
		hist_free(g.all);
	}
}

static void test_each_cut_of_a_log_is_refused_or_whole(void **state)
{
	struct hist *h = hist_new();
	struct strbuf sb = { 0 };

	(void)state;
	fill(h, 3, 200);
	strbuf_add_str(&sb, "Tag=x,0.000,1.000,1.0,");
	assert_int_equal(hdr_encode(h, &sb, NULL), 0);
	for (size_t len = 1; len < sb.len; len++) {
		struct gather g = { .all = h };
		struct err err = ERR_INIT;

		assert_int_equal(hlog_parse("cut", span_of(sb.ptr, len), 1, gather_one, &g, &err),
				 -EPROTO);
		assert_memory_equal(err.msg, "cut:1: ", 7);
	}
	strbuf_deinit(&sb);
	hist_free(h);
}

static void test_percentile_text_has_five_ticks_and_totals(void **state)
{
	char dir[64], path[128], line[256];
	struct hist *h = hist_new();
	FILE *file;
	int rows_count = 0;
	double value = 0, level = 0;

	(void)state;
	fixture_dir(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/latency.hgrm", dir);
	for (uint64_t i = 1; i <= 100000; i++)
		hist_record(h, i * 1000);
	assert_int_equal(hgrm_write(path, h, NULL), 0);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		double v, p;

		/* NOLINTNEXTLINE(cert-err34-c): our own file */
		if (sscanf(line, "%lf %lf", &v, &p) != 2)
			continue;
		assert_true(v >= value);
		assert_true(p >= level);
		if (fabs(p - 0.5) < 1e-9)
			assert_float_equal(v, 50.0, 0.05);
		value = v;
		level = p;
		rows_count++;
	}
	fclose(file);
	assert_float_equal(level, 1.0, 1e-12);
	assert_float_equal(value, 100.0, 1e-9);
	/* The last bucket holds 65 of the 100,000: 10.6 halvings before it, five ticks each. */
	assert_in_range(rows_count, 52, 60);
	hist_free(h);
	fixture_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64_known_answers),
		cmocka_unit_test(test_encoded_histogram_reads_back_equal),
		cmocka_unit_test(test_empty_histogram_reads_back_empty),
		cmocka_unit_test(test_written_log_reads_back),
		cmocka_unit_test(test_foreign_logs_read_as_their_makers_read_them),
		cmocka_unit_test(test_damaged_logs_are_refused_with_line_and_reason),
		cmocka_unit_test(test_each_cut_of_a_log_is_refused_or_whole),
		cmocka_unit_test(test_percentile_text_has_five_ticks_and_totals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
