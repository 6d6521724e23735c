/* actors_script.c - clients that run scripts. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/test/stress/actors.h"
#include "daemon/test/stress/report.h"
#include "daemon/test/stress/run.h"

static bool holds(const struct link_reply *reply, const char *text)
{
	return memmem(reply->text.ptr, reply->text.len, text, strlen(text)) != NULL;
}

/* A sum that the client knows; edits of its own project now and then. */
static int step_script(struct player *p)
{
	unsigned a = player_draw(p, 1, 9999);
	struct link_reply reply;
	char want[32];
	int rc = player_project(p);

	if (rc < 0)
		return rc;
	rc = player_call(p, player_limit_ns(p, 30), &reply, "execute_script",
			 "{\"script\":\"goxel.addVoxel(%u,0,0,[1,2,3,255]); %u+1\","
			 "\"project_id\":%d}",
			 a % 64, a, p->project);
	snprintf(want, sizeof(want), "\"value\":%u,", a + 1);
	/* Without memory the script itself fails; that is a result, too. */
	if (rc == 0 && !holds(&reply, want) && !holds(&reply, "\"success\":false"))
		player_wrong(p, "wrong value", &reply);
	return rc < 0 ? rc : 0;
}

/* The smallest script, as often as possible. */
static int step_script_tiny(struct player *p)
{
	int rc = player_call(p, player_limit_ns(p, 30), NULL, "execute_script",
			     "{\"script\":\"1\"}");

	return rc < 0 ? rc : 0;
}

/* Small scripts while the daemon holds 1 GiB of voxels: starting one must not stop the others. */
static int step_script_large(struct player *p)
{
	unsigned edge = p->run->scale > 1 ? 1000 : 200;
	int rc = player_project(p);

	/* A ball's surface fills many blocks, and none of them evenly. */
	if (rc == 0 && p->value != (uint32_t)p->project) {
		rc = player_call(p, player_limit_ns(p, 120), NULL, "procedural_shape",
				 "{\"shape_type\":\"sphere\",\"size\":%u,\"hollow\":true,"
				 "\"color\":[1,2,3,255],\"project_id\":%d}",
				 edge, p->project);
		p->value = (uint32_t)p->project;
	}
	return rc < 0 ? rc : step_script_tiny(p);
}

/* Dates take a lock of libc, which a fork may have left locked for ever. */
static int step_script_date(struct player *p)
{
	struct link_reply reply;
	uint64_t begin_ns = clock_ns();
	int rc = player_call(p, player_limit_ns(p, 30), &reply, "execute_script",
			     "{\"script\":\"new Date(2020,1,1).getTimezoneOffset()\","
			     "\"timeout_ms\":8000}");

	if (rc == 1 && holds(&reply, "timeout") && !run_had_faults(p->run, begin_ns) &&
	    p->run->patience == 1)
		player_wrong(p, "a date took 8 s", &reply);
	return rc < 0 ? rc : 0;
}

/* Loops without end: the time limit must end them. */
static int step_script_endless(struct player *p)
{
	struct link_reply reply;
	unsigned ms = p->run->scale > 1 ? 4000 : player_draw(p, 100, 400);
	int rc = player_call(p, player_limit_ns(p, 120), &reply, "execute_script",
			     "{\"script\":\"while(1){}\",\"timeout_ms\":%u}", ms);

	if (rc == 0 && holds(&reply, "\"success\":true"))
		player_wrong(p, "an endless script ended well", &reply);
	return rc < 0 ? rc : 0;
}

/* The same with the longest time limit, and the client leaves; or TERM comes. */
static int step_script_leave(struct player *p)
{
	struct strbuf sb = { 0 };
	int rc = player_connect(p);

	if (rc < 0)
		return rc;
	link_format(&p->link, &sb, "execute_script",
		    "{\"script\":\"while(1){}\",\"timeout_ms\":300000}");
	link_send(&p->link, sb.ptr, sb.len, NSEC_PER_SEC);
	strbuf_deinit(&sb);
	run_sleep(p->run, player_draw(p, 50, p->run->scale > 1 ? 6000 : 800) * NSEC_PER_MSEC);
	link_close(&p->link);
	return 0;
}

/* Scripts that break the engine's limits, each in its way: always a clean reply. */
static int step_script_crash(struct player *p)
{
	static const char *const texts[] = {
		"var a=[]; while(1) a.push(new Array(1000).join('x'))",
		"function f(){ return f() + 1 } f()",
		"var s='x'; while(1) s+=s",
		"/(a+)+$/.test(new Array(40).join('a')+'b')",
		"throw {toString:function(){ throw 1 }}",
		"while(1) console.log(new Array(1000).join('y'))",
		"for (var i=0;i<1e7;i++) goxel.addVoxel(i,0,0,[1,2,3,255])",
		"for (var i=0;i<1e5;i++) goxel.addLayer('l'+i)",
		"var o={}; for (var i=0;i<1e5;i++) o={o:o}; JSON.stringify(o)",
		"eval(new Array(100000).join('('))",
		"new Uint8Array(1e9)",
		"syntax error here",
	};
	unsigned i = player_draw(p, 0, sizeof(texts) / sizeof(texts[0]) - 1);
	int rc = player_project(p);

	if (rc < 0)
		return rc;
	rc = player_call(p, player_limit_ns(p, 60), NULL, "execute_script",
			 "{\"script\":\"%s\",\"timeout_ms\":%u,\"project_id\":%d}", texts[i],
			 p->run->scale > 1 ? 2000u : 300u, p->project);
	return rc < 0 ? rc : 0;
}

const struct actor actors_script[] = {
	{ "script", "a small script; its value must be right", "F1 D1", ACTOR_SOAK, 2,
	  step_script },
	{ "script-tiny", "\"1\", as often as possible", "F1 D1", 0, 2, step_script_tiny },
	{ "script-large", "\"1\", while the daemon holds a large project", "D8", ACTOR_ALONE, 2,
	  step_script_large },
	{ "script-date", "a script with a date: must not hang", "D4", ACTOR_SOAK, 4,
	  step_script_date },
	{ "script-endless", "while(1) with a time limit, 20 at once", "D2", 0, 20,
	  step_script_endless },
	{ "script-leave", "while(1) with 300 s; the client leaves", "F4 D3",
	  ACTOR_LONG | ACTOR_SOAK, 4, step_script_leave },
	{ "script-crash", "scripts that break the engine's limits", "", ACTOR_SOAK, 3,
	  step_script_crash },
	{ 0 },
};
