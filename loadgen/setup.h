/* setup.h - the requests that a workload sends before the load begins. */
#ifndef LOADGEN_SETUP_H
#define LOADGEN_SETUP_H

struct err;
struct options;
struct workload;

/*
 * Sends them one after the other on a separate connection and waits for each reply.
 * Errors: those of connecting; -ETIMEDOUT, -ECONNRESET, -EMSGSIZE; -EPROTO for a reply that the
 * workload does not expect, quoting it.
 */
int setup_run(const struct options *o, const struct workload *w, struct err *err);

#endif
