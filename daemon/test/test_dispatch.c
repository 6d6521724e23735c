/*
 * Contract of the dispatch axis: every registered backend passes the same
 * cases over the names of the real method table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/err.h"
#include "daemon/dispatch/dispatch.h"
#include "daemon/rpc/limits.h"
#include "daemon/rpc/method.h"

enum { DEADLINE_S = 30, TABLE_MAX = 256 };

static int runs_nothing(struct call *call)
{
	(void)call;
	return 0;
}

/* ---- the table: all names, aliases as the .def has them --------------------------- */

struct pair {
	const char *other;
	const char *name;
};

static const char *const names[] = {
#define METHOD(name) #name,
#define ALIAS(other, name)
#include "daemon/rpc/method_names.def"
#undef METHOD
#undef ALIAS
};
static const struct pair pairs[] = {
#define METHOD(name)
#define ALIAS(other, name) { #other, #name },
#include "daemon/rpc/method_names.def"
#undef METHOD
#undef ALIAS
};
enum {
	NAMES_COUNT = sizeof(names) / sizeof(*names),
	PAIRS_COUNT = sizeof(pairs) / sizeof(*pairs),
};

static struct method entries[TABLE_MAX];
static const char *aliases[TABLE_MAX][PAIRS_COUNT + 1];
static const struct method *table[TABLE_MAX];

static int fill_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < NAMES_COUNT; i++) {
		size_t n = 0;

		for (size_t k = 0; k < PAIRS_COUNT; k++)
			if (!strcmp(pairs[k].name, names[i]))
				aliases[i][n++] = pairs[k].other;
		aliases[i][n] = NULL;
		entries[i] = (struct method){
			.name = names[i],
			.aliases = n ? aliases[i] : NULL,
			.run = runs_nothing,
		};
		table[i] = &entries[i];
	}
	return 0;
}

static struct dispatch *open_d(const char *name)
{
	struct err err = ERR_INIT;
	struct dispatch *d = NULL;

	if (dispatch_open(name, table, NAMES_COUNT, &d, &err) < 0)
		fail_msg("%s", err.msg);
	return d;
}

static void for_each_backend(void (*test)(const char *))
{
	for (size_t i = 0; dispatch_backends[i]; i++)
		test(dispatch_backends[i]->head.name);
}

/* The name in memory of exactly its size, so that asan sees a read past its end. */
static const struct method *find_exact(const struct dispatch *d, const char *text, size_t len)
{
	char *copy = malloc(len ? len : 1);
	const struct method *m;

	assert_non_null(copy);
	memcpy(copy, text, len);
	m = dispatch_find(d, span_of(copy, len));
	free(copy);
	return m;
}

static const struct method *find(const struct dispatch *d, const char *text)
{
	return find_exact(d, text, strlen(text));
}

/* ---- cases -------------------------------------------------------------------------- */

static void check_spellings(const struct dispatch *d, const char *name, const struct method *m)
{
	char text[RPC_METHOD_NAME_MAX + 16];

	assert_ptr_equal(find(d, name), m);
	snprintf(text, sizeof(text), "goxel.%s", name);
	assert_ptr_equal(find(d, text), m);
	snprintf(text, sizeof(text), "goxel.goxel.%s", name);
	assert_null(find(d, text));
	snprintf(text, sizeof(text), "Goxel.%s", name);
	assert_null(find(d, text));
	snprintf(text, sizeof(text), "%s.", name);
	assert_null(find(d, text));
	/* Each proper beginning is unknown, unless it is a name itself. */
	for (size_t len = 0; len < strlen(name); len++) {
		const struct method *got = find_exact(d, name, len);

		assert_true(!got || strlen(got->name) == len || got->aliases);
	}
	assert_null(find_exact(d, name, strlen(name) + 1)); /* with its NUL */
}

static void every_spelling_is_found(const char *backend)
{
	struct dispatch *d = open_d(backend);

	for (size_t i = 0; i < NAMES_COUNT; i++) {
		check_spellings(d, table[i]->name, table[i]);
		for (const char *const *a = table[i]->aliases; a && *a; a++)
			check_spellings(d, *a, table[i]);
	}
	dispatch_close(d);
}

static void test_every_spelling_is_found(void **state)
{
	(void)state;
	for_each_backend(every_spelling_is_found);
}

static void others_are_unknown(const char *backend)
{
	const char *const strangers[] = { "",      "goxel.", "goxel",        "p",
					  "pin",   "pingg",  "PING",         "ping ",
					  " ping", "pinG",   "rpc.discover", "\xff\xfe\x80" };
	struct dispatch *d = open_d(backend);
	char long_name[RPC_METHOD_NAME_MAX + 2];

	for (size_t i = 0; i < sizeof(strangers) / sizeof(*strangers); i++)
		assert_null(find(d, strangers[i]));
	assert_null(find_exact(d, "ping\0x", 6));
	memset(long_name, 'a', sizeof(long_name));
	assert_null(find_exact(d, long_name, RPC_METHOD_NAME_MAX));
	assert_null(find_exact(d, long_name, RPC_METHOD_NAME_MAX + 1));
	/* Every single byte, alone and after a true beginning. */
	for (int c = 0; c < 256; c++) {
		char one[4] = { (char)c, 'i', 'n', 'g' };

		assert_null(find_exact(d, one, 1));
		assert_true(!find_exact(d, one, 4) || c == 'p');
	}
	dispatch_close(d);
}

static void test_others_are_unknown(void **state)
{
	(void)state;
	for_each_backend(others_are_unknown);
}

static void names_stand_once(const char *backend)
{
	const struct method *twice[TABLE_MAX + 1];
	struct err err = ERR_INIT;
	struct dispatch *d = NULL;

	memcpy(twice, table, sizeof(table));
	twice[NAMES_COUNT] = &(struct method){ .name = "ping", .run = runs_nothing };
	assert_int_equal(dispatch_open(backend, twice, NAMES_COUNT + 1, &d, &err), -EEXIST);
	assert_non_null(strstr(err.msg, "'ping' is a duplicate"));
	assert_null(d);
}

static void test_names_stand_once(void **state)
{
	(void)state;
	for_each_backend(names_stand_once);
}

static void test_linear_takes_the_longest_name_and_no_longer(void **state)
{
	char text[RPC_METHOD_NAME_MAX + 2];
	struct method m = { .name = text, .run = runs_nothing };
	const struct method *one[] = { &m };
	struct err err = ERR_INIT;
	struct dispatch *d = NULL;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[RPC_METHOD_NAME_MAX + 1] = 0;
	assert_int_equal(dispatch_open("linear", one, 1, &d, &err), -EINVAL);
	text[RPC_METHOD_NAME_MAX] = 0;
	assert_int_equal(dispatch_open("linear", one, 1, &d, &err), 0);
	assert_ptr_equal(find(d, text), &m);
	dispatch_close(d);
}

/* one table. A hash of another list must not start. */
static void test_hash_refuses_another_table(void **state)
{
	const struct method *other[TABLE_MAX + 1];
	struct err err = ERR_INIT;
	struct dispatch *d = NULL;

	(void)state;
	memcpy(other, table, sizeof(table));
	assert_int_equal(dispatch_open("hash", other, NAMES_COUNT - 1, &d, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "is not in the method table"));
	other[NAMES_COUNT] = &(struct method){ .name = "brand_new", .run = runs_nothing };
	assert_int_equal(dispatch_open("hash", other, NAMES_COUNT + 1, &d, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "'brand_new' is not in the hash"));
	assert_null(d);
}

static void test_unknown_backend_is_refused(void **state)
{
	struct err err = ERR_INIT;
	struct dispatch *d = NULL;

	(void)state;
	assert_int_equal(dispatch_open("nope", table, NAMES_COUNT, &d, &err), -ENOENT);
	assert_string_equal(err.msg, "--dispatch: 'nope' is not one of linear, hash");
	dispatch_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_spelling_is_found),
		cmocka_unit_test(test_others_are_unknown),
		cmocka_unit_test(test_names_stand_once),
		cmocka_unit_test(test_linear_takes_the_longest_name_and_no_longer),
		cmocka_unit_test(test_hash_refuses_another_table),
		cmocka_unit_test(test_unknown_backend_is_refused),
	};

	alarm(DEADLINE_S);
	return cmocka_run_group_tests_name("dispatch", tests, fill_table, NULL);
}
