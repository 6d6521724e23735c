/* file: bounds are kept, and a reader sees the old or the new text, never a mixture. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/test/temp_dir.h"

static struct temp_dir dir;

/* What the system calls of the code under test do (linked with --wrap). */
static bool kills_in_fsync; /* the process ends there as by kill -9 */
static bool has_no_tmpfile; /* as on a file system without O_TMPFILE */
static _Atomic int umask_count;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*) */
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	if (kills_in_fsync)
		raise(SIGKILL);
	return __real_fsync(fd);
}

mode_t __real_umask(mode_t mask);
mode_t __wrap_umask(mode_t mask);
mode_t __wrap_umask(mode_t mask)
{
	atomic_fetch_add(&umask_count, 1);
	return __real_umask(mask);
}

int __real_openat(int folder_fd, const char *path, int flags, ...);
int __wrap_openat(int folder_fd, const char *path, int flags, mode_t mode);
int __wrap_openat(int folder_fd, const char *path, int flags, mode_t mode)
{
	if (has_no_tmpfile && (flags & O_TMPFILE) == O_TMPFILE) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return __real_openat(folder_fd, path, flags, mode);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*) */

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
	has_no_tmpfile = false;
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
	assert_non_null(strstr(err.msg, "not a plain file"));
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

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void test_mode_of_a_new_file_follows_the_umask(void **state)
{
	static const mode_t masks[] = { 0, 022, 027, 077 };
	char path[128];
	mode_t before = __real_umask(0);

	(void)state;
	temp_dir_path(&dir, "a", path, sizeof(path));
	for (size_t i = 0; i < 2 * sizeof(masks) / sizeof(masks[0]); i++) {
		mode_t mask = masks[i / 2];

		has_no_tmpfile = i % 2;
		__real_umask(mask);
		assert_int_equal(file_write_atomic(path, SPAN_LIT("1"), NULL), 0);
		assert_int_equal(mode_of(path), 0666 & ~mask);
		assert_int_equal(unlink(path), 0);
	}
	__real_umask(before);
}

enum { WRITERS = 4, WRITES = 50 };

static void *write_new_files(void *arg)
{
	char name[32], path[128];

	for (int i = 0; i < WRITES; i++) {
		snprintf(name, sizeof(name), "t%d-%d", *(int *)arg, i);
		temp_dir_path(&dir, name, path, sizeof(path));
		if (file_write_atomic(path, SPAN_LIT("x"), NULL) < 0)
			return arg;
	}
	return NULL;
}

/* The umask belongs to the process: whoever changes it for a moment opens the files that other
 * threads make then to everybody, and two of them at once leave the wrong one behind. */
static void test_threads_leave_the_umask_alone(void **state)
{
	pthread_t threads[WRITERS];
	int numbers[WRITERS];
	char name[32], path[128];
	void *failed;
	mode_t before = __real_umask(027);

	(void)state;
	atomic_store(&umask_count, 0);
	for (int i = 0; i < WRITERS; i++) {
		numbers[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, write_new_files, &numbers[i]),
				 0);
	}
	for (int i = 0; i < WRITERS; i++) {
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	assert_int_equal(atomic_load(&umask_count), 0);
	assert_int_equal(__real_umask(before), 027);
	for (int i = 0; i < WRITERS * WRITES; i++) {
		snprintf(name, sizeof(name), "t%d-%d", i / WRITES, i % WRITES);
		assert_int_equal(mode_of(temp_dir_path(&dir, name, path, sizeof(path))), 0640);
	}
}

static void test_a_kill_while_writing_leaves_nothing(void **state)
{
	char path[128];
	int status;
	pid_t pid;

	(void)state;
	temp_dir_path(&dir, "a", path, sizeof(path));
	for (int round = 0; round < 2; round++) {
		pid = fork();
		if (pid == 0) {
			kills_in_fsync = true;
			file_write_atomic(path, SPAN_LIT("new"), NULL);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		/* First no file, then the old one alone. */
		assert_int_equal(entries_count(), round);
		assert_int_equal(file_write_atomic(path, SPAN_LIT("old"), NULL), 0);
	}
}

/* 255 bytes are the longest name; a suffix behind it has no room. */
static void test_names_of_every_length(void **state)
{
	char name[NAME_MAX + 2], path[NAME_MAX + 128];

	(void)state;
	memset(name, 'n', sizeof(name));
	for (size_t len = 240; len <= NAME_MAX; len++) {
		name[len] = '\0';
		temp_dir_path(&dir, name, path, sizeof(path));
		for (int i = 0; i < 4; i++) {
			has_no_tmpfile = i % 2;
			assert_int_equal(file_write_atomic(path, SPAN_LIT("x"), NULL), 0);
		}
		assert_int_equal(entries_count(), 1);
		assert_int_equal(unlink(path), 0);
		name[len] = 'n';
	}
	name[NAME_MAX + 1] = '\0';
	temp_dir_path(&dir, name, path, sizeof(path));
	assert_int_equal(file_write_atomic(path, SPAN_LIT("x"), NULL), -ENAMETOOLONG);
	assert_int_equal(entries_count(), 0);
}

static void test_without_nameless_files(void **state)
{
	has_no_tmpfile = true;
	test_write_then_read(state);
	test_mode_of_the_old_file_is_kept(state);
}

static void test_a_name_in_an_open_folder(void **state)
{
	char path[128];
	char *text = NULL;
	size_t len;
	int fd = open(dir.path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(file_write_atomic_at(fd, "a", SPAN_LIT("x"), NULL), 0);
	close(fd);
	temp_dir_path(&dir, "a", path, sizeof(path));
	assert_int_equal(file_read(path, 1, &text, &len, NULL), 0);
	assert_string_equal(text, "x");
	free(text);
}

/* Without a writer, opening a pipe waits for ever. */
static void test_a_pipe_is_not_waited_for(void **state)
{
	char path[128];
	char *text = NULL;
	size_t len = 0;
	struct err err = ERR_INIT;

	(void)state;
	temp_dir_path(&dir, "pipe", path, sizeof(path));
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(file_read_regular(path, 10, &text, &len, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "pipe: not a regular file"));
	assert_int_equal(file_read_regular(dir.path, 10, &text, &len, NULL), -EINVAL);
	assert_int_equal(file_read_regular("/dev/null", 10, &text, &len, NULL), -EINVAL);
	temp_dir_path(&dir, "none", path, sizeof(path));
	assert_int_equal(file_read_regular(path, 10, &text, &len, NULL), -ENOENT);
	assert_int_equal(file_write_atomic(path, SPAN_LIT("12"), NULL), 0);
	assert_int_equal(file_read_regular(path, 1, &text, &len, NULL), -EMSGSIZE);
	assert_int_equal(file_read_regular(path, 2, &text, &len, NULL), 0);
	assert_string_equal(text, "12");
	free(text);
}

static void test_a_name_that_stands_for_another_file(void **state)
{
	char path[128], other[128];
	struct file_id id;

	(void)state;
	temp_dir_path(&dir, "a", path, sizeof(path));
	temp_dir_path(&dir, "b", other, sizeof(other));
	assert_int_equal(file_id_of(path, &id), -ENOENT);
	assert_int_equal(file_write_atomic(path, SPAN_LIT("1"), NULL), 0);
	assert_int_equal(file_id_of(path, &id), 0);
	assert_true(file_is(path, &id));
	assert_int_equal(file_write_atomic(other, SPAN_LIT("1"), NULL), 0);
	assert_false(file_is(other, &id));
	assert_int_equal(rename(other, path), 0);
	assert_false(file_is(path, &id));
	assert_int_equal(unlink(path), 0);
	assert_false(file_is(path, &id));
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
		cmocka_unit_test_setup_teardown(test_mode_of_a_new_file_follows_the_umask, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_threads_leave_the_umask_alone, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_a_kill_while_writing_leaves_nothing, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_names_of_every_length, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_without_nameless_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_name_in_an_open_folder, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_pipe_is_not_waited_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_name_that_stands_for_another_file, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_make_dirs_makes_all_and_again, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_reader_sees_one_text_whole, set_up, tear_down),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
