/* timers.c - a binary heap (Williams 1964). */
#include "loadgen/engine/timers.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "daemon/base/err.h"

int timers_init(struct timers *t, size_t cap, struct err *err)
{
	*t = (struct timers){ .cap = cap };
	t->heap = calloc(cap, sizeof(*t->heap));
	if (!t->heap)
		return err_set(err, -ENOMEM, "out of memory for think times");
	return 0;
}

void timers_deinit(struct timers *t)
{
	free(t->heap);
	*t = (struct timers){ 0 };
}

static void swap(struct timer *a, struct timer *b)
{
	struct timer kept = *a;

	*a = *b;
	*b = kept;
}

void timers_push(struct timers *t, uint64_t due_ns, uint32_t conn)
{
	size_t i = t->count;

	assert(t->count < t->cap);
	t->heap[t->count++] = (struct timer){ due_ns, conn };
	while (i > 0 && t->heap[i].due_ns < t->heap[(i - 1) / 2].due_ns) {
		swap(&t->heap[i], &t->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
}

uint32_t timers_pop(struct timers *t)
{
	uint32_t conn;
	size_t i = 0;

	assert(t->count > 0);
	conn = t->heap[0].conn;
	t->heap[0] = t->heap[--t->count];
	for (;;) {
		size_t least = i;

		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < t->count; child++)
			if (t->heap[child].due_ns < t->heap[least].due_ns)
				least = child;
		if (least == i)
			return conn;
		swap(&t->heap[i], &t->heap[least]);
		i = least;
	}
}
