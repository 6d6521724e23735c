/* The daemon's start options and limits, and the few settings that can change while it runs. */
#include "daemon/base/log.h"
#include "daemon/context/workspace.h"
#include "daemon/methods/scope.h"
#include "daemon/methods/table.h"
#include "daemon/voxel/history.h"
#include "daemon/voxel/shapes.h"

static void write_limits(struct reply *r)
{
	reply_key_object(r, "limits");
	reply_key_integer(r, "nesting_max", RPC_DEPTH_MAX);
	reply_key_integer(r, "requests_per_batch_max", RPC_BATCH_MAX);
	reply_key_integer(r, "projects_max", PROJECTS_MAX);
	reply_key_integer(r, "project_blocks_max", DOCUMENT_BLOCKS_MAX);
	reply_key_integer(r, "undo_steps_max", HISTORY_STEPS_MAX);
	reply_key_integer(r, "undo_blocks_max", HISTORY_BLOCKS_MAX);
	reply_key_integer(r, "shape_size_max", SHAPE_SIZE_MAX);
	reply_object_end(r);
}

static void write_config(struct call *call)
{
	const struct method_host *host = call->env->host;
	struct reply *r = call->reply;

	reply_key_string(r, "log_level", span_str(log_level_name(log_get_level())));
	if (host && host->write_config)
		host->write_config(host->server, r);
	write_limits(r);
}

static int run_get_config(struct call *call)
{
	reply_object(call->reply);
	write_config(call);
	reply_object_end(call->reply);
	return 0;
}

const struct method method_get_config = {
	.name = "get_config",
	.doc = "Returns the daemon's start options and its limits.",
	.result = "log_level, preset, axes, request_bytes_max, connections_max, queue_size, "
		  "memory_high_bytes, limits",
	.run = run_get_config,
};

enum { CONFIG_LOG_LEVEL };

static const struct param config_params[] = {
	[CONFIG_LOG_LEVEL] = { .name = "log_level",
			       .type = PARAM_STRING,
			       .required = true,
			       .doc = "error, warn, info or debug" },
	PARAM_END,
};

static int run_set_config(struct call *call)
{
	struct span name = arg_string(call, CONFIG_LOG_LEVEL, "");

	for (int level = LOG_ERROR; level <= LOG_DEBUG; level++) {
		if (!span_is(name, log_level_name((enum log_level)level)))
			continue;
		log_set_level((enum log_level)level);
		reply_object(call->reply);
		reply_key_bool(call->reply, "success", true);
		write_config(call);
		reply_object_end(call->reply);
		return 0;
	}
	return arg_fault(call, CONFIG_LOG_LEVEL, "must be error, warn, info or debug");
}

const struct method method_set_config = {
	.name = "set_config",
	.params = config_params,
	.doc = "Changes settings that can change while the daemon runs; all others are "
	       "command-line options.",
	.result = "success, and the result of get_config",
	.run = run_set_config,
};
