/* shapes, fills, batches of operations, selections, colors and cameras by their methods. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/base/strbuf.h"
#include "daemon/test/method_checks.h"

static void test_paint_wants_a_voxel(void **state)
{
	(void)state;
	fresh();
	want_code("paint_voxels", "[0,0,0,1,2,3]", -1009, "there is no voxel at 0,0,0");
	want_start("add_voxel", "[0,0,0]", SUCCESS);
	want("paint_voxels", "[0,0,0,1,2,3,0,1]", "{\"success\":true,\"painted\":1}");
	want_color("[0,0,0]", "[1,2,3,255]");
	want_start("remove_voxel", "[0,0,0]", SUCCESS);
	want_start("remove_voxel", "[0,0,0]", SUCCESS);
	want_color("[0,0,0]", "[0,0,0,0]");
}

static void test_shapes(void **state)
{
	(void)state;
	fresh();
	want("procedural_shape", "[\"cube\",3,3,3,0,0,0,10,20,30]",
	     "{\"success\":true,\"shape_type\":\"box\",\"voxels_created\":27}");
	want_part("get_bounding_box", "", "\"min\":[-1,-1,-1],\"max\":[1,1,1]");
	want_color("[0,0,0]", "[10,20,30,255]");
	want_part(
		"procedural_shape",
		"{\"shape_type\":\"sphere\",\"size\":5,\"center\":[100,0,0],\"color\":\"#ffffff\"}",
		"\"voxels_created\":81");
	want_part("procedural_shape",
		  "{\"shape_type\":\"box\",\"size\":[4,4,4],\"center\":[50,0,0],\"hollow\":true}",
		  "\"voxels_created\":56");
	want_part("procedural_shape",
		  "{\"shape_type\":\"line\",\"from\":[0,0,50],\"to\":[9,3,50],\"r\":1}",
		  "\"voxels_created\":10");
	want_part("procedural_shape", "{\"size\":3,\"color\":[0,0,0,0]}", "\"voxels_created\":27");
	want_color("[0,0,0]", "[0,0,0,0]");
	want_part("procedural_shape", "{\"size_x\":-1}", "\"voxels_created\":1000");
	want_code("procedural_shape", "[\"blob\"]", -1011, "shape_type: must be");
	want_code("procedural_shape", "{\"size_x\":5000}", RPC_INVALID_PARAMS, "size_x: must be");
	want_code("procedural_shape", "{\"size\":5000}", RPC_INVALID_PARAMS, "size: must be");
	want_code("procedural_shape", "{\"axis\":\"w\"}", RPC_INVALID_PARAMS, "axis: must be");
	want_code("procedural_shape", "{\"shape_type\":\"torus\",\"size\":[10,9,2]}",
		  RPC_INVALID_PARAMS, "size: a torus");
	want_code("procedural_shape", "{\"center\":[2147483647,0,0]}", RPC_INVALID_PARAMS,
		  "center: the shape would leave");
	want_code("procedural_shape", "{\"layer_id\":9}", -1011, "layer_id: there is no");
	want_part("undo", "", "\"operation\":\"procedural shape\"");
}

static void test_fills(void **state)
{
	(void)state;
	fresh();
	want_start("fill_region", "{\"min\":[0,0,0],\"max\":[9,9,9],\"color\":[1,1,1]}",
		   "{\"success\":true,\"voxels_filled\":1000}");
	want("flood_fill", "[5,5,5,200,0,0]", "{\"success\":true,\"voxels_filled\":1000}");
	want_color("[9,9,9]", "[200,0,0,255]");
	want_code("flood_fill", "{\"position\":[0,0,0],\"color\":[1,2,3],\"limit\":999}", -1010,
		  "limit: more than 999");
	want_color("[9,9,9]", "[200,0,0,255]");
	want("flood_fill", "{\"position\":[0,0,0],\"color\":[1,2,3],\"limit\":1000}",
	     "{\"success\":true,\"voxels_filled\":1000}");
	want_code("flood_fill", "[5000,0,0,1,1,1]", -1010, "outside the bounds");
	want_part("fill_region", "{\"min\":[2,2,2],\"max\":[7,7,7],\"color\":[0,0,0,0]}",
		  "\"voxels_filled\":216");
	want_part("flood_fill",
		  "{\"position\":[4,4,4],\"color\":[9,9,9],"
		  "\"region\":{\"min\":[3,3,3],\"max\":[5,5,5]}}",
		  "\"voxels_filled\":27");
	want_part("flood_fill", "{\"position\":[2,2,2],\"color\":[8,8,8]}",
		  "\"voxels_filled\":189");
	want_code("fill_region", "{\"min\":[0,0,1],\"max\":[0,0,0]}", RPC_INVALID_PARAMS,
		  "max: must not be");
	want_code("fill_region", "{\"min\":[-2000000,0,0],\"max\":[2000000,99,0]}",
		  RPC_INTERNAL_ERROR, "the project is full");
	want_part("get_project_info", "", "\"voxel_count\":1000");
	want_part("brush_stroke", "{\"positions\":[[0,0,50],[9,0,50]],\"size\":1}",
		  "\"voxels_changed\":10");
	want_code("brush_stroke", "{\"positions\":[]}", RPC_INVALID_PARAMS, "positions: must not");
	want_code("brush_stroke", "{\"positions\":[[0,0,0],[4000,0,0]],\"size\":64}",
		  RPC_INVALID_PARAMS, "positions: the stroke is too long");
}

/* 17 strokes of 250 cubes of 64^3 each, whole blocks at one place: each is within its bound, all of
 * them are not, and nothing is done. */
static void test_strokes_of_a_request_are_bounded(void **state)
{
	struct strbuf text = { 0 };

	(void)state;
	fresh();
	strbuf_add_str(&text, "{\"operations\":[");
	for (int i = 0; i < 17; i++) {
		strbuf_addf(&text,
			    "%s{\"type\":\"brush_stroke\",\"shape\":\"cube\",\"size\":64,"
			    "\"positions\":[[32,32,32]",
			    i ? "," : "");
		for (int k = 1; k < 250; k++)
			strbuf_add_str(&text, ",[32,32,32]");
		strbuf_add_str(&text, "]}");
	}
	strbuf_add(&text, "]}", 3);
	want_code("batch_operations", text.ptr, RPC_INVALID_PARAMS,
		  "operation 16: positions: all strokes together are too long");
	want_part("get_project_info", "", "\"voxel_count\":0");
	strbuf_deinit(&text);
}

static void test_batch_operations(void **state)
{
	(void)state;
	fresh();
	want("batch_operations",
	     "[{\"operations\":["
	     "{\"type\":\"add_voxel\",\"x\":0,\"y\":0,\"z\":0,\"r\":1,\"g\":2,\"b\":3},"
	     "{\"position\":[1,0,0],\"color\":\"#040506\"},"
	     "{\"type\":\"paint_voxel\",\"x\":1,\"y\":0,\"z\":0,\"color\":[7,7,7]},"
	     "{\"type\":\"fill_region\",\"min\":[10,0,0],\"max\":[19,0,0]},"
	     "{\"type\":\"clear_region\",\"min\":[12,0,0],\"max\":[13,0,0]},"
	     "{\"type\":\"procedural_shape\",\"size\":3,\"center\":[50,0,0]},"
	     "{\"type\":\"flood_fill\",\"x\":50,\"y\":0,\"z\":0,\"color\":[5,5,5]},"
	     "{\"type\":\"remove_voxel\",\"x\":0,\"y\":0,\"z\":0}]}]",
	     "{\"success\":true,\"total_operations\":8,\"successful_operations\":8,"
	     "\"failed_operations\":0,\"voxels_changed\":70,\"errors\":[]}");
	want_color("[1,0,0]", "[7,7,7,255]");
	want_color("[51,1,1]", "[5,5,5,255]");
	want_part("get_project_info", "", "\"voxel_count\":36");
	want_start("undo", "", SUCCESS);
	want_part("get_project_info", "", "\"voxel_count\":0");
	want("goxel.batch_operations",
	     "{\"operations\":[{\"type\":\"add_voxel\",\"x\":0,\"y\":0},"
	     "{\"type\":\"fly\"},5,{\"type\":\"paint\",\"position\":[3,3,3]},"
	     "{\"type\":\"add\",\"position\":[3,3,3]}]}",
	     "{\"success\":false,\"total_operations\":5,\"successful_operations\":1,"
	     "\"failed_operations\":4,\"voxels_changed\":1,\"errors\":["
	     "{\"index\":0,\"message\":\"z: is missing\"},"
	     "{\"index\":1,\"message\":\"type: unknown operation\"},"
	     "{\"index\":2,\"message\":\"must be an object\"},"
	     "{\"index\":3,\"message\":\"there is no voxel at 3,3,3\"}]}");
	want_code("batch_operations",
		  "{\"operations\":[{\"type\":\"add\",\"position\":[9,9,9]},"
		  "{\"type\":\"flood_fill\",\"position\":[0,0,0],\"limit\":5,\"color\":[1,1,1]}]}",
		  -1010, "operation 1: limit: more than 5");
	want_color("[9,9,9]", "[0,0,0,0]");
	want_code("batch_operations", "", RPC_INVALID_PARAMS, "operations: is missing");
}

static void test_color_analysis(void **state)
{
	(void)state;
	fresh();
	want_start("fill_region", "{\"min\":[0,0,0],\"max\":[2,0,0],\"color\":[16,32,255]}",
		   SUCCESS);
	want_start("add_voxel", "[9,0,0,20,30,250]", SUCCESS);
	want("get_color_histogram", "",
	     "{\"histogram\":[{\"color\":\"#1020FFFF\",\"rgba\":[16,32,255,255],\"count\":3,"
	     "\"percentage\":75},{\"color\":\"#141EFAFF\",\"rgba\":[20,30,250,255],\"count\":1,"
	     "\"percentage\":25}],\"total_voxels\":4,\"unique_colors\":2,"
	     "\"metadata\":{\"binned\":false}}");
	want_part("get_color_histogram", "{\"bin_size\":50}",
		  "[{\"color\":\"#1919FFFF\",\"rgba\":[25,25,255,255],\"count\":4,");
	want_part("get_color_histogram", "{\"top_n\":1}", "\"unique_colors\":2");
	want_part("get_color_histogram", "{\"region\":{\"min\":[1,0,0],\"max\":[50,0,0]}}",
		  "\"total_voxels\":3");
	want("get_unique_colors", "",
	     "{\"colors\":[{\"hex\":\"#1020FFFF\",\"rgba\":[16,32,255,255]},"
	     "{\"hex\":\"#141EFAFF\",\"rgba\":[20,30,250,255]}],\"count\":2,"
	     "\"metadata\":{\"layer_id\":1,\"sorted_by_count\":false}}");
	want_part("get_unique_colors", "{\"merge_similar\":true,\"merge_threshold\":50}",
		  "\"count\":1");
	want("find_voxels_by_color", "{\"color\":[20,30,250]}",
	     "{\"target_color\":\"#141EFAFF\",\"locations\":[{\"x\":9,\"y\":0,\"z\":0,"
	     "\"layer_id\":1,\"layer\":\"Layer.1\"}],\"match_count\":1,\"truncated\":false,"
	     "\"metadata\":{\"tolerance\":[0,0,0,0]}}");
	want_part("find_voxels_by_color",
		  "{\"color\":[20,30,250],\"tolerance\":5,\"include_locations\":false}",
		  "\"match_count\":4");
	want_part("find_voxels_by_color",
		  "{\"color\":[20,30,250],\"tolerance\":[5,5,5],\"max_results\":2}",
		  "\"match_count\":2,\"truncated\":true");
	want_code("find_voxels_by_color", "{\"color\":[1,2,3],\"tolerance\":300}",
		  RPC_INVALID_PARAMS, "tolerance: must be");
	want_code("find_voxels_by_color", "", RPC_INVALID_PARAMS, "color: is missing");
	want_code("get_color_histogram", "{\"region\":{\"min\":[1,0,0]}}", RPC_INVALID_PARAMS,
		  "region: must be");
}

static void test_selections(void **state)
{
	(void)state;
	fresh();
	want_start("fill_region", "{\"min\":[0,0,0],\"max\":[4,0,0],\"color\":[1,1,1]}", SUCCESS);
	want_code("copy_selection", "", RPC_INTERNAL_ERROR, "nothing is selected");
	want_code("paste_selection", "", RPC_INTERNAL_ERROR, "nothing is on the clipboard");
	want("select_region", "{\"min\":[0,0,0],\"max\":[1,9,9]}",
	     "{\"success\":true,\"selected\":true,\"min\":[0,0,0],\"max\":[1,9,9],"
	     "\"by_color\":false,\"voxel_count\":2}");
	want("copy_selection", "", "{\"success\":true,\"voxel_count\":2}");
	want("paste_selection", "{\"position\":[20,0,0]}", "{\"success\":true,\"voxel_count\":2}");
	want_color("[21,0,0]", "[1,1,1,255]");
	want("cut_selection", "", "{\"success\":true,\"voxel_count\":2}");
	want_color("[0,0,0]", "[0,0,0,0]");
	want_part("select_by_color", "{\"color\":[1,1,1]}", "\"voxel_count\":5");
	want_start("move_selection", "{\"delta\":[0,0,5]}", SUCCESS);
	want_color("[21,0,5]", "[1,1,1,255]");
	want_start("fill_selection", "{\"color\":[2,2,2]}", SUCCESS);
	want_color("[21,0,5]", "[2,2,2,255]");
	want_start("delete_selection", "", SUCCESS);
	want("get_bounding_box", "", "{\"empty\":true}");
	want("clear_selection", "", "{\"success\":true,\"selected\":false,\"voxel_count\":0}");
	want_start("undo", "", SUCCESS);
	want_color("[21,0,5]", "[2,2,2,255]");
	want_code("move_selection", "{\"delta\":[0,0]}", RPC_INVALID_PARAMS, "delta: must be");
}

static void test_camera(void **state)
{
	(void)state;
	fresh();
	want_part("get_camera", "", "\"position\":[64,-64,90.50966");
	want_part("set_camera",
		  "{\"position\":[10,0,0],\"target\":[0,0,0],\"fov\":45,\"ortho\":true}",
		  "\"distance\":10,\"fov\":45,\"ortho\":true");
	want_part("get_camera", "", "\"position\":[10,0,0],\"target\":[0,0,0],\"up\":[0,0,1]");
	want_part("set_camera", "{\"yaw\":0,\"pitch\":0,\"distance\":7}", "\"distance\":7");
	want_part("get_camera", "", "\"position\":[0,-7,0]");
	want_part("set_camera", "{\"pitch\":90,\"yaw\":0}", "\"distance\":7");
	want_code("set_camera", "{\"fov\":180}", RPC_INVALID_PARAMS, "fov: must be");
	want_code("set_camera", "{\"position\":[1,2]}", RPC_INVALID_PARAMS, "position: must be");
	want_code("set_camera", "{\"position\":[1,1,1],\"target\":[1,1,1]}", RPC_INVALID_PARAMS,
		  "position: must not be");
	want_code("set_camera", "{\"up\":[0,0,0]}", RPC_INVALID_PARAMS, "up: must not be");
	want_code("set_camera", "{\"pitch\":91}", RPC_INVALID_PARAMS, "pitch: must be");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paint_wants_a_voxel),
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_fills),
		cmocka_unit_test(test_strokes_of_a_request_are_bounded),
		cmocka_unit_test(test_batch_operations),
		cmocka_unit_test(test_color_analysis),
		cmocka_unit_test(test_selections),
		cmocka_unit_test(test_camera),
	};

	return method_checks_run(tests, sizeof(tests) / sizeof(tests[0]));
}
