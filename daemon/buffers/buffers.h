/*
 * buffers.h - the buffers axis: memory for what is read and what is sent.
 *
 * Threads: get and put may be called by any thread, also on different ones.
 */
#ifndef DAEMON_BUFFERS_BUFFERS_H
#define DAEMON_BUFFERS_BUFFERS_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/base/backend.h"

struct buffers;
struct err;

/* Of one buffer: the largest request (rpc/limits.h) and its padding fit. */
#define BUFFERS_BYTES_MAX ((size_t)1 << 31)

struct buffers_cfg {
	size_t clients_count; /* v14 allocates this many 4 KiB buffers at start */
	int huge_pages;       /* 1 = try (pool): never an error, stats say what came of it */
};

struct buffers_stats {
	uint64_t gets_count;
	uint64_t misses_count; /* gets that had to ask malloc */
	uint64_t out_bytes;    /* handed out now */
	uint64_t held_bytes;   /* kept for later */
	int huge_pages;        /* 1 in force, 0 not asked for, or the negative errno of the try */
};

struct buffers_ops {
	struct backend head;

	int (*init)(struct buffers *b, const struct buffers_cfg *cfg, struct err *err);
	void (*deinit)(struct buffers *b); /* asserts that all came back */
	/*
	 * At least min_bytes, aligned for any type (the pool: to 64), contents undefined; *cap is
	 * what it really has and what put wants back. NULL: out of memory, or more than
	 * BUFFERS_BYTES_MAX asked for.
	 */
	void *(*get)(struct buffers *b, size_t min_bytes, size_t *cap);
	void (*put)(struct buffers *b, void *ptr, size_t cap);
	void (*stats)(struct buffers *b, struct buffers_stats *out);
};

struct buffers {
	const struct buffers_ops *ops;
};

extern const struct buffers_ops buffers_malloc_ops;
extern const struct buffers_ops buffers_pool_ops;
extern const struct buffers_ops *const buffers_backends[];
extern const struct backend_axis buffers_axis; /* the same */

/* Errors: -ENOENT unknown name, -ENOMEM. */
int buffers_open(const char *name, const struct buffers_cfg *cfg, struct buffers **out,
		 struct err *err);
/* Every buffer has come back (asserted), and no other thread uses b any more. */
void buffers_close(struct buffers *b);

static inline void *buffers_get(struct buffers *b, size_t min_bytes, size_t *cap)
{
	return b->ops->get(b, min_bytes, cap);
}

static inline void buffers_put(struct buffers *b, void *ptr, size_t cap)
{
	b->ops->put(b, ptr, cap);
}

static inline void buffers_stats(struct buffers *b, struct buffers_stats *out)
{
	b->ops->stats(b, out);
}

#endif
