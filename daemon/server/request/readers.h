/*
 * readers.h - the workers of the reading threads, which run short requests in the thread that read
 * them. There is one for a transport with one reading thread, else as many as run requests at the
 * same time.
 */
#ifndef DAEMON_SERVER_REQUEST_READERS_H
#define DAEMON_SERVER_REQUEST_READERS_H

#include <pthread.h>
#include <stdbool.h>

struct worker;
struct worker_cfg;

enum { READERS_MAX = 64 }; /* beyond this a reading thread waits for another one to finish */

/* May be zeroed when passed to readers_deinit. */
struct readers {
	const struct worker_cfg *cfg; /* NULL: not initialized */
	bool are_many;                /* several threads read */
	struct worker *one;           /* created on first use by the single reading thread */
	pthread_mutex_t lock;         /* protects what follows */
	pthread_cond_t change;        /* one was returned */
	struct worker *idle[READERS_MAX];
	unsigned idle_count;
	unsigned made_count;
};

void readers_init(struct readers *r, const struct worker_cfg *cfg, bool are_many);
void readers_deinit(struct readers *r); /* all must be idle */

/* The slow path of readers_get. */
struct worker *readers_make_one(struct readers *r);
struct worker *readers_take(struct readers *r);
void readers_give_back(struct readers *r, struct worker *w);

/* A worker for the calling thread until readers_put; NULL: out of memory. */
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
