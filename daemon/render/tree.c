/*
 * The leaves are sorted along a Z curve. The children of node n, which covers a range of leaves,
 * are nodes 2 n + 1 and 2 n + 2, one for each half. The nearer child is searched first; nodes
 * behind the hit are skipped.
 */
#include "daemon/render/tree.h"

#include <math.h>
#include <stdlib.h>

#include "daemon/base/budget.h"
#include "daemon/render/trace.h"

enum { DEPTH_MAX = 34 }; /* 2^32 leaves, and one pending sibling per level */

struct node {
	double low[3];
	double high[3];
};

struct scene_tree {
	uint32_t count;
	struct tree_leaf *leaves;
	struct node *nodes; /* [up to 4 count] */
};

struct scene_tree *tree_new(uint32_t leaves_count)
{
	struct scene_tree *tree = budget_calloc(BUDGET_PICTURES, 1, sizeof(*tree));

	if (!tree)
		return NULL;
	tree->count = leaves_count;
	tree->leaves = budget_calloc(BUDGET_PICTURES, leaves_count, sizeof(*tree->leaves));
	tree->nodes =
		budget_calloc(BUDGET_PICTURES, 4 * (size_t)leaves_count, sizeof(*tree->nodes));
	if (tree->leaves && tree->nodes)
		return tree;
	tree_free(tree);
	return NULL;
}

struct tree_leaf *tree_leaves(struct scene_tree *tree)
{
	return tree->leaves;
}

void tree_free(struct scene_tree *tree)
{
	if (!tree)
		return;
	budget_free(tree->nodes);
	budget_free(tree->leaves);
	budget_free(tree);
}

/* Whether the highest set bit of a is lower than that of b. */
static bool is_finer(uint32_t a, uint32_t b)
{
	return a < b && a < (a ^ b);
}

/* The axis with the highest differing bit decides: the order of interleaved bits. */
static int by_curve(const void *left, const void *right)
{
	const struct tree_leaf *a = left;
	const struct tree_leaf *b = right;
	/* Flip the sign bit so that negative places come first. */
	const uint32_t p[3] = { (uint32_t)a->pos.x ^ 1u << 31, (uint32_t)a->pos.y ^ 1u << 31,
				(uint32_t)a->pos.z ^ 1u << 31 };
	const uint32_t q[3] = { (uint32_t)b->pos.x ^ 1u << 31, (uint32_t)b->pos.y ^ 1u << 31,
				(uint32_t)b->pos.z ^ 1u << 31 };
	int axis = 0;

	for (int i = 1; i < 3; i++)
		if (is_finer(p[axis] ^ q[axis], p[i] ^ q[i]))
			axis = i;
	return (p[axis] > q[axis]) - (p[axis] < q[axis]);
}

static struct node leaf_box(const struct tree_leaf *leaf)
{
	const int32_t at[3] = { leaf->pos.x, leaf->pos.y, leaf->pos.z };
	struct node n;

	for (int i = 0; i < 3; i++) {
		n.low[i] = (double)at[i] * BLOCK_EDGE;
		n.high[i] = n.low[i] + BLOCK_EDGE;
	}
	return n;
}

/* Recursion is as deep as the tree: 16 levels for all the blocks that a document may have. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static void grow(struct scene_tree *tree, size_t index, uint32_t first, uint32_t end)
{
	struct node *n = &tree->nodes[index];
	const struct node *a = &tree->nodes[2 * index + 1];
	const struct node *b = &tree->nodes[2 * index + 2];
	uint32_t middle = first + (end - first) / 2;

	if (end - first == 1) {
		*n = leaf_box(&tree->leaves[first]);
		return;
	}
	grow(tree, 2 * index + 1, first, middle);
	grow(tree, 2 * index + 2, middle, end);
	for (int i = 0; i < 3; i++) {
		n->low[i] = fmin(a->low[i], b->low[i]);
		n->high[i] = fmax(a->high[i], b->high[i]);
	}
}

void tree_grow(struct scene_tree *tree)
{
	qsort(tree->leaves, tree->count, sizeof(*tree->leaves), by_curve);
	if (tree->count)
		grow(tree, 0, 0, tree->count);
}

/* A subtree still to be searched. */
struct part {
	size_t index;
	uint32_t first, end;
	double t; /* where the line enters it */
	int axis;
};

static bool enters(const struct scene_tree *tree, const struct trace_line *l, double t_min,
		   struct part *p)
{
	const struct node *n = &tree->nodes[p->index];
	double t_out = INFINITY;

	p->t = t_min;
	p->axis = 2;
	return trace_clip(l, n->low, n->high, &p->t, &t_out, &p->axis);
}

static bool trace_leaf(const struct tree_leaf *leaf, const struct trace_line *l,
		       const struct part *p, struct hit *hit)
{
	const struct scene_grid block = { .cells = &leaf->cell, .size = { 1, 1, 1 } };
	const int64_t base[3] = { (int64_t)leaf->pos.x * BLOCK_EDGE,
				  (int64_t)leaf->pos.y * BLOCK_EDGE,
				  (int64_t)leaf->pos.z * BLOCK_EDGE };
	struct trace_line inside = *l;
	int32_t at[3];

	for (int i = 0; i < 3; i++) {
		double place;

		inside.o[i] -= (double)base[i];
		place = inside.o[i] + inside.d[i] * p->t;
		at[i] = place > 0 ? place < BLOCK_MASK ? (int32_t)place : BLOCK_MASK : 0;
	}
	if (!trace_grid(&block, &inside, at, p->t, p->axis, hit))
		return false;
	for (int i = 0; i < 3; i++)
		hit->pos[i] = (int32_t)(hit->pos[i] + base[i]);
	return true;
}

bool tree_trace(const struct scene_tree *tree, const struct trace_line *line, double t_min,
		struct hit *hit)
{
	struct part parts[DEPTH_MAX] = { { .end = tree->count } };
	unsigned count = enters(tree, line, t_min, &parts[0]);
	double best = INFINITY;
	struct hit found;

	while (count) {
		struct part p = parts[--count];
		uint32_t middle = p.first + (p.end - p.first) / 2;
		struct part a = { .index = 2 * p.index + 1, .first = p.first, .end = middle };
		struct part b = { .index = 2 * p.index + 2, .first = middle, .end = p.end };
		bool has_a, has_b;

		if (p.t >= best)
			continue;
		if (p.end - p.first == 1) {
			if (trace_leaf(&tree->leaves[p.first], line, &p, &found) &&
			    found.t < best) {
				best = found.t;
				*hit = found;
			}
			continue;
		}
		has_a = enters(tree, line, t_min, &a);
		has_b = enters(tree, line, t_min, &b);
		if (has_a && (!has_b || a.t > b.t))
			parts[count++] = a;
		if (has_b)
			parts[count++] = b;
		if (has_a && has_b && a.t <= b.t)
			parts[count++] = a;
	}
	return best < INFINITY;
}
