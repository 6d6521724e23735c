/* How much memory there is: the machine's, and limits of control groups of both versions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>
#include <stdio.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/memory.h"
#include "daemon/test/temp_dir.h"

static struct temp_dir dir;

static void put(const char *folder, const char *name, const char *text)
{
	char path[PATH_MAX];
	struct err err = ERR_INIT;

	snprintf(path, sizeof(path), "%s%s", dir.path, folder);
	assert_int_equal(file_make_dirs(path, &err), 0);
	snprintf(path, sizeof(path), "%s%s/%s", dir.path, folder, name);
	assert_int_equal(file_write_atomic(path, span_str(text), &err), 0);
}

static int open_dir(void **state)
{
	(void)state;
	return temp_dir_open(&dir);
}

static int close_dir(void **state)
{
	(void)state;
	temp_dir_close(&dir);
	return 0;
}

static void test_the_least_of_all(void **state)
{
	(void)state;
	assert_int_equal(memory_total_below(dir.path), 0);
	put("/proc", "meminfo", "MemFree: 5 kB\nMemTotal:       1000 kB\n");
	assert_int_equal(memory_total_below(dir.path), 1024000);
	put("/proc/self", "cgroup", "4:memory:/a/b\n0::/c/d\n");
	assert_int_equal(memory_total_below(dir.path), 1024000);
	/* No limit, in the words of both. */
	put("/sys/fs/cgroup/c/d", "memory.max", "max\n");
	put("/sys/fs/cgroup/memory/a/b", "memory.limit_in_bytes", "9223372036854771712\n");
	assert_int_equal(memory_total_below(dir.path), 1024000);
	put("/sys/fs/cgroup/memory/a/b", "memory.limit_in_bytes", "900000\n");
	assert_int_equal(memory_total_below(dir.path), 900000);
	put("/sys/fs/cgroup/c/d", "memory.max", "800000\n");
	assert_int_equal(memory_total_below(dir.path), 800000);
	/* A group around ours. */
	put("/sys/fs/cgroup/memory/a", "memory.limit_in_bytes", "700000\n");
	assert_int_equal(memory_total_below(dir.path), 700000);
	put("/sys/fs/cgroup", "memory.max", "600000\n");
	assert_int_equal(memory_total_below(dir.path), 600000);
}

static void test_this_process(void **state)
{
	(void)state;
	assert_true(memory_total_bytes() > 0);
	assert_in_range(memory_resident_bytes(), 1, memory_total_bytes());
	memory_trim(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_least_of_all),
		cmocka_unit_test(test_this_process),
	};

	return cmocka_run_group_tests(tests, open_dir, close_dir);
}
