/*
 * readers.h - the workers of the reading threads, with which short requests run where they were
 * read. One for a transport with one reading thread; else as many as run requests at one time.
 */
#ifndef DAEMON_SERVER_READERS_H
#define DAEMON_SERVER_READERS_H

#include <pthread.h>
#include <stdbool.h>

struct worker;
struct worker_cfg;

enum { READERS_MAX = 64 }; /* beyond this many a reading thread waits for another to end */

/* A zeroed one may be given to readers_deinit. */
struct readers {
	const struct worker_cfg *cfg; /* NULL: not initialized */
	bool are_many;                /* several threads read */
	struct worker *one;           /* made on first use, by the one reading thread */
	pthread_mutex_t lock;         /* of what follows */
	pthread_cond_t change;        /* one has come back */
	struct worker *idle[READERS_MAX];
	unsigned idle_count;
	unsigned made_count;
};

void readers_init(struct readers *r, const struct worker_cfg *cfg, bool are_many);
void readers_deinit(struct readers *r); /* all are idle */

/* The slow part of readers_get. */
struct worker *readers_make_one(struct readers *r);
struct worker *readers_take(struct readers *r);
void readers_give_back(struct readers *r, struct worker *w);

/* The calling thread's worker until readers_put; NULL: out of memory. */
static inline struct worker *readers_get(struct readers *r)
{
	if (__builtin_expect(r->are_many, 0))
		return readers_take(r);
	return __builtin_expect(r->one != NULL, 1) ? r->one : readers_make_one(r);
}

static inline void readers_put(struct readers *r, struct worker *w)
{
	if (__builtin_expect(r->are_many, 0))
		readers_give_back(r, w);
}

#endif
