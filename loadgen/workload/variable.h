/*
 * variable.h - the variables of a workload: the source of a request's variable parts.
 *
 * Every occurrence of a variable in a template draws a new value. All draws of a connection come
 * from one seeded generator, so a connection's n-th request is the same in every run with the same
 * seed, whatever the server does.
 */
#ifndef LOADGEN_WORKLOAD_VARIABLE_H
#define LOADGEN_WORKLOAD_VARIABLE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "daemon/base/rng.h"
#include "daemon/base/span.h"

struct err;

enum {
	VARIABLES_MAX = 32,
	VARIABLE_CHOICES_MAX = 64,
	VARIABLE_PAYLOAD_BYTES_MAX = 1 << 20,
};

/* Both ends are included. */
struct range {
	int64_t min, max;
};

enum variable_kind {
	VARIABLE_UNSET,
	VARIABLE_RANDOM,   /* uniform integer of range */
	VARIABLE_SEQUENCE, /* min, min + step, ... max, min, ...; connections take turns, so that no
			      two of them draw the same value in one round */
	VARIABLE_CHOICE,   /* uniform, one of choices */
	VARIABLE_PAYLOAD,  /* N ASCII letters and digits, N in range */
};

struct variable {
	const char *name; /* borrowed */
	enum variable_kind kind;
	struct range range;                        /* values, or payload bytes */
	int64_t step;                              /* of a sequence, >= 1; 0 counts as 1 */
	struct span choices[VARIABLE_CHOICES_MAX]; /* borrowed */
	size_t choices_count;
};

/* A connection's source of values. */
struct draw {
	struct rng rng;
	uint64_t turn;                 /* the connection's number in the run */
	uint64_t turns_count;          /* connections in the run */
	uint64_t drawn[VARIABLES_MAX]; /* values taken of each sequence */
};

void draw_init(struct draw *d, uint64_t seed, uint64_t turn, uint64_t turns_count);

/* "3", "-32..31"; blanks around ".." are fine. -EINVAL: not that, or min above max. */
int range_parse(const char *text, struct range *out, struct err *err);
int64_t range_draw(const struct range *r, struct draw *d);

/* "a | b | c" into v->choices. -EINVAL: more than VARIABLE_CHOICES_MAX. */
int variable_parse_choices(struct variable *v, const char *text, struct err *err);

/* The longest text that a draw can produce. */
size_t variable_bytes_max(const struct variable *v);

/*
 * Writes one value to out, which has room for variable_bytes_max; index is the variable's in its
 * workload. Returns the end of what was written.
 */
char *variable_render(const struct variable *v, size_t index, struct draw *d, char *out);

extern const char render_digit_pairs[201]; /* "00" "01" ... "99" */

/* The two digits of n < 100. */
static inline void render_pair(char *out, uint64_t n)
{
	memcpy(out, render_digit_pairs + n * 2, 2);
}

/* Decimal text of value, no NUL; at most 20 bytes. Returns the end. */
char *render_i64(char *out, int64_t value);

#endif
