/* Heap profiles and tables of allocations: R-312. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/err.h"
#include "daemon/base/strbuf.h"
#include "profiles/profile/allocs.h"
#include "profiles/profile/heap.h"
#include "profiles/profile/pprof_read.h"
#include "profiles/profile/symbols.h"

/* Places in this program, as a daemon's profile would name them. */
static uint64_t place_a, place_b, place_main;

static __attribute__((noinline)) uint64_t here(void)
{
	return (uintptr_t)__builtin_return_address(0);
}

static __attribute__((noinline)) void function_a(void)
{
	place_a = here();
	__asm__ volatile("" ::: "memory");
}

static __attribute__((noinline)) void function_b(void)
{
	place_b = here();
	__asm__ volatile("" ::: "memory");
}

static __attribute__((noinline)) void function_main(void)
{
	place_main = here();
	__asm__ volatile("" ::: "memory");
}

#define HEAD                                                                                   \
	"{\"schema\":\"goxel-heap/1\",\"mean_bytes\":512,\"samples_count\":%d,"                \
	"\"lost_stacks_count\":1,\"lost_live_count\":2,\"allocs_count\":%d,\"frees_count\":5," \
	"\"allocated_bytes\":%d,"

/* a got bytes_a in main, b got bytes_b in main. */
static json_t *profile_of(int bytes_a, int bytes_b)
{
	struct strbuf sb = { 0 };
	json_t *json;

	strbuf_addf(&sb, HEAD "\"samples\":[", bytes_a / 10, bytes_a / 5, bytes_a + bytes_b);
	strbuf_addf(&sb,
		    "{\"stack\":[\"0x%llx\",\"0x%llx\"],\"alloc_objects\":%d.0,"
		    "\"alloc_bytes\":%d,\"inuse_objects\":1.5,\"inuse_bytes\":64.25},",
		    (unsigned long long)place_a, (unsigned long long)place_main, bytes_a / 10,
		    bytes_a);
	strbuf_addf(&sb,
		    "{\"stack\":[\"0x%llx\",\"0x%llx\"],\"alloc_objects\":%d.0,"
		    "\"alloc_bytes\":%d,\"inuse_objects\":0,\"inuse_bytes\":0}",
		    (unsigned long long)place_b, (unsigned long long)place_main, bytes_b / 10,
		    bytes_b);
	strbuf_add_str(&sb, "],\"mappings\":[]}");
	json = json_loads(sb.ptr, 0, NULL);
	assert_non_null(json);
	strbuf_deinit(&sb);
	return json;
}

static void take(struct symbols *symbols, json_t *json, struct heap_profile *out)
{
	struct err err = ERR_INIT;

	if (heap_parse(json, symbols, out, &err) < 0)
		fail_msg("%s", err.msg);
	json_decref(json);
}

static int find_places(void **state)
{
	struct symbols *symbols = symbols_new();

	function_a();
	function_b();
	function_main();
	assert_int_equal(symbols_map_process(symbols, getpid()), 0);
	*state = symbols;
	return 0;
}

static int forget(void **state)
{
	symbols_free(*state);
	return 0;
}

static void test_stretch_is_the_difference_of_two_profiles(void **state)
{
	struct heap_profile before, after, stretch;
	struct err err = ERR_INIT;

	take(*state, profile_of(1000, 500), &before);
	take(*state, profile_of(4000, 1500), &after);
	assert_int_equal(heap_between(&before, &after, &stretch, &err), 0);
	assert_int_equal(stretch.allocated_bytes, 4000);
	assert_int_equal(stretch.lost_count, 3);
	assert_int_equal(stretch.stacks.count, 2);
	assert_true(stretch.stacks.items[0].values[HEAP_ALLOC_SPACE] == 3000);
	assert_true(stretch.stacks.items[1].values[HEAP_ALLOC_SPACE] == 1000);
	assert_true(stretch.stacks.items[0].values[HEAP_INUSE_SPACE] == 64.25);
	heap_deinit(&before);
	heap_deinit(&after);
	heap_deinit(&stretch);
}

static const char *text_at(json_t *list, size_t index, const char *key)
{
	return json_string_value(json_object_get(json_array_get(list, index), key));
}

static double number_at(json_t *list, size_t index, const char *key)
{
	return json_number_value(json_object_get(json_array_get(list, index), key));
}

static void test_sources_lines_and_tree_have_their_shares(void **state)
{
	struct heap_profile p;
	struct allocs a;
	json_t *sources, *routines, *lines, *tree, *children;

	take(*state, profile_of(3000, 1000), &p);
	assert_int_equal(allocs_build(&p, *state, &a), 0);
	sources = allocs_sources(&a, 10);
	assert_int_equal(json_array_size(sources), 2);
	assert_string_equal(text_at(sources, 0, "function"), "function_a");
	assert_non_null(strstr(text_at(sources, 0, "file"), "test_allocs.c"));
	assert_true(number_at(sources, 0, "line") > 0);
	assert_true(number_at(sources, 0, "bytes_share") == 0.75);
	assert_true(number_at(sources, 1, "allocated_bytes") == 1000);

	routines = allocs_routines(&a, 10);
	assert_int_equal(json_array_size(routines), 2);
	lines = json_object_get(json_array_get(routines, 0), "lines");
	assert_true(number_at(lines, 0, "routine_share") == 1);

	tree = allocs_tree(&a);
	assert_int_equal(json_array_size(tree), 1);
	assert_string_equal(text_at(tree, 0, "function"), "function_main");
	assert_true(number_at(tree, 0, "share_of_total") == 1);
	children = json_object_get(json_array_get(tree, 0), "children");
	assert_string_equal(text_at(children, 0, "function"), "function_a");
	assert_true(number_at(children, 0, "share_of_parent") == 0.75);
	json_decref(sources);
	json_decref(routines);
	json_decref(tree);
	allocs_deinit(&a);
	heap_deinit(&p);
}

static void test_pprof_has_the_four_types(void **state)
{
	static const char *const names[] = { "alloc_objects", "alloc_space", "inuse_objects",
					     "inuse_space" };
	char path[] = "/tmp/test_allocs.XXXXXX";
	struct pprof_profile read;
	struct heap_profile p;
	struct err err = ERR_INIT;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	take(*state, profile_of(3000, 1000), &p);
	assert_int_equal(heap_write_pprof(&p, *state, path, &err), 0);
	if (pprof_read(path, &read, &err) < 0)
		fail_msg("%s", err.msg);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pprof_find_type(&read, names[i]), i);
	assert_int_equal(read.msg->sample[0]->value[1], 3000);
	pprof_deinit(&read);
	heap_deinit(&p);
	unlink(path);
}

static void test_bad_profiles_are_refused_with_a_sentence(void **state)
{
	static const char *const bad[] = {
		"{}",
		"[]",
		"{\"schema\":\"goxel-heap/2\"}",
		"{\"schema\":\"goxel-heap/1\",\"mean_bytes\":-1}",
		"{\"schema\":\"goxel-heap/1\",\"mean_bytes\":1,\"samples_count\":0,"
		"\"lost_stacks_count\":0,\"lost_live_count\":0,\"allocs_count\":0,"
		"\"frees_count\":0,\"allocated_bytes\":0,\"samples\":[{\"stack\":[\"zz\"]}]}",
		"{\"schema\":\"goxel-heap/1\",\"mean_bytes\":1,\"samples_count\":0,"
		"\"lost_stacks_count\":0,\"lost_live_count\":0,\"allocs_count\":0,"
		"\"frees_count\":0,\"allocated_bytes\":0,\"mappings\":[{\"start\":\"0x2\","
		"\"limit\":\"0x1\",\"offset\":\"0x0\",\"path\":\"\",\"build_id\":\"\"}]}",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct heap_profile p;
		struct err err = ERR_INIT;
		json_t *json = json_loads(bad[i], 0, NULL);

		assert_non_null(json);
		assert_int_equal(heap_parse(json, *state, &p, &err), -EPROTO);
		assert_true(err.msg[0] != '\0');
		json_decref(json);
	}
}

static void test_frames_of_the_allocator_are_its_own(void **state)
{
	(void)state;
	assert_true(heap_is_own_frame("__wrap_malloc", NULL));
	assert_true(heap_is_own_frame("walk", "/src/daemon/telemetry/heap_sampler.c"));
	assert_true(heap_is_own_frame("slab_take", "/src/daemon/voxel/slab.c"));
	assert_true(heap_is_own_frame("budget_malloc", "/src/daemon/base/budget_memory.c"));
	assert_false(heap_is_own_frame("strbuf_grow", "/src/daemon/base/strbuf.c"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stretch_is_the_difference_of_two_profiles),
		cmocka_unit_test(test_sources_lines_and_tree_have_their_shares),
		cmocka_unit_test(test_pprof_has_the_four_types),
		cmocka_unit_test(test_bad_profiles_are_refused_with_a_sentence),
		cmocka_unit_test(test_frames_of_the_allocator_are_its_own),
	};

	return cmocka_run_group_tests(tests, find_places, forget);
}
