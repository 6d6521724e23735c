/* file: bounds are kept, and a reader sees the old or the new text, never a mixture. */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/test/temp_dir.h"

static struct temp_dir dir;

static int entries_count(void)
{
	DIR *d = opendir(dir.path);
	int n = 0;

	while (readdir(d)) /* NOLINT(concurrency-mt-unsafe): this test has one thread */
		n++;
	closedir(d);
	return n - 2;
}

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

static void test_write_then_read(void **state)
{
	char path[128];
	char *text = NULL;
	size_t len = 0;
	struct err err = ERR_INIT;

	(void)state;
	temp_dir_path(&dir, "a", path, sizeof(path));
	assert_false(file_exists(path));
	assert_int_equal(file_write_atomic(path, span_of("x\0y", 3), &err), 0);
	assert_true(file_exists(path));
	assert_int_equal(file_read(path, 3, &text, &len, &err), 0);
	assert_int_equal(len, 3);
	assert_memory_equal(text, "x\0y", 4);
	free(text);
	assert_int_equal(entries_count(), 1);
}

static void test_empty_file(void **state)
{
	char path[128];
	char *text = NULL;
	size_t len = 1;

	(void)state;
	temp_dir_path(&dir, "a", path, sizeof(path));
	assert_int_equal(file_write_atomic(path, SPAN_LIT(""), NULL), 0);
	assert_int_equal(file_read(path, 0, &text, &len, NULL), 0);
	assert_int_equal(len, 0);
	assert_string_equal(text, "");
	free(text);
}

static void test_limit_is_exact(void **state)
{
	char path[128];
	char *text = NULL;
	size_t len = 0;
	struct err err = ERR_INIT;

	(void)state;
	temp_dir_path(&dir, "a", path, sizeof(path));
	assert_int_equal(file_write_atomic(path, SPAN_LIT("12345"), NULL), 0);
	assert_int_equal(file_read(path, 5, &text, &len, &err), 0);
	free(text);
	text = NULL;
	assert_int_equal(file_read(path, 4, &text, &len, &err), -EMSGSIZE);
	assert_null(text);
	assert_non_null(strstr(err.msg, "4 bytes"));
}

static void test_missing_file_and_folder(void **state)
{
	char path[128];
	char *text = NULL;
	size_t len = 0;
	struct err err = ERR_INIT;

	(void)state;
	temp_dir_path(&dir, "none/x", path, sizeof(path));
	assert_int_equal(file_read(path, 10, &text, &len, &err), -ENOENT);
	assert_non_null(strstr(err.msg, path));
	assert_int_equal(file_write_atomic(path, SPAN_LIT("x"), &err), -ENOENT);
	assert_int_equal(file_read(dir.path, 10, &text, &len, &err), -EISDIR);
}

/* Files of /proc say they are empty. */
static void test_file_without_a_size(void **state)
{
	char *text = NULL;
	size_t len = 0;

	(void)state;
	assert_int_equal(file_read("/proc/self/status", 1 << 20, &text, &len, NULL), 0);
	assert_true(len > 0);
	assert_int_equal(strlen(text), len);
	free(text);
}

static void test_failed_write_leaves_nothing(void **state)
{
	char path[128];

	(void)state;
	temp_dir_path(&dir, "folder", path, sizeof(path));
	assert_int_equal(file_make_dirs(path, NULL), 0);
	/* A file cannot be renamed over a folder. */
	assert_true(file_write_atomic(path, SPAN_LIT("x"), NULL) < 0);
	assert_int_equal(entries_count(), 1);
}

static void test_what_is_no_plain_file_stays(void **state)
{
	char path[128], link[128];
	struct err err = ERR_INIT;
	struct stat st;

	(void)state;
	temp_dir_path(&dir, "pipe", path, sizeof(path));
	temp_dir_path(&dir, "stdout", link, sizeof(link));
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(symlink("/proc/self/fd/1", link), 0);
	assert_int_equal(file_write_atomic(path, SPAN_LIT("x"), &err), -EINVAL);
	assert_non_null(strstr(err.msg, "no plain file"));
	assert_int_equal(file_write_atomic(link, SPAN_LIT("x"), NULL), -EINVAL);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(entries_count(), 2);
}

static void test_mode_of_the_old_file_is_kept(void **state)
{
	char path[128];
	struct stat st;

	(void)state;
	temp_dir_path(&dir, "a", path, sizeof(path));
	assert_int_equal(file_write_atomic(path, SPAN_LIT("1"), NULL), 0);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(file_write_atomic(path, SPAN_LIT("2"), NULL), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

static void test_make_dirs_makes_all_and_again(void **state)
{
	char path[128];
	struct err err = ERR_INIT;

	(void)state;
	temp_dir_path(&dir, "a/b//c/", path, sizeof(path));
	assert_int_equal(file_make_dirs(path, &err), 0);
	assert_true(file_exists(path));
	assert_int_equal(file_make_dirs(path, &err), 0);
	temp_dir_path(&dir, "f", path, sizeof(path));
	assert_int_equal(file_write_atomic(path, SPAN_LIT("x"), NULL), 0);
	assert_int_equal(file_make_dirs(path, &err), -ENOTDIR);
	temp_dir_path(&dir, "f/x", path, sizeof(path));
	assert_int_equal(file_make_dirs(path, &err), -ENOTDIR);
	assert_int_equal(file_make_dirs("", &err), -EINVAL);
}

enum { TEXT_BYTES = 100000, ROUNDS = 40 };

struct reader {
	const char *path;
	_Atomic bool is_over;
	_Atomic int mixed_count;
};

static void *read_on(void *arg)
{
	struct reader *r = arg;

	while (!atomic_load(&r->is_over)) {
		char *text = NULL;
		size_t len = 0;

		if (file_read(r->path, TEXT_BYTES, &text, &len, NULL) || len != TEXT_BYTES ||
		    strspn(text, (char[]){ text[0], '\0' }) != TEXT_BYTES)
			atomic_fetch_add(&r->mixed_count, 1);
		free(text);
	}
	return NULL;
}

static void test_reader_sees_one_text_whole(void **state)
{
	static char text[TEXT_BYTES];
	char path[128];
	struct reader r = { .path = path };
	pthread_t thread;

	(void)state;
	temp_dir_path(&dir, "a", path, sizeof(path));
	memset(text, 'a', sizeof(text));
	assert_int_equal(file_write_atomic(path, span_of(text, sizeof(text)), NULL), 0);
	assert_int_equal(pthread_create(&thread, NULL, read_on, &r), 0);
	for (int i = 0; i < ROUNDS; i++) {
		memset(text, 'a' + i % 26, sizeof(text));
		assert_int_equal(file_write_atomic(path, span_of(text, sizeof(text)), NULL), 0);
	}
	atomic_store(&r.is_over, true);
	pthread_join(thread, NULL);
	assert_int_equal(atomic_load(&r.mixed_count), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_write_then_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_empty_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_limit_is_exact, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_missing_file_and_folder, set_up, tear_down),
		cmocka_unit_test(test_file_without_a_size),
		cmocka_unit_test_setup_teardown(test_failed_write_leaves_nothing, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_no_plain_file_stays, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_mode_of_the_old_file_is_kept, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_make_dirs_makes_all_and_again, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_reader_sees_one_text_whole, set_up, tear_down),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
