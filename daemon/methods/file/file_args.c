#include "daemon/methods/file/file_args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/budget.h"
#include "daemon/base/err.h"
#include "daemon/methods/scope.h"
#include "daemon/voxel/project.h"

/* An explanation to append to the message when memory was short: formats report what they could not
 * allocate, but not why. */
static const char *why_no_memory(const struct err *err)
{
	static const char usual[] = "out of memory";
	static _Thread_local char text[128];
	const char *why = budget_why();

	if (err->code != -ENOMEM || strstr(err->msg, why))
		return "";
	if (strstr(err->msg, usual))
		return why + strlen(usual);
	snprintf(text, sizeof(text), ": %s", why);
	return text;
}

int file_fault(struct call *call, int code, const char *what, struct span path,
	       const struct err *err)
{
	const char *why = why_no_memory(err);

	if (scope_is_stopped(err->code))
		return scope_fault(call, code, err->code, what);
	if (strncmp(err->msg, path.ptr, path.len < 32 ? path.len : 32) == 0)
		return fault_set(&call->fault, code, "Failed to %s: %s%s", what, err->msg, why);
	return fault_set(&call->fault, code, "Failed to %s '%.*s': %s%s", what,
			 path.len < 100 ? (int)path.len : 100, path.ptr, err->msg, why);
}

int file_path(struct call *call, struct span *path)
{
	*path = arg_string(call, 0, "");
	return path->len ? 0 : arg_fault(call, 0, "is missing");
}

void file_remember(struct project *p, struct span path)
{
	char *copy = strndup(path.ptr, path.len);

	if (copy)
		project_set_path(p, copy);
	free(copy);
}
