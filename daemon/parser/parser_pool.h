/*
 * parser_pool.h - replacement parsers for threads that have passed theirs on: the parse of a
 * message is handed to another thread inside its parser.
 *
 * At most PARSER_POOL_OUT_MAX are passed on at one time, which limits the memory of waiting parses.
 * Threads: any.
 */
#ifndef DAEMON_PARSER_PARSER_POOL_H
#define DAEMON_PARSER_PARSER_POOL_H

#include <pthread.h>

struct parser;

enum {
	PARSER_POOL_OUT_MAX = 64,
	PARSER_POOL_IDLE_MAX = 16, /* kept for the next message */
};

/* A zeroed one may be given to parser_pool_deinit. */
struct parser_pool {
	const char *name;     /* of the backend; NULL: not initialized */
	pthread_mutex_t lock; /* protects what follows */
	unsigned out_max;     /* PARSER_POOL_OUT_MAX; tests set less */
	unsigned out_count;   /* parsers got and not put back */
	unsigned idle_count;
	struct parser *idle[PARSER_POOL_IDLE_MAX];
};

void parser_pool_init(struct parser_pool *pool, const char *name);
void parser_pool_deinit(struct parser_pool *pool); /* all parsers must have been put back */

/* NULL: too many are in use, or there is no memory. */
struct parser *parser_pool_get(struct parser_pool *pool);

/* For each get a parser is put back, any of the same backend; its values are dropped. */
void parser_pool_put(struct parser_pool *pool, struct parser *p);

#endif
