/* cli: one table serves parsing and files; what it prints is in test_cli_out.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/cli/cli_private.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/test/cli_util.h"

static void expect_error(const char *words, const char *message)
{
	struct cli_run r;

	cli_util_run(&r, words);
	assert_int_equal(r.rc, -EINVAL);
	assert_string_equal(r.err.msg, message);
}

static void test_defaults(void **state)
{
	struct cli_run r;

	(void)state;
	cli_util_run(&r, "");
	assert_int_equal(r.rc, 0);
	assert_false(r.cfg.quiet);
	assert_true(r.cfg.fast_path);
	assert_int_equal(r.cfg.count, 4);
	assert_true(r.cfg.ratio == 0.5);
	assert_null(r.cfg.out);
	assert_int_equal(r.cfg.duration_ns, 30 * NSEC_PER_SEC);
	assert_int_equal(r.cfg.block_bytes, 4096);
	assert_true(r.cfg.rate_per_s == 50000);
	assert_ptr_equal(r.cfg.queue, cli_util_queues[1]);
}

static void test_all_forms_of_an_option(void **state)
{
	static const char *const forms[] = { "--count 7", "--count=7", "-n 7",
					     "-n7",       "-n +7",     "--count 1 --count 7" };
	struct cli_run r;

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		cli_util_run(&r, forms[i]);
		assert_int_equal(r.rc, 0);
		assert_int_equal(r.cfg.count, 7);
	}
}

static void test_negative_numbers_are_values(void **state)
{
	struct cli_run r;

	(void)state;
	cli_util_run(&r, "--count -3");
	assert_int_equal(r.cfg.count, -3);
	cli_util_run(&r, "-n -3");
	assert_int_equal(r.cfg.count, -3);
	cli_util_run(&r, "-n-3");
	assert_int_equal(r.cfg.count, -3);
	cli_util_run(&r, "--out -");
	assert_string_equal(r.cfg.out, "-");
	cli_util_run(&r, "--out=--odd");
	assert_string_equal(r.cfg.out, "--odd");
}

static void test_flags_and_switches(void **state)
{
	struct cli_run r;

	(void)state;
	cli_util_run(&r, "-q --fast-path=off");
	assert_true(r.cfg.quiet);
	assert_false(r.cfg.fast_path);
	cli_util_run(&r, "--quiet --quiet=off --fast-path no");
	assert_false(r.cfg.quiet);
	assert_false(r.cfg.fast_path);
	cli_util_run(&r, "--quiet on");
	assert_true(r.cfg.quiet);
	assert_string_equal(r.argv[r.operand_index], "on");
}

static void expect_operands(struct cli_run *r, int n, const char *first)
{
	assert_int_equal(r->rc, 0);
	assert_int_equal(r->argc - r->operand_index, n);
	assert_string_equal(r->argv[r->operand_index], first);
}

static void test_operands_come_last_in_their_order(void **state)
{
	struct cli_run r;

	(void)state;
	cli_util_run(&r, "a --count 7 b -q -- --c -d");
	expect_operands(&r, 4, "a");
	assert_string_equal(r.argv[r.operand_index + 1], "b");
	assert_string_equal(r.argv[r.operand_index + 2], "--c");
	assert_string_equal(r.argv[r.operand_index + 3], "-d");
	assert_int_equal(r.cfg.count, 7);
	assert_true(r.cfg.quiet);
	/* Once more over the permuted words, as a program does that reads a file in between. */
	r.rc = cli_parse(&cli_util_prog, &r.cfg, r.argc, r.argv, &r.operand_index, &r.err);
	expect_operands(&r, 4, "a");
	cli_util_run(&r, "- -5");
	expect_operands(&r, 2, "-");
}

static void test_operands_are_refused_where_none_are_taken(void **state)
{
	struct cli_run r;

	(void)state;
	cli_util_run(&r, "-q stray");
	assert_int_equal(cli_parse(&cli_util_prog, &r.cfg, r.argc, r.argv, NULL, &r.err), -EINVAL);
	assert_string_equal(r.err.msg, "unexpected operand 'stray'; see --help");
	cli_util_run(&r, "-q");
	assert_int_equal(cli_parse(&cli_util_prog, &r.cfg, r.argc, r.argv, NULL, &r.err), 0);
}

static void test_unknown_option_names_the_nearest(void **state)
{
	(void)state;
	expect_error("--durtion 3s", "unknown option --durtion; did you mean --duration?");
	expect_error("--dur=3s", "unknown option --dur; did you mean --duration?");
	expect_error("--quite", "unknown option --quite; did you mean --quiet?");
	expect_error("--hepl", "unknown option --hepl; did you mean --help?");
	expect_error("--xyzzy", "unknown option --xyzzy; see --help");
	expect_error("--no-quiet", "unknown option --no-quiet; write --quiet=off");
	expect_error("--Load", "unknown option --Load; see --help");
	expect_error("-z", "unknown option -z; see --help");
	expect_error("-qn", "unknown option -qn; see --help");
	expect_error("--=x", "unknown option --; see --help");
}

static void test_nearest(void **state)
{
	char longest[80];

	(void)state;
	assert_string_equal(cli_nearest(&cli_util_prog, "cuont"), "count");
	assert_string_equal(cli_nearest(&cli_util_prog, "fastpath"), "fast-path");
	assert_null(cli_nearest(&cli_util_prog, "zzzzzz"));
	assert_null(cli_nearest(&cli_util_prog, ""));
	memset(longest, 'a', sizeof(longest));
	for (size_t len = 1; len < sizeof(longest); len++) {
		longest[len] = '\0';
		assert_null(cli_nearest(&cli_util_prog, longest));
		longest[len] = 'a';
	}
}

static void test_missing_values(void **state)
{
	(void)state;
	expect_error("--count", "--count needs a value");
	expect_error("-o", "--out needs a value");
	expect_error("--out --quiet", "--out needs a value, and --quiet looks like an option");
	expect_error("--out -x", "--out needs a value, and -x looks like an option");
}

static void test_values_out_of_range(void **state)
{
	(void)state;
	expect_error("--count 65", "--count: 65 is not in -5..64");
	expect_error("--count -6", "--count: -6 is not in -5..64");
	expect_error("--ratio 1.01", "--ratio: 1.01 is not in 0..1");
	expect_error("--duration 999us", "--duration: 999us is not in 1ms..1d");
	expect_error("--count 99999999999999999999",
		     "--count: '99999999999999999999' is out of range");
	expect_error("--queue fifo", "--queue: 'fifo' is not one of mutex, ring, priority");
	expect_error("--count 7x", "--count: '7x' is not a whole number");
	expect_error("--count=", "--count: '' is not a whole number");
	expect_error("--quiet=maybe", "--quiet: 'maybe' is neither on nor off");
	expect_error("--host=", "--host: host is empty");
}

static void test_range_ends_are_inside(void **state)
{
	struct cli_run r;

	(void)state;
	cli_util_run(&r, "--count 64 --ratio 1 --duration 1ms");
	assert_int_equal(r.rc, 0);
	cli_util_run(&r, "--count -5 --ratio 0 --duration 24h");
	assert_int_equal(r.rc, 0);
}

static void test_set_by_key(void **state)
{
	struct cli_cfg cfg = { 0 };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(cli_set(&cli_util_prog, &cfg, "quiet", "yes", &err), 0);
	assert_true(cfg.quiet);
	assert_int_equal(cli_set(&cli_util_prog, &cfg, "durations", "1s", &err), -ENOENT);
	assert_string_equal(err.msg, "unknown key 'durations'; did you mean 'duration'?");
	assert_int_equal(cli_set(&cli_util_prog, &cfg, "Load", "1s", &err), -ENOENT);
	assert_int_equal(cli_set(&cli_util_prog, &cfg, "count", "99", &err), -EINVAL);
	assert_string_equal(err.msg, "count: 99 is not in -5..64");
	assert_int_equal(cfg.count, 0);
}

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = {
		{ "0s", 0 },
		{ "1ns", 1 },
		{ "30s", 30000000000 },
		{ "5ms", 5000000 },
		{ "1m30s", 90000000000 },
		{ "1.5s", 1500000000 },
		{ "100us", 100000 },
		{ "1h1m1s1ms1us1ns", 3661001001001 },
		{ "2d", 172800000000000 },
		{ "0.000000001s", 1 },
		{ ".5s", 500000000 },
		{ "18446744073709551615ns", UINT64_MAX },
	};
	static const char *const bad[] = { "",           "30",    "s",
					   "-1s",        "1s1s",  "1s1m",
					   "0.1ns",      "1 s",   "1S",
					   "1s ",        "1.s.",  "1e3s",
					   ".s",         "1ss",   "18446744073709551616ns",
					   "300000000d", "1.5.5s" };
	uint64_t ns = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(cli_parse_duration(good[i].text, &ns, NULL), 0);
		assert_int_equal(ns, good[i].ns);
	}
	ns = 77;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(cli_parse_duration(bad[i], &ns, &err), -EINVAL);
		assert_true(strlen(err.msg) > 0);
		assert_int_equal(ns, 77);
	}
}

static void test_sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{ "0", 0 },
		{ "4096", 4096 },
		{ "4096B", 4096 },
		{ "4KiB", 4096 },
		{ "16MiB", 1 << 24 },
		{ "1.5KiB", 1536 },
		{ "1GiB", 1 << 30 },
		{ "4kB", 4000 },
		{ "1TiB", 1ull << 40 },
		{ "18446744073709551615", UINT64_MAX },
	};
	static const char *const bad[] = {
		"",           "KiB",   "-1",    "4K",  "4k",
		"0.3KiB",     "4KiB4", "4 KiB", "1.5", "18446744073709551616",
		"16777216TiB"
	};
	uint64_t bytes = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(cli_parse_bytes(good[i].text, &bytes, NULL), 0);
		assert_int_equal(bytes, good[i].bytes);
	}
	bytes = 77;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(cli_parse_bytes(bad[i], &bytes, NULL), -EINVAL);
		assert_int_equal(bytes, 77);
	}
}

static void test_rates(void **state)
{
	static const struct {
		const char *text;
		double per_s;
	} good[] = { { "500", 500 }, { "50k", 50000 }, { "1.5M", 1500000 }, { "2G", 2e9 },
		     { "0", 0 },     { "0.5/s", 0.5 }, { "50k/s", 50000 },  { "1e3", 1000 } };
	static const char *const bad[] = { "",    "k",   "-1", "50K", "50kk", "1m",   "inf",
					   "nan", "0x1", " 1", "1 ",  "1/m",  "1e999" };
	double per_s = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(cli_parse_rate(good[i].text, &per_s, NULL), 0);
		assert_true(per_s == good[i].per_s);
	}
	per_s = 77;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(cli_parse_rate(bad[i], &per_s, NULL), -EINVAL);
		assert_true(per_s == 77);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_all_forms_of_an_option),
		cmocka_unit_test(test_negative_numbers_are_values),
		cmocka_unit_test(test_flags_and_switches),
		cmocka_unit_test(test_operands_come_last_in_their_order),
		cmocka_unit_test(test_operands_are_refused_where_none_are_taken),
		cmocka_unit_test(test_unknown_option_names_the_nearest),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_missing_values),
		cmocka_unit_test(test_values_out_of_range),
		cmocka_unit_test(test_range_ends_are_inside),
		cmocka_unit_test(test_set_by_key),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_rates),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
