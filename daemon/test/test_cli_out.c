/* cli: what the table of options prints: help, version, dump, and wrong defaults. */
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

#include "daemon/base/cli/cli.h"
#include "daemon/base/cli/cli_private.h"
#include "daemon/base/err.h"
#include "daemon/test/cli_util.h"

static char *print(void (*how)(const struct cli_prog *, FILE *))
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	how(&cli_util_prog, out);
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
	for (const struct cli_opt *o = cli_util_opts; o->name; o++) {
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
static void run_with_stdout(struct cli_run *r, const char *words, const char *path)
{
	int saved_fd;
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	fflush(stdout);
	saved_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	dup2(fd, STDOUT_FILENO);
	cli_util_run(r, words);
	fflush(stdout);
	dup2(saved_fd, STDOUT_FILENO);
	clearerr(stdout);
	close(saved_fd);
	close(fd);
}

static void test_help_and_version_are_answered(void **state)
{
	static const char *const words[] = { "--help", "-h", "--version", "-V", "x --help --bad" };
	struct cli_run r;

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
	struct cli_run r;
	struct cli_cfg back = { 0 };
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	char *rest = NULL;

	(void)state;
	cli_util_run(
		&r,
		"-q --count -2 --ratio 0.1 -d 1m30s --block-size-of-the-transfer 1000 -r 333.25 "
		"-o /tmp/x --host abc --color blue");
	assert_int_equal(r.rc, 0);
	cli_dump(&cli_util_prog, &r.cfg, out);
	fclose(out);
	assert_non_null(strstr(text, "duration=90s\n"));
	assert_non_null(strstr(text, "host=3 letters\n"));
	assert_non_null(strstr(text, "color=blue\n"));
	/* Neither given nor with a default. */
	assert_null(strstr(text, "limit="));
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *value = strchr(line, '=');

		*value++ = '\0';
		assert_int_equal(cli_set(&cli_util_prog, &back, line, value, NULL), 0);
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
