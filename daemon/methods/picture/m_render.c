/*
 * Pictures: drawn from a snapshot, so that editing can go on, several angles at once; encoded; then
 * saved or sent. Pictures drawn before of the same version come from the cache.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "daemon/base/base64.h"
#include "daemon/base/budget.h"
#include "daemon/base/cancel.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/methods/picture/render_params.h"
#include "daemon/methods/picture/renders_reply.h"
#include "daemon/methods/scope.h"
#include "daemon/methods/table.h"
#include "daemon/render/cache.h"
#include "daemon/render/drawers.h"
#include "daemon/render/image.h"
#include "daemon/render/picture.h"
#include "daemon/render/renders.h"
#include "daemon/store/root.h"

enum {
	PROGRESS_NS = 200 * 1000 * 1000, /* between two notifications */
	/*
	 * Pictures up to this size are drawn by the worker itself: with the scene about 20 ms, like
	 * other requests. It then waits neither for large pictures of others nor for a thread of
	 * idle priority while others keep the processors busy.
	 */
	SMALL_PIXELS = 256 * 256,
};

/* One call: what it draws from and where the pictures go. */
struct job {
	struct call *call;
	const struct render_params *rp;
	struct snapshot *snapshot;
	struct volume merged;
	struct scene scene;
	size_t count; /* of pictures */
	struct strbuf pngs[RENDER_ANGLES_MAX];
	struct strbuf texts[RENDER_ANGLES_MAX]; /* base64 of the pictures drawn for the reply */
	size_t index;                           /* of the picture being delivered */

	/* The pictures to draw, by their numbers. */
	size_t indices[RENDER_ANGLES_MAX];
	struct picture pictures[RENDER_ANGLES_MAX];
	struct picture_job jobs[RENDER_ANGLES_MAX];
	size_t drawn_count;
	uint64_t notified_ns;
};

static int failed(struct call *call, const char *why)
{
	return fault_set(&call->fault, APP_RENDER, "Failed to render the scene: %s", why);
}

/* Fails with rc and the message of err. */
static int failed_by(struct job *j, int rc, const struct err *err)
{
	if (scope_is_stopped(rc))
		return scope_fault(j->call, APP_RENDER, rc, "render the scene");
	return failed(j->call, *err->msg ? err->msg : budget_why());
}

static void notify(struct job *j, uint64_t rows_done)
{
	const struct method_client *client = &j->call->env->client;
	size_t drawn_before = j->count - j->drawn_count;
	char line[128];
	int len = snprintf(
		line, sizeof(line),
		"{\"jsonrpc\":\"2.0\",\"method\":\"progress\",\"params\":{\"done\":%" PRIu64
		",\"total\":%zu}}\n",
		drawn_before * j->rp->height + rows_done, j->count * j->rp->height);

	client->notify(client->ctx, span_of(line, (size_t)len));
}

static int go_on(void *ctx, uint64_t rows_done)
{
	struct job *j = ctx;
	const struct method_client *client = &j->call->env->client;
	uint64_t now_ns = clock_ns();

	if (j->rp->has_progress && client->notify && now_ns - j->notified_ns >= PROGRESS_NS) {
		j->notified_ns = now_ns;
		notify(j, rows_done);
	}
	return cancel_check();
}

static int take_snapshot(struct job *j)
{
	struct call *call = j->call;
	int32_t id;
	int rc = scope_project_id(call, j->rp->project_index, &id);

	if (rc < 0)
		return rc;
	rc = context_snapshot(call->env->lease, id, &j->snapshot);
	if (rc == -EAGAIN)
		return rc;
	if (rc == -ENOENT && id)
		return arg_fault(call, j->rp->project_index, "no such project is open");
	if (rc == -ENOENT)
		return failed(call, "no project is open");
	return rc < 0 ? failed(call, budget_why()) : 0;
}

static void end(struct job *j)
{
	scene_close(&j->scene);
	volume_deinit(&j->merged);
	for (size_t i = 0; i < j->count; i++) {
		strbuf_deinit(&j->pngs[i]);
		strbuf_deinit(&j->texts[i]);
		picture_close(&j->pictures[i]);
	}
	snapshot_put(j->snapshot);
}

static const struct camera *camera_of(const struct document *d)
{
	if (!d->cameras_count)
		return NULL;
	return &d->cameras[d->camera_active < d->cameras_count ? d->camera_active : 0];
}

static void make_key(const struct job *j, size_t index, struct render_key *out)
{
	render_params_key(j->rp, index, out);
	out->version = j->snapshot->doc.version;
	out->project_id = j->snapshot->project_id;
}

/* Called by the thread that drew the last part of the picture. */
static int encode(void *ctx, size_t drawn, struct picture *p)
{
	struct job *j = ctx;
	size_t index = j->indices[drawn];
	int rc = image_encode_png(p, &j->pngs[index], NULL);

	picture_close(p);
	if (rc == 0 && j->rp->to == RENDER_INLINE)
		base64_encode(&j->texts[index], j->pngs[index].ptr, j->pngs[index].len);
	return rc;
}

/* Finds the pictures that are in the cache. */
static void find_known(struct job *j)
{
	struct cache *cache = j->call->env->pictures;

	for (size_t i = 0; i < j->count; i++) {
		struct render_key key;

		make_key(j, i, &key);
		if (cache &&
		    cache_get(cache, span_of((const char *)&key, sizeof(key)), &j->pngs[i]))
			continue;
		strbuf_clear(&j->pngs[i]);
		j->indices[j->drawn_count++] = i;
	}
}

static void prepare(struct job *j, size_t drawn)
{
	const struct render_params *rp = j->rp;
	static const struct box nothing = { { 0, 0, 0 }, { 0, 0, 0 } };
	struct picture_job *pj = &j->jobs[drawn];

	*pj = (struct picture_job){
		.scene = &j->scene,
		.shading = { .is_flat = rp->is_flat,
			     .occlusion = rp->occlusion,
			     .shadow = rp->shadow },
		.background = rp->background,
		.smooth_edges = rp->smooth,
	};
	render_params_view(rp, j->indices[drawn], j->scene.is_empty ? &nothing : &j->scene.box,
			   camera_of(&j->snapshot->doc), &pj->view);
	shading_light_from(&pj->shading, &pj->view);
}

/* Runs on a drawing thread: a worker would keep others from the processor for longer. */
static int open_scene(void *ctx)
{
	struct job *j = ctx;
	int rc = document_merge_visible(&j->snapshot->doc, &j->merged);

	if (rc == 0)
		rc = scene_open(&j->scene, &j->merged);
	for (size_t i = 0; rc == 0 && i < j->drawn_count; i++)
		prepare(j, i);
	return rc;
}

/* Keeps the pictures for repeated requests. Runs on the worker: a drawing thread may lose the
 * processor for long while it holds the cache's lock. */
static void keep(const struct job *j)
{
	struct cache *cache = j->call->env->pictures;

	for (size_t i = 0; cache && i < j->drawn_count; i++) {
		struct render_key key;

		make_key(j, j->indices[i], &key);
		cache_put(cache, span_of((const char *)&key, sizeof(key)),
			  strbuf_span(&j->pngs[j->indices[i]]));
	}
}

static bool is_small(const struct job *j)
{
	return (uint64_t)j->rp->width * j->rp->height * j->drawn_count <= SMALL_PIXELS;
}

/* Fills j->pngs. */
static int draw(struct job *j)
{
	struct drawers *drawers = j->call->env->drawers;
	const struct picture_set set = {
		.jobs = j->jobs,
		.pictures = j->pictures,
		.count = j->drawn_count,
		.threads_max = j->rp->threads_max,
		.client_id = j->call->client_id,
		.begin = open_scene,
		.begin_ctx = j,
		.finish = encode,
		.finish_ctx = j,
		.go_on = go_on,
		.go_on_ctx = j,
	};
	struct err err = ERR_INIT;
	int rc;

	for (size_t i = 0; i < j->drawn_count; i++)
		j->pictures[i] = (struct picture){ .width = j->rp->width, .height = j->rp->height };
	rc = drawers && !is_small(j) ? drawers_draw(drawers, &set, &err)
				     : picture_draw_set(&set, &err);
	if (rc < 0)
		return failed_by(j, rc, &err);
	keep(j);
	return 0;
}

/* The client's path; with several angles, the angle's name is inserted before the extension. */
static int make_path(const struct job *j, struct strbuf *out)
{
	struct span path = j->rp->path;
	size_t stem = path.len;

	while (stem && path.ptr[stem - 1] != '.' && path.ptr[stem - 1] != '/')
		stem--;
	stem = stem && path.ptr[stem - 1] == '.' ? stem - 1 : path.len;
	strbuf_add(out, path.ptr, stem);
	if (j->rp->is_list) {
		strbuf_add_char(out, '_');
		strbuf_add_str(out, j->rp->angles[j->index]->name);
	}
	strbuf_add(out, path.ptr + stem, path.len - stem);
	strbuf_add_char(out, 0);
	return out->failed ? -ENOMEM : 0;
}

static void reply_size(struct job *j)
{
	struct reply *r = j->call->reply;

	reply_key_integer(r, "width", j->rp->width);
	reply_key_integer(r, "height", j->rp->height);
	reply_key_string(r, "format", SPAN_LIT("png"));
}

static int give_path(struct job *j)
{
	struct strbuf path = { 0 };
	struct err err = ERR_INIT;
	int rc = make_path(j, &path);

	if (rc == 0)
		rc = root_write(j->call->env->root, span_str(path.ptr),
				strbuf_span(&j->pngs[j->index]), &err);
	if (rc == 0) {
		reply_size(j);
		reply_key_string(j->call->reply, "output_path", span_str(path.ptr));
		reply_key_integer(j->call->reply, "size", (int64_t)j->pngs[j->index].len);
	}
	strbuf_deinit(&path);
	return rc < 0 ? failed_by(j, rc, &err) : 0;
}

static int give_file(struct job *j)
{
	struct renders *renders = j->call->env->renders;
	struct render_new picture = {
		.png = strbuf_span(&j->pngs[j->index]),
		.width = j->rp->width,
		.height = j->rp->height,
		.session = j->rp->session,
	};
	struct render_file file;
	struct err err = ERR_INIT;
	int rc;

	if (!renders)
		return failed(j->call, "this server keeps no render files");
	rc = renders_add(renders, &picture, &file, &err);
	if (rc < 0)
		return failed_by(j, rc, &err);
	reply_key(j->call->reply, SPAN_LIT("file"));
	reply_render_file(j->call->reply, &file);
	return 0;
}

static int give_inline(struct job *j)
{
	struct strbuf *text = &j->texts[j->index];

	if (!text->len)
		base64_encode(text, j->pngs[j->index].ptr, j->pngs[j->index].len);
	if (text->failed)
		return failed(j->call, budget_why());
	reply_size(j);
	reply_key_string(j->call->reply, "encoding", SPAN_LIT("base64"));
	reply_key_integer(j->call->reply, "size", (int64_t)j->pngs[j->index].len);
	reply_key_string(j->call->reply, "image", strbuf_span(text));
	return 0;
}

/* Writes the members of one picture. */
static int give(struct job *j)
{
	switch (j->rp->to) {
	case RENDER_TO_PATH:
		return give_path(j);
	case RENDER_TO_FILE:
		return give_file(j);
	case RENDER_INLINE:
		break;
	}
	return give_inline(j);
}

static int give_list(struct job *j)
{
	struct reply *r = j->call->reply;
	int rc = 0;

	reply_key_integer(r, "count", (int64_t)j->count);
	reply_key_array(r, "images");
	for (j->index = 0; rc == 0 && j->index < j->count; j->index++) {
		reply_object(r);
		reply_key_string(r, "camera_preset", span_str(j->rp->angles[j->index]->name));
		rc = give(j);
		reply_object_end(r);
	}
	reply_array_end(r);
	return rc;
}

static int run_render_scene(struct call *call)
{
	struct render_params rp;
	struct job j = { .call = call, .rp = &rp, .count = 1 };
	int rc = render_params_read(call, &rp);

	if (rc < 0)
		return rc;
	if (rp.is_list)
		j.count = rp.angles_count;
	for (size_t i = 0; i < j.count; i++) {
		j.pngs[i] = strbuf_counted(BUDGET_PICTURES);
		j.texts[i] = strbuf_counted(BUDGET_PICTURES);
	}
	j.notified_ns = clock_ns();
	volume_init(&j.merged, NULL);
	rc = take_snapshot(&j);
	if (rc == 0)
		find_known(&j);
	if (rc == 0 && j.drawn_count)
		rc = draw(&j);
	if (rc == 0) {
		reply_object(call->reply);
		reply_key_bool(call->reply, "success", true);
		rc = rp.is_list ? give_list(&j) : give(&j);
		reply_object_end(call->reply);
	}
	end(&j);
	return rc;
}

static const char *const render_scene_aliases[] = { "render_image", "generate_preview", NULL };

const struct method method_render_scene = {
	.name = "render_scene",
	.aliases = render_scene_aliases,
	.params = render_scene_params,
	.doc = "Draws the project as PNG: to a path, to a managed file, or into the reply; with "
	       "`angles`, one picture per angle.",
	.result = "success, width, height, format, then output_path, or image (base64), or file "
		  "{path, size, format, dimensions, checksum, created_at, expires_at}; with angles "
		  "count and images",
	.run = run_render_scene,
};
