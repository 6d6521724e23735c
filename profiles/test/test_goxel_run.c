/*
 * test_goxel_run.c - what goxel-run is made of: target descriptions, the temporary folder, and a
 * run directory that is incomplete until it is complete.
 */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
/* clang-format on */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "profiles/run/child.h"
#include "profiles/run/folder.h"
#include "profiles/run/options.h"
#include "profiles/run/record.h"
#include "profiles/run/target.h"
#include "reports/lib/target_file.h"
#include "reports/test/fixture.h"

static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	fixture_dir(dir, sizeof(dir));
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	fixture_remove(dir);
	return 0;
}

/* ---- target descriptions ---- */

static int read_text(const char *text, struct target_file *t, struct err *err)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/t.target", dir);
	fixture_write(path, text);
	return run_target_read(path, ".", t, err);
}

static void test_a_target_is_read(void **state)
{
	struct target_file t;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(read_text("# a comment\n\n  name = echo \ncommand={bin}/x --a=b {args}\n"
				   "unix = {dir}/s\nrequest = {\"a\": 1}\npid = child",
				   &t, &err),
			 0);
	assert_string_equal(t.name, "echo");
	assert_string_equal(t.command, "{bin}/x --a=b {args}");
	assert_string_equal(t.request, "{\"a\": 1}");
	assert_true(t.is_child);
	assert_null(t.status);
	target_file_deinit(&t);
	assert_int_equal(run_target_read("no-such", ".", &t, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "./profiles/targets/goxel-v14.target"));
	assert_int_equal(run_target_read("echo", ".", &t, &err), 0);
	target_file_deinit(&t);
}

static void test_faults_of_a_target_are_told_with_their_line(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "name = x\ncomand = y",
		  "t.target:2: unknown key 'comand' (known: command label " },
		{ "just words", "t.target:1: expected key = value" },
		{ "name =\n", "t.target:1: expected key = value" },
		{ "name = x", "'command' is missing" },
		{ "name = x\ncommand = y\nrequest = z", "exactly one of 'unix' and 'tcp'" },
		{ "name = x\ncommand = y\nrequest = z\nunix = a\ntcp = b", "exactly one of" },
		{ "name = x\ncommand = y\nrequest = z\nunix = a\npid = both", "command or child" },
	};
	struct target_file t;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(read_text(bad[i].text, &t, &err), -EINVAL);
		assert_non_null(strstr(err.msg, bad[i].why));
	}
}

static void test_places_of_a_value_are_filled(void **state)
{
	const struct target_places places = { .bin = "B", .dir = "D e", .root = "R" };
	struct target_file t = { .command = "{bin}/x {args} {dir}/s" };
	char *text = target_file_fill("{bin}/x {dir}{dir} {root} {other} {bin", &places);
	char **words, *memory;

	(void)state;
	assert_string_equal(text, "B/x D eD e R {other} {bin");
	free(text);
	text = target_file_fill("", &places);
	assert_string_equal(text, "");
	free(text);
	/* A blank in a place does not split a word. */
	assert_int_equal(target_file_command(&t, &places, &words, &memory, NULL), 0);
	assert_string_equal(words[0], "B/x");
	assert_string_equal(words[1], "D e/s");
	assert_null(words[2]);
	free(words);
	free(memory);
}

/* ---- the temporary folder ---- */

static void make_old(const char *name)
{
	struct timespec old[2] = { { .tv_sec = time(NULL) - 600 }, { .tv_sec = time(NULL) - 600 } };
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	mkdir(path, 0700);
	assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
}

static bool exists(const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return file_exists(path);
}

static void test_folders_of_killed_runs_go_with_the_next(void **state)
{
	struct folder f = { 0 }, other = { 0 };
	struct err err = ERR_INIT;

	(void)state;
	setenv("TMPDIR", dir, 1); /* NOLINT(concurrency-mt-unsafe): one thread */
	make_old("goxel-run.dead00");
	make_old("goxel-other.dead00");
	assert_int_equal(folder_make(&f, &err), 0);
	assert_int_equal(strncmp(f.path, dir, strlen(dir)), 0);
	assert_false(exists("goxel-run.dead00"));
	assert_true(exists("goxel-other.dead00"));
	/* One that lives holds its lock, however old it is. */
	make_old(f.path + strlen(dir) + 1);
	assert_int_equal(folder_make(&other, &err), 0);
	assert_true(file_exists(f.path));
	folder_remove(&other);
	folder_remove(&f);
	assert_string_equal(f.path, "");
	folder_remove(&f);
	unsetenv("TMPDIR"); /* NOLINT(concurrency-mt-unsafe): one thread */
}

/* ---- programs ---- */

static void test_a_child_is_awaited_and_stopped(void **state)
{
	struct words sleeps = { 0 }, fails = { 0 }, none = { 0 };
	struct child c = { 0 };
	struct err err = ERR_INIT;
	char how[64];

	(void)state;
	words_add(&sleeps, "/bin/sleep");
	words_addf(&sleeps, "%d", 600);
	assert_int_equal(child_start(&c, &sleeps, 1, 2, &err), 0);
	assert_true(child_lives(&c));
	child_stop(&c, 10 * NSEC_PER_SEC);
	assert_false(child_lives(&c));
	child_how_ended(&c, how, sizeof(how));
	assert_string_equal(how, "killed by SIGTERM");
	assert_int_equal(child_exit_code(&c), 128 + 15);
	child_close(&c);
	words_add(&fails, "/bin/false");
	assert_int_equal(child_start(&c, &fails, 1, 2, &err), 0);
	assert_true(child_wait(&c, 10 * NSEC_PER_SEC));
	assert_int_equal(child_exit_code(&c), 1);
	child_close(&c);
	words_add(&none, "/no/such/program");
	assert_int_equal(child_start(&c, &none, 1, 2, &err), -ENOENT);
	for (int i = 0; i < WORDS_MAX; i++)
		words_add(&none, "x");
	assert_int_equal(child_start(&c, &none, 1, 2, &err), -E2BIG);
	words_deinit(&sleeps);
	words_deinit(&fails);
	words_deinit(&none);
}

/* ---- the run directory ---- */

static const struct run_options options = {
	.duration = "1s", .warmup = "1s", .workers = 2, .runs = dir
};

static void open_record(struct record *r, const struct words *command)
{
	struct err err = ERR_INIT;

	*r = (struct record){
		.options = &options, .target = "echo", .workload = "ping", .command = command
	};
	assert_int_equal(record_open(r, "t", &err), 0);
}

static void test_a_run_is_incomplete_until_it_is_complete(void **state)
{
	struct words command = { 0 };
	struct record r;
	struct rundir seen;
	struct err err = ERR_INIT;
	json_t *run;
	char *path;

	(void)state;
	words_add(&command, "server");
	open_record(&r, &command);
	path = strdup(r.dir.path);
	record_warn(&r, "a warning");
	record_phase(&r, "start", r.start_ns);
	assert_int_equal(record_write_incomplete(&r, "ended by a test", &err), 0);
	assert_int_equal(rundir_json(&r.dir, RUNFILE_RUN, "goxel-run", 1, &run, &err), 0);
	assert_string_equal(json_string_value(json_object_get(run, "state")), "incomplete");
	assert_string_equal(json_string_value(json_object_get(run, "reason")), "ended by a test");
	json_decref(run);
	assert_int_equal(rundir_open(path, &seen, &err), -ENOENT);
	assert_int_equal(rundir_open(r.dir.partial, &seen, &err), -EAGAIN);
	r.status = json_pack("{s:s, s:{s:s}, s:{s:{s:i}}}", "preset", "v15", "axes", "queue",
			     "ring", "stages", "parse", "count", 3);
	assert_int_equal(record_write_status(&r, &err), 0);
	assert_int_equal(record_complete(&r, &err), 0);
	assert_int_equal(rundir_open(path, &seen, &err), 0);
	assert_string_equal(json_string_value(json_object_get(seen.run, "preset")), "v15");
	assert_true(json_is_null(json_object_get(seen.run, "reason")));
	assert_int_equal(json_array_size(json_object_get(seen.run, "phases")), 1);
	assert_int_equal(json_array_size(json_object_get(seen.run, "files")), 3);
	assert_int_equal(json_array_size(json_object_get(seen.run, "warnings")), 1);
	assert_true(rundir_has(&seen, RUNFILE_STARTUP) && rundir_has(&seen, RUNFILE_STAGES));
	rundir_close(&seen);
	record_close(&r);
	words_deinit(&command);
	free(path);
}

static void test_runs_of_the_same_second_have_their_own_directories(void **state)
{
	struct words command = { 0 };
	struct record a, b;

	(void)state;
	open_record(&a, &command);
	open_record(&b, &command);
	assert_string_not_equal(a.dir.path, b.dir.path);
	assert_true(file_exists(a.dir.partial) && file_exists(b.dir.partial));
	record_close(&a);
	record_close(&b);
}

static void test_the_newest_complete_run_of_a_preset_is_found(void **state)
{
	static const struct {
		const char *name, *state, *preset;
	} made[] = { { "20260101_000000-a", "complete", "v14" },
		     { "20260102_000000-b", "complete", "v14" },
		     { "20260103_000000-c.partial", "complete", "v14" },
		     { "20260104_000000-d", "incomplete", "v14" },
		     { "20260105_000000-e", "complete", "v15" } };
	struct err err = ERR_INIT;
	char path[160], text[160], *newest;

	(void)state;
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, made[i].name);
		assert_int_equal(mkdir(path, 0700), 0);
		snprintf(path, sizeof(path), "%s/%s/%s", dir, made[i].name,
			 runfile_name(RUNFILE_RUN));
		snprintf(text, sizeof(text),
			 "{\"schema\": \"goxel-run/1\", \"state\": \"%s\", \"preset\": \"%s\"}",
			 made[i].state, made[i].preset);
		fixture_write(path, text);
	}
	assert_int_equal(rundir_newest(dir, "v14", &newest, &err), 0);
	snprintf(path, sizeof(path), "%s/%s", dir, made[1].name);
	assert_string_equal(newest, path);
	free(newest);
	assert_int_equal(rundir_newest(dir, "v16", &newest, &err), -ENOENT);
	assert_int_equal(rundir_newest("/no/such", "v14", &newest, &err), -ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_target_is_read),
		TEST(test_faults_of_a_target_are_told_with_their_line),
		TEST(test_places_of_a_value_are_filled),
		TEST(test_folders_of_killed_runs_go_with_the_next),
		TEST(test_a_child_is_awaited_and_stopped),
		TEST(test_a_run_is_incomplete_until_it_is_complete),
		TEST(test_runs_of_the_same_second_have_their_own_directories),
		TEST(test_the_newest_complete_run_of_a_preset_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
