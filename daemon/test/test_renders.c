/* Picture files that the daemon keeps: names, time, limits, and that nothing else is touched.
 * Proves R-303 (managed files). */
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

#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/render/renders.h"

static char folder[64];

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
	struct renders_cfg cfg = { folder, ttl_s, bytes_max, 300 };
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
	struct renders_cfg cfg = { "/nonexistent/deeper", 100, 100, 300 };
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
		cmocka_unit_test(test_sessions_are_names),
		cmocka_unit_test(test_a_folder_that_cannot_be_is_an_error),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
