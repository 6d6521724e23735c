/*
 * Issue 7, item 3: every method that can run long stops when nobody wants its result any more or
 * its time is over. It then answers with that fault, has changed nothing and left no file, and
 * works afterwards. A list says of all other methods why they cannot run long.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "daemon/base/cancel.h"
#include "daemon/base/strbuf.h"
#include "daemon/test/method_checks.h"
#include "daemon/test/temp_dir.h"

/* ---- methods that cannot run long ---------------------------------------------- */

static const char one_voxel[] = "one voxel";
static const char no_voxels[] = "layers, cameras or numbers, no voxels";
static const char text_only[] = "time grows with the text of the request or the reply alone";
static const char few_blocks[] =
	"looks at or gives back each of at most 65536 blocks once: < 60 ms";
static const char own_limit[] = "has its own time limit and asks while it waits";

static const struct {
	const char *method;
	const char *why;
} bounded[] = {
	{ "ping", no_voxels },
	{ "echo", text_only },
	{ "version", no_voxels },
	{ "status", no_voxels },
	{ "list_methods", no_voxels },
	{ "get_config", no_voxels },
	{ "set_config", no_voxels },
	{ "create_project", few_blocks }, /* of the project that is closed in its place */
	{ "get_status", no_voxels },
	{ "get_project_info", few_blocks },
	{ "close_project", few_blocks },
	{ "add_voxel", one_voxel },
	{ "remove_voxel", one_voxel },
	{ "get_voxel", one_voxel },
	{ "paint_voxels", one_voxel },
	{ "get_bounding_box", few_blocks },
	{ "list_layers", no_voxels },
	{ "create_layer", no_voxels },
	{ "delete_layer", few_blocks },
	{ "rename_layer", no_voxels },
	{ "duplicate_layer", no_voxels }, /* the blocks are shared */
	{ "reorder_layer", no_voxels },
	{ "set_layer_visibility", no_voxels },
	{ "set_layer_opacity", no_voxels },
	{ "set_active_layer", no_voxels },
	{ "clear_layer", few_blocks },
	{ "clear_selection", few_blocks },
	{ "get_render_info", no_voxels },
	{ "cleanup_render", no_voxels },
	{ "list_renders", no_voxels }, /* 4096 entries at most */
	{ "get_render_stats", no_voxels },
	{ "cleanup_expired", no_voxels },
	{ "execute_script", own_limit },
	{ "get_camera", no_voxels },
	{ "set_camera", no_voxels },
	{ "undo", few_blocks }, /* exchanges them */
	{ "redo", few_blocks },
	{ "heap_profile", text_only },
	{ "debug_trigger_gc", few_blocks },
	{ "shutdown", no_voxels },
};

/* ---- methods that can ------------------------------------------------------------ */

static struct temp_dir dir;
static bool is_thorough; /* stop it between its first question and its last, too */

/* Parameters as text; "%s" stands for the folder. */
static const struct work {
	const char *method;
	const char *params; /* NULL: make writes them */
	void (*make)(struct strbuf *params);
	const char *before; /* a method that makes what this one needs, and its parameters */
	const char *before_params;
} works[];

static void make_rows(struct strbuf *out)
{
	strbuf_add_str(out, "{\"voxels\":[[0,0,0,1,2,3,255]");
	for (int i = 1; i < 5000; i++)
		strbuf_addf(out, ",[%d,%d,%d,9,9,9,255]", i % 70, i / 70, i % 3);
	strbuf_add_str(out, "]}");
}

static void make_elements(struct strbuf *out)
{
	strbuf_add_str(out, "{\"voxels\":[{\"position\":[0,0,0]}");
	for (int i = 1; i < 5000; i++)
		strbuf_addf(out, ",{\"position\":[%d,%d,0],\"color\":\"#ff0000\"}", i % 70, i / 70);
	strbuf_add_str(out, "]}");
}

static void make_operations(struct strbuf *out)
{
	strbuf_add_str(out, "{\"operations\":[{\"x\":300,\"y\":0,\"z\":0}");
	for (int i = 1; i < 100; i++)
		strbuf_addf(out, ",{\"type\":\"%s\",\"x\":%d,\"y\":0,\"z\":0}",
			    i % 2 ? "remove" : "add", i);
	strbuf_add_str(out, "]}");
}

static void make_strokes(struct strbuf *out)
{
	strbuf_add_str(out, "{\"operations\":[");
	for (int i = 0; i < 8; i++)
		strbuf_addf(out,
			    "%s{\"type\":\"brush_stroke\",\"size\":20,\"color\":[9,9,%d],"
			    "\"positions\":[[0,0,%d],[30,9,0]]}",
			    i ? "," : "", i, 5 * i);
	strbuf_add_str(out, "]}");
}

static void make_positions(struct strbuf *out)
{
	strbuf_add_str(out, "{\"positions\":[[0,0,0]");
	for (int i = 1; i < 2000; i++)
		strbuf_addf(out, ",[%d,%d,0]", i % 50, i / 50);
	strbuf_add_str(out, "]}");
}

#define WHOLE  "{\"min\":[0,0,0],\"max\":[66,66,66]}"
#define CHOSEN "select_region", WHOLE

static const struct work works[] = {
	{ "add_voxels", NULL, make_rows, NULL, NULL },
	{ "add_voxels", NULL, make_elements, NULL, NULL },
	{ "flood_fill", "{\"position\":[1,2,0],\"color\":[7,7,7]}", NULL, NULL, NULL },
	{ "flood_fill", "{\"position\":[1,2,0],\"color\":[7,7,7],\"tolerance\":9}", NULL, NULL,
	  NULL },
	{ "fill_region", "{\"min\":[3,3,3],\"max\":[99,99,99],\"color\":[7,7,7]}", NULL, NULL,
	  NULL },
	{ "fill_region", "{\"min\":[0,0,0],\"max\":[66,66,66],\"color\":[0,0,0,0]}", NULL, NULL,
	  NULL },
	{ "procedural_shape", "{\"shape_type\":\"sphere\",\"size\":90}", NULL, NULL, NULL },
	{ "procedural_shape", "{\"shape_type\":\"cone\",\"size\":90,\"hollow\":true}", NULL, NULL,
	  NULL },
	{ "procedural_shape", "{\"shape_type\":\"sphere\",\"size\":90,\"color\":[0,0,0,0]}", NULL,
	  NULL, NULL },
	{ "brush_stroke", "{\"positions\":[[0,0,0],[50,9,9]],\"size\":20}", NULL, NULL, NULL },
	{ "brush_stroke", NULL, make_positions, NULL, NULL },
	{ "batch_operations", NULL, make_operations, NULL, NULL },
	{ "batch_operations", NULL, make_strokes, NULL, NULL },
	{ "get_voxels_region", "{\"min\":[0,0,0],\"max\":[66,66,66],\"limit\":2000}", NULL, NULL,
	  NULL },
	{ "get_layer_voxels", "{\"layer_id\":-2,\"limit\":2000}", NULL, NULL, NULL },
	{ "get_color_histogram", "{\"layer_id\":-2}", NULL, NULL, NULL },
	{ "get_color_histogram", "{\"region\":" WHOLE "}", NULL, NULL, NULL },
	{ "get_unique_colors", "{\"layer_id\":-2}", NULL, NULL, NULL },
	{ "find_voxels_by_color", "{\"color\":[9,9,9],\"tolerance\":255}", NULL, NULL, NULL },
	{ "merge_layers", "{\"source_layer_id\":2,\"target_layer_id\":1}", NULL, NULL, NULL },
	{ "select_region", WHOLE, NULL, NULL, NULL },
	{ "select_by_color", "{\"color\":[9,9,9],\"tolerance\":255}", NULL, NULL, NULL },
	{ "get_selection", "", NULL, CHOSEN },
	{ "copy_selection", "", NULL, CHOSEN },
	{ "cut_selection", "", NULL, CHOSEN },
	{ "delete_selection", "", NULL, CHOSEN },
	{ "fill_selection", "{\"color\":[1,1,1]}", NULL, CHOSEN },
	{ "move_selection", "{\"dx\":5}", NULL, CHOSEN },
	{ "paste_selection", "{\"position\":[5,5,5]}", NULL, "copy_selection", "" },
	{ "list_projects", "", NULL, NULL, NULL },
	{ "save_project", "{\"path\":\"%s/out.gox\"}", NULL, NULL, NULL },
	{ "export_model", "{\"path\":\"%s/out.gox\"}", NULL, NULL, NULL },
	{ "export_model", "{\"path\":\"%s/out.vox\"}", NULL, NULL, NULL },
	{ "export_model", "{\"path\":\"%s/out.qb\"}", NULL, NULL, NULL },
	{ "export_model", "{\"path\":\"%s/out.txt\"}", NULL, NULL, NULL },
	{ "export_model", "{\"path\":\"%s/out.obj\"}", NULL, NULL, NULL },
	{ "export_model", "{\"path\":\"%s/out.ply\"}", NULL, NULL, NULL },
	{ "export_model", "{\"path\":\"%s/out.stl\"}", NULL, NULL, NULL },
	{ "export_model", "{\"path\":\"%s/out.gltf\"}", NULL, NULL, NULL },
	{ "export_model", "{\"path\":\"%s/out.glb\"}", NULL, NULL, NULL },
	{ "export_model", "{\"path\":\"%s/out.pov\"}", NULL, NULL, NULL },
	{ "export_model", "{\"path\":\"%s/out.png\"}", NULL, NULL, NULL },
	{ "load_project", "{\"path\":\"%s/in.gox\"}", NULL, NULL, NULL },
	{ "load_project", "{\"path\":\"%s/in.vox\"}", NULL, NULL, NULL },
	{ "load_project", "{\"path\":\"%s/in.qb\"}", NULL, NULL, NULL },
	{ "load_project", "{\"path\":\"%s/in.txt\"}", NULL, NULL, NULL },
	{ "import_model", "{\"path\":\"%s/in.gox\"}", NULL, NULL, NULL },
	{ "render_scene", "{\"width\":64,\"height\":64}", NULL, NULL, NULL },
	{ "render_scene", "{\"output_path\":\"%s/out.png\",\"width\":64,\"height\":64}", NULL, NULL,
	  NULL },
};

enum { WORKS_COUNT = sizeof(works) / sizeof(works[0]) };

/* ---- the question ------------------------------------------------------------------ */

/* Says yes until it has been asked so often. */
struct asker {
	unsigned yes_count;
	unsigned asked_count;
	int answer;
};

static int ask(void *ctx)
{
	struct asker *a = ctx;

	return a->asked_count++ < a->yes_count ? 0 : a->answer;
}

/* The reply of a call whose every check asks. */
static const char *call_asking(struct asker *a, const struct work *w, const char *params)
{
	const char *reply;

	cancel_set_pace_ms(0);
	cancel_begin(ask, a);
	reply = caller_call(&method_caller, w->method, params);
	cancel_end();
	cancel_set_pace_ms(CANCEL_ASK_MS);
	return reply;
}

/* ---- what must stay ------------------------------------------------------------------ */

static void add_reply(struct strbuf *out, const char *method, const char *params)
{
	strbuf_add_str(out, caller_call(&method_caller, method, params));
	strbuf_add_char(out, '\n');
}

static void add_files(struct strbuf *out)
{
	DIR *d = opendir(dir.path);
	unsigned count = 0;

	assert_non_null(d);
	while (readdir(d)) /* NOLINT(concurrency-mt-unsafe): one thread */
		count++;
	closedir(d);
	strbuf_addf(out, "%u files\n", count);
}

/* Everything that a client can see of the project, and the names in the folder. */
static void look(struct strbuf *out)
{
	strbuf_clear(out);
	add_reply(out, "list_projects", "");
	add_reply(out, "list_layers", "");
	add_reply(out, "get_color_histogram", "{\"layer_id\":-2}");
	add_reply(out, "get_voxels_region",
		  "{\"min\":[0,0,0],\"max\":[20,20,2],\"limit\":500,\"layer_id\":-2}");
	add_reply(out, "get_selection", "");
	add_files(out);
	assert_false(out->failed);
}

/* What the clipboard holds can only be seen by pasting it. */
static void look_at_clipboard(struct strbuf *out)
{
	strbuf_clear(out);
	add_reply(out, "paste_selection", "{\"position\":[500,0,0]}");
	want_part("undo", "", "\"success\":");
}

/* ---- the world ------------------------------------------------------------------------ */

/* 125 blocks and more of several colors in layer 1, a translucent ball in layer 2. */
static void make_world(void)
{
	char params[64];

	want_start("create_project", "[\"world\"]", SUCCESS);
	want_start("fill_region", "{\"min\":[0,0,0],\"max\":[66,66,66],\"color\":[9,9,9]}",
		   SUCCESS);
	for (int i = 0; i < 300; i++) {
		snprintf(params, sizeof(params), "[%d,%d,%d,%d,%d,%d]", i % 67, i * 7 % 67,
			 i * 3 % 67, i & 255, 255 - (i & 127), i * 5 & 255);
		want_start("add_voxel", params, SUCCESS);
	}
	want_start("create_layer", "[\"ball\"]", SUCCESS);
	want_start("procedural_shape",
		   "{\"shape_type\":\"sphere\",\"size\":60,\"center\":[40,40,80],"
		   "\"color\":[200,0,0,200]}",
		   SUCCESS);
	want_start("set_active_layer", "{\"layer_id\":1}", SUCCESS);
	want_start("select_region", "{\"min\":[0,0,0],\"max\":[9,9,9]}", SUCCESS);
	want_start("copy_selection", "", SUCCESS);
}

static void close_projects(void)
{
	while (strncmp(caller_call(&method_caller, "close_project", ""), SUCCESS,
		       sizeof(SUCCESS) - 1) == 0)
		;
}

/* Files to open, of that world. */
static void make_inputs(void)
{
	static const char *const inputs[] = { "gox", "vox", "qb", "txt" };
	char params[200];

	make_world();
	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		snprintf(params, sizeof(params), "{\"path\":\"%s/in.%s\"}", dir.path, inputs[i]);
		want_start("export_model", params, SUCCESS);
	}
	close_projects();
}

/* w->params with the folder in the place of "%s". */
static void make_params(const struct work *w, struct strbuf *out)
{
	const char *folder = w->params ? strstr(w->params, "%s") : NULL;

	strbuf_clear(out);
	if (w->make)
		w->make(out);
	else
		strbuf_add(out, w->params,
			   folder ? (size_t)(folder - w->params) : strlen(w->params));
	if (folder) {
		strbuf_add_str(out, dir.path);
		strbuf_add_str(out, folder + 2);
	}
	strbuf_add_char(out, 0);
	assert_false(out->failed);
}

/* How often the method asks when it may go on; it succeeds. */
static unsigned count_questions(const struct work *w, const char *params)
{
	struct asker a = { .yes_count = UINT32_MAX };
	const char *reply = call_asking(&a, w, params);

	if (strncmp(reply, "{\"code\"", 7) == 0)
		fail_msg("%s %s: %s", w->method, params, reply);
	return a.asked_count;
}

static void check_stop(const struct work *w, const char *params, unsigned yes_count, int code)
{
	struct asker a = { .yes_count = yes_count, .answer = code };
	const char *part = code == -ETIMEDOUT ? "stopped: the request took longer"
					      : "stopped: the client has disconnected";
	struct strbuf before = { 0 };
	struct strbuf after = { 0 };
	const char *reply;

	look(&before);
	reply = call_asking(&a, w, params);
	if (strncmp(reply, "{\"code\"", 7) != 0 || !strstr(reply, part))
		fail_msg("%s after %u: %.300s", w->method, yes_count, reply);
	assert_int_equal(a.asked_count, yes_count + 1);
	look(&after);
	if (strcmp(before.ptr, after.ptr) != 0)
		fail_msg("%s after %u\nbefore %.2000s\nafter  %.2000s", w->method, yes_count,
			 before.ptr, after.ptr);
	strbuf_deinit(&before);
	strbuf_deinit(&after);
}

/* Stops it at its first question, its last and some between, then lets it run. */
static void check_work(const struct work *w)
{
	struct strbuf params = { 0 };
	struct strbuf before = { 0 };
	struct strbuf after = { 0 };
	unsigned count;

	make_world();
	if (w->before)
		want_start(w->before, w->before_params, SUCCESS);
	make_params(w, &params);
	look_at_clipboard(&before);
	check_stop(w, params.ptr, 0, -ECANCELED);
	check_stop(w, params.ptr, 0, -ETIMEDOUT);
	count = count_questions(w, params.ptr);
	if (!count)
		fail_msg("%s %.200s does not ask", w->method, params.ptr);
	close_projects();
	make_world();
	if (w->before)
		want_start(w->before, w->before_params, SUCCESS);
	for (unsigned k = 1; is_thorough && k < count - 1; k *= 8)
		check_stop(w, params.ptr, k, -ECANCELED);
	check_stop(w, params.ptr, count - 1, -ECANCELED);
	look_at_clipboard(&after);
	assert_string_equal(before.ptr, after.ptr);
	count_questions(w, params.ptr);
	close_projects();
	strbuf_deinit(&params);
	strbuf_deinit(&before);
	strbuf_deinit(&after);
}

static void test_long_work_stops(void **state)
{
	(void)state;
	make_inputs();
	for (size_t i = 0; i < WORKS_COUNT; i++)
		check_work(&works[i]);
}

static bool is_listed(const char *name)
{
	for (size_t i = 0; i < WORKS_COUNT; i++)
		if (!strcmp(works[i].method, name))
			return true;
	for (size_t i = 0; i < sizeof(bounded) / sizeof(bounded[0]); i++)
		if (!strcmp(bounded[i].method, name))
			return true;
	return false;
}

static void test_every_method_is_bounded_or_stops(void **state)
{
#define METHOD(name) #name,
#define ALIAS(other, name)
	static const char *const names[] = {
#include "daemon/rpc/method_names.def"
	};
#undef METHOD
#undef ALIAS

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!is_listed(names[i]))
			fail_msg("%s is in no list of this test", names[i]);
}

static int open_world(void **state)
{
	(void)state;
	return temp_dir_open(&dir);
}

static int close_world(void **state)
{
	(void)state;
	temp_dir_close(&dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_long_work_stops),
		cmocka_unit_test(test_every_method_is_bounded_or_stops),
	};
	const size_t count = sizeof(tests) / sizeof(tests[0]);
	int failed;

	if (open_world(NULL) < 0)
		return 1;
	failed = method_checks_run_with("per-worker", "dom", tests, count);
	is_thorough = true;
	failed += method_checks_run_with("shared", "simd", tests, count);
	close_world(NULL);
	return failed;
}
