#include "daemon/render/orders.h"

#include "daemon/base/clock.h"

/* Thread time by which a new client is preferred to the others; a picture of 512 x 512
 * takes less. */
static const int64_t credit_ns = 2 * (int64_t)NSEC_PER_SEC;

static bool have_one_client(const struct order *a, const struct order *b)
{
	return a->work.set->client_id == b->work.set->client_id;
}

static void count_clients(struct orders *list)
{
	list->clients_count = 0;
	for (struct order *o = list->first; o; o = o->next) {
		o->is_first_of_client = true;
		for (const struct order *other = list->first; other != o; other = other->next)
			if (have_one_client(other, o))
				o->is_first_of_client = false;
		list->clients_count += o->is_first_of_client;
	}
}

void orders_add(struct orders *list, struct order *o)
{
	struct order **at = &list->first;

	o->number = ++list->ever_count;
	o->used_ns = list->clock_ns - credit_ns;
	for (; *at; at = &(*at)->next)
		if (have_one_client(*at, o))
			o->used_ns = (*at)->used_ns;
	*at = o;
	count_clients(list);
}

void orders_remove(struct orders *list, struct order *o)
{
	struct order **at = &list->first;

	while (*at != o)
		at = &(*at)->next;
	*at = o->next;
	count_clients(list);
}

/* Whether the picture of the next band may be in memory as well. The limit counts what other orders
 * have open, so that the largest order can go on and none waits for itself. */
static bool has_room(const struct orders *list, const struct order *o)
{
	uint64_t others_bytes = 0;

	if (set_work_next_bytes(&o->work) <= ORDERS_SMALL_BYTES)
		return true;
	for (const struct order *other = list->first; other; other = other->next)
		others_bytes += other == o ? 0 : other->work.open_bytes;
	return others_bytes < ORDERS_OPEN_BYTES_MAX;
}

static bool is_before(const struct order *a, const struct order *b)
{
	if (a->used_ns != b->used_ns)
		return a->used_ns < b->used_ns;
	return a->work.pixels_left < b->work.pixels_left;
}

struct order *orders_next(const struct orders *list)
{
	struct order *best = NULL;

	for (struct order *o = list->first; o; o = o->next)
		if (set_work_has_more(&o->work) && o->threads_count < o->threads_max &&
		    (!best || is_before(o, best)) && has_room(list, o))
			best = o;
	return best;
}

bool orders_is_first(const struct orders *list, const struct order *o)
{
	for (const struct order *other = list->first; other; other = other->next)
		if (other != o && set_work_has_more(&other->work) && is_before(other, o))
			return false;
	return true;
}

void orders_charge(struct orders *list, const struct order *o, int64_t ns)
{
	for (struct order *other = list->first; other; other = other->next)
		if (have_one_client(other, o))
			other->used_ns += ns;
	if (list->clients_count)
		list->clock_ns += ns / (int64_t)list->clients_count;
}

unsigned orders_threads_max(const struct orders *list)
{
	unsigned sum = 0;

	for (const struct order *o = list->first; o; o = o->next)
		sum += o->threads_max;
	return sum;
}
