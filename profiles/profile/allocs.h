/*
 * allocs.h - where memory was allocated: the table of sources, the listing by routine and line, and
 * the call tree, from the stacks of a heap profile.
 *
 * A source is the innermost frame that does not belong to the allocator: function, file and line.
 * Counts and bytes of sources are estimates of the sampler; totals are exact.
 */
#ifndef PROFILES_PROFILE_ALLOCS_H
#define PROFILES_PROFILE_ALLOCS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "profiles/profile/intern.h"

struct heap_profile;
struct symbols;

/* What was allocated at one line of one function. */
struct allocs_line {
	const char *function, *file;          /* borrowed from symbols; file "" = unknown */
	int line;                             /* 0 = unknown */
	double allocs_count, allocated_bytes; /* allocated by this line itself */
	double inuse_bytes;
	double cumulative_bytes; /* including functions that it called */
};

/* A node of the call tree. */
struct allocs_node {
	const char *function;
	double allocs_count, allocated_bytes; /* with its children */
	size_t first_child, next_sibling;     /* index in nodes; 0 = none */
};

struct allocs {
	struct allocs_line *lines; /* [lines_count], in descending order of allocated_bytes */
	size_t lines_count, lines_cap;
	struct intern line_keys;
	struct allocs_node *nodes; /* [nodes_count]; [0] is the root, which includes everything */
	size_t nodes_count, nodes_cap;
	double sampled_count, sampled_bytes; /* estimated totals; shares refer to these */
};

/* Owns: out; allocs_deinit. -ENOMEM. */
int allocs_build(const struct heap_profile *p, struct symbols *symbols, struct allocs *out);
void allocs_deinit(struct allocs *a);

/* clang-format off */
/*
 * New references, NULL when out of memory:
 *   sources   [{function, file, line, allocs_count, allocated_bytes, inuse_bytes, bytes_share,
 *             allocs_share}], most bytes first
 *   routines  [{function, file, allocs_count, allocated_bytes, bytes_share,
 *             lines[{line, allocs_count, allocated_bytes, cumulative_bytes, routine_share}]}]
 *   tree      [{function, allocs_count, allocated_bytes, share_of_parent, share_of_total,
 *             children[...]}], without branches below a thousandth of all
 */
/* clang-format on */
json_t *allocs_sources(const struct allocs *a, size_t max);
json_t *allocs_routines(const struct allocs *a, size_t max);
json_t *allocs_tree(const struct allocs *a);

/* For terminal output: the top n sources with percentages, and the hottest path of the tree. */
void allocs_print(const struct allocs *a, size_t n, FILE *out);

#endif
