/* actors_voxel.c - clients with heavy edits, selections and questions about many voxels. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/test/stress/actors.h"
#include "daemon/test/stress/report.h"
#include "daemon/test/stress/run.h"

/* batch_operations of `count` heavy strokes. */
static void format_strokes(struct player *p, struct strbuf *sb, unsigned count)
{
	struct strbuf params = { 0 };

	strbuf_add_str(&params, "{\"operations\":[");
	for (unsigned i = 0; i < count; i++)
		strbuf_addf(
			&params,
			"%s{\"type\":\"brush_stroke\",\"positions\":[[0,0,0],[%u,40,0],[0,80,%u]],"
			"\"size\":50,\"color\":[%u,1,2,255]}",
			i ? "," : "", i % 60, i % 50, i % 256);
	strbuf_addf(&params, "],\"project_id\":%d}", p->project);
	link_format(&p->link, sb, "batch_operations", params.ptr);
	strbuf_deinit(&params);
}

/* Minutes of work in one message; the client leaves after a while. */
static int step_strokes_leave(struct player *p)
{
	struct strbuf sb = { 0 };
	int rc = player_project(p);

	if (rc == 0)
		rc = player_connect(p);
	if (rc < 0)
		return rc;
	format_strokes(p, &sb, 3000);
	link_send(&p->link, sb.ptr, sb.len, NSEC_PER_SEC);
	strbuf_deinit(&sb);
	run_sleep(p->run, player_draw(p, 50, p->run->scale > 1 ? 8000 : 700) * NSEC_PER_MSEC);
	link_close(&p->link);
	return 0;
}

/* A few strokes, waited for. */
static int step_strokes(struct player *p)
{
	struct strbuf sb = { 0 };
	uint64_t bytes;
	int rc = player_project(p);

	if (rc == 0)
		rc = player_connect(p);
	if (rc < 0)
		return rc;
	format_strokes(p, &sb, player_draw(p, 1, 4));
	rc = player_exchange(p, player_limit_ns(p, 60), &sb, &bytes);
	strbuf_deinit(&sb);
	return rc;
}

/* Adds, takes back, does again; reads what must be there. */
static int step_undo_redo(struct player *p)
{
	unsigned x = player_draw(p, 0, 200);
	uint64_t begin_ns = clock_ns();
	struct link_reply reply;
	char want[64];
	int rc = player_project(p);

	if (rc < 0)
		return rc;
	rc = player_call(p, player_limit_ns(p, 30), NULL, "add_voxel",
			 "{\"x\":%u,\"y\":0,\"z\":0,\"color\":[%u,2,3,255],\"project_id\":%d}", x,
			 x % 250, p->project);
	if (rc == 0)
		rc = player_call(p, player_limit_ns(p, 30), NULL, "undo", "{\"project_id\":%d}",
				 p->project);
	if (rc == 0)
		rc = player_call(p, player_limit_ns(p, 30), NULL, "redo", "{\"project_id\":%d}",
				 p->project);
	if (rc == 0)
		rc = player_call(p, player_limit_ns(p, 30), &reply, "get_voxel",
				 "{\"x\":%u,\"y\":0,\"z\":0,\"project_id\":%d}", x, p->project);
	snprintf(want, sizeof(want), "\"exists\":true,\"color\":[%u,2,3,255]", x % 250);
	if (rc == 0 && !run_had_faults(p->run, begin_ns) &&
	    !memmem(reply.text.ptr, reply.text.len, want, strlen(want)))
		player_wrong(p, "undo and redo lost an edit", &reply);
	return rc < 0 ? rc : 0;
}

static int close_oldest(struct player *p)
{
	int32_t id = p->kept[0];

	memmove(p->kept, p->kept + 1, --p->kept_count * sizeof(p->kept[0]));
	return player_call(p, player_limit_ns(p, 30), NULL, "close_project", "{\"project_id\":%d}",
			   id);
}

/* Projects made and kept, two players' more than may be open; the oldest closed when one more is
 * refused. At a modest rate a few only, so that others find room. */
static int step_projects(struct player *p)
{
	unsigned most = p->pause_ns > 0 ? 4 : PLAYER_KEPT_MAX;
	int rc = player_project(p);

	if (rc == 0) {
		rc = player_call(p, player_limit_ns(p, 30), NULL, "fill_region",
				 "{\"min\":[0,0,0],\"max\":[%u,20,20],\"color\":[1,2,3,255],"
				 "\"project_id\":%d}",
				 player_draw(p, 1, 60), p->project);
		p->kept[p->kept_count++] = p->project;
	}
	p->project = 0;
	if (p->kept_count > 0 && (rc == -EBUSY || p->kept_count == most))
		rc = close_oldest(p);
	return rc < 0 && rc != -EBUSY ? rc : 0;
}

/* A large region filled, selected by color, copied, filled, moved; memory is bounded. */
static int step_selection(struct player *p)
{
	static const struct {
		const char *method;
		const char *params;
	} steps[] = {
		{ "select_by_color", "\"color\":[9,8,7,255]" },
		{ "fill_selection", "\"color\":[7,8,9,255]" },
		{ "copy_selection", "\"layer_id\":1" },
		{ "move_selection", "\"delta\":[1,0,0]" },
		{ "paste_selection", "\"position\":[5,5,5]" },
		{ "delete_selection", "\"layer_id\":1" },
		{ "undo", "\"layer_id\":1" },
	};
	unsigned edge = p->run->scale > 1 ? 640 : player_draw(p, 16, 96);
	int rc = player_project(p);

	if (rc < 0)
		return rc;
	rc = player_call(p, player_limit_ns(p, 120), NULL, "fill_region",
			 "{\"min\":[0,0,0],\"max\":[%u,%u,%u],\"color\":[9,8,7,255],"
			 "\"project_id\":%d}",
			 edge - 1, edge - 1, edge - 1, p->project);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && rc >= 0; i++)
		rc = player_call(p, player_limit_ns(p, 120), NULL, steps[i].method,
				 "{%s,\"project_id\":%d}", steps[i].params, p->project);
	/* The next step begins with a new project: the old one's memory must come back. */
	if (rc >= 0 && player_draw(p, 0, 3) == 0) {
		rc = player_call(p, player_limit_ns(p, 60), NULL, "close_project",
				 "{\"project_id\":%d}", p->project);
		p->project = 0;
	}
	return rc < 0 ? rc : 0;
}

/* Questions about a large project of many colors. */
static int step_queries(struct player *p)
{
	unsigned edge = p->run->scale > 1 ? 400 : 64;
	struct link_reply reply;
	int rc = player_project(p);

	if (rc < 0)
		return rc;
	if (p->value != (uint32_t)p->project) {
		for (int i = 0; i < 40 && rc >= 0; i++)
			rc = player_call(p, player_limit_ns(p, 60), NULL, "fill_region",
					 "{\"min\":[%u,%u,%u],\"max\":[%u,%u,%u],"
					 "\"color\":[%d,%d,200,255],\"project_id\":%d}",
					 player_draw(p, 0, edge / 2), player_draw(p, 0, edge / 2),
					 player_draw(p, 0, edge / 2), edge, edge, edge, i * 6, i,
					 p->project);
		p->value = (uint32_t)p->project;
	}
	if (rc >= 0)
		rc = player_call(p, player_limit_ns(p, 120), NULL, "get_color_histogram",
				 "{\"project_id\":%d}", p->project);
	if (rc >= 0)
		rc = player_call(p, player_limit_ns(p, 120), NULL, "find_voxels_by_color",
				 "{\"color\":[6,1,200,255],\"tolerance\":30,\"project_id\":%d}",
				 p->project);
	if (rc >= 0)
		rc = player_call(p, player_limit_ns(p, 120), NULL, "get_bounding_box",
				 "{\"project_id\":%d}", p->project);
	if (rc >= 0)
		rc = player_call(p, player_limit_ns(p, 120), &reply, "get_voxels_region",
				 "{\"min\":[0,0,0],\"max\":[%u,%u,%u],\"limit\":%u,"
				 "\"project_id\":%d}",
				 edge, edge, edge, p->run->scale > 1 ? 1000000u : 20000u,
				 p->project);
	return rc < 0 ? rc : 0;
}

/* Large bodies; those that do not fit are refused. */
static int step_shapes(struct player *p)
{
	static const char *const kinds[] = { "sphere", "cone", "cube", "torus", "cylinder" };
	unsigned size = p->run->scale > 1 ? 4096 : player_draw(p, 10, 150);
	int rc = player_project(p);

	if (rc < 0)
		return rc;
	rc = player_call(p, player_limit_ns(p, 120), NULL, "procedural_shape",
			 "{\"shape_type\":\"%s\",\"size\":%u,\"color\":[1,2,3,255],"
			 "\"project_id\":%d}",
			 kinds[player_draw(p, 0, 4)], size, p->project);
	if (rc >= 0)
		rc = player_call(p, player_limit_ns(p, 120), NULL, "undo", "{\"project_id\":%d}",
				 p->project);
	return rc < 0 ? rc : 0;
}

/* Layers made, merged, hidden, deleted. */
static int step_layers(struct player *p)
{
	int rc = player_project(p);

	if (rc < 0)
		return rc;
	rc = player_call(p, player_limit_ns(p, 30), NULL, "create_layer",
			 "{\"name\":\"l%u\",\"project_id\":%d}", player_draw(p, 0, 9), p->project);
	if (rc >= 0)
		rc = player_call(p, player_limit_ns(p, 30), NULL, "add_voxels",
				 "{\"voxels\":[[%u,0,0,1,2,3],[1,%u,0,4,5,6],[2,2,%u,7,8,9]],"
				 "\"project_id\":%d}",
				 player_draw(p, 0, 99), player_draw(p, 0, 99),
				 player_draw(p, 0, 99), p->project);
	if (rc >= 0)
		rc = player_call(p, player_limit_ns(p, 30), NULL, "set_layer_visibility",
				 "{\"layer_id\":%u,\"visible\":%s,\"project_id\":%d}",
				 player_draw(p, 1, 5), player_draw(p, 0, 1) ? "true" : "false",
				 p->project);
	if (rc >= 0)
		rc = player_call(p, player_limit_ns(p, 30), NULL, "list_layers",
				 "{\"project_id\":%d}", p->project);
	if (rc >= 0 && player_draw(p, 0, 1))
		rc = player_call(p, player_limit_ns(p, 30), NULL, "delete_layer",
				 "{\"layer_id\":%u,\"project_id\":%d}", player_draw(p, 1, 20),
				 p->project);
	return rc < 0 ? rc : 0;
}

const struct actor actors_voxel[] = {
	{ "strokes-leave", "batch_operations of 3,000 heavy strokes; the client leaves", "D2",
	  ACTOR_LONG | ACTOR_SOAK, 16, step_strokes_leave },
	{ "strokes", "a few heavy strokes, waited for", "D2", ACTOR_SOAK, 2, step_strokes },
	{ "undo-redo", "an edit undone and done again must be there", "", ACTOR_SOAK, 2,
	  step_undo_redo },
	{ "projects", "projects made and closed, more than may be open", "D5", ACTOR_SOAK, 2,
	  step_projects },
	{ "selection", "large regions selected, copied, filled, moved", "D5", ACTOR_SOAK, 2,
	  step_selection },
	{ "queries", "histogram, colors, bounding box and listing of a large project", "D5",
	  ACTOR_SOAK, 2, step_queries },
	{ "shapes", "large bodies, undone", "", ACTOR_SOAK, 2, step_shapes },
	{ "layers", "layers made, hidden, deleted", "", ACTOR_SOAK, 2, step_layers },
	{ 0 },
};
