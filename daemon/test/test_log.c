/* log: one line per event, whole, with its level, whoever writes at the same time. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/log.h"
#include "daemon/base/thread.h"
#include "daemon/test/temp_dir.h"

enum { THREADS = 3, LINES = 300 };

static struct temp_dir dir;

static int set_up(void **state)
{
	(void)state;
	return temp_dir_open(&dir);
}

static int tear_down(void **state)
{
	(void)state;
	temp_dir_close(&dir);
	return 0;
}

static char *read_log(const char *name)
{
	char path[128];
	char *text = NULL;
	size_t len = 0;

	temp_dir_path(&dir, name, path, sizeof(path));
	assert_int_equal(file_read(path, 1 << 24, &text, &len, NULL), 0);
	return text;
}

static void open_log(const char *name)
{
	char path[128];

	temp_dir_path(&dir, name, path, sizeof(path));
	assert_int_equal(log_open(path, NULL), 0);
}

static void test_line_has_stamp_level_module(void **state)
{
	char *text;

	(void)state;
	open_log("a");
	log_warn("queue", "depth=%d", 7);
	text = read_log("a");
	/* 2026-11-20T10:00:00.123Z */
	assert_int_equal(strcspn(text, " "), 24);
	assert_true(text[10] == 'T' && text[19] == '.' && text[23] == 'Z');
	assert_string_equal(text + 24, " warn queue: depth=7\n");
	free(text);
}

static void test_level_shuts_out_what_lies_below(void **state)
{
	char *text;

	(void)state;
	open_log("b");
	log_debug("m", "hidden");
	log_set_level(LOG_DEBUG);
	assert_int_equal(log_get_level(), LOG_DEBUG);
	log_debug("m", "shown");
	log_set_level(LOG_ERROR);
	log_warn("m", "hidden");
	log_error("m", "last");
	log_set_level(LOG_INFO);
	text = read_log("b");
	assert_null(strstr(text, "hidden"));
	assert_non_null(strstr(text, "debug m: shown"));
	assert_non_null(strstr(text, "error m: last"));
	free(text);
}

static void test_long_and_broken_lines_stay_one_line(void **state)
{
	char *text;

	(void)state;
	open_log("c");
	log_info("m", "%05000d", 1);
	log_info("m", "a\nb\rc");
	text = read_log("c");
	assert_true(strcspn(text, "\n") > 2000 && strcspn(text, "\n") < 2048);
	assert_non_null(strstr(text, "info m: a b c\n"));
	free(text);
}

static void *write_lines(void *arg)
{
	for (int i = 0; i < LINES; i++)
		log_info("thread", "%s %d end", (char *)arg, i);
	return NULL;
}

/* Reopening meanwhile must not lose a line or send one to a closed descriptor. */
static void test_lines_of_threads_do_not_mix(void **state)
{
	static char words[THREADS][4] = { "aaa", "bbb", "ccc" };
	pthread_t threads[THREADS];
	char *texts[2];
	int lines_count = 0;

	(void)state;
	open_log("d");
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(thread_start(&threads[i], "log", 0, write_lines, words[i], NULL),
				 0);
	open_log("e");
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	texts[0] = read_log("d");
	texts[1] = read_log("e");
	for (int i = 0; i < 2; i++) {
		for (char *line = texts[i]; *line; line += strcspn(line, "\n") + 1) {
			size_t len = strcspn(line, "\n");

			assert_memory_equal(line + len - 4, " end", 4);
			assert_memory_equal(line + 24, " info thread: ", 14);
			lines_count++;
		}
		free(texts[i]);
	}
	assert_int_equal(lines_count, THREADS * LINES);
}

static void test_unwritable_path_is_told(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(log_open("/nonexistent/folder/log", &err), -ENOENT);
	assert_non_null(strstr(err.msg, "/nonexistent/folder/log"));
}

/* The log may be written by root in a folder of everybody's: no name leads it elsewhere, and no
 * pipe makes its writer wait. */
static void test_what_is_no_log_is_refused(void **state)
{
	char path[128], target[128];
	char *text;
	struct err err = ERR_INIT;

	(void)state;
	temp_dir_path(&dir, "target", target, sizeof(target));
	assert_int_equal(file_write_atomic(target, SPAN_LIT("mine"), NULL), 0);
	temp_dir_path(&dir, "link", path, sizeof(path));
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(log_open(path, &err), -ELOOP);
	assert_non_null(strstr(err.msg, path));
	temp_dir_path(&dir, "pipe", path, sizeof(path));
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(log_open(path, &err), -EINVAL);
	assert_non_null(strstr(err.msg, path));
	assert_int_equal(log_open(dir.path, &err), -EISDIR);
	log_info("m", "somewhere else");
	text = read_log("target");
	assert_string_equal(text, "mine");
	free(text);
}

static void test_lines_lost_on_a_full_disk_are_counted(void **state)
{
	struct rlimit old, tight;
	char *text;
	int code;

	(void)state;
	open_log("full");
	log_info("m", "first");
	getrlimit(RLIMIT_FSIZE, &old);
	tight = (struct rlimit){ 100, old.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &tight);
	log_info("m", "%0100d", 1); /* is cut */
	log_info("m", "lost");
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(log_lost(&code), 2);
	assert_int_equal(code, -EFBIG);
	log_info("m", "last");
	assert_int_equal(log_lost(&code), 0);
	text = read_log("full");
	assert_non_null(strstr(text, "info m: first\n"));
	assert_non_null(strstr(text, "000\n2"));
	assert_non_null(
		strstr(text, "Z warn log: 2 lines before this one are lost: File too large\n"));
	assert_non_null(strstr(text, "Z info m: last\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_has_stamp_level_module),
		cmocka_unit_test(test_level_shuts_out_what_lies_below),
		cmocka_unit_test(test_long_and_broken_lines_stay_one_line),
		cmocka_unit_test(test_lines_of_threads_do_not_mix),
		cmocka_unit_test(test_unwritable_path_is_told),
		cmocka_unit_test(test_what_is_no_log_is_refused),
		cmocka_unit_test(test_lines_lost_on_a_full_disk_are_counted),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
