/* places: $XDG_RUNTIME_DIR is used when nobody else can enter it, else /tmp. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/server/places.h"
#include "daemon/test/temp_dir.h"

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

static void assert_place(const char *runtime_dir, const char *want)
{
	char *got;

	if (runtime_dir)
		setenv("XDG_RUNTIME_DIR", runtime_dir, 1); /* NOLINT(concurrency-mt-unsafe) */
	else
		unsetenv("XDG_RUNTIME_DIR"); /* NOLINT(concurrency-mt-unsafe) */
	got = places_default("x.pid");
	assert_string_equal(got, want);
	free(got);
}

static void test_only_a_private_folder_is_used(void **state)
{
	char own[128], want[160], other[128];

	(void)state;
	temp_dir_path(&dir, "own", own, sizeof(own));
	temp_dir_path(&dir, "other", other, sizeof(other));
	assert_int_equal(mkdir(own, 0700), 0);
	snprintf(want, sizeof(want), "%s/x.pid", own);
	assert_place(own, want);
	assert_place(NULL, "/tmp/x.pid");
	assert_place("", "/tmp/x.pid");
	assert_place("relative", "/tmp/x.pid");
	assert_place(other, "/tmp/x.pid"); /* not there */
	assert_int_equal(chmod(own, 0750), 0);
	assert_place(own, "/tmp/x.pid");
	assert_int_equal(chmod(own, 01777), 0);
	assert_place(own, "/tmp/x.pid");
	assert_int_equal(chmod(own, 0700), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(own, 65534, 65534), 0);
		assert_place(own, "/tmp/x.pid");
	}
}

static void test_paths_become_absolute(void **state)
{
	char want[160];
	char *got;

	(void)state;
	assert_int_equal(chdir(dir.path), 0);
	got = places_absolute("a/b");
	snprintf(want, sizeof(want), "%s/a/b", dir.path);
	assert_string_equal(got, want);
	free(got);
	got = places_absolute("/a");
	assert_string_equal(got, "/a");
	free(got);
	assert_int_equal(chdir("/"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_only_a_private_folder_is_used, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_paths_become_absolute, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
