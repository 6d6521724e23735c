/*
 * answer.h - one framed text and its reply, appended to the worker's output. Private to
 * daemon/server; worker.c calls it between begin and end of a group.
 */
#ifndef DAEMON_SERVER_ANSWER_H
#define DAEMON_SERVER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/base/span.h"

struct worker;

/*
 * Answers the text, PARSER_PADDING_BYTES readable behind it, where it stands or from a copy of it.
 * False: it is not for this thread (worker.is_inline), and nothing was done.
 */
bool answer_text(struct worker *w, struct span text);
bool answer_copy(struct worker *w, struct span text);

/* A request over the limit; one that the end of the connection cut off after so many bytes. */
void answer_too_long(struct worker *w);
void answer_cut_off(struct worker *w, size_t request_bytes);

#endif
