/*
 * stacks.h - distinct stacks and their measured values; filled by samplers, read by writers.
 *
 * Addresses are innermost first and refer to the instruction itself: the caller subtracts one from
 * return addresses before adding them.
 */
#ifndef PROFILES_PROFILE_STACKS_H
#define PROFILES_PROFILE_STACKS_H

#include <stddef.h>
#include <stdint.h>

#include "profiles/profile/intern.h"

enum { STACKS_VALUES_MAX = 4, STACKS_DEPTH_MAX = 512, STACKS_LABEL_MAX = 32 };

struct stack {
	const char *label; /* name of the thread; "" = none */
	size_t depth;
	const uint64_t *addrs; /* [depth] */
	double values[STACKS_VALUES_MAX];
};

struct stacks {
	struct stack *items; /* [count], in order of first appearance */
	size_t count, cap;
	struct intern keys; /* [count]: the addresses and label that items point into */
};

/* A zeroed struct stacks is empty and valid. */
void stacks_deinit(struct stacks *s);

/* Adds values[STACKS_VALUES_MAX] to a stack; if it is too deep, the outermost frames are dropped.
 * -ENOMEM. */
int stacks_add(struct stacks *s, const char *label, const uint64_t *addrs, size_t depth,
	       const double *values);

#endif
