/* An array that is searched linearly: comparing a hash with each entry costs nothing compared with
 * drawing a picture. */
#include "daemon/render/cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/budget.h"
#include "daemon/base/hash.h"

struct entry {
	uint64_t hash;
	uint64_t used; /* larger: used later */
	size_t key_bytes;
	size_t bytes;
	char *text; /* the key, then the picture */
};

struct cache {
	pthread_mutex_t lock; /* protects what follows */
	struct entry entries[CACHE_PICTURES_MAX];
	size_t count;
	uint64_t uses;
	struct cache_stats stats;
};

static void drop_oldest(struct cache *c);

/* For the budget: frees pictures when memory is short elsewhere. */
static bool drop_for_others(void *ctx, size_t bytes)
{
	struct cache *c = ctx;
	bool has_any;

	(void)bytes;
	/* The caller may hold the lock: cache_get copies under it. */
	if (pthread_mutex_trylock(&c->lock))
		return false;
	has_any = c->count > 0;
	if (has_any)
		drop_oldest(c);
	pthread_mutex_unlock(&c->lock);
	return has_any;
}

struct cache *cache_new(size_t bytes_max)
{
	struct cache *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	pthread_mutex_init(&c->lock, NULL);
	c->stats.bytes_max = bytes_max;
	budget_set_cache(BUDGET_CACHE_PICTURES, drop_for_others, c);
	return c;
}

void cache_free(struct cache *c)
{
	if (!c)
		return;
	budget_set_cache(BUDGET_CACHE_PICTURES, NULL, NULL);
	for (size_t i = 0; i < c->count; i++)
		budget_free(c->entries[i].text);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* With the lock held. NULL: not found. */
static struct entry *find(struct cache *c, struct span key, uint64_t hash)
{
	for (size_t i = 0; i < c->count; i++) {
		struct entry *e = &c->entries[i];

		if (e->hash == hash && e->key_bytes == key.len &&
		    memcmp(e->text, key.ptr, key.len) == 0)
			return e;
	}
	return NULL;
}

bool cache_get(struct cache *c, struct span key, struct strbuf *out)
{
	uint64_t hash = hash_bytes(key);
	struct entry *e;
	bool is_there;

	pthread_mutex_lock(&c->lock);
	e = find(c, key, hash);
	is_there = e != NULL;
	if (e) {
		e->used = ++c->uses;
		strbuf_add(out, e->text + e->key_bytes, e->bytes);
		c->stats.hits_count++;
	} else {
		c->stats.misses_count++;
	}
	pthread_mutex_unlock(&c->lock);
	return is_there && !out->failed;
}

/* With the lock held. */
static void drop_oldest(struct cache *c)
{
	struct entry *oldest = &c->entries[0];

	for (size_t i = 1; i < c->count; i++)
		if (c->entries[i].used < oldest->used)
			oldest = &c->entries[i];
	budget_free(oldest->text);
	c->stats.bytes -= oldest->bytes;
	c->stats.evicted_count++;
	*oldest = c->entries[--c->count];
}

void cache_put(struct cache *c, struct span key, struct span picture)
{
	struct entry e = { .hash = hash_bytes(key), .key_bytes = key.len, .bytes = picture.len };

	if (key.len > CACHE_KEY_MAX || picture.len > c->stats.bytes_max / 4)
		return;
	e.text = budget_malloc(BUDGET_PICTURES, key.len + picture.len);
	if (!e.text)
		return;
	memcpy(e.text, key.ptr, key.len);
	memcpy(e.text + key.len, picture.ptr, picture.len);
	pthread_mutex_lock(&c->lock);
	if (find(c, key, e.hash)) { /* two clients drew the same picture at once */
		budget_free(e.text);
	} else {
		while (c->count == CACHE_PICTURES_MAX ||
		       (c->count && c->stats.bytes + e.bytes > c->stats.bytes_max))
			drop_oldest(c);
		e.used = ++c->uses;
		c->entries[c->count++] = e;
		c->stats.bytes += e.bytes;
	}
	pthread_mutex_unlock(&c->lock);
}

void cache_read_stats(struct cache *c, struct cache_stats *out)
{
	pthread_mutex_lock(&c->lock);
	*out = c->stats;
	out->pictures_count = c->count;
	pthread_mutex_unlock(&c->lock);
}
