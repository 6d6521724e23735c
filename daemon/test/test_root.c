/* file methods stay inside the root, whatever path they are given. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/store/root.h"
#include "daemon/test/temp_dir.h"

enum { SMALL_MAX = 1024 };

/* A folder with a root in it, and things around it. */
struct place {
	struct temp_dir dir;
	struct root root;
};

static void path_in(const struct place *p, const char *name, char out[128])
{
	snprintf(out, 128, "%s/%s", p->dir.path, name);
}

static void put(const struct place *p, const char *name)
{
	char path[128];

	path_in(p, name, path);
	assert_int_equal(file_write_atomic(path, SPAN_LIT("old"), NULL), 0);
}

static void link_to(const struct place *p, const char *target, const char *name)
{
	char path[128];

	path_in(p, name, path);
	assert_int_equal(symlink(target, path), 0);
}

static int setup_place(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	char path[128];

	assert_non_null(p);
	assert_int_equal(temp_dir_open(&p->dir), 0);
	path_in(p, "root/sub", path);
	assert_int_equal(file_make_dirs(path, NULL), 0);
	path_in(p, "root2", path);
	assert_int_equal(file_make_dirs(path, NULL), 0);
	put(p, "secret");
	put(p, "root2/secret");
	put(p, "root/inside");
	put(p, "root/sub/deep");
	link_to(p, "../secret", "root/escape");
	link_to(p, "/etc", "root/etc");
	link_to(p, "..", "root/up");
	link_to(p, "/proc/self/cwd", "root/magic");
	path_in(p, "root/pipe", path);
	assert_int_equal(mkfifo(path, 0600), 0);
	path_in(p, "root", path);
	assert_int_equal(root_init(&p->root, path, true, NULL), 0);
	*state = p;
	return 0;
}

static int teardown_place(void **state)
{
	struct place *p = *state;

	root_deinit(&p->root);
	temp_dir_close(&p->dir);
	free(p);
	return 0;
}

static int try_read(const struct root *r, const char *path)
{
	struct err err = ERR_INIT;
	char *text = NULL;
	size_t len;
	int rc = root_read(r, span_str(path), SMALL_MAX, &text, &len, &err);

	if (rc == 0)
		assert_string_equal(text, "old");
	else
		assert_true(err.code == rc && err.msg[0]);
	free(text);
	return rc;
}

static int try_write(const struct root *r, const char *path)
{
	return root_write(r, span_str(path), SPAN_LIT("old"), NULL);
}

static void assert_inside(struct place *p)
{
	char path[128];

	assert_int_equal(try_read(&p->root, "inside"), 0);
	assert_int_equal(try_read(&p->root, "./sub//deep"), 0);
	path_in(p, "root/sub/deep", path);
	assert_int_equal(try_read(&p->root, path), 0);
	assert_int_equal(try_write(&p->root, "sub/new"), 0);
	assert_int_equal(try_read(&p->root, "sub/new"), 0);
	path_in(p, "root/newer", path);
	assert_int_equal(try_write(&p->root, path), 0);
	assert_int_equal(try_read(&p->root, "newer"), 0);
}

static void assert_outside(struct place *p)
{
	static const char *const paths[] = {
		"../secret",       "sub/../../secret",
		"escape",          "etc/passwd",
		"up/secret",       "/etc/passwd",
		"magic/secret",    "..",
		"../root2/secret", "sub/../../root/../secret",
	};
	char path[128];

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		assert_true(try_read(&p->root, paths[i]) < 0);
		/* A link's own name may be taken; what it points to is not touched. */
		if (strcmp(paths[i], "escape") != 0)
			assert_true(try_write(&p->root, paths[i]) < 0);
	}
	path_in(p, "root2/secret", path);
	assert_int_equal(try_read(&p->root, path), -EACCES);
	path_in(p, "root/../secret", path);
	assert_true(try_read(&p->root, path) < 0);
	assert_int_equal(try_read(&p->root, "../secret"), -EACCES);
}

static void test_inside_and_outside(void **state)
{
	assert_inside(*state);
	assert_outside(*state);
}

static void test_without_openat2(void **state)
{
	struct place *p = *state;

	p->root.is_walking = true;
	assert_inside(p);
	assert_outside(p);
}

static void test_a_link_is_replaced_not_followed(void **state)
{
	struct place *p = *state;
	char path[128];
	struct stat st;

	assert_int_equal(root_write(&p->root, SPAN_LIT("escape"), SPAN_LIT("new"), NULL), 0);
	path_in(p, "secret", path);
	assert_int_equal(try_read(NULL, path), 0);
	path_in(p, "root/escape", path);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
}

static void test_what_is_no_file(void **state)
{
	struct place *p = *state;

	assert_int_equal(try_read(&p->root, ""), -EINVAL);
	assert_int_equal(try_read(&p->root, "sub"), -EINVAL);
	assert_int_equal(try_read(&p->root, "pipe"), -EINVAL);
	assert_int_equal(try_write(&p->root, "pipe"), -EINVAL);
	assert_int_equal(try_write(&p->root, "sub/"), -EINVAL);
	assert_int_equal(try_read(&p->root, "absent"), -ENOENT);
	assert_int_equal(try_write(&p->root, "absent/file"), -ENOENT);
	assert_int_equal(root_read(&p->root, span_of("in\0side", 7), SMALL_MAX, &(char *){ NULL },
				   &(size_t){ 0 }, NULL),
			 -EINVAL);
}

/* The longest name, and one byte more, by every way to open. */
static void test_long_names(void **state)
{
	struct place *p = *state;
	char name[NAME_MAX + 2];

	memset(name, 'n', sizeof(name));
	for (int i = 0; i < 2; i++) {
		p->root.is_walking = i == 1;
		name[NAME_MAX] = '\0';
		assert_int_equal(try_write(&p->root, name), 0);
		assert_int_equal(try_read(&p->root, name), 0);
		name[NAME_MAX] = 'n';
		name[NAME_MAX + 1] = '\0';
		assert_int_equal(try_write(&p->root, name), -ENAMETOOLONG);
		assert_int_equal(try_read(&p->root, name), -ENAMETOOLONG);
		assert_int_equal(try_read(&p->root, "absent"), -ENOENT);
		assert_int_equal(try_read(&p->root, "inside/below"), -ENOTDIR);
	}
}

static void test_needed_and_not_given(void **state)
{
	struct place *p = *state;
	struct root refusing;
	char path[128];

	assert_int_equal(root_init(&refusing, NULL, true, NULL), 0);
	path_in(p, "secret", path);
	assert_int_equal(try_read(&refusing, path), -EACCES);
	assert_int_equal(try_write(&refusing, path), -EACCES);
	root_deinit(&refusing);
	assert_int_equal(root_init(&refusing, "/no/such/folder", true, NULL), -ENOENT);
	root_deinit(&refusing);
}

/* A file may not grow beyond a few bytes: as on a full disk, the write fails half way. */
static void test_a_full_disk_keeps_the_old_file(void **state)
{
	struct place *p = *state;
	struct rlimit old;
	struct rlimit tight;
	struct err err = ERR_INIT;
	char *big = calloc(1, 65536);
	int rc;

	assert_non_null(big);
	getrlimit(RLIMIT_FSIZE, &old);
	tight = (struct rlimit){ 4096, old.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &tight);
	rc = root_write(&p->root, SPAN_LIT("inside"), span_of(big, 65536), &err);
	setrlimit(RLIMIT_FSIZE, &old);
	free(big);
	assert_int_equal(rc, -EFBIG);
	assert_non_null(strstr(err.msg, "inside: cannot write"));
	assert_int_equal(try_read(&p->root, "inside"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_inside_and_outside, setup_place,
						teardown_place),
		cmocka_unit_test_setup_teardown(test_without_openat2, setup_place, teardown_place),
		cmocka_unit_test_setup_teardown(test_a_link_is_replaced_not_followed, setup_place,
						teardown_place),
		cmocka_unit_test_setup_teardown(test_what_is_no_file, setup_place, teardown_place),
		cmocka_unit_test_setup_teardown(test_long_names, setup_place, teardown_place),
		cmocka_unit_test_setup_teardown(test_needed_and_not_given, setup_place,
						teardown_place),
		cmocka_unit_test_setup_teardown(test_a_full_disk_keeps_the_old_file, setup_place,
						teardown_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
