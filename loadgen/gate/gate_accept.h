/*
 * gate_accept.h - changes that were accepted: a file of lines
 *
 *	METRIC  UNTIL  MOST  REASON...
 *	response_p50_ns  2027-01-31  8%  checksums of replies, issue 12
 *
 * Up to MOST the metric may become worse until the end of that day (UTC). Lines of # are comments.
 *A line without a reason, and one that has expired, are no acceptance: the first is refused, the
 * second said.
 */
#ifndef LOADGEN_GATE_GATE_ACCEPT_H
#define LOADGEN_GATE_GATE_ACCEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum { GATE_ACCEPTS_MAX = 64 };

struct gate_accept {
	char metric[64];
	char until[16];
	char reason[128];
	double ratio; /* 0.08 */
	bool is_expired;
};

struct gate_accepts {
	struct gate_accept rows[GATE_ACCEPTS_MAX];
	size_t count;
};

/* now_wall_ns decides what has expired. Errors: of file_read; -EINVAL with "FILE:LINE: sentence".
 */
int gate_accepts_read(const char *path, uint64_t now_wall_ns, struct gate_accepts *out,
		      struct err *err);

/* The acceptance in force; NULL when there is none. */
const struct gate_accept *gate_accepts_find(const struct gate_accepts *a, const char *metric);

#endif
