#include "daemon/server/request/tool.h"

#include <assert.h>
#include <string.h>

#include "daemon/json/number.h"
#include "daemon/json/text.h"
#include "daemon/rpc/fault.h"

#define RESULT_HEAD "{\"jsonrpc\":\"2.0\",\"result\":"
#define RESULT_TAIL ",\"id\":null}"
#define TOOL_HEAD   "{\"success\":true,\"content\":"

/* The head is replaced in place. */
_Static_assert(sizeof(RESULT_HEAD) == sizeof(TOOL_HEAD), "both heads are of one length");

/* Codes of the older form. */
enum {
	TOOL_UNKNOWN = -1001,
	TOOL_INVALID = -1002,
	TOOL_INTERNAL = -1003,
};

static const struct {
	const char *tool;
	const char *method;
} names[] = {
	{ "open_file", "load_project" },     { "save_file", "save_project" },
	{ "export_file", "export_model" },   { "add_voxels", "add_voxel" },
	{ "remove_voxels", "remove_voxel" }, { "batch_voxel_operations", "batch_operations" },
	{ "new_layer", "create_layer" },
};

struct span tool_method(struct span tool, struct value arguments)
{
	static const struct span prefix = SPAN_LIT("goxel_");

	if (!span_starts(tool, prefix))
		return tool;
	tool = span_of(tool.ptr + prefix.len, tool.len - prefix.len);
	/* That tool takes one voxel, but many clients use its name for the method for several
	 * voxels. */
	if (span_is(tool, "add_voxels") && value_kind(value_member(arguments, "voxels")))
		return tool;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_is(tool, names[i].tool))
			return span_str(names[i].method);
	return tool;
}

void tool_wrap(struct outbuf *out, size_t start)
{
	size_t tail = sizeof(RESULT_TAIL) - 1;

	if (out->failed)
		return;
	assert(out->len - start > sizeof(RESULT_HEAD) - 1 + tail);
	assert(!memcmp(out->ptr + start, RESULT_HEAD, sizeof(RESULT_HEAD) - 1));
	memcpy(out->ptr + start, TOOL_HEAD, sizeof(TOOL_HEAD) - 1);
	out->len -= tail;
	outbuf_add(out, "}", 1);
}

static int tool_code(int code)
{
	switch (code) {
	case RPC_METHOD_NOT_FOUND:
		return TOOL_UNKNOWN;
	case RPC_PARSE_ERROR:
	case RPC_INVALID_REQUEST:
	case RPC_INVALID_PARAMS:
		return TOOL_INVALID;
	default:
		return TOOL_INTERNAL;
	}
}

void tool_fault(struct outbuf *out, const struct rpc_fault *fault)
{
	static const struct span head = SPAN_LIT("{\"success\":false,\"error_code\":");
	static const struct span message = SPAN_LIT(",\"error_message\":");
	char *to;

	outbuf_add(out, head.ptr, head.len);
	to = outbuf_room(out, NUMBER_INTEGER_BYTES);
	if (to)
		out->len += number_put_integer(to, tool_code(fault->code));
	outbuf_add(out, message.ptr, message.len);
	text_put_string(out, span_str(fault->text));
	outbuf_add(out, "}", 1);
}
