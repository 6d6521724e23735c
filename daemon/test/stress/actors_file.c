/* actors_file.c - clients that save, load, export and import. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/test/stress/actors.h"
#include "daemon/test/stress/report.h"
#include "daemon/test/stress/run.h"
#include "daemon/test/stress/target.h"

static const char *folder(const struct player *p, bool on_disk)
{
	const struct target_place *place = p->run->target->place;

	return on_disk && place->has_disk ? place->disk : place->files;
}

static int fill(struct player *p)
{
	unsigned edge = player_draw(p, 4, p->run->scale > 1 ? 200 : 60);
	int rc = player_project(p);

	if (rc == 0)
		rc = player_call(p, player_limit_ns(p, 30), NULL, "fill_region",
				 "{\"min\":[0,0,0],\"max\":[%u,%u,%u],\"color\":[%u,8,7,255],"
				 "\"project_id\":%d}",
				 edge, edge, edge, player_draw(p, 0, 255), p->project);
	return rc;
}

static int64_t count_of(const struct link_reply *reply)
{
	return link_number(reply->body, "\"voxel_count\":");
}

/* Saves, asks how many voxels there are, opens the file: it must have as many. */
static int step_save_load(struct player *p)
{
	struct link_reply reply;
	char path[160];
	int64_t want;
	uint64_t begin_ns = clock_ns();
	int rc = fill(p);

	if (rc != 0)
		return rc < 0 ? rc : 0;
	snprintf(path, sizeof(path), "%s/save%u.gox", folder(p, false), p->index);
	rc = player_call(p, player_limit_ns(p, 60), &reply, "save_project",
			 "{\"path\":\"%s\",\"project_id\":%d}", path, p->project);
	if (rc == 0)
		rc = player_call(p, player_limit_ns(p, 60), &reply, "get_project_info",
				 "{\"project_id\":%d}", p->project);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	want = count_of(&reply);
	rc = player_call(p, player_limit_ns(p, 60), NULL, "close_project", "{\"project_id\":%d}",
			 p->project);
	p->project = 0;
	if (rc == 0)
		rc = player_call(p, player_limit_ns(p, 60), &reply, "load_project",
				 "{\"path\":\"%s\"}", path);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	if (count_of(&reply) != want && !run_had_faults(p->run, begin_ns))
		player_wrong(p, "a saved file has other voxels", &reply);

	p->project = (int32_t)link_number(reply.body, "\"project_id\":");
	if (player_draw(p, 0, 1)) {
		player_call(p, player_limit_ns(p, 60), NULL, "close_project", "{\"project_id\":%d}",
			    p->project);
		p->project = 0;
	}
	return 0;
}

/* Saves to the small file system, which is full now and then; an error then, and no rest. */
static int step_save_disk(struct player *p)
{
	int rc = fill(p);

	if (rc == 0)
		rc = player_call(p, player_limit_ns(p, 60), NULL, "save_project",
				 "{\"path\":\"%s/disk%u.gox\",\"project_id\":%d}", folder(p, true),
				 p->index, p->project);
	if (rc >= 0)
		rc = player_call(p, player_limit_ns(p, 60), NULL, "render_scene",
				 "{\"path\":\"%s/disk%u.png\",\"width\":64,\"height\":64,"
				 "\"project_id\":%d}",
				 folder(p, true), p->index, p->project);
	return rc < 0 ? rc : 0;
}

static int step_export_import(struct player *p)
{
	static const char *const endings[] = { "gox", "vox", "obj", "ply", "gltf",
					       "stl", "txt", "pov", "qb",  "png" };
	static const char *const readable[] = { "gox", "vox", "qb", "txt" };
	unsigned i = player_draw(p, 0, sizeof(endings) / sizeof(endings[0]) - 1);
	int rc = fill(p);

	if (rc == 0)
		rc = player_call(p, player_limit_ns(p, 120), NULL, "export_model",
				 "{\"path\":\"%s/out%u.%s\",\"project_id\":%d}", folder(p, false),
				 p->index, endings[i], p->project);
	if (rc == 0)
		rc = player_call(p, player_limit_ns(p, 120), NULL, "import_model",
				 "{\"path\":\"%s/out%u.%s\",\"project_id\":%d}", folder(p, false),
				 p->index, readable[i % 4], p->project);
	if (rc >= 0 && p->project > 0) {
		rc = player_call(p, player_limit_ns(p, 60), NULL, "close_project",
				 "{\"project_id\":%d}", p->project);
		p->project = 0;
	}
	return rc < 0 ? rc : 0;
}

/* What no file may be: outside of the root, devices, nothing. Refused, each time. */
static int step_bad_paths(struct player *p)
{
	static const char *const paths[] = { "/etc/passwd",     "../../../etc/shadow",
					     "/dev/zero",       "/proc/self/mem",
					     "/proc/self/maps", "",
					     "/nowhere/at/all", "." };
	const char *path = paths[player_draw(p, 0, sizeof(paths) / sizeof(paths[0]) - 1)];
	bool is_write = player_draw(p, 0, 1);
	struct link_reply reply;
	int rc = player_project(p);

	if (rc < 0)
		return rc;
	rc = player_call(
		p, player_limit_ns(p, 30), &reply, is_write ? "export_model" : "load_project",
		"{\"path\":\"%s\",\"format\":\"gox\",\"project_id\":%d}", path, p->project);
	if (rc == 0)
		player_wrong(p, "a path outside of the root was taken", &reply);
	return rc < 0 ? rc : 0;
}

const struct actor actors_file[] = {
	{ "save-load", "saves, closes, loads: as many voxels as before", "",
	  ACTOR_SOAK | ACTOR_DISK, 2, step_save_load },
	{ "save-disk", "saves and draws to a file system that may be full", "", ACTOR_DISK, 2,
	  step_save_disk },
	{ "export-import", "every format written, four read again", "", ACTOR_SOAK | ACTOR_DISK, 2,
	  step_export_import },
	{ "bad-paths", "paths outside of the root, devices", "", ACTOR_SOAK, 1, step_bad_paths },
	{ 0 },
};
