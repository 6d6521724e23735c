/* actors_picture.c - clients that have pictures drawn. */
#include <stdio.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/test/stress/actors.h"
#include "daemon/test/stress/report.h"
#include "daemon/test/stress/run.h"

/* A body to draw, once for each project. */
static int ensure_scene(struct player *p)
{
	int rc = player_project(p);

	if (rc == 0 && p->value != (uint32_t)p->project) {
		rc = player_call(p, player_limit_ns(p, 60), NULL, "procedural_shape",
				 "{\"shape_type\":\"sphere\",\"size\":60,\"color\":[200,90,30,255],"
				 "\"project_id\":%d}",
				 p->project);
		p->value = (uint32_t)p->project;
	}
	return rc < 0 ? rc : 0;
}

static int step_render_large(struct player *p)
{
	unsigned edge = p->run->scale > 1 ? 2048 : 512;
	int rc = ensure_scene(p);

	if (rc == 0)
		rc = player_call(p, player_limit_ns(p, 300), NULL, "render_scene",
				 "{\"width\":%u,\"height\":%u,\"yaw\":%u,\"project_id\":%d}", edge,
				 edge, player_draw(p, 0, 359), p->project);
	return rc < 0 ? rc : 0;
}

static int step_render_small(struct player *p)
{
	struct link_reply reply;
	int rc = ensure_scene(p);

	if (rc == 0)
		rc = player_call(p, player_limit_ns(p, 120), &reply, "render_scene",
				 "{\"width\":32,\"height\":32,\"yaw\":%u,\"project_id\":%d}",
				 player_draw(p, 0, 359), p->project);
	if (rc == 0 && !memmem(reply.text.ptr, reply.text.len, "\"image\":\"iVBORw0KGgo", 20))
		player_wrong(p, "no picture in the reply", &reply);
	return rc < 0 ? rc : 0;
}

/* Sixteen large pictures in one request; the client leaves. */
static int step_render_set(struct player *p)
{
	struct strbuf sb = { 0 };
	char params[512];
	unsigned edge = p->run->scale > 1 ? 2048 : 512;
	int rc = ensure_scene(p);

	if (rc == 0)
		rc = player_connect(p);
	if (rc < 0)
		return rc;
	snprintf(params, sizeof(params),
		 "{\"width\":%u,\"height\":%u,\"angles\":[\"front\",\"back\",\"left\",\"right\","
		 "\"top\",\"bottom\",\"isometric\",\"default\"],\"project_id\":%d}",
		 edge, edge, p->project);
	link_format(&p->link, &sb, "render_scene", params);
	link_send(&p->link, sb.ptr, sb.len, NSEC_PER_SEC);
	strbuf_deinit(&sb);
	run_sleep(p->run, player_draw(p, 50, p->run->scale > 1 ? 8000 : 900) * NSEC_PER_MSEC);
	link_close(&p->link);
	return 0;
}

/* Files that the daemon keeps: made, asked about, deleted. */
static int step_render_files(struct player *p)
{
	struct link_reply reply;
	char path[256] = "";
	int rc = ensure_scene(p);

	if (rc == 0)
		rc = player_call(p, player_limit_ns(p, 120), &reply, "render_scene",
				 "{\"width\":48,\"height\":48,\"return_mode\":\"file_path\","
				 "\"yaw\":%u,\"project_id\":%d}",
				 player_draw(p, 0, 359), p->project);
	if (rc == 0) {
		const char *at = memmem(reply.text.ptr, reply.text.len, "\"path\":\"", 8);

		if (!at || sscanf(at, "\"path\":\"%255[^\"]", path) != 1)
			player_wrong(p, "no path in the reply", &reply);
	}
	if (rc == 0 && *path)
		rc = player_call(p, player_limit_ns(p, 30), NULL, "get_render_info",
				 "{\"path\":\"%s\"}", path);
	if (rc >= 0 && *path && player_draw(p, 0, 3) > 0)
		rc = player_call(p, player_limit_ns(p, 30), NULL, "cleanup_render",
				 "{\"path\":\"%s\"}", path);
	if (rc >= 0)
		rc = player_call(p, player_limit_ns(p, 30), NULL, "get_render_stats", "{}");
	return rc < 0 ? rc : 0;
}

const struct actor actors_picture[] = {
	{ "render-large", "pictures of 2048 x 2048, waited for", "D9", ACTOR_LONG | ACTOR_SOAK, 8,
	  step_render_large },
	{ "render-small", "pictures of 32 x 32, as often as possible", "", ACTOR_SOAK, 2,
	  step_render_small },
	{ "render-set", "eight large pictures in a request; the client leaves", "D5 D9",
	  ACTOR_LONG | ACTOR_SOAK, 3, step_render_set },
	{ "render-files", "pictures as files: made, described, deleted", "", ACTOR_SOAK, 2,
	  step_render_files },
	{ 0 },
};
