/*
 * buffers_malloc.c - malloc and free for every buffer, as in v14.
 *
 * In addition, v14 allocates at start one 4 KiB buffer for each client that may ever connect. The
 * original never used these buffers and neither does this code: they cost memory and start-up time.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/buffers/buffers.h"
#include "daemon/buffers/per_thread.h"

enum { CLIENT_BYTES = 4096 };

struct buffers_malloc {
	struct buffers base;
	struct per_thread_set threads;
	void **clients; /* [clients_count] of CLIENT_BYTES */
	size_t clients_count;
};

static void holds_nothing(struct per_thread_set *set, struct per_thread *rec)
{
	(void)set;
	(void)rec;
}

static void free_clients(struct buffers_malloc *m)
{
	for (size_t i = 0; i < m->clients_count; i++)
		free(m->clients[i]);
	free(m->clients);
}

static int allocate_clients(struct buffers_malloc *m, size_t count)
{
	if (!count)
		return 0;
	m->clients = calloc(count, sizeof(*m->clients));
	if (!m->clients)
		return -ENOMEM;
	for (; m->clients_count < count; m->clients_count++) {
		m->clients[m->clients_count] = malloc(CLIENT_BYTES);
		if (!m->clients[m->clients_count])
			return -ENOMEM;
	}
	return 0;
}

static int malloc_init(struct buffers *b, const struct buffers_cfg *cfg, struct err *err)
{
	struct buffers_malloc *m = (struct buffers_malloc *)b;
	int rc;

	if (allocate_clients(m, cfg->clients_count) < 0) {
		free_clients(m);
		return err_set(err, -ENOMEM, "buffers of %d bytes for %zu clients", CLIENT_BYTES,
			       cfg->clients_count);
	}
	rc = per_thread_init(&m->threads, sizeof(struct per_thread), holds_nothing, err);
	if (rc < 0)
		free_clients(m);
	return rc;
}

static void malloc_deinit(struct buffers *b)
{
	struct buffers_malloc *m = (struct buffers_malloc *)b;

	per_thread_deinit(&m->threads);
	assert(atomic_load(&m->threads.left.out_bytes) == 0);
	free_clients(m);
}

static void *malloc_get(struct buffers *b, size_t min_bytes, size_t *cap)
{
	struct per_thread_set *threads = &((struct buffers_malloc *)b)->threads;
	struct per_thread *rec;
	size_t bytes = min_bytes ? min_bytes : 1;
	void *ptr;

	if (bytes > BUFFERS_BYTES_MAX)
		return NULL;
	ptr = malloc(bytes);
	if (!ptr)
		return NULL;
	rec = per_thread_get(threads);
	if (rec)
		per_thread_count(rec, (int64_t)bytes, 1, 1);
	else
		per_thread_count_left(threads, (int64_t)bytes, 1, 1);
	*cap = bytes;
	return ptr;
}

static void malloc_put(struct buffers *b, void *ptr, size_t cap)
{
	struct per_thread_set *threads = &((struct buffers_malloc *)b)->threads;
	struct per_thread *rec;

	if (!ptr)
		return;
	free(ptr);
	rec = per_thread_get(threads);
	if (rec)
		per_thread_count(rec, -(int64_t)cap, 0, 0);
	else
		per_thread_count_left(threads, -(int64_t)cap, 0, 0);
}

static void malloc_stats(struct buffers *b, struct buffers_stats *out)
{
	struct buffers_malloc *m = (struct buffers_malloc *)b;

	pthread_mutex_lock(&m->threads.lock);
	per_thread_sum(&m->threads, out);
	pthread_mutex_unlock(&m->threads.lock);
	out->held_bytes = m->clients_count * CLIENT_BYTES;
	out->huge_pages = 0;
}

const struct buffers_ops buffers_malloc_ops = {
	.head = { .name = "malloc",
		  .summary = "malloc and free for every buffer (v14)",
		  .size = sizeof(struct buffers_malloc) },
	.init = malloc_init,
	.deinit = malloc_deinit,
	.get = malloc_get,
	.put = malloc_put,
	.stats = malloc_stats,
};
