/*
 * Issue 7, item 2: every kind of memory that a client can ask for is driven to the limit. What does
 * not fit is refused with the reason and changes nothing, a bystander is still served, and when all
 * is closed the budget is where it began.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/budget.h"
#include "daemon/base/strbuf.h"
#include "daemon/context/workspace.h"
#include "daemon/test/caller.h"
#include "daemon/test/temp_dir.h"
#include "daemon/voxel/block.h"

#define MIB     ((uint64_t)1 << 20)
#define LIMIT   (64 * MIB)
#define REASON  "MiB (memory_high_mb) is reached"
#define SUCCESS "{\"success\":true"

enum {
	SOME = 1500, /* blocks: 24 MiB; twice fits, three times does not */
	MANY = 5000, /* 78 MiB */
	THREADS = 3,
};

struct world {
	struct caller client;
	struct caller bystander;
	struct temp_dir dir;
	uint64_t used;
};

static struct world w;

static const char *const axes[][2] = { { "per-worker", "dom" }, { "shared", "simd" } };

static void must(const char *got, const char *part)
{
	if (!strstr(got, part))
		fail_msg("got %.300s\n  want %s", got, part);
}

static void works(const char *method, const char *params)
{
	must(caller_call(&w.client, method, params), SUCCESS);
}

/* Somebody with a project of their own. */
static void bystander_is_served(void)
{
	context_leave(&w.client.lease);
	must(caller_call(&w.bystander, "get_voxel", "{\"x\":1,\"y\":1,\"z\":1,\"project_id\":1}"),
	     "\"color\":[1,2,3,255]");
	must(caller_call(&w.bystander, "render_scene",
			 "{\"width\":32,\"height\":32,\"project_id\":1}"),
	     "\"image\":");
	context_leave(&w.bystander.lease);
}

/* Refused, with the reason. */
static void fails(const char *method, const char *params)
{
	const char *got = caller_call(&w.client, method, params);

	must(got, "{\"code\":-");
	must(got, REASON);
	bystander_is_served();
}

static int open_world(void **state)
{
	const char *const *names = *state;

	block_pool_drop();
	w.used = budget_used();
	assert_int_equal(temp_dir_open(&w.dir), 0);
	caller_open(&w.client, names[0], names[1]);
	caller_join(&w.bystander, w.client.context, names[1]);
	must(caller_call(&w.bystander, "create_project", "[\"theirs\"]"), "\"project_id\":1");
	must(caller_call(&w.bystander, "add_voxel", "[1,1,1,1,2,3]"), SUCCESS);
	context_leave(&w.bystander.lease);
	budget_set_limit(LIMIT);
	works("create_project", "[\"mine\"]");
	return 0;
}

static int close_world(void **state)
{
	(void)state;
	works("close_project", "");
	must(caller_call(&w.bystander, "close_project", "{\"project_id\":1}"), SUCCESS);
	caller_part(&w.bystander);
	caller_close(&w.client);
	temp_dir_close(&w.dir);
	block_pool_drop();
	assert_int_equal(budget_used(), w.used);
	budget_set_limit(0);
	return 0;
}

/* A voxel in each of that many blocks. free() it. */
static char *voxels_in(int blocks_count, int blue)
{
	struct strbuf sb = { 0 };

	strbuf_add_str(&sb, "{\"voxels\":[");
	for (int i = 0; i < blocks_count; i++)
		strbuf_addf(&sb, "%s[%d,0,5,10,20,%d,255]", i ? "," : "", 16 * i, blue);
	strbuf_add_str(&sb, "]}");
	return strbuf_take(&sb);
}

static const char *add_voxels(int blocks_count, int blue)
{
	char *params = voxels_in(blocks_count, blue);
	const char *got = caller_call(&w.client, "add_voxels", params);

	free(params);
	return got;
}

static void add_some(void)
{
	must(add_voxels(SOME, 1), SUCCESS);
}

/* Two in each block: what takes one of them cannot share the block. */
static void add_pairs(void)
{
	struct strbuf sb = { 0 };

	strbuf_add_str(&sb, "{\"voxels\":[");
	for (int i = 0; i < SOME; i++)
		strbuf_addf(&sb, "%s[%d,0,5,10,20,1,255],[%d,0,12,10,20,2,255]", i ? "," : "",
			    16 * i, 16 * i);
	strbuf_add_str(&sb, "]}");
	must(caller_call(&w.client, "add_voxels", sb.ptr), SUCCESS);
	strbuf_deinit(&sb);
}

static void has_voxels(int count, int blue)
{
	char part[64];

	snprintf(part, sizeof(part), "\"voxel_count\":%d,", count);
	must(caller_call(&w.client, "get_project_info", ""), part);
	snprintf(part, sizeof(part), "\"color\":[10,20,%d,255]", blue);
	must(caller_call(&w.client, "get_voxel", "[160,0,5]"), part);
}

static void test_layers(void **state)
{
	(void)state;
	add_some();
	must(add_voxels(MANY, 2), REASON);
	bystander_is_served();
	has_voxels(SOME, 1);
	/* What fits still works. */
	works("add_voxel", "[0,0,100,1,1,1]");
	works("undo", "");
	works("undo", "");
	must(caller_call(&w.client, "get_project_info", ""), "\"voxel_count\":0,");
}

static void test_history(void **state)
{
	(void)state;
	add_some();
	must(add_voxels(SOME, 2), SUCCESS); /* and the blocks before */
	must(add_voxels(SOME, 3), REASON);
	bystander_is_served();
	has_voxels(SOME, 2);
	/* Undo and redo need no more than there is. */
	works("undo", "");
	has_voxels(SOME, 1);
	works("redo", "");
	has_voxels(SOME, 2);
}

static void test_selection_and_clipboard(void **state)
{
	(void)state;
	add_pairs();
	works("select_by_color", "{\"color\":[10,20,1,255]}");
	fails("copy_selection", "");
	works("clear_selection", "");
	works("select_region", "{\"min\":[0,0,0],\"max\":[100000,10,8]}");
	works("copy_selection", "");
	fails("select_by_color", "{\"color\":[10,20,1,255]}");
	must(caller_call(&w.client, "get_selection", ""), "\"max\":[100000,10,8]");
	has_voxels(2 * SOME, 1);
}

static void test_move(void **state)
{
	(void)state;
	add_pairs();
	works("select_region", "{\"min\":[0,0,0],\"max\":[100000,10,8]}");
	fails("move_selection", "{\"dx\":1}");
	has_voxels(2 * SOME, 1);
	must(caller_call(&w.client, "get_selection", ""), "\"min\":[0,0,0]");
}

static void *render(void *arg)
{
	struct caller *c = arg;

	caller_call(c, "render_scene", "{\"width\":2048,\"height\":2048,\"project_id\":2}");
	return NULL;
}

static void test_pictures(void **state)
{
	struct caller callers[THREADS];
	pthread_t threads[THREADS];

	(void)state;
	fails("render_scene", "{\"width\":4096,\"height\":4096}");
	/* 16 MiB each, with 14 left for all. */
	must(add_voxels(2 * SOME, 1), SUCCESS);
	context_leave(&w.client.lease);
	caller_part(&w.bystander);
	for (int i = 0; i < THREADS; i++)
		caller_join(&callers[i], w.client.context, "scalar");
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, render, &callers[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		must(callers[i].out.ptr, REASON);
		caller_part(&callers[i]);
	}
	caller_join(&w.bystander, w.client.context, "scalar");
	bystander_is_served();
	works("undo", "");
	works("render_scene", "{\"width\":512,\"height\":512}");
}

static char *path_params(const char *name, const char *more)
{
	static char params[256];

	snprintf(params, sizeof(params), "{\"path\":\"%s/%s\"%s}", w.dir.path, name, more);
	return params;
}

static void test_files_out(void **state)
{
	char path[128];

	(void)state;
	/* Two million voxels in few blocks: 40 MB of text. */
	works("fill_region", "{\"min\":[0,0,0],\"max\":[127,127,127],\"color\":[9,9,9,255]}");
	fails("export_model", path_params("a.txt", ""));
	fails("export_model", path_params("a.qb", ",\"format\":\"povray\""));
	assert_int_not_equal(access(temp_dir_path(&w.dir, "a.txt", path, sizeof(path)), F_OK), 0);
	/* Where projects fill their part, the rest is enough for a save. */
	works("clear_layer", "[1]");
	must(add_voxels(2 * SOME, 1), SUCCESS);
	must(add_voxels(MANY, 1), REASON);
	works("save_project", path_params("a.gox", ""));
}

static void write_text(const char *name, int count)
{
	char path[128];
	FILE *f = fopen(temp_dir_path(&w.dir, name, path, sizeof(path)), "w");

	assert_non_null(f);
	for (int i = 0; i < count; i++)
		fprintf(f, "%d 0 0 0a1402\n", 16 * i);
	assert_int_equal(fclose(f), 0);
}

static void test_files_in(void **state)
{
	char path[128];

	(void)state;
	write_text("many.txt", MANY);
	add_some();
	fails("import_model", path_params("many.txt", ""));
	fails("load_project", path_params("many.txt", ""));
	has_voxels(SOME, 1);
	must(caller_call(&w.client, "list_projects", ""), "\"count\":2");
	/* A file that is longer than all of it. */
	assert_int_equal(truncate(temp_dir_path(&w.dir, "many.txt", path, sizeof(path)),
				  (off_t)(LIMIT + MIB)),
			 0);
	fails("load_project", path_params("many.txt", ""));
}

/* So that little more is left than what is used now. */
static void leave_mib(uint64_t mib)
{
	budget_set_limit(budget_used() + mib * MIB);
}

static void test_colors(void **state)
{
	char path[128];
	FILE *f = fopen(temp_dir_path(&w.dir, "colors.txt", path, sizeof(path)), "w");

	(void)state;
	assert_non_null(f);
	for (int i = 0; i < 1 << 18; i++)
		fprintf(f, "%d %d %d %06x\n", i & 63, i >> 6 & 63, i >> 12, i);
	assert_int_equal(fclose(f), 0);
	works("import_model", path_params("colors.txt", ""));
	must(caller_call(&w.client, "get_color_histogram", "{\"top_n\":1}"),
	     "\"unique_colors\":262144");
	leave_mib(2);
	fails("get_color_histogram", "{\"top_n\":1}");
	fails("get_unique_colors", "");
	must(caller_call(&w.client, "get_color_histogram", "{\"top_n\":1,\"bin_size\":64}"),
	     "\"unique_colors\":");
}

static void test_work_lists(void **state)
{
	struct workspace *workspace = w.client.lease.workspace;

	(void)state;
	leave_mib(2);
	assert_null(workspace_voxels(workspace, 200000));
	assert_non_null(workspace_voxels(workspace, 50000));
	/* A hollow sphere keeps slices of itself: 4 MiB. */
	fails("procedural_shape", "{\"shape_type\":\"sphere\",\"size\":4000,\"hollow\":true,"
				  "\"thickness\":64,\"color\":[1,1,1,255]}");
	must(caller_call(&w.client, "get_project_info", ""), "\"voxel_count\":0,");
}

#define CASES(i)                                                                            \
	CASE(test_layers, i), CASE(test_history, i), CASE(test_selection_and_clipboard, i), \
		CASE(test_move, i), CASE(test_pictures, i), CASE(test_files_out, i),        \
		CASE(test_files_in, i), CASE(test_colors, i), CASE(test_work_lists, i)
#define CASE(test, i) \
	cmocka_unit_test_prestate_setup_teardown(test, open_world, close_world, (void *)axes[i])

int main(void)
{
	const struct CMUnitTest tests[] = { CASES(0), CASES(1) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
