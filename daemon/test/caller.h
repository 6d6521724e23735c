/* caller.h - calls methods as a worker does, without a server: request text in, reply text out. */
#ifndef DAEMON_TEST_CALLER_H
#define DAEMON_TEST_CALLER_H

#include "daemon/context/context.h"
#include "daemon/dispatch/dispatch.h"
#include "daemon/methods/env.h"
#include "daemon/parser/parser.h"

struct caller {
	struct context *context;
	struct context_lease lease;
	struct parser *parser;
	struct reply *reply;
	struct dispatch *dispatch;
	struct method_env env;
	struct outbuf out;
	char *text; /* of the request, padded */
};

/* Asserts that everything opens. Names are those of the axes' backends. */
void caller_open(struct caller *c, const char *context, const char *parser);
void caller_close(struct caller *c);

/* For another thread on the same context. */
void caller_join(struct caller *c, struct context *context, const char *parser);
void caller_part(struct caller *c);

/*
 * Runs a method with params as JSON text ("" = none). Returns the reply without its envelope, valid
 * until the next call: the result, or {"code":...,"message":...}. Calls context_done, not
 * context_leave.
 */
const char *caller_call(struct caller *c, const char *method, const char *params);

/* The same in two steps, for counting: caller_run needs a text given to caller_prepare. */
void caller_prepare(struct caller *c, const char *method, const char *params);
int caller_run(struct caller *c); /* parses, dispatches, runs, ends the reply */

#endif
