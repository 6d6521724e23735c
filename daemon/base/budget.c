#include "daemon/base/budget.h"

#include <assert.h>
#include <stdatomic.h>

const char *const budget_names[BUDGET_KINDS] = {
	[BUDGET_VOXELS] = "voxels",   [BUDGET_REQUESTS] = "requests",
	[BUDGET_REPLIES] = "replies", [BUDGET_PICTURES] = "pictures",
	[BUDGET_FILES] = "files",     [BUDGET_SCRIPTS] = "scripts",
};

static _Atomic uint64_t limit_bytes;
static _Atomic uint64_t used_bytes;
static _Atomic uint64_t kind_bytes[BUDGET_KINDS];
static _Atomic uint64_t refused_count;

void budget_set_limit(uint64_t bytes)
{
	atomic_store_explicit(&limit_bytes, bytes, memory_order_relaxed);
}

uint64_t budget_limit(void)
{
	return atomic_load_explicit(&limit_bytes, memory_order_relaxed);
}

bool budget_take(enum budget_kind kind, size_t bytes)
{
	uint64_t limit = budget_limit();
	uint64_t before = atomic_fetch_add_explicit(&used_bytes, bytes, memory_order_relaxed);

	if (limit && (bytes > limit || before > limit - bytes)) {
		atomic_fetch_sub_explicit(&used_bytes, bytes, memory_order_relaxed);
		atomic_fetch_add_explicit(&refused_count, 1, memory_order_relaxed);
		return false;
	}
	atomic_fetch_add_explicit(&kind_bytes[kind], bytes, memory_order_relaxed);
	return true;
}

void budget_give(enum budget_kind kind, size_t bytes)
{
	uint64_t before = atomic_fetch_sub_explicit(&kind_bytes[kind], bytes, memory_order_relaxed);

	assert(before >= bytes);
	atomic_fetch_sub_explicit(&used_bytes, bytes, memory_order_relaxed);
}

uint64_t budget_used(void)
{
	return atomic_load_explicit(&used_bytes, memory_order_relaxed);
}

uint64_t budget_used_of(enum budget_kind kind)
{
	return atomic_load_explicit(&kind_bytes[kind], memory_order_relaxed);
}

uint64_t budget_refused_count(void)
{
	return atomic_load_explicit(&refused_count, memory_order_relaxed);
}
