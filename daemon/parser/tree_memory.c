#include "daemon/parser/tree_memory.h"

#include <cjson/cJSON.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

#include "daemon/base/budget.h"

/* Of the calling thread. taken_bytes is the part of used_bytes taken from the budget. */
static _Thread_local size_t used_bytes;
static _Thread_local size_t taken_bytes;

static void *tree_malloc(size_t bytes)
{
	void *ptr = malloc(bytes);

	if (!ptr)
		return NULL;
	used_bytes += malloc_usable_size(ptr);
	while (used_bytes > taken_bytes + TREE_STEP_BYTES) {
		if (!budget_take(BUDGET_REQUESTS, TREE_STEP_BYTES)) {
			used_bytes -= malloc_usable_size(ptr);
			free(ptr);
			return NULL;
		}
		taken_bytes += TREE_STEP_BYTES;
	}
	return ptr;
}

static void tree_free(void *ptr)
{
	size_t bytes = ptr ? malloc_usable_size(ptr) : 0;

	used_bytes = used_bytes > bytes ? used_bytes - bytes : 0;
	free(ptr);
	while (taken_bytes && used_bytes + TREE_STEP_BYTES <= taken_bytes) {
		budget_give(BUDGET_REQUESTS, TREE_STEP_BYTES);
		taken_bytes -= TREE_STEP_BYTES;
	}
}

/* cJSON is a shared library: when malloc is counted (base/alloc.h), it gets the counted
 * functions. */
static void set_hooks(void)
{
	cJSON_InitHooks(&(cJSON_Hooks){ tree_malloc, tree_free });
}

void tree_memory_use(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, set_hooks);
}
