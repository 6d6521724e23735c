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

enum { STACKS_VALUES_MAX = 4, STACKS_DEPTH_MAX = 512, STACKS_LABEL_MAX = 32 };

struct stack {
	uint64_t hash;
	char label[STACKS_LABEL_MAX]; /* name of the thread; "" = none */
	size_t depth;
	uint64_t *addrs; /* [depth] */
	double values[STACKS_VALUES_MAX];
};

struct stacks {
	struct stack *items; /* [count], in order of first appearance */
	size_t count, cap;
	uint32_t *heads; /* hash table of heads_cap, open addressing: index + 1 */
	size_t heads_cap;
};

/* A zeroed struct stacks is empty and valid. */
void stacks_deinit(struct stacks *s);

/* Adds values[STACKS_VALUES_MAX] to a stack; deeper ones lose their outermost frames. -ENOMEM. */
int stacks_add(struct stacks *s, const char *label, const uint64_t *addrs, size_t depth,
	       const double *values);

#endif
