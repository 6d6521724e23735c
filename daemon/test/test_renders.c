/* Picture files that the daemon keeps: names, time, limits, and that nothing else is touched.
 * Proves R-303 (managed files). */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/render/renders.h"

static char folder[64];

/* Asks while a file is being deleted: hangs when the list is locked meanwhile. */
static struct renders *asked_in_unlink;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*) */
int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __wrap_unlink(const char *path)
{
	struct renders_stats stats;

	if (asked_in_unlink)
		renders_stats(asked_in_unlink, &stats);
	return __real_unlink(path);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*) */

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test_renders_XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder); /* fails when a file is left */
}

static struct renders *open_with(uint64_t ttl_s, uint64_t bytes_max)
{
	struct renders_cfg cfg = {
		.folder = folder, .ttl_s = ttl_s, .bytes_max = bytes_max, .interval_s = 300
	};
	struct renders *r;

	assert_int_equal(renders_open(&cfg, &r, NULL), 0);
	return r;
}

static struct render_file add(struct renders *r, size_t bytes, const char *session)
{
	static char text[1000];
	struct render_file f;
	struct err err = ERR_INIT;

	assert_int_equal(
		renders_add(r,
			    &(struct render_new){ span_of(text, bytes), 3, 2, span_str(session) },
			    &f, &err),
		0);
	return f;
}

static void test_files_are_named_found_and_removed(void **state)
{
	struct renders *r = open_with(100, 1 << 20);
	struct render_file f = add(r, 10, "abc-1");
	struct render_file found;
	struct renders_stats stats;
	uint64_t freed;

	(void)state;
	assert_true(file_exists(f.path));
	assert_non_null(strstr(f.path, "_abc-1_"));
	assert_int_equal(f.expires_s, f.created_s + 100);
	assert_int_equal(renders_find(r, span_str(f.path), &found), 0);
	assert_int_equal(found.size_bytes, 10);
	assert_int_equal(found.width, 3);
	assert_int_equal(renders_remove(r, span_str(f.path), &freed), 0);
	assert_int_equal(freed, 10);
	assert_false(file_exists(f.path));
	assert_int_equal(renders_find(r, span_str(f.path), &found), -ENOENT);
	assert_int_equal(renders_remove(r, span_str(f.path), NULL), -ENOENT);
	renders_stats(r, &stats);
	assert_int_equal(stats.files_count, 0);
	assert_int_equal(stats.total_count, 1);
	assert_int_equal(stats.freed_bytes, 10);
	renders_close(r);
}

static void test_only_own_files_are_removed(void **state)
{
	struct renders *r = open_with(100, 1 << 20);
	char other[128];

	(void)state;
	snprintf(other, sizeof(other), "%s/other.png", folder);
	assert_int_equal(file_write_atomic(other, SPAN_LIT("x"), NULL), 0);
	assert_int_equal(renders_remove(r, span_str(other), NULL), -ENOENT);
	assert_int_equal(renders_remove(r, SPAN_LIT("/etc/passwd"), NULL), -ENOENT);
	renders_close(r);
	assert_true(file_exists(other));
	assert_int_equal(unlink(other), 0);
}

static void test_expired_files_go(void **state)
{
	struct renders *r = open_with(0, 1 << 20);
	struct render_file f = add(r, 10, "");

	(void)state;
	renders_clean(r);
	assert_false(file_exists(f.path));
	assert_int_equal(renders_list(r, NULL, 0), 0);
	renders_close(r);
}

static void test_over_the_limit_the_oldest_go(void **state)
{
	struct renders *r = open_with(100, 100);
	struct render_file a = add(r, 60, "a");
	struct render_file b = add(r, 40, "b");
	struct render_file c;
	struct render_file list[4];
	struct err err = ERR_INIT;
	static char big[200];

	(void)state;
	assert_true(file_exists(a.path)); /* exactly at the limit */
	c = add(r, 1, "c");
	assert_false(file_exists(a.path));
	assert_int_equal(renders_list(r, list, 4), 2);
	assert_string_equal(list[0].path, b.path);
	assert_string_equal(list[1].path, c.path);
	assert_int_equal(renders_add(r,
				     &(struct render_new){ span_of(big, 101), 1, 1, SPAN_LIT("") },
				     &c, &err),
			 -ENOSPC);
	renders_close(r);
	assert_false(file_exists(b.path)); /* none outlives it */
}

static void test_deleting_keeps_nobody_waiting(void **state)
{
	struct renders *r = open_with(0, 1 << 20);
	struct render_file f;

	(void)state;
	asked_in_unlink = r;
	for (int i = 0; i < 3; i++) {
		f = add(r, 10, "a"); /* expired at once: goes before add returns */
		assert_false(file_exists(f.path));
	}
	asked_in_unlink = NULL;
	renders_close(r);
}

static int try_add(const struct renders_cfg *cfg, struct render_file *f, struct err *err)
{
	struct renders *r;
	int rc;

	assert_int_equal(renders_open(cfg, &r, NULL), 0);
	rc = renders_add(r, &(struct render_new){ SPAN_LIT("x"), 1, 1, SPAN_LIT("") }, f, err);
	if (rc == 0)
		assert_true(file_exists(f->path));
	renders_close(r);
	return rc;
}

static int entries_count(const char *path)
{
	DIR *d = opendir(path);
	int n = 0;

	assert_non_null(d);
	while (readdir(d)) /* NOLINT(concurrency-mt-unsafe): this test has one thread */
		n++;
	closedir(d);
	return n - 2;
}

static void test_a_folder_of_others_is_not_used(void **state)
{
	char path[128], other[160], target[128];
	struct renders_cfg cfg = { .folder = path, .ttl_s = 100, .bytes_max = 100 };
	struct render_file f;
	struct err err = ERR_INIT;

	(void)state;
	snprintf(path, sizeof(path), "%s/pictures", folder);
	snprintf(target, sizeof(target), "%s/target", folder);
	snprintf(other, sizeof(other), "%s-%u", path, (unsigned)geteuid());
	assert_int_equal(mkdir(target, 0700), 0);
	assert_int_equal(symlink(target, path), 0);
	for (int i = 0; i < 2; i++) {
		/* First a link, then a folder in which everybody may write. */
		cfg.has_other_folder = false;
		assert_int_equal(try_add(&cfg, &f, &err), i ? -EPERM : -ENOTDIR);
		assert_non_null(strstr(err.msg, path));
		cfg.has_other_folder = true;
		assert_int_equal(try_add(&cfg, &f, &err), 0);
		assert_int_equal(strncmp(f.path, other, strlen(other)), 0);
		assert_int_equal(entries_count(target), 0);
		assert_int_equal(rmdir(other), 0);
		assert_int_equal(i ? rmdir(path) : unlink(path), 0);
		assert_int_equal(mkdir(path, 0700) || chmod(path, 0777), 0);
	}
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(target), 0);
}

/* A process that keeps a picture and then ends without closing, when the pipe does. */
static pid_t start_other(int *end_fd, struct render_file *f)
{
	int said[2] = { -1, -1 }, end[2] = { -1, -1 };
	pid_t pid;

	assert_int_equal(pipe(said) || pipe(end), 0);
	pid = fork();
	if (pid == 0) {
		close(end[1]);
		*f = add(open_with(100, 1 << 20), 10, "other");
		if (write(said[1], f, sizeof(*f)) < 0 || read(end[0], f, 1) < 0)
			_exit(1);
		raise(SIGKILL);
	}
	close(end[0]);
	close(said[1]);
	assert_int_equal(read(said[0], f, sizeof(*f)), sizeof(*f));
	close(said[0]);
	*end_fd = end[1];
	return pid;
}

static void test_pictures_of_a_killed_process_go(void **state)
{
	struct renders *r;
	struct render_file dead, living, own;
	int end_fds[2];
	pid_t pids[2];

	(void)state;
	/* In this order: the second one has copies of the first one's descriptors. */
	pids[1] = start_other(&end_fds[1], &living);
	pids[0] = start_other(&end_fds[0], &dead);
	close(end_fds[0]);
	assert_int_equal(waitpid(pids[0], NULL, 0), pids[0]);
	assert_true(file_exists(dead.path));
	r = open_with(100, 1 << 20);
	assert_false(file_exists(dead.path));
	assert_true(file_exists(living.path));
	own = add(r, 10, "own");
	close(end_fds[1]);
	assert_int_equal(waitpid(pids[1], NULL, 0), pids[1]);
	renders_close(open_with(100, 1 << 20));
	assert_false(file_exists(living.path));
	assert_true(file_exists(own.path));
	renders_close(r);
	assert_int_equal(entries_count(folder), 0);
}

/* As tmpfiles.d does to folders in /tmp. */
static void test_a_folder_that_goes_is_made_again(void **state)
{
	char path[128], command[160];
	struct renders_cfg cfg = { .folder = path, .ttl_s = 100, .bytes_max = 100 };
	struct renders *r;
	struct render_file f;

	(void)state;
	snprintf(path, sizeof(path), "%s/pictures", folder);
	snprintf(command, sizeof(command), "rm -r %s", path);
	assert_int_equal(renders_open(&cfg, &r, NULL), 0);
	add(r, 10, "a");
	assert_int_equal(system(command), 0); /* NOLINT(concurrency-mt-unsafe,cert-env33-c) */
	f = add(r, 10, "b");
	assert_true(file_exists(f.path));
	assert_int_equal(entries_count(path), 2); /* with the mark */
	renders_close(r);
	assert_int_equal(rmdir(path), 0);
}

static void test_sessions_are_names(void **state)
{
	struct renders *r = open_with(100, 100);
	struct render_file f;

	(void)state;
	assert_int_equal(
		renders_add(r, &(struct render_new){ SPAN_LIT("x"), 1, 1, SPAN_LIT("../../etc") },
			    &f, NULL),
		-EINVAL);
	assert_int_equal(renders_add(r,
				     &(struct render_new){ SPAN_LIT("x"), 1, 1, SPAN_LIT("a\0b") },
				     &f, NULL),
			 -EINVAL);
	renders_close(r);
}

static void test_a_folder_that_cannot_be_is_an_error(void **state)
{
	struct renders_cfg cfg = {
		.folder = "/nonexistent/deeper", .ttl_s = 100, .bytes_max = 100, .interval_s = 300
	};
	struct renders *r;
	struct render_file f;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(renders_open(&cfg, &r, NULL), 0);
	assert_int_equal(
		renders_add(r, &(struct render_new){ SPAN_LIT("x"), 1, 1, SPAN_LIT("") }, &f, &err),
		-ENOENT);
	assert_non_null(strstr(err.msg, "/nonexistent/deeper"));
	renders_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_are_named_found_and_removed),
		cmocka_unit_test(test_only_own_files_are_removed),
		cmocka_unit_test(test_expired_files_go),
		cmocka_unit_test(test_over_the_limit_the_oldest_go),
		cmocka_unit_test(test_deleting_keeps_nobody_waiting),
		cmocka_unit_test(test_a_folder_of_others_is_not_used),
		cmocka_unit_test(test_pictures_of_a_killed_process_go),
		cmocka_unit_test(test_a_folder_that_goes_is_made_again),
		cmocka_unit_test(test_sessions_are_names),
		cmocka_unit_test(test_a_folder_that_cannot_be_is_an_error),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
