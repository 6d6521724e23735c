#include "loadgen/report/run_result.h"

#include <stdlib.h>

const char *run_state_name(enum run_state state)
{
	static const char *const names[] = { "complete", "interrupted", "failed" };

	return names[state];
}

void run_result_deinit(struct run_result *r)
{
	collector_deinit(&r->collect);
	free(r->workers);
	r->workers = NULL;
}
