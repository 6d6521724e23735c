/* pidfile: who holds it is the kernel's word, never a number's. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/pidfile.h"
#include "daemon/test/temp_dir.h"

static struct temp_dir dir;
static char path[128];

/* Another process: it holds the file, or only sleeps. */
struct other {
	pid_t pid;
	int order_fd; /* a byte there, and it releases and ends */
};

static int set_up(void **state)
{
	(void)state;
	if (temp_dir_open(&dir))
		return -1;
	temp_dir_path(&dir, "pid", path, sizeof(path));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	temp_dir_close(&dir);
	return 0;
}

static void put(const char *name, const char *text)
{
	assert_int_equal(file_write_atomic(name, span_str(text), NULL), 0);
}

static void put_number(pid_t pid)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld\n", (long)pid);
	put(path, text);
}

/* Loses the named lock, as by a client that has the daemon read its own pid file. */
static void open_and_close_again(void)
{
	char *text;
	size_t len;

	if (file_read(path, 100, &text, &len, NULL) == 0)
		free(text);
}

static struct other start_other(bool is_holder, bool loses_lock)
{
	int ready[2] = { -1, -1 }, order[2] = { -1, -1 };
	struct other o;
	char word;

	assert_int_equal(pipe(ready) || pipe(order), 0);
	o.pid = fork();
	if (o.pid == 0) {
		struct pidfile p = PIDFILE_NONE;

		close(order[1]);
		if (is_holder && pidfile_take(&p, path, NULL) < 0)
			_exit(1);
		if (loses_lock)
			open_and_close_again();
		if (write(ready[1], "1", 1) != 1 || read(order[0], &word, 1) != 1)
			_exit(1);
		pidfile_release(&p);
		_exit(0);
	}
	close(order[0]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &word, 1), 1);
	close(ready[0]);
	o.order_fd = order[1];
	return o;
}

static void end_other(const struct other *o)
{
	int state;

	assert_int_equal(write(o->order_fd, "e", 1), 1);
	close(o->order_fd);
	assert_int_equal(waitpid(o->pid, &state, 0), o->pid);
	assert_int_equal(state, 0);
}

static int find(pid_t *pid, struct err *err)
{
	int pidfd = -1;
	int rc = pidfile_find(path, pid, &pidfd, err);

	assert_int_equal(rc == 0, pidfd >= 0);
	if (pidfd >= 0)
		close(pidfd);
	return rc;
}

static void test_the_holder_is_found_and_excludes_others(void **state)
{
	struct other o = start_other(true, false);
	struct pidfile p = PIDFILE_NONE;
	struct err err = ERR_INIT;
	char number[32];
	pid_t pid = 0;

	(void)state;
	assert_int_equal(find(&pid, &err), 0);
	assert_int_equal(pid, o.pid);
	assert_int_equal(pidfile_take(&p, path, &err), -EEXIST);
	snprintf(number, sizeof(number), "process %ld", (long)o.pid);
	assert_non_null(strstr(err.msg, number));
	pidfile_remove_stale(path);
	assert_true(file_exists(path));
	end_other(&o);
	assert_false(file_exists(path));
	assert_int_equal(find(&pid, &err), -ESRCH);
}

static void test_its_end_is_seen(void **state)
{
	struct other o = start_other(true, false);
	struct pollfd p = { .events = POLLIN };
	pid_t pid;

	(void)state;
	assert_int_equal(pidfile_find(path, &pid, &p.fd, NULL), 0);
	assert_int_equal(poll(&p, 1, 0), 0);
	end_other(&o);
	assert_int_equal(poll(&p, 1, 0), 1);
	close(p.fd);
}

/* A number of a stranger: of a crashed daemon's, recycled, or written by anybody. */
static void test_a_number_without_a_lock_is_stale(void **state)
{
	struct other o = start_other(false, false);
	struct pidfile p = PIDFILE_NONE;
	struct err err = ERR_INIT;
	pid_t pid = 0;

	(void)state;
	put_number(o.pid);
	assert_int_equal(find(&pid, &err), -ESRCH);
	assert_non_null(strstr(err.msg, "no daemon holds"));
	assert_int_equal(pidfile_take(&p, path, &err), 0);
	pidfile_release(&p);
	put_number(o.pid);
	pidfile_remove_stale(path);
	assert_false(file_exists(path));
	end_other(&o);
}

static void test_a_killed_holder_leaves_it_stale(void **state)
{
	struct other o = start_other(true, false);
	struct pidfile p = PIDFILE_NONE;
	pid_t pid;

	(void)state;
	kill(o.pid, SIGKILL);
	assert_int_equal(waitpid(o.pid, NULL, 0), o.pid);
	close(o.order_fd);
	assert_true(file_exists(path));
	assert_int_equal(find(&pid, NULL), -ESRCH);
	assert_int_equal(pidfile_take(&p, path, NULL), 0);
	pidfile_release(&p);
}

static void test_what_is_not_proved_is_not_signalled(void **state)
{
	struct other o = start_other(true, false);
	struct other stranger = start_other(false, false);
	struct err err = ERR_INIT;
	char text[32];
	FILE *f;
	pid_t pid = 0;

	(void)state;
	/* The same file, held by the one and with the number of the other. */
	f = fopen(path, "w");
	assert_non_null(f);
	snprintf(text, sizeof(text), "%ld\n", (long)stranger.pid);
	fputs(text, f);
	fclose(f);
	assert_int_equal(find(&pid, &err), -EPERM);
	assert_int_equal(pid, 0);
	end_other(&o);
	o = start_other(true, true);
	assert_int_equal(find(&pid, &err), -EPERM);
	assert_int_equal(pid, 0);
	end_other(&o);
	end_other(&stranger);
}

static void test_other_files_stay(void **state)
{
	static const char *const names[] = { "link", "pipe", "notes", "long", "folder" };
	char names_path[128], target[128];
	struct pidfile p = PIDFILE_NONE;
	struct err err = ERR_INIT;
	struct stat st;
	pid_t pid;
	int pidfd;

	(void)state;
	temp_dir_path(&dir, "target", target, sizeof(target));
	put(target, "1\n");
	temp_dir_path(&dir, "notes", names_path, sizeof(names_path));
	put(names_path, "my notes");
	temp_dir_path(&dir, "long", names_path, sizeof(names_path));
	put(names_path, "11111111111111111111111111111111111111111111111");
	temp_dir_path(&dir, "pipe", names_path, sizeof(names_path));
	assert_int_equal(mkfifo(names_path, 0600), 0);
	temp_dir_path(&dir, "folder", names_path, sizeof(names_path));
	assert_int_equal(mkdir(names_path, 0700), 0);
	temp_dir_path(&dir, "link", names_path, sizeof(names_path));
	assert_int_equal(symlink(target, names_path), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		temp_dir_path(&dir, names[i], names_path, sizeof(names_path));
		assert_int_equal(pidfile_take(&p, names_path, &err), -EEXIST);
		assert_non_null(strstr(err.msg, "is not a pid file"));
		assert_true(pidfile_find(names_path, &pid, &pidfd, &err) < 0);
		assert_int_equal(lstat(names_path, &st), 0);
	}
	assert_true(file_exists(target));
	temp_dir_path(&dir, "none/pid", names_path, sizeof(names_path));
	assert_int_equal(pidfile_take(&p, names_path, &err), -ENOENT);
	assert_non_null(strstr(err.msg, names_path));
}

static void test_only_the_own_file_is_removed(void **state)
{
	struct pidfile p = PIDFILE_NONE;

	(void)state;
	pidfile_release(&p);
	assert_int_equal(pidfile_take(&p, path, NULL), 0);
	put(path, "77\n"); /* another file under the same name */
	pidfile_release(&p);
	assert_true(file_exists(path));
}

static void test_a_second_name_gets_nothing(void **state)
{
	char second[128];
	struct pidfile p = PIDFILE_NONE;
	char *text = NULL;
	size_t len;

	(void)state;
	temp_dir_path(&dir, "second", second, sizeof(second));
	put(second, "1\n");
	assert_int_equal(link(second, path), 0);
	assert_int_equal(pidfile_take(&p, path, NULL), 0);
	pidfile_release(&p);
	assert_int_equal(file_read(second, 10, &text, &len, NULL), 0);
	assert_string_equal(text, "1\n");
	free(text);
}

/* No byte may be written, as on a full disk. */
static void test_a_full_disk_leaves_no_file(void **state)
{
	struct rlimit old, none;
	struct pidfile p = PIDFILE_NONE;
	struct err err = ERR_INIT;
	int rc;

	(void)state;
	getrlimit(RLIMIT_FSIZE, &old);
	none = (struct rlimit){ 0, old.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &none);
	rc = pidfile_take(&p, path, &err);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(rc, -EFBIG);
	assert_non_null(strstr(err.msg, path));
	assert_false(file_exists(path));
}

enum { RIVALS = 8, ROUNDS = 20 };

/* Many start at once, half of them over a stale file: exactly one gets it. */
static void test_one_of_many_gets_it(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		int go[2] = { -1, -1 }, done[2] = { -1, -1 }, end[2] = { -1, -1 };
		int winners_count = 0;
		pid_t pids[RIVALS];

		if (round % 2)
			put(path, "1\n");
		assert_int_equal(pipe(go) || pipe(done) || pipe(end), 0);
		for (int i = 0; i < RIVALS; i++) {
			pids[i] = fork();
			if (pids[i] == 0) {
				struct pidfile p = PIDFILE_NONE;
				char word = 'n';

				close(go[1]);
				close(end[1]);
				if (read(go[0], &word, 1) == 0)
					word = pidfile_take(&p, path, NULL) == 0 ? 'y' : 'n';
				if (write(done[1], &word, 1) != 1 || read(end[0], &word, 1) != 0)
					_exit(1);
				pidfile_release(&p);
				_exit(0);
			}
		}
		close(go[0]);
		close(go[1]);
		close(end[0]);
		for (int i = 0; i < RIVALS; i++) {
			char word = 0;

			assert_int_equal(read(done[0], &word, 1), 1);
			winners_count += word == 'y';
		}
		assert_int_equal(winners_count, 1);
		close(end[1]);
		close(done[0]);
		close(done[1]);
		for (int i = 0; i < RIVALS; i++)
			assert_int_equal(waitpid(pids[i], NULL, 0), pids[i]);
		assert_false(file_exists(path));
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_the_holder_is_found_and_excludes_others),
		TEST(test_its_end_is_seen),
		TEST(test_a_number_without_a_lock_is_stale),
		TEST(test_a_killed_holder_leaves_it_stale),
		TEST(test_what_is_not_proved_is_not_signalled),
		TEST(test_other_files_stay),
		TEST(test_only_the_own_file_is_removed),
		TEST(test_a_second_name_gets_nothing),
		TEST(test_a_full_disk_leaves_no_file),
		TEST(test_one_of_many_gets_it),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
