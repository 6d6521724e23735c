/*
 * cache.h - encoded pictures by what they show, limited in bytes; the least recently used go first,
 * also when memory is short (base/budget.h). One cache per process.
 *
 * A key holds everything that a picture depends on, including the project's version: an edit leads
 * to a new key, and the old picture is not used again. Threads: any.
 */
#ifndef DAEMON_RENDER_CACHE_H
#define DAEMON_RENDER_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/base/strbuf.h"

enum {
	CACHE_KEY_MAX = 512, /* bytes */
	CACHE_PICTURES_MAX = 512,
	CACHE_BYTES_DEFAULT = 32 << 20,
};

struct cache;

struct cache_stats {
	uint64_t pictures_count;
	uint64_t bytes; /* of the pictures */
	uint64_t bytes_max;
	uint64_t hits_count;
	uint64_t misses_count;
	uint64_t evicted_count;
};

struct cache *cache_new(size_t bytes_max); /* NULL when out of memory */
void cache_free(struct cache *c);          /* NULL is fine */

/* Appends the picture to out. False: it is not cached, or there is no memory for it. */
bool cache_get(struct cache *c, struct span key, struct strbuf *out);

/* Keeps a copy, unless it is larger than a quarter of the limit, the key is too long, or there is
 * no memory. */
void cache_put(struct cache *c, struct span key, struct span picture);

void cache_read_stats(struct cache *c, struct cache_stats *out);

#endif
