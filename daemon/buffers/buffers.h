/*
 * buffers.h - the buffers axis: memory for what is read and what is sent.
 *
 * Threads: any thread may call get and put; a buffer may be put by another thread than the one that
 * got it.
 */
#ifndef DAEMON_BUFFERS_BUFFERS_H
#define DAEMON_BUFFERS_BUFFERS_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/base/backend.h"

struct buffers;
struct err;

/* Of one buffer: fits the largest request (rpc/limits.h) with its padding. */
#define BUFFERS_BYTES_MAX ((size_t)1 << 31)

struct buffers_cfg {
	size_t clients_count; /* v14 allocates this many 4 KiB buffers at start */
	int huge_pages;       /* 1 = try (pool): failing is no error, stats show the result */
};

struct buffers_stats {
	uint64_t gets_count;
	uint64_t misses_count; /* gets that had to ask malloc */
	uint64_t out_bytes;    /* handed out now */
	uint64_t held_bytes;   /* kept for reuse */
	int huge_pages;        /* 1 in use, 0 not requested, or the negative errno of the attempt */
};

struct buffers_ops {
	struct backend head;

	int (*init)(struct buffers *b, const struct buffers_cfg *cfg, struct err *err);
	void (*deinit)(struct buffers *b); /* asserts that all buffers were returned */
	/*
	 * Returns at least min_bytes, aligned for any type (the pool: to 64), with undefined
	 * contents; *cap is the real size, which put needs. NULL: out of memory, or more than
	 * BUFFERS_BYTES_MAX.
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
/* All buffers must have been returned (asserted), and no other thread may use b any more. */
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
