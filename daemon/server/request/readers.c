#include "daemon/server/request/readers.h"

#include <stdlib.h>

#include "daemon/server/request/worker.h"

void readers_init(struct readers *r, const struct worker_cfg *cfg, bool are_many)
{
	*r = (struct readers){ .cfg = cfg, .are_many = are_many };
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->change, NULL);
}

static struct worker *new_worker(const struct readers *r)
{
	struct worker *w = calloc(1, sizeof(*w));

	if (w && worker_init(w, r->cfg, true, NULL) < 0) {
		free(w);
		return NULL;
	}
	return w;
}

static void free_worker(struct worker *w)
{
	worker_deinit(w);
	free(w);
}

void readers_deinit(struct readers *r)
{
	if (!r->cfg)
		return;
	if (r->one)
		free_worker(r->one);
	while (r->idle_count)
		free_worker(r->idle[--r->idle_count]);
	pthread_cond_destroy(&r->change);
	pthread_mutex_destroy(&r->lock);
	r->cfg = NULL;
}

struct worker *readers_make_one(struct readers *r)
{
	r->one = new_worker(r);
	return r->one;
}

struct worker *readers_take(struct readers *r)
{
	struct worker *w = NULL;

	pthread_mutex_lock(&r->lock);
	while (!r->idle_count && r->made_count == READERS_MAX)
		pthread_cond_wait(&r->change, &r->lock);
	if (r->idle_count) {
		w = r->idle[--r->idle_count];
	} else {
		w = new_worker(r);
		r->made_count += w != NULL;
	}
	pthread_mutex_unlock(&r->lock);
	return w;
}

void readers_give_back(struct readers *r, struct worker *w)
{
	pthread_mutex_lock(&r->lock);
	r->idle[r->idle_count++] = w;
	pthread_cond_signal(&r->change);
	pthread_mutex_unlock(&r->lock);
}
