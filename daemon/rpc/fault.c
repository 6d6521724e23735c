#include "daemon/rpc/fault.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int fault_set(struct rpc_fault *fault, int code, const char *fmt, ...)
{
	va_list args;

	assert(code != 0);
	fault->code = code;
	va_start(args, fmt);
	vsnprintf(fault->text, sizeof(fault->text), fmt, args);
	va_end(args);
	return -EPROTO;
}
