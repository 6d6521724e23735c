/* setup.h - the requests that a workload wants answered before the load begins. */
#ifndef LOADGEN_SETUP_H
#define LOADGEN_SETUP_H

struct err;
struct options;
struct workload;

/*
 * Sends them one after the other on a connection of its own and waits for each reply.
 * Errors: what connecting fails with; -ETIMEDOUT, -ECONNRESET, -EMSGSIZE; -EPROTO for a reply that
 * is not what the workload expects, quoting it.
 */
int setup_run(const struct options *o, const struct workload *w, struct err *err);

#endif
