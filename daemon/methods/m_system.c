/* Methods about the daemon itself. */
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/alloc.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/json_out.h"
#include "daemon/base/memory.h"
#include "daemon/base/version.h"
#include "daemon/context/workspace.h"
#include "daemon/methods/methods.h"
#include "daemon/methods/scope.h"
#include "daemon/methods/table.h"
#include "daemon/telemetry/heap_sampler.h"
#include "daemon/telemetry/stages.h"
#include "daemon/telemetry/startup.h"

static int run_ping(struct call *call)
{
	reply_object(call->reply);
	reply_key_bool(call->reply, "pong", true);
	reply_key_integer(call->reply, "timestamp", (int64_t)time(NULL));
	reply_object_end(call->reply);
	return 0;
}

const struct method method_ping = {
	.name = "ping",
	.flags = METHOD_SHORT,
	.doc = "Replies at once, to check that the daemon runs.",
	.result = "pong (true), timestamp (unix seconds)",
	.run = run_ping,
};

/* Writes one scalar; echo_value walks containers with its own stack. */
static void echo_scalar(struct reply *r, struct value v)
{
	switch (value_kind(v)) {
	case VALUE_BOOL:
		reply_bool(r, value_integer(v) != 0);
		break;
	case VALUE_INT:
		reply_integer(r, value_integer(v));
		break;
	case VALUE_REAL:
		reply_real(r, value_real(v));
		break;
	case VALUE_STRING:
		reply_string(r, value_string(v));
		break;
	default:
		reply_null(r);
	}
}

static bool echo_open(struct reply *r, struct value v, struct value *child)
{
	bool is_array = value_kind(v) == VALUE_ARRAY;

	if (is_array)
		reply_array(r);
	else
		reply_object(r);
	if (value_first(v, child))
		return true;
	if (is_array)
		reply_array_end(r);
	else
		reply_object_end(r);
	return false;
}

static bool is_container(struct value v)
{
	return value_kind(v) == VALUE_ARRAY || value_kind(v) == VALUE_OBJECT;
}

/* Copies a value, down to the parser's depth limit, without recursion. */
static void echo_value(struct reply *r, struct value root)
{
	struct value open[RPC_DEPTH_MAX]; /* containers around `at` */
	int depth = 0;
	struct value at;

	if (!is_container(root)) {
		echo_scalar(r, root);
		return;
	}
	if (!echo_open(r, root, &at))
		return;
	open[depth++] = root;
	for (;;) {
		struct value child;

		if (value_kind(open[depth - 1]) == VALUE_OBJECT)
			reply_key(r, value_key(at));
		if (!is_container(at)) {
			echo_scalar(r, at);
		} else if (depth < RPC_DEPTH_MAX && echo_open(r, at, &child)) {
			open[depth++] = at;
			at = child;
			continue;
		}
		while (!value_next(at, &at)) {
			at = open[--depth];
			if (value_kind(at) == VALUE_ARRAY)
				reply_array_end(r);
			else
				reply_object_end(r);
			if (!depth)
				return;
		}
	}
}

static int run_echo(struct call *call)
{
	if (value_kind(call->params) == VALUE_NONE) {
		reply_object(call->reply);
		reply_object_end(call->reply);
	} else {
		echo_value(call->reply, call->params);
	}
	return 0;
}

const struct method method_echo = {
	.name = "echo",
	.flags = METHOD_SHORT,
	.doc = "Returns its parameters.",
	.result = "the parameters; {} when there were none",
	.run = run_echo,
};

static int run_version(struct call *call)
{
	struct reply *r = call->reply;

	reply_object(r);
	reply_key_string(r, "version", SPAN_LIT(GOXEL_DAEMON_VERSION));
	reply_key_string(r, "type", SPAN_LIT("daemon"));
	reply_key_string(r, "protocol", SPAN_LIT("JSON-RPC 2.0"));
	reply_key_string(r, "revision", span_str(version_revision()));
	reply_key_string(r, "variant", span_str(version_variant()));
	reply_key_string(r, "compiler", span_str(version_compiler()));
	reply_key_string(r, "flags", span_str(version_flags()));
	reply_object_end(r);
	return 0;
}

static const char *const version_aliases[] = { "get_version", NULL };

const struct method method_version = {
	.name = "version",
	.aliases = version_aliases,
	.flags = METHOD_SHORT,
	.doc = "Returns the daemon's version and how it was built.",
	.result = "version, type, protocol, revision, variant, compiler, flags",
	.run = run_version,
};

static void write_clock(struct reply *r, uint64_t started_ns)
{
	char text[32];
	char host[256] = "";
	time_t now = time(NULL);
	struct tm local;
	size_t len;

	localtime_r(&now, &local);
	len = strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local);
	reply_key_string(r, "current_time", span_of(text, len));
	gethostname(host, sizeof(host) - 1);
	reply_key_string(r, "hostname", span_str(host));
	reply_key_integer(r, "uptime_seconds", (int64_t)((clock_ns() - started_ns) / NSEC_PER_SEC));
}

static void write_memory(struct reply *r)
{
	struct block_usage blocks;
	struct alloc_counts allocs;

	block_usage(&blocks);
	alloc_read(&allocs);
	reply_key_integer(r, "memory_allocated",
			  (int64_t)(blocks.live_count * sizeof(struct block)));
	reply_key_object(r, "voxel_memory");
	reply_key_integer(r, "blocks_count", (int64_t)blocks.live_count);
	reply_key_integer(r, "pooled_blocks_count", (int64_t)blocks.pooled_count);
	reply_key_integer(r, "block_bytes", (int64_t)sizeof(struct block));
	reply_object_end(r);
	reply_key_object(r, "allocs");
	reply_key_bool(r, "counted", alloc_is_counted());
	reply_key_integer(r, "allocs_count", (int64_t)allocs.allocs_count);
	reply_key_integer(r, "frees_count", (int64_t)allocs.frees_count);
	reply_key_integer(r, "allocated_bytes", (int64_t)allocs.allocated_bytes);
	reply_object_end(r);
}

/* Telemetry functions write whole objects as text. */
static int write_telemetry(struct call *call)
{
	struct strbuf *text = &call->env->lease->workspace->text;
	struct json_out j = { .sb = text };

	strbuf_clear(text);
	startup_write(&j, NULL);
	reply_key(call->reply, SPAN_LIT("startup"));
	reply_raw(call->reply, strbuf_span(text));
	if (text->failed)
		return -ENOMEM;
	strbuf_clear(text);
	j = (struct json_out){ .sb = text };
	if (stages_write(&j, NULL) < 0 || text->failed)
		return -ENOMEM;
	reply_key(call->reply, SPAN_LIT("stages"));
	reply_raw(call->reply, strbuf_span(text));
	return 0;
}

static int run_status(struct call *call)
{
	struct reply *r = call->reply;
	const struct method_host *host = call->env->host;
	int32_t ids[PROJECTS_MAX];
	size_t projects_count = context_list(call->env->lease->context, ids, NULL);
	size_t methods_count;
	int rc;

	methods_all(&methods_count);
	reply_object(r);
	reply_key_string(r, "status", SPAN_LIT("running"));
	reply_key_string(r, "version", SPAN_LIT(GOXEL_DAEMON_VERSION));
	reply_key_integer(r, "pid", getpid());
	write_clock(r, call->env->started_ns);
	reply_key_bool(r, "goxel_initialized", true);
	reply_key_integer(r, "methods_available", (int64_t)methods_count);
	reply_key_integer(r, "projects_count", (int64_t)projects_count);
	write_memory(r);
	if (host)
		host->write_status(host->server, r);
	rc = write_telemetry(call);
	reply_object_end(r);
	return rc < 0 ? scope_fault(call, RPC_INTERNAL_ERROR, rc, "read the status") : 0;
}

static const char *const status_aliases[] = { "get_daemon_status", "get_performance_metrics",
					      "debug_dump_state", NULL };

const struct method method_status = {
	.name = "status",
	.aliases = status_aliases,
	.doc = "Returns the state of the daemon: effective architecture, start-up, stages, memory.",
	.result =
		"status, pid, hostname, uptime_seconds, methods_available, preset, axes, startup, "
		"stages, allocs, voxel_memory, memory {limit_bytes, used_bytes, refused_count, "
		"resident_bytes, used}, ...",
	.run = run_status,
};

static const char *type_name(enum param_type type)
{
	static const char *const names[] = {
		[PARAM_INT] = "integer",   [PARAM_REAL] = "number", [PARAM_BOOL] = "boolean",
		[PARAM_STRING] = "string", [PARAM_ARRAY] = "array", [PARAM_OBJECT] = "object",
		[PARAM_ANY] = "any",
	};

	return names[type];
}

static void describe_param(struct reply *r, const struct param *p)
{
	reply_object(r);
	reply_key_string(r, "name", span_str(p->name));
	if (p->alias)
		reply_key_string(r, "alias", span_str(p->alias));
	reply_key_string(r, "type", span_str(type_name(p->type)));
	reply_key_bool(r, "required", p->required);
	if (p->min || p->max) {
		reply_key_integer(r, "minimum", p->min);
		reply_key_integer(r, "maximum", p->max);
	}
	if (p->preset) {
		reply_key(r, SPAN_LIT("default"));
		reply_raw(r, span_str(p->preset));
	}
	reply_key_string(r, "description", span_str(p->doc));
	reply_object_end(r);
}

static void describe(struct reply *r, const struct method *m, bool verbose)
{
	reply_object(r);
	reply_key_string(r, "method", span_str(m->name));
	reply_key_string(r, "description", span_str(m->doc));
	if (verbose) {
		reply_key_array(r, "aliases");
		for (const char *const *a = m->aliases; a && *a; a++)
			reply_string(r, span_str(*a));
		reply_array_end(r);
		reply_key_array(r, "params");
		for (const struct param *p = m->params; p && p->name; p++)
			describe_param(r, p);
		reply_array_end(r);
		reply_key_string(r, "result", span_str(m->result));
	}
	reply_object_end(r);
}

static const struct param list_methods_params[] = {
	{ .name = "verbose",
	  .type = PARAM_BOOL,
	  .preset = "false",
	  .doc = "with aliases, parameters and results" },
	PARAM_END,
};

static int run_list_methods(struct call *call)
{
	bool verbose = arg_bool(call, 0, false);
	size_t count;
	const struct method *const *methods = methods_all(&count);

	reply_object(call->reply);
	reply_key_integer(call->reply, "count", (int64_t)count);
	reply_key_array(call->reply, "methods");
	for (size_t i = 0; i < count; i++)
		describe(call->reply, methods[i], verbose);
	reply_array_end(call->reply);
	reply_object_end(call->reply);
	return 0;
}

const struct method method_list_methods = {
	.name = "list_methods",
	.params = list_methods_params,
	.doc = "Lists the methods; each is accepted with and without the prefix \"goxel.\".",
	.result = "count, methods: [{method, description}]",
	.run = run_list_methods,
};

static int run_heap_profile(struct call *call)
{
	struct strbuf *text = &call->env->lease->workspace->text;
	struct err err = ERR_INIT;
	int rc;

	strbuf_clear(text);
	rc = heap_sampler_write(text, &err);
	if (!rc && text->failed)
		rc = err_set(&err, -ENOMEM, "out of memory");
	if (rc < 0)
		return fault_set(&call->fault, RPC_INTERNAL_ERROR, "Failed to read the heap: %s",
				 err.msg);
	reply_raw(call->reply, strbuf_span(text));
	return 0;
}

const struct method method_heap_profile = {
	.name = "heap_profile",
	.doc = "Returns the samples of the heap sampler, which must be on.",
	.result = "the goxel-heap/1 object",
	.run = run_heap_profile,
};

static int run_debug_trigger_gc(struct call *call)
{
	size_t freed_bytes = block_pool_drop();

	workspace_trim(call->env->lease->workspace);
	memory_trim(0);
	reply_object(call->reply);
	reply_key_bool(call->reply, "success", true);
	reply_key_integer(call->reply, "freed_bytes", (int64_t)freed_bytes);
	reply_object_end(call->reply);
	return 0;
}

const struct method method_debug_trigger_gc = {
	.name = "debug_trigger_gc",
	.doc = "Returns memory kept for reuse to the system.",
	.result = "success, freed_bytes",
	.run = run_debug_trigger_gc,
};

static int run_shutdown(struct call *call)
{
	const struct method_host *host = call->env->host;

	if (!host || !host->shut_down)
		return fault_set(&call->fault, RPC_INTERNAL_ERROR,
				 "Failed to shut down: not possible here");
	host->shut_down(host->server);
	reply_object(call->reply);
	reply_key_bool(call->reply, "success", true);
	reply_object_end(call->reply);
	return 0;
}

static const char *const shutdown_aliases[] = { "shutdown_daemon", NULL };

const struct method method_shutdown = {
	.name = "shutdown",
	.aliases = shutdown_aliases,
	.doc = "Finishes the requests in progress and ends the daemon.",
	.result = "success",
	.run = run_shutdown,
};
