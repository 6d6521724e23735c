/* cli: one table serves parsing, files, help and the dump. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/base/cli.h"
#include "daemon/base/cli_private.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"

struct cfg {
	bool quiet;
	bool fast_path;
	int64_t count;
	double ratio;
	const char *out;
	uint64_t duration_ns;
	uint64_t block_bytes;
	double rate_per_s;
	const char *queue;
	int host_len;
};

static int parse_host(void *field, const char *value, struct err *err)
{
	if (!*value)
		return err_set(err, -EINVAL, "host is empty");
	*(int *)field = (int)strlen(value);
	return 0;
}

static void show_host(const void *field, FILE *out)
{
	fprintf(out, "%d letters", *(const int *)field);
}

static const char *const queues[] = { "mutex", "ring", "priority", NULL };

#define AT(field) .offset = offsetof(struct cfg, field)

static const struct cli_opt opts[] = {
	{ .name = "Load", .type = CLI_GROUP },
	{ .name = "quiet", .letter = 'q', .type = CLI_FLAG, AT(quiet), .help = "say nothing" },
	{ .name = "fast-path",
	  .type = CLI_SWITCH,
	  AT(fast_path),
	  .preset = "on",
	  .help = "answer small requests in the thread that read them" },
	{ .name = "count",
	  .letter = 'n',
	  .type = CLI_INT,
	  AT(count),
	  .preset = "4",
	  .min = -5,
	  .max = 64,
	  .help = "how many" },
	{ .name = "ratio",
	  .type = CLI_REAL,
	  AT(ratio),
	  .preset = "0.5",
	  .min = 0,
	  .max = 1,
	  .help = "share of writes" },
	{ .name = "out",
	  .letter = 'o',
	  .type = CLI_TEXT,
	  AT(out),
	  .arg = "PATH",
	  .help = "where the results go, a folder that is made if it is not there yet" },
	{ .name = "Time and size", .type = CLI_GROUP },
	{ .name = "duration",
	  .letter = 'd',
	  .type = CLI_DURATION,
	  AT(duration_ns),
	  .preset = "30s",
	  .min = 1e6,
	  .max = 86400e9,
	  .help = "how long to measure" },
	{ .name = "block-size-of-the-transfer",
	  .type = CLI_BYTES,
	  AT(block_bytes),
	  .preset = "4KiB",
	  .help = "bytes of a block" },
	{ .name = "rate",
	  .letter = 'r',
	  .type = CLI_RATE,
	  AT(rate_per_s),
	  .preset = "50k",
	  .help = "requests per second" },
	{ .name = "queue",
	  .type = CLI_CHOICE,
	  AT(queue),
	  .preset = "ring",
	  .choices = queues,
	  .help = "how requests reach the workers" },
	{ .name = "host",
	  .type = CLI_CALL,
	  AT(host_len),
	  .parse = parse_host,
	  .show = show_host,
	  .help = "whom to ask" },
	{ .name = NULL },
};

static const struct cli_prog prog = {
	.name = "goxel-test",
	.usage = "goxel-test (--unix PATH | --tcp HOST:PORT) [options]\n"
		 "goxel-test --list",
	.summary = "Tests the table of options.",
	.opts = opts,
};

enum { ARGS_MAX = 16 };

struct run {
	struct cfg cfg;
	struct err err;
	char *argv[ARGS_MAX + 1];
	int argc;
	int operand_index;
	int rc;
	char text[512]; /* the words */
};

/* Parses the blank-separated words. */
static void run(struct run *r, const char *words)
{
	char *rest = NULL;

	memset(r, 0, sizeof(*r));
	snprintf(r->text, sizeof(r->text), "prog %s", words);
	for (char *w = strtok_r(r->text, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
		r->argv[r->argc++] = w;
	assert_int_equal(cli_defaults(&prog, &r->cfg, &r->err), 0);
	r->rc = cli_parse(&prog, &r->cfg, r->argc, r->argv, &r->operand_index, &r->err);
}

static void expect_error(const char *words, const char *message)
{
	struct run r;

	run(&r, words);
	assert_int_equal(r.rc, -EINVAL);
	assert_string_equal(r.err.msg, message);
}

static void test_defaults(void **state)
{
	struct run r;

	(void)state;
	run(&r, "");
	assert_int_equal(r.rc, 0);
	assert_false(r.cfg.quiet);
	assert_true(r.cfg.fast_path);
	assert_int_equal(r.cfg.count, 4);
	assert_true(r.cfg.ratio == 0.5);
	assert_null(r.cfg.out);
	assert_int_equal(r.cfg.duration_ns, 30 * NSEC_PER_SEC);
	assert_int_equal(r.cfg.block_bytes, 4096);
	assert_true(r.cfg.rate_per_s == 50000);
	assert_ptr_equal(r.cfg.queue, queues[1]);
}

static void test_all_forms_of_an_option(void **state)
{
	static const char *const forms[] = { "--count 7", "--count=7", "-n 7",
					     "-n7",       "-n +7",     "--count 1 --count 7" };
	struct run r;

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		run(&r, forms[i]);
		assert_int_equal(r.rc, 0);
		assert_int_equal(r.cfg.count, 7);
	}
}

static void test_negative_numbers_are_values(void **state)
{
	struct run r;

	(void)state;
	run(&r, "--count -3");
	assert_int_equal(r.cfg.count, -3);
	run(&r, "-n -3");
	assert_int_equal(r.cfg.count, -3);
	run(&r, "-n-3");
	assert_int_equal(r.cfg.count, -3);
	run(&r, "--out -");
	assert_string_equal(r.cfg.out, "-");
	run(&r, "--out=--odd");
	assert_string_equal(r.cfg.out, "--odd");
}

static void test_flags_and_switches(void **state)
{
	struct run r;

	(void)state;
	run(&r, "-q --fast-path=off");
	assert_true(r.cfg.quiet);
	assert_false(r.cfg.fast_path);
	run(&r, "--quiet --quiet=off --fast-path no");
	assert_false(r.cfg.quiet);
	assert_false(r.cfg.fast_path);
	run(&r, "--quiet on");
	assert_true(r.cfg.quiet);
	assert_string_equal(r.argv[r.operand_index], "on");
}

static void expect_operands(struct run *r, int n, const char *first)
{
	assert_int_equal(r->rc, 0);
	assert_int_equal(r->argc - r->operand_index, n);
	assert_string_equal(r->argv[r->operand_index], first);
}

static void test_operands_come_last_in_their_order(void **state)
{
	struct run r;

	(void)state;
	run(&r, "a --count 7 b -q -- --c -d");
	expect_operands(&r, 4, "a");
	assert_string_equal(r.argv[r.operand_index + 1], "b");
	assert_string_equal(r.argv[r.operand_index + 2], "--c");
	assert_string_equal(r.argv[r.operand_index + 3], "-d");
	assert_int_equal(r.cfg.count, 7);
	assert_true(r.cfg.quiet);
	/* Once more over the permuted words, as a program does that reads a file in between. */
	r.rc = cli_parse(&prog, &r.cfg, r.argc, r.argv, &r.operand_index, &r.err);
	expect_operands(&r, 4, "a");
	run(&r, "- -5");
	expect_operands(&r, 2, "-");
}

static void test_operands_are_refused_where_none_are_taken(void **state)
{
	struct run r;

	(void)state;
	run(&r, "-q stray");
	assert_int_equal(cli_parse(&prog, &r.cfg, r.argc, r.argv, NULL, &r.err), -EINVAL);
	assert_string_equal(r.err.msg, "unexpected operand 'stray'; see --help");
	run(&r, "-q");
	assert_int_equal(cli_parse(&prog, &r.cfg, r.argc, r.argv, NULL, &r.err), 0);
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
	assert_string_equal(cli_nearest(&prog, "cuont"), "count");
	assert_string_equal(cli_nearest(&prog, "fastpath"), "fast-path");
	assert_null(cli_nearest(&prog, "zzzzzz"));
	assert_null(cli_nearest(&prog, ""));
	memset(longest, 'a', sizeof(longest));
	for (size_t len = 1; len < sizeof(longest); len++) {
		longest[len] = '\0';
		assert_null(cli_nearest(&prog, longest));
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
	struct run r;

	(void)state;
	run(&r, "--count 64 --ratio 1 --duration 1ms");
	assert_int_equal(r.rc, 0);
	run(&r, "--count -5 --ratio 0 --duration 24h");
	assert_int_equal(r.rc, 0);
}

static void test_set_by_key(void **state)
{
	struct cfg cfg = { 0 };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(cli_set(&prog, &cfg, "quiet", "yes", &err), 0);
	assert_true(cfg.quiet);
	assert_int_equal(cli_set(&prog, &cfg, "durations", "1s", &err), -ENOENT);
	assert_string_equal(err.msg, "unknown key 'durations'; did you mean 'duration'?");
	assert_int_equal(cli_set(&prog, &cfg, "Load", "1s", &err), -ENOENT);
	assert_int_equal(cli_set(&prog, &cfg, "count", "99", &err), -EINVAL);
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

static char *print(void (*how)(const struct cli_prog *, FILE *))
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	how(&prog, out);
	fclose(out);
	return text;
}

static void test_help_fits_and_names_everything(void **state)
{
	char *text = print(cli_print_help);
	char option[64];

	(void)state;
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		size_t len = strcspn(line, "\n");

		assert_true(len <= 80);
		assert_true(len == 0 || line[len - 1] != ' ');
	}
	for (const struct cli_opt *o = opts; o->name; o++) {
		snprintf(option, sizeof(option), o->type == CLI_GROUP ? "\n%s:\n" : "--%s",
			 o->name);
		assert_non_null(strstr(text, option));
	}
	assert_non_null(strstr(text, "Usage: goxel-test (--unix"));
	assert_non_null(strstr(text, "\n       goxel-test --list\n"));
	assert_non_null(strstr(text, "-n, --count N "));
	assert_non_null(strstr(text, "[default 4, -5..64]"));
	assert_non_null(strstr(text, "[default 30s, 1ms..1d]"));
	assert_non_null(strstr(text, ": mutex, ring,"));
	assert_non_null(strstr(text, "-h, --help"));
	assert_non_null(strstr(text, "  3  cannot measure here\n"));
	free(text);
}

static void test_version_says_what_was_built(void **state)
{
	char *text = print(cli_print_version);

	(void)state;
	assert_int_equal(strncmp(text, "goxel-test ", 11), 0);
	assert_non_null(strstr(text, "\nrevision "));
	assert_true(strstr(text, "\ncompiler gcc ") || strstr(text, "\ncompiler clang "));
	assert_non_null(strstr(text, "\nvariant "));
	free(text);
}

/* Parses words with stdout going to path. */
static void run_with_stdout(struct run *r, const char *words, const char *path)
{
	int saved_fd;
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	fflush(stdout);
	saved_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	dup2(fd, STDOUT_FILENO);
	run(r, words);
	fflush(stdout);
	dup2(saved_fd, STDOUT_FILENO);
	clearerr(stdout);
	close(saved_fd);
	close(fd);
}

static void test_help_and_version_are_answered(void **state)
{
	static const char *const words[] = { "--help", "-h", "--version", "-V", "x --help --bad" };
	struct run r;

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		run_with_stdout(&r, words[i], "/dev/null");
		assert_int_equal(r.rc, 1);
	}
	run_with_stdout(&r, "--help", "/dev/full");
	assert_int_equal(r.rc, -EIO);
	assert_string_equal(r.err.msg, "cannot write to standard output");
}

static void print_more(FILE *out)
{
	fprintf(out, "Examples:\n  x -h H\n");
}

/* A table without headings that uses -h itself, with its own texts at the end. */
static void test_help_of_a_small_program(void **state)
{
	static const struct cli_opt few[] = {
		{ .name = "host", .letter = 'h', .type = CLI_TEXT, .help = "whom to ask" },
		{ .name = NULL },
	};
	static const struct cli_prog small = {
		.name = "x",
		.usage = "x [options]",
		.opts = few,
		.help_more = print_more,
		.exit_codes = "0  fine\n  9  odd",
		.version = "15.0.0",
	};
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	cli_print_help(&small, out);
	cli_print_version(&small, out);
	fclose(out);
	assert_int_equal(strncmp(text,
				 "Usage: x [options]\n"
				 "\n"
				 "Options:\n"
				 "  -h, --host TEXT           whom to ask\n"
				 "\n"
				 "Common:\n"
				 "      --help                print this text\n"
				 "  -V, --version             print version, revision, compiler "
				 "and build variant\n"
				 "\n"
				 "Examples:\n"
				 "  x -h H\n"
				 "\n"
				 "Exit codes:\n"
				 "  0  fine\n"
				 "  9  odd\n"
				 "x 15.0.0\n",
				 strlen(text) - strlen(strstr(text, "revision "))),
			 0);
	free(text);
}

/* The dump can be read back key by key and gives the same configuration. */
static void test_dump_reads_back_equal(void **state)
{
	struct run r;
	struct cfg back = { 0 };
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	char *rest = NULL;

	(void)state;
	run(&r, "-q --count -2 --ratio 0.1 -d 1m30s --block-size-of-the-transfer 1000 -r 333.25 "
		"-o /tmp/x --host abc");
	assert_int_equal(r.rc, 0);
	cli_dump(&prog, &r.cfg, out);
	fclose(out);
	assert_non_null(strstr(text, "duration=90s\n"));
	assert_non_null(strstr(text, "host=3 letters\n"));
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *value = strchr(line, '=');

		*value++ = '\0';
		assert_int_equal(cli_set(&prog, &back, line, value, NULL), 0);
	}
	assert_string_equal(back.out, r.cfg.out);
	back.out = r.cfg.out;
	back.host_len = r.cfg.host_len;
	assert_memory_equal(&back, &r.cfg, sizeof(back));
	free(text);
}

static void test_wrong_default_is_told(void **state)
{
	static const struct cli_opt wrong[] = {
		{ .name = "count", .type = CLI_INT, .preset = "x" },
		{ .name = NULL },
	};
	static const struct cli_prog wrong_prog = { .name = "w", .usage = "w", .opts = wrong };
	int64_t cfg = 0;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(cli_defaults(&wrong_prog, &cfg, &err), -EINVAL);
	assert_string_equal(err.msg, "default of --count: 'x' is not a whole number");
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
		cmocka_unit_test(test_help_fits_and_names_everything),
		cmocka_unit_test(test_version_says_what_was_built),
		cmocka_unit_test(test_help_and_version_are_answered),
		cmocka_unit_test(test_help_of_a_small_program),
		cmocka_unit_test(test_dump_reads_back_equal),
		cmocka_unit_test(test_wrong_default_is_told),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
