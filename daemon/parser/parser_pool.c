#include "daemon/parser/parser_pool.h"

#include <assert.h>
#include <stdbool.h>

#include "daemon/parser/parser.h"

void parser_pool_init(struct parser_pool *pool, const char *name)
{
	*pool = (struct parser_pool){ .name = name, .out_max = PARSER_POOL_OUT_MAX };
	pthread_mutex_init(&pool->lock, NULL);
}

void parser_pool_deinit(struct parser_pool *pool)
{
	if (!pool->name)
		return;
	assert(pool->out_count == 0);
	while (pool->idle_count)
		parser_close(pool->idle[--pool->idle_count]);
	pthread_mutex_destroy(&pool->lock);
	pool->name = NULL;
}

static void come_back(struct parser_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->out_count--;
	pthread_mutex_unlock(&pool->lock);
}

struct parser *parser_pool_get(struct parser_pool *pool)
{
	struct parser *p = NULL;
	bool is_allowed;

	pthread_mutex_lock(&pool->lock);
	is_allowed = pool->out_count < pool->out_max;
	pool->out_count += is_allowed;
	if (is_allowed && pool->idle_count)
		p = pool->idle[--pool->idle_count];
	pthread_mutex_unlock(&pool->lock);
	if (!p && is_allowed && parser_open(pool->name, &p, NULL) < 0)
		come_back(pool);
	return p;
}

void parser_pool_put(struct parser_pool *pool, struct parser *p)
{
	bool is_kept;

	parser_reset(p);
	pthread_mutex_lock(&pool->lock);
	pool->out_count--;
	is_kept = pool->idle_count < PARSER_POOL_IDLE_MAX;
	if (is_kept)
		pool->idle[pool->idle_count++] = p;
	pthread_mutex_unlock(&pool->lock);
	if (!is_kept)
		parser_close(p);
}
