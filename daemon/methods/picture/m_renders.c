/* Methods about the picture files that the daemon keeps for its clients. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "daemon/base/budget.h"
#include "daemon/base/clock.h"
#include "daemon/methods/picture/renders_reply.h"
#include "daemon/methods/scope.h"
#include "daemon/methods/table.h"
#include "daemon/render/cache.h"

void reply_render_file(struct reply *r, const struct render_file *f)
{
	uint64_t now_s = clock_wall_ns() / NSEC_PER_SEC;
	char checksum[32];
	int len = snprintf(checksum, sizeof(checksum), "%016" PRIx64, f->checksum);

	reply_object(r);
	reply_key_string(r, "path", span_str(f->path));
	reply_key_integer(r, "size", (int64_t)f->size_bytes);
	reply_key_string(r, "format", SPAN_LIT("png"));
	reply_key_object(r, "dimensions");
	reply_key_integer(r, "width", f->width);
	reply_key_integer(r, "height", f->height);
	reply_object_end(r);
	reply_key_string(r, "checksum", span_of(checksum, (size_t)len));
	reply_key_integer(r, "created_at", (int64_t)f->created_s);
	reply_key_integer(r, "expires_at", (int64_t)f->expires_s);
	reply_key_integer(r, "ttl_remaining",
			  f->expires_s > now_s ? (int64_t)(f->expires_s - now_s) : 0);
	reply_key_string(r, "session_id", span_str(f->session));
	reply_object_end(r);
}

static int no_renders(struct call *call, int code)
{
	return fault_set(&call->fault, code, "Failed to %s: this server keeps no render files",
			 call->method->name);
}

static const struct param only_path[] = {
	{ .name = "path",
	  .alias = "file_path",
	  .type = PARAM_STRING,
	  .required = true,
	  .doc = "path of a file, as returned by render_scene" },
	PARAM_END,
};

static int run_get_render_info(struct call *call)
{
	struct reply *r = call->reply;
	struct render_file file;

	if (!call->env->renders)
		return no_renders(call, APP_RENDER_INFO);
	if (renders_find(call->env->renders, arg_string(call, 0, ""), &file) < 0)
		return fault_set(&call->fault, APP_RENDER_INFO,
				 "Failed to get render info: no render file of that path");
	reply_object(r);
	reply_key_bool(r, "success", true);
	reply_key(r, SPAN_LIT("render"));
	reply_render_file(r, &file);
	reply_key(r, SPAN_LIT("file"));
	reply_render_file(r, &file);
	reply_object_end(r);
	return 0;
}

const struct method method_get_render_info = {
	.name = "get_render_info",
	.params = only_path,
	.doc = "Describes a picture file that the daemon keeps.",
	.result = "success, render {path, size, format, dimensions, checksum, created_at, "
		  "expires_at, ttl_remaining, session_id}; the same as `file`",
	.run = run_get_render_info,
};

static int run_cleanup_render(struct call *call)
{
	struct reply *r = call->reply;
	uint64_t freed_bytes;

	if (!call->env->renders)
		return no_renders(call, APP_CLEANUP_RENDER);
	if (renders_remove(call->env->renders, arg_string(call, 0, ""), &freed_bytes) < 0)
		return fault_set(&call->fault, APP_CLEANUP_RENDER,
				 "Failed to cleanup render: File not found");
	reply_object(r);
	reply_key_bool(r, "success", true);
	reply_key_string(r, "message", SPAN_LIT("Render file deleted"));
	reply_key_integer(r, "freed_bytes", (int64_t)freed_bytes);
	reply_object_end(r);
	return 0;
}

const struct method method_cleanup_render = {
	.name = "cleanup_render",
	.params = only_path,
	.doc = "Deletes a picture file that the daemon keeps, and no other file.",
	.result = "success, message, freed_bytes",
	.run = run_cleanup_render,
};

static const struct param nothing[] = { PARAM_END };

static int run_list_renders(struct call *call)
{
	struct reply *r = call->reply;
	struct render_file *files;
	struct renders_stats stats;
	size_t count;

	if (!call->env->renders)
		return no_renders(call, RPC_INTERNAL_ERROR);
	renders_stats(call->env->renders, &stats);
	/* Files added meanwhile are not listed. */
	files = budget_malloc(BUDGET_WORK, (stats.files_count + 1) * sizeof(*files));
	if (!files)
		return fault_set(&call->fault, RPC_INTERNAL_ERROR, "Failed to list renders: %s",
				 budget_why());
	count = renders_list(call->env->renders, files, stats.files_count);
	if (count > stats.files_count)
		count = stats.files_count;
	reply_object(r);
	reply_key_bool(r, "success", true);
	reply_key_integer(r, "count", (int64_t)count);
	reply_key_integer(r, "total_size", (int64_t)stats.files_bytes);
	reply_key_array(r, "renders");
	for (size_t i = 0; i < count; i++)
		reply_render_file(r, &files[i]);
	reply_array_end(r);
	reply_object_end(r);
	budget_free(files);
	return 0;
}

const struct method method_list_renders = {
	.name = "list_renders",
	.params = nothing,
	.doc = "Lists the picture files that the daemon keeps, oldest first.",
	.result = "success, count, total_size, renders (as get_render_info)",
	.run = run_list_renders,
};

/* The cache of pictures: only its state is written when there is none. */
static void reply_cache(struct reply *r, struct cache *cache)
{
	struct cache_stats s = { 0 };

	if (cache)
		cache_read_stats(cache, &s);
	reply_key_object(r, "picture_cache");
	reply_key_bool(r, "enabled", cache != NULL);
	reply_key_integer(r, "pictures", (int64_t)s.pictures_count);
	reply_key_integer(r, "bytes", (int64_t)s.bytes);
	reply_key_integer(r, "max_bytes", (int64_t)s.bytes_max);
	reply_key_integer(r, "hits", (int64_t)s.hits_count);
	reply_key_integer(r, "misses", (int64_t)s.misses_count);
	reply_key_integer(r, "evicted", (int64_t)s.evicted_count);
	reply_object_end(r);
}

static int run_get_render_stats(struct call *call)
{
	struct reply *r = call->reply;
	struct renders_stats s;

	if (!call->env->renders)
		return no_renders(call, RPC_INTERNAL_ERROR);
	renders_stats(call->env->renders, &s);
	reply_object(r);
	reply_key_bool(r, "success", true);
	reply_key_integer(r, "active_renders", (int64_t)s.files_count);
	reply_key_integer(r, "total_renders", (int64_t)s.total_count);
	reply_key_integer(r, "total_cleanups", (int64_t)s.cleaned_count);
	reply_key_integer(r, "current_cache_size", (int64_t)s.files_bytes);
	reply_key_integer(r, "max_cache_size", (int64_t)s.bytes_max);
	reply_key_real(r, "cache_usage_percent",
		       s.bytes_max ? 100.0 * (double)s.files_bytes / (double)s.bytes_max : 0);
	reply_key_integer(r, "files_cleaned", (int64_t)s.cleaned_count);
	reply_key_integer(r, "bytes_freed", (int64_t)s.freed_bytes);
	reply_key_bool(r, "cleanup_thread_active", s.next_cleaning_s != 0);
	reply_key_integer(r, "last_cleanup", (int64_t)s.last_cleaning_s);
	reply_key_integer(r, "next_cleanup", (int64_t)s.next_cleaning_s);
	reply_cache(r, call->env->pictures);
	reply_object_end(r);
	return 0;
}

const struct method method_get_render_stats = {
	.name = "get_render_stats",
	.params = nothing,
	.doc = "Returns counts of the picture files kept now and so far.",
	.result = "success, active_renders, total_renders, total_cleanups, current_cache_size, "
		  "max_cache_size, cache_usage_percent, files_cleaned, bytes_freed, "
		  "cleanup_thread_active, last_cleanup, next_cleanup (seconds since the epoch), "
		  "picture_cache {enabled, pictures, bytes, max_bytes, hits, misses, evicted}",
	.run = run_get_render_stats,
};

static int run_cleanup_expired(struct call *call)
{
	struct reply *r = call->reply;

	if (!call->env->renders)
		return no_renders(call, RPC_INTERNAL_ERROR);
	reply_object(r);
	reply_key_bool(r, "success", true);
	reply_key_integer(r, "files_cleaned", (int64_t)renders_clean(call->env->renders));
	reply_object_end(r);
	return 0;
}

const struct method method_cleanup_expired = {
	.name = "cleanup_expired",
	.params = nothing,
	.doc = "Deletes the kept picture files that have expired.",
	.result = "success, files_cleaned",
	.run = run_cleanup_expired,
};
