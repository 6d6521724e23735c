/*
 * queue_priority.c - one first-in-first-out list per priority behind a mutex and a condition
 * variable: the v14 option --priority-queue.
 *
 * The highest priority that has an item always goes first: lower ones can starve, as in the
 * original. The lists share `capacity` cells, linked by index.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "daemon/base/err.h"
#include "daemon/queue/queue.h"
#include "daemon/queue/queue_lock.h"

#define CELL_NONE UINT32_MAX

struct cell {
	void *item;
	uint32_t next; /* in its list or in the free list */
};

struct list {
	uint32_t first; /* CELL_NONE while empty; `last` is then undefined */
	uint32_t last;
};

struct queue_priority_lists {
	struct queue base;
	struct queue_lock l;
	struct list lists[QUEUE_PRIORITIES];
	uint32_t free_first;
	struct cell *cells; /* [capacity] */
};

static int priority_init(struct queue *q, const struct queue_cfg *cfg, struct err *err)
{
	struct queue_priority_lists *p = (struct queue_priority_lists *)q;

	p->cells = calloc(cfg->capacity, sizeof(*p->cells));
	if (!p->cells)
		return err_set(err, -ENOMEM, "%zu cells", cfg->capacity);
	for (size_t i = 0; i < cfg->capacity; i++)
		p->cells[i].next = i + 1 < cfg->capacity ? (uint32_t)i + 1 : CELL_NONE;
	for (int i = 0; i < QUEUE_PRIORITIES; i++)
		p->lists[i].first = CELL_NONE;
	queue_lock_init(&p->l);
	return 0;
}

static void priority_deinit(struct queue *q)
{
	struct queue_priority_lists *p = (struct queue_priority_lists *)q;

	queue_lock_deinit(&p->l);
	free(p->cells);
}

static bool add_one(struct queue_priority_lists *p, struct list *list, void *item)
{
	uint32_t index = p->free_first;

	if (index == CELL_NONE)
		return false;
	p->free_first = p->cells[index].next;
	p->cells[index] = (struct cell){ .item = item, .next = CELL_NONE };
	if (list->first == CELL_NONE)
		list->first = index;
	else
		p->cells[list->last].next = index;
	list->last = index;
	p->l.count++;
	return true;
}

static size_t priority_push(struct queue *q, void *const *items, size_t n, enum queue_priority prio)
{
	struct queue_priority_lists *p = (struct queue_priority_lists *)q;
	size_t i = 0;

	assert(prio >= QUEUE_LOW && prio < QUEUE_PRIORITIES);
	queue_lock_enter(&p->l);
	while (i < n && add_one(p, &p->lists[prio], items[i]))
		i++;
	queue_lock_leave_signalling(&p->l, i);
	return i;
}

static void *take_one(struct queue_priority_lists *p, struct list *list)
{
	uint32_t index = list->first;

	list->first = p->cells[index].next;
	p->cells[index].next = p->free_first;
	p->free_first = index;
	p->l.count--;
	return p->cells[index].item;
}

static size_t priority_pop(struct queue *q, void **items, size_t n)
{
	struct queue_priority_lists *p = (struct queue_priority_lists *)q;
	size_t i = 0;

	queue_lock_enter(&p->l);
	for (int prio = QUEUE_PRIORITIES - 1; prio >= 0; prio--)
		while (i < n && p->lists[prio].first != CELL_NONE)
			items[i++] = take_one(p, &p->lists[prio]);
	queue_lock_leave(&p->l);
	return i;
}

static bool priority_wait(struct queue *q, uint64_t timeout_ns)
{
	return queue_lock_wait(&((struct queue_priority_lists *)q)->l, timeout_ns);
}

static void priority_wake(struct queue *q)
{
	queue_lock_shut(&((struct queue_priority_lists *)q)->l);
}

static size_t priority_count(struct queue *q)
{
	return queue_lock_count(&((struct queue_priority_lists *)q)->l);
}

const struct queue_ops queue_priority_ops = {
	.head = { .name = "priority",
		  .summary = "one list per priority behind a mutex and a condition variable",
		  .size = sizeof(struct queue_priority_lists) },
	.init = priority_init,
	.deinit = priority_deinit,
	.push = priority_push,
	.pop = priority_pop,
	.wait = priority_wait,
	.wake = priority_wake,
	.count = priority_count,
};
