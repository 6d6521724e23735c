/*
 * stacks.h - different stacks and what was measured on each; what samplers fill and writers read.
 *
 * Addresses are innermost first and name the instruction itself: whoever adds a return address
 * takes one off it before.
 */
#ifndef PROFILES_STACKS_H
#define PROFILES_STACKS_H

#include <stddef.h>
#include <stdint.h>

#include "profiles/intern.h"

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

/* Adds values[STACKS_VALUES_MAX] to a stack; deeper ones lose their outermost frames. -ENOMEM. */
int stacks_add(struct stacks *s, const char *label, const uint64_t *addrs, size_t depth,
	       const double *values);

#endif
