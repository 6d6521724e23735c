#include "daemon/test/stress/calm.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/test/stress/link.h"
#include "daemon/test/stress/report.h"
#include "daemon/test/stress/run.h"
#include "daemon/test/stress/target.h"
#include "daemon/transport/sockets.h"

enum {
	CALL_S = 10,
	CALM_S = 10, /* until everything must be back */
	POLL_MS = 20,
	PROJECTS_MAX = 256,
	FDS_SLACK = 2,                /* a timer or a worker's descriptor that is made late */
	BUDGET_SLACK_BYTES = 4 << 20, /* pictures that are kept for repeated requests, pools */
};

static int64_t integer_at(const json_t *object, const char *a, const char *b)
{
	const json_t *v = json_object_get(object, a);

	if (b)
		v = json_object_get(v, b);
	return json_is_integer(v) ? (int64_t)json_integer_value(v) : -1;
}

static void take_status(const json_t *result, struct calm_status *out)
{
	*out = (struct calm_status){
		.connections_count = integer_at(result, "counters", "connections_count"),
		.projects_count = integer_at(result, "projects_count", NULL),
		.refused_connections_count =
			integer_at(result, "counters", "connections_refused_count"),
		.budget_used_bytes = integer_at(result, "memory", "used_bytes"),
		.budget_kept_bytes = integer_at(json_object_get(result, "memory"), "used", "kept"),
		.pictures_bytes = integer_at(json_object_get(result, "memory"), "used", "pictures"),
		.budget_limit_bytes = integer_at(result, "memory", "limit_bytes"),
		.budget_refused_count = integer_at(result, "memory", "refused_count"),
		.queued_count = integer_at(result, "workers", "queued_count"),
		.errors_count = integer_at(result, "counters", "errors_count"),
		.blocks_count = integer_at(result, "voxel_memory", "blocks_count"),
	};
}

/* One call over an open link; *result is owned by the caller. */
static int call(struct run *r, struct link *l, const char *method, const char *params,
		json_t **result)
{
	struct link_reply reply;
	int rc = 0;

	*result = NULL;
	if (l->fd < 0)
		rc = link_open(l, &r->target->addr, r->stop_fd);
	if (rc == 0)
		rc = link_call(l, method, params, (uint64_t)CALL_S * r->patience * NSEC_PER_SEC,
			       &reply);
	if (rc == 0 && reply.kind != LINK_RESULT)
		rc = -EPROTO;
	if (rc == 0) {
		*result = json_loadb(reply.body.ptr, reply.body.len, JSON_DECODE_ANY, NULL);
		if (!*result)
			rc = -EPROTO;
	}
	return rc;
}

int calm_read_status(struct run *r, struct calm_status *out)
{
	struct link l = LINK_INIT;
	json_t *result;
	int rc = call(r, &l, "status", "{}", &result);

	take_status(result, out);
	json_decref(result);
	link_deinit(&l);
	return rc;
}

/* Closes all of them but the one that the caller keeps open. */
static int close_projects(struct run *r)
{
	struct link l = LINK_INIT;
	json_t *result;
	json_t *projects;
	json_t *one;
	size_t i;
	int rc = call(r, &l, "list_projects", "{}", &result);

	projects = json_object_get(result, "projects");
	json_array_foreach(projects, i, one)
	{
		char params[64];
		json_t *closed = NULL;

		snprintf(params, sizeof(params), "{\"project_id\":%lld}",
			 (long long)integer_at(one, "project_id", NULL));
		if (rc == 0)
			rc = call(r, &l, "close_project", params, &closed);
		json_decref(closed);
	}
	json_decref(result);
	link_deinit(&l);
	return rc;
}

static int use_everything_once(struct run *r)
{
	static const char *const methods[][2] = {
		{ "create_project", "{}" },
		{ "add_voxel", "[1,2,3,4,5,6]" },
		{ "execute_script", "{\"script\":\"1\"}" },
		{ "render_scene", "{\"width\":16,\"height\":16}" },
	};
	struct link l = LINK_INIT;
	int rc = 0;

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]) && rc == 0; i++) {
		json_t *result;

		rc = call(r, &l, methods[i][0], methods[i][1], &result);
		json_decref(result);
	}
	link_deinit(&l);
	return rc;
}

int calm_take_base(struct run *r, struct calm_base *base)
{
	int rc = use_everything_once(r);

	if (rc == 0)
		rc = close_projects(r);
	/* The connections of a moment ago may still be counted: wait for a single one. */
	for (int i = 0; i < 200 && rc == 0; i++) {
		rc = calm_read_status(r, &base->status);
		if (rc == 0 && base->status.connections_count <= 1)
			break;
		clock_sleep_until_ns(clock_ns() + 5 * NSEC_PER_MSEC);
	}
	return rc < 0 ? rc : proc_sample_take(r->target->pid, &base->sample);
}

/* Refused connections stay open for one or two seconds, a few of them, so that they read why. */
static unsigned fds_allowed(const struct calm_base *base, const struct calm_status *s)
{
	int64_t refused = s->refused_connections_count - base->status.refused_connections_count;

	if (refused < 0)
		refused = 0;
	if (refused > SOCKETS_REFUSED_MAX)
		refused = SOCKETS_REFUSED_MAX;
	return base->sample.fds_count + FDS_SLACK + (unsigned)refused;
}

/* Pictures are kept for repeated requests, and free blocks for the next ones: both have limits of
 * their own. */
static int64_t budget_in_use(const struct calm_status *s)
{
	return s->budget_used_bytes - s->budget_kept_bytes - s->pictures_bytes;
}

/* What is not back yet, as text; "" when all is. */
static void compare(const struct calm_base *base, const struct proc_sample *p,
		    const struct calm_status *s, char *out, size_t cap)
{
	*out = '\0';
	if (s->connections_count > 1)
		snprintf(out, cap, "%lld connections are open",
			 (long long)s->connections_count - 1);
	else if (s->queued_count > 0)
		snprintf(out, cap, "%lld requests are queued", (long long)s->queued_count);
	else if (s->blocks_count > 0)
		snprintf(out, cap, "%lld blocks of voxels without a project",
			 (long long)s->blocks_count);
	else if (p->children_count > base->sample.children_count)
		snprintf(out, cap, "%u children, %u before", p->children_count,
			 base->sample.children_count);
	else if (p->fds_count > fds_allowed(base, s))
		snprintf(out, cap, "%u descriptors, %u before, %lld connections refused",
			 p->fds_count, base->sample.fds_count,
			 (long long)s->refused_connections_count);
	else if (p->umask != base->sample.umask)
		snprintf(out, cap, "umask %03o, %03o before", p->umask, base->sample.umask);
	else if (budget_in_use(s) > budget_in_use(&base->status) + BUDGET_SLACK_BYTES)
		snprintf(out, cap, "%lld bytes of the budget in use, %lld before",
			 (long long)budget_in_use(s), (long long)budget_in_use(&base->status));
}

void calm_check(struct run *r, const struct calm_base *base)
{
	uint64_t deadline_ns = clock_ns() + (uint64_t)CALM_S * r->patience * NSEC_PER_SEC;
	struct calm_status status = { 0 };
	struct proc_sample sample = { 0 };
	char text[160];
	char fds[128];
	int rc;

	for (;;) {
		rc = close_projects(r);
		if (rc == 0)
			rc = calm_read_status(r, &status);
		if (rc == 0)
			rc = proc_sample_take(r->target->pid, &sample);
		if (!target_is_alive(r->target))
			return;
		if (rc == 0)
			compare(base, &sample, &status, text, sizeof(text));
		else
			snprintf(text, sizeof(text), "no answer to list_projects or status: %s",
				 strerrordesc_np(-rc));
		if (!*text)
			return;
		if (clock_ns() > deadline_ns)
			break;
		clock_sleep_until_ns(clock_ns() + POLL_MS * NSEC_PER_MSEC);
	}
	proc_describe_fds(r->target->pid, fds, sizeof(fds));
	report_fail(r->report, "daemon", "left behind", "%u s after the attack: %s (it has %s)",
		    CALM_S * r->patience, text, fds);
}
