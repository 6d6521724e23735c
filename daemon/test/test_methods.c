/* methods through both contexts and every parser with its reply builder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/alloc.h"
#include "daemon/base/clock.h"
#include "daemon/methods/methods.h"
#include "daemon/test/method_checks.h"
#include "daemon/test/skip.h"

#define PING "{\"pong\":true"

static void test_system(void **state)
{
	(void)state;
	want_start("ping", "", PING);
	want_start("goxel.ping", "[]", PING);
	want("echo", "", "{}");
	want("echo", "[1,2.5,\"a\\n\",[],{\"k\":[null,true,{}]}]",
	     "[1,2.5,\"a\\n\",[],{\"k\":[null,true,{}]}]");
	want("echo", "{\"a\":{\"b\":{\"c\":[[[]]]}},\"d\":-1}",
	     "{\"a\":{\"b\":{\"c\":[[[]]]}},\"d\":-1}");
	want_start("goxel.get_version", "", "{\"version\":\"");
	want_part("status", "", "\"status\":\"running\"");
	want_part("status", "", "\"startup\":{");
	want_part("status", "", "\"stages\":{");
	want_part("list_methods", "", "{\"method\":\"add_voxel\",\"description\":\"");
	want_part("list_methods", "[true]", "\"params\":[{\"name\":\"x\"");
	want_code("no_such", "", RPC_METHOD_NOT_FOUND, "Method not found: no_such");
}

static void test_before_any_project(void **state)
{
	(void)state;
	want_part("get_status", "", "\"layer_count\":0,\"read_only\":false,\"width\":0");
	want_code("add_voxel", "[1,2,3]", -1004, "no project is open");
	want_code("get_voxel", "[1,2,3]", -1006, "no project is open");
	want_code("get_bounding_box", "", RPC_INTERNAL_ERROR, "no project is open");
	want_code("list_layers", "", RPC_INTERNAL_ERROR, "no project is open");
}

static void test_create_project_and_status(void **state)
{
	(void)state;
	want_part("goxel.create_project", "[\"Tower\",10,20,30]",
		  "\"name\":\"Tower\",\"width\":10,\"height\":20,\"depth\":30");
	want_part("get_status", "", "\"width\":10,\"height\":20,\"depth\":30");
	want_part("create_project", "{\"size\":[5,6,0]}",
		  "\"name\":\"New Project\",\"width\":5,\"height\":6,\"depth\":64");
	want_code("create_project", "{\"name\":5}", RPC_INVALID_PARAMS, "name: must be a string");
	want_code("create_project", "{\"size\":[5,6]}", RPC_INVALID_PARAMS, "size: must be");
	want_code("create_project", "{\"width\":3000000000}", RPC_INVALID_PARAMS, "width: must be");
}

static void test_positions_in_every_shape(void **state)
{
	static const char *const shapes[] = {
		"[7,-8,9,1,2,3,4]",
		"[7,-8,9,[1,2,3,4]]",
		"[7,-8,9,\"#01020304\"]",
		"{\"x\":7,\"y\":-8,\"z\":9,\"r\":1,\"g\":2,\"b\":3,\"a\":4}",
		"{\"a\":4,\"b\":3,\"g\":2,\"r\":1,\"z\":9,\"y\":-8,\"x\":7}",
		"{\"position\":[7,-8,9],\"color\":[1,2,3,4]}",
		"{\"position\":{\"x\":7,\"y\":-8,\"z\":9},\"color\":[1,2,3,4]}",
		"{\"position\":[7,-8,9],\"color\":{\"r\":1,\"g\":2,\"b\":3,\"a\":4}}",
		"{\"x\":7.9,\"y\":-7.1,\"z\":9.0,\"rgba\":[1,2,3,4]}",
		"{\"x\":1,\"x\":7,\"y\":-8,\"z\":9,\"color\":\"#01020304\",\"unknown\":[{}]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		fresh();
		want("add_voxel", shapes[i],
		     "{\"success\":true,\"x\":7,\"y\":-8,\"z\":9,\"layer_id\":1,\"color\":[1,2,3,4]"
		     "}");
		want("goxel.get_voxel", "[7,-8,9]",
		     "{\"x\":7,\"y\":-8,\"z\":9,\"exists\":true,\"color\":[1,2,3,4]}");
	}
	want("get_voxel", "{\"position\":[0,0,0]}",
	     "{\"x\":0,\"y\":0,\"z\":0,\"exists\":false,\"color\":[0,0,0,0]}");
}

static void test_colors_in_every_shape(void **state)
{
	(void)state;
	fresh();
	want_part("add_voxel", "{\"x\":0,\"y\":0,\"z\":0}", "\"color\":[255,255,255,255]");
	want_part("add_voxel", "[0,0,0]", "\"color\":[0,0,0,255]");
	want_part("add_voxel", "[0,0,0,9]", "\"color\":[9,0,0,255]");
	want_part("add_voxel", "[0,0,0,300,-5,7]", "\"color\":[255,0,7,255]");
	want_part("add_voxel", "[0,0,0,0.5,1,0.25]", "\"color\":[127,255,63,255]");
	want_part("add_voxel", "[0,0,0,127.5,1,0]", "\"color\":[127,1,0,255]");
	want_part("add_voxel", "{\"x\":0,\"y\":0,\"z\":0,\"r\":9}", "\"color\":[9,0,0,255]");
	want_part("add_voxel", "{\"x\":0,\"y\":0,\"z\":0,\"color\":\"#aAbBcC\"}",
		  "\"color\":[170,187,204,255]");
	want_code("add_voxel", "[0,0,0,\"#12345\"]", RPC_INVALID_PARAMS, "r: must be");
	want_code("add_voxel", "[0,0,0,\"#1234567g\"]", RPC_INVALID_PARAMS, "r: must be");
	want_code("add_voxel", "{\"x\":0,\"y\":0,\"z\":0,\"color\":{\"r\":1,\"g\":2}}",
		  RPC_INVALID_PARAMS, "color: must be");
	want_code("add_voxel", "{\"x\":0,\"y\":0,\"z\":0,\"color\":[1,2]}", RPC_INVALID_PARAMS,
		  "color: must be");
	want_code("add_voxel", "{\"x\":0,\"y\":0,\"z\":0,\"color\":[1,2,3,4,5]}",
		  RPC_INVALID_PARAMS, "color: must be");
	want_code("add_voxel", "{\"x\":0,\"y\":0,\"z\":0,\"color\":7}", RPC_INVALID_PARAMS,
		  "color: must be");
}

static void test_ranges_name_the_field(void **state)
{
	(void)state;
	fresh();
	want_code("add_voxel", "[0,2147483648,0]", RPC_INVALID_PARAMS, "y: must be in");
	want_code("add_voxel", "[0,0,-2147483649]", RPC_INVALID_PARAMS, "z: must be in");
	want_code("add_voxel", "[0,1e300,0]", RPC_INVALID_PARAMS, "y: must be in");
	want_code("add_voxel", "[0,99999999999999999999,0]", RPC_INVALID_PARAMS, "y: must be in");
	want_code("add_voxel", "[0,\"5\",0]", RPC_INVALID_PARAMS, "y: must be a number");
	want_code("add_voxel", "[0,0]", RPC_INVALID_PARAMS, "z: is missing");
	want_code("add_voxel", "{\"x\":0,\"z\":0}", RPC_INVALID_PARAMS, "y: is missing");
	want_code("add_voxel", "{\"position\":[0,0]}", RPC_INVALID_PARAMS, "position: must be");
	want_code("add_voxel", "{\"position\":[0,0,3000000000]}", RPC_INVALID_PARAMS,
		  "position: a coordinate does not fit");
	want_code("get_status", "[9]", RPC_INVALID_PARAMS, "project_id: no project 9 is open");
	want_start("add_voxel", "[2147483647,-2147483648,0,1,2,3]", SUCCESS);
	want_color("[2147483647,-2147483648,0]", "[1,2,3,255]");
	want_part("get_bounding_box", "", "\"dimensions\":[1,1,1]");
}

static void test_layers_by_id_text_and_name(void **state)
{
	(void)state;
	fresh();
	want("create_layer", "{\"name\":\"Roof\",\"r\":1,\"visible\":false}",
	     "{\"success\":true,\"layer_id\":2,\"name\":\"Roof\",\"visible\":false,\"color\":[1,0,"
	     "0]}");
	want_part("add_voxel", "{\"x\":0,\"y\":0,\"z\":0,\"layer_id\":1}", "\"layer_id\":1");
	want_part("add_voxel", "{\"x\":0,\"y\":0,\"z\":0,\"layer_id\":\"1\"}", "\"layer_id\":1");
	want_part("add_voxel", "{\"x\":0,\"y\":0,\"z\":0,\"layer_id\":\"Layer.1\"}",
		  "\"layer_id\":1");
	want_part("add_voxel", "{\"x\":1,\"y\":0,\"z\":0,\"layer_id\":-1}", "\"layer_id\":2");
	want_part("add_voxel", "[2,0,0,1,1,1,255,0]", "\"layer_id\":2");
	want_code("add_voxel", "[2,0,0,1,1,1,255,3]", -1004, "layer_id: there is no such layer");
	want_code("remove_voxel", "[2,0,0,77]", -1005, "layer_id: there is no such layer");
	want("list_layers", "",
	     "{\"count\":2,\"layers\":["
	     "{\"id\":1,\"name\":\"Layer.1\",\"visible\":true,\"opacity\":1,"
	     "\"color\":[255,255,255,255],\"voxel_count\":1,\"is_active\":false},"
	     "{\"id\":2,\"name\":\"Roof\",\"visible\":false,\"opacity\":1,"
	     "\"color\":[1,0,0,255],\"voxel_count\":2,\"is_active\":true}],"
	     "\"active_layer\":2,\"total_layers\":2}");
	want_part("get_bounding_box", "{\"layer_id\":-2}", "\"min\":[0,0,0],\"max\":[2,0,0]");
	want_start("delete_layer", "{\"layer_name\":\"Roof\"}", SUCCESS);
	want_code("delete_layer", "[2]", -1012, "no such layer");
	want_code("delete_layer", "", RPC_INVALID_PARAMS, "layer_id");
	want_start("delete_layer", "[1]", SUCCESS);
	want_part("list_layers", "", "{\"count\":1,\"layers\":[{\"id\":3,");
}

static void test_layer_operations(void **state)
{
	(void)state;
	fresh();
	want_start("add_voxel", "[0,0,0,10,20,30]", SUCCESS);
	want("duplicate_layer", "", "{\"success\":true,\"layer_id\":2,\"name\":\"Layer.1 copy\"}");
	want_start("add_voxel", "[0,0,0,1,1,1]", SUCCESS);
	want_part("get_voxels_region", "{\"min\":[0,0,0],\"max\":[0,0,0],\"layer_id\":1}",
		  "[10,20,30,255]");
	want_start("rename_layer", "[2,\"Top\"]", SUCCESS);
	want_part("set_layer_visibility", "{\"layer_id\":\"Top\",\"visible\":false}",
		  "\"visible\":false");
	want_code("set_layer_visibility", "", RPC_INVALID_PARAMS, "layer_id: is missing");
	want_part("set_layer_opacity", "[2,0.5]", "\"opacity\":0.5");
	want_code("set_layer_opacity", "[2,1.5]", RPC_INVALID_PARAMS, "opacity: must be");
	want_start("reorder_layer", "[2,0]", SUCCESS);
	want_part("list_layers", "",
		  "[{\"id\":2,\"name\":\"Top\",\"visible\":false,\"opacity\":0.5");
	want_start("set_active_layer", "[1]", SUCCESS);
	want_part("list_layers", "", "\"active_layer\":1");
	want_start("set_layer_opacity", "[2,1]", SUCCESS);
	want_code("merge_layers", "[2,2]", RPC_INVALID_PARAMS, "target_layer_id");
	want_start("merge_layers", "[2,1]", SUCCESS);
	want_color("[0,0,0]", "[1,1,1,255]");
	want_part("list_layers", "", "{\"count\":1,");
	want_part("clear_voxels", "", "\"removed\":1");
	want("get_bounding_box", "", "{\"empty\":true}");
}

static void test_undo_and_redo(void **state)
{
	(void)state;
	fresh();
	want_start("add_voxel", "[0,0,0,1,1,1]", SUCCESS);
	want_start("add_voxel", "[0,0,0,2,2,2]", SUCCESS);
	want_start("create_layer", "[\"L\"]", SUCCESS);
	want_start("undo", "", SUCCESS);
	want_start("undo", "", SUCCESS);
	want_color("[0,0,0]", "[1,1,1,255]");
	want("undo", "",
	     "{\"success\":true,\"operation\":\"set voxel\",\"undo_count\":0,\"redo_count\":3}");
	want_color("[0,0,0]", "[0,0,0,0]");
	want("undo", "",
	     "{\"success\":false,\"operation\":null,\"undo_count\":0,\"redo_count\":3}");
	want_start("redo", "", SUCCESS);
	want_start("redo", "", SUCCESS);
	want_color("[0,0,0]", "[2,2,2,255]");
	want_start("redo", "", SUCCESS);
	want_part("list_layers", "", "\"name\":\"L\"");
	want_start("redo", "", "{\"success\":false");
}

static void test_batches(void **state)
{
	(void)state;
	fresh();
	want("add_voxels",
	     "[[{\"x\":0,\"y\":0,\"z\":0,\"r\":1,\"g\":2,\"b\":3},"
	     "{\"x\":1,\"y\":0,\"z\":0,\"r\":1,\"g\":2,\"b\":3}]]",
	     "{\"success\":true,\"added\":2,\"failed\":0}");
	want("goxel.add_voxel_batch",
	     "{\"voxels\":[{\"x\":5,\"y\":0,\"z\":0,\"r\":1,\"g\":2,\"b\":3,\"a\":255},"
	     "{\"x\":6,\"y\":0,\"z\":0,\"r\":256,\"g\":2,\"b\":3,\"a\":255},"
	     "{\"x\":7,\"y\":0,\"z\":0,\"r\":-1,\"g\":2,\"b\":3,\"a\":255},"
	     "{\"x\":5,\"y\":0,\"z\":0,\"r\":9,\"g\":8,\"b\":7,\"a\":6}]}",
	     "{\"success\":false,\"added\":2,\"failed\":2}");
	want_color("[5,0,0]", "[9,8,7,6]");
	want("add_voxels",
	     "{\"voxels\":[[1,2,3,4,5,6],{\"position\":[2,2,3],\"color\":\"#010203\"},"
	     "{\"x\":3,\"y\":2,\"z\":3,\"color\":[9,9,9]},{\"x\":4,\"y\":2,\"z\":3},"
	     "{\"x\":4,\"y\":2},5,\"a\",null,[],{\"x\":4,\"y\":2,\"z\":3,\"color\":5},"
	     "{\"x\":\"4\",\"y\":2,\"z\":3}]}",
	     "{\"success\":false,\"added\":4,\"failed\":7}");
	want_color("[1,2,3]", "[4,5,6,255]");
	want_color("[2,2,3]", "[1,2,3,255]");
	want_color("[4,2,3]", "[255,255,255,255]");
	want("add_voxels", "[[{\"x\":4,\"y\":2,\"z\":3,\"color\":5}]]",
	     "{\"success\":false,\"added\":0,\"failed\":1}");
	want("add_voxels", "[[]]", "{\"success\":true,\"added\":0,\"failed\":0}");
	want_code("add_voxels", "", RPC_INVALID_PARAMS, "voxels: is missing");
	want_code("add_voxels", "[5]", RPC_INVALID_PARAMS, "voxels: must be an array");
	want_part("undo", "", "\"operation\":\"set voxels\"");
	want_color("[1,2,3]", "[0,0,0,0]");
	want_color("[5,0,0]", "[9,8,7,6]");
}

/* A batch of n voxels along x, the last one twice. */
static char *batch_text(int n)
{
	size_t cap = (size_t)n * 64 + 64;
	char *text = malloc(cap);
	size_t len = (size_t)snprintf(text, cap, "{\"voxels\":[");

	for (int i = 0; i < n; i++)
		len += (size_t)snprintf(
			text + len, cap - len,
			"%s{\"x\":%d,\"y\":%d,\"z\":%d,\"r\":%d,\"g\":2,\"b\":3,\"a\":255}",
			i ? "," : "", i % 100, i / 100 % 100, i / 10000, i & 255);
	snprintf(text + len, cap - len, "]}");
	return text;
}

static void test_batch_sizes(void **state)
{
	static const int sizes[] = { 1, 10, 100, 256, 257, 500, 1000, 5000, 100000 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char *text = batch_text(sizes[i]);
		char count[64];

		fresh();
		snprintf(count, sizeof(count), "{\"success\":true,\"added\":%d,\"failed\":0}",
			 sizes[i]);
		want("add_voxels", text, count);
		snprintf(count, sizeof(count), "\"voxel_count\":%d", sizes[i]);
		want_part("get_project_info", "", count);
		want_start("undo", "", SUCCESS);
		want_part("get_project_info", "", "\"voxel_count\":0");
		want_start("redo", "", SUCCESS);
		want_part("get_project_info", "", count);
		free(text);
	}
}

/* Rows are decoded and written in parts; of some parts a few rows can be read, of one none. */
static void test_unreadable_rows(void **state)
{
	char *text = batch_text(5000);
	char *at = text;

	(void)state;
	fresh();
	for (int i = 0; i < 3000; i++) {
		at = strstr(at, ",\"a\":255") + 1;
		if (i >= 1000)
			memset(at + 4, '9', 3); /* "a":255 becomes "a":999 */
	}
	want("add_voxels", text, "{\"success\":false,\"added\":3000,\"failed\":2000}");
	want_part("get_project_info", "", "\"voxel_count\":3000");
	want_color("[99,9,0]", "[231,2,3,255]");
	want_color("[0,10,0]", "[0,0,0,0]");
	want_color("[99,29,0]", "[0,0,0,0]");
	want_color("[0,30,0]", "[184,2,3,255]");
	want_start("undo", "", SUCCESS);
	want_part("get_project_info", "", "\"voxel_count\":0");
	free(text);
}

static void test_region_listing(void **state)
{
	char *text = batch_text(1000);

	(void)state;
	fresh();
	want_start("add_voxels", text, SUCCESS);
	free(text);
	want("get_voxels_region", "{\"min\":[0,0,0],\"max\":[1,0,0]}",
	     "{\"voxels\":[{\"x\":0,\"y\":0,\"z\":0,\"color\":[0,2,3,255]},"
	     "{\"x\":1,\"y\":0,\"z\":0,\"color\":[1,2,3,255]}],\"count\":2,\"truncated\":false,"
	     "\"bbox\":{\"min\":[0,0,0],\"max\":[1,0,0]}}");
	want_part("get_voxels_region", "{\"min\":[0,0,0],\"max\":[99,99,99],\"limit\":5}",
		  "\"count\":5,\"truncated\":true");
	want_part("get_voxels_region", "{\"min\":[0,0,0],\"max\":[99,99,99],\"offset\":996}",
		  "\"count\":4,\"truncated\":false");
	want_part("get_voxels_region",
		  "{\"min\":[0,0,0],\"max\":[99,99,99],\"color_filter\":[7,2,3]}",
		  "\"count\":4,\"truncated\":false");
	want_part("get_layer_voxels", "{\"limit\":0}", "\"count\":1000,\"truncated\":false");
	want("get_voxels_region", "[[50,50,50],[60,60,60]]",
	     "{\"voxels\":[],\"count\":0,\"truncated\":false}");
	want("get_bounding_box", "",
	     "{\"empty\":false,\"min\":[0,0,0],\"max\":[99,9,0],\"dimensions\":[100,10,1]}");
	want("get_bounding_box", "{\"exact\":false}",
	     "{\"empty\":false,\"min\":[0,0,0],\"max\":[111,15,15],\"dimensions\":[112,16,16]}");
	want_code("get_voxels_region", "{\"min\":[0,0,0]}", RPC_INVALID_PARAMS, "max: is missing");
	want_code("get_voxels_region", "{\"min\":[0,0,1],\"max\":[0,0,0]}", RPC_INVALID_PARAMS,
		  "max: must not be below min");
	want_code("get_voxels_region", "{\"min\":[0,0],\"max\":[0,0,0]}", RPC_INVALID_PARAMS,
		  "min: must be");
}

static long created_id(const char *params)
{
	const char *reply = caller_call(&method_caller, "create_project", params);
	const char *id = strstr(reply, "\"project_id\":");

	assert_non_null(id);
	return strtol(id + 13, NULL, 10);
}

static void test_several_projects(void **state)
{
	char params[64];
	long first;
	long second;

	(void)state;
	first = created_id("[\"a\"]");
	want_start("add_voxel", "[0,0,0]", SUCCESS);
	second = created_id("[\"b\"]");
	want_part("get_project_info", "", "\"voxel_count\":0");
	snprintf(params, sizeof(params), "{\"project_id\":%ld}", first);
	want_part("get_project_info", params, "\"voxel_count\":1");
	snprintf(params, sizeof(params), "{\"project_id\":\"%ld\"}", first);
	want_part("get_project_info", params, "\"voxel_count\":1");
	want_part("list_projects", "", "\"is_default\":true");
	snprintf(params, sizeof(params), "[%ld]", second);
	want_start("close_project", params, SUCCESS);
	want_part("get_project_info", "", "\"name\":\"a\"");
	want_code("close_project", params, RPC_INVALID_PARAMS, "project_id");
	for (int i = 0; i < PROJECTS_MAX; i++)
		fresh();
	want_part("create_project", "", "\"closed_project_id\":");
	want_part("list_projects", "", "\"count\":64");
}

/* Issue 7, item 2. */
static void test_unsaved_projects_stay_open(void **state)
{
	(void)state;
	for (int i = 0; i < PROJECTS_MAX; i++) {
		fresh();
		want_start("add_voxel", "[0,0,0]", SUCCESS);
	}
	want_code("create_project", "", -1001,
		  "64 projects are open and all have unsaved changes: close one");
	want_start("close_project", "", SUCCESS);
	want_start("create_project", "", SUCCESS);
	for (int i = 0; i < PROJECTS_MAX; i++)
		want_start("close_project", "", SUCCESS);
	want_part("list_projects", "", "\"count\":0");
}

static void test_every_name_has_an_entry(void **state)
{
	size_t count;
	const struct method *const *methods = methods_all(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		int params = 0;

		assert_non_null(methods[i]->doc);
		assert_non_null(methods[i]->result);
		assert_non_null(methods[i]->run);
		for (const struct param *p = methods[i]->params; p && p->name; p++) {
			assert_non_null(p->doc);
			params++;
		}
		assert_true(params <= RPC_PARAMS_MAX);
	}
}

static uint64_t allocs_of(const char *method, const char *params)
{
	struct alloc_counts before;
	struct alloc_counts after;

	caller_prepare(&method_caller, method, params);
	for (int i = 0; i < 1000; i++)
		caller_run(&method_caller);
	alloc_read_thread(&before);
	for (int i = 0; i < 1000; i++)
		caller_run(&method_caller);
	alloc_read_thread(&after);
	return after.allocs_count - before.allocs_count;
}

/* the hot path of v15 allocates nothing in steady state. */
static void test_hot_path_allocates_nothing(void **state)
{
	char *text;

	(void)state;
	/* The promise of the other parsers: this one makes a tree in allocated memory. */
	if (strcmp(method_caller.parser->ops->head.name, "dom") == 0)
		return;
	if (!alloc_is_counted())
		skip_because(NO_ALLOC_COUNTS);
	text = batch_text(1000);
	fresh();
	assert_int_equal(allocs_of("ping", ""), 0);
	assert_int_equal(allocs_of("add_voxel", "[1,2,3,4,5,6,255]"), 0);
	assert_int_equal(allocs_of("add_voxel", "{\"x\":1,\"y\":2,\"z\":3,\"color\":[1,2,3]}"), 0);
	assert_int_equal(allocs_of("remove_voxel", "[1,2,3]"), 0);
	assert_int_equal(allocs_of("get_voxel", "[1,2,3]"), 0);
	assert_int_equal(allocs_of("add_voxels", text), 0);
	free(text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_system),
		cmocka_unit_test(test_before_any_project),
		cmocka_unit_test(test_create_project_and_status),
		cmocka_unit_test(test_positions_in_every_shape),
		cmocka_unit_test(test_colors_in_every_shape),
		cmocka_unit_test(test_ranges_name_the_field),
		cmocka_unit_test(test_layers_by_id_text_and_name),
		cmocka_unit_test(test_layer_operations),
		cmocka_unit_test(test_undo_and_redo),
		cmocka_unit_test(test_batches),
		cmocka_unit_test(test_batch_sizes),
		cmocka_unit_test(test_unreadable_rows),
		cmocka_unit_test(test_unreadable_rows),
		cmocka_unit_test(test_region_listing),
		cmocka_unit_test(test_several_projects),
		cmocka_unit_test(test_unsaved_projects_stay_open),
		cmocka_unit_test(test_every_name_has_an_entry),
		cmocka_unit_test(test_hot_path_allocates_nothing),
	};

	return method_checks_run(tests, sizeof(tests) / sizeof(tests[0]));
}
