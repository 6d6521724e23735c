/* The three views of allocs.h as JSON, and the summary for the terminal. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "profiles/profile/allocs.h"

/* Branches of the tree below this share of all bytes are left out. */
#define TREE_SHARE_MIN 0.001

enum { TREE_DEPTH_MAX = 64, HOT_PATH_DEPTH_MAX = 24 };

static double share(double part, double whole)
{
	return whole > 0 ? part / whole : 0;
}

static void set_number(json_t *object, const char *key, double value)
{
	json_object_set_new(object, key, json_real(value));
}

static void set_count(json_t *object, const char *key, double value)
{
	json_object_set_new(object, key, json_integer(llround(value)));
}

static void set_text(json_t *object, const char *key, const char *value)
{
	/* Names of functions and files are bytes; names that are not UTF-8 have no JSON text. */
	json_t *text = json_string(value);

	json_object_set_new(object, key, text ? text : json_null());
}

json_t *allocs_sources(const struct allocs *a, size_t max)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->lines_count && i < max; i++) {
		const struct allocs_line *l = &a->lines[i];
		json_t *item;

		if (l->allocated_bytes < 0.5)
			break;
		item = json_object();
		set_text(item, "function", l->function);
		set_text(item, "file", l->file);
		json_object_set_new(item, "line", json_integer(l->line));
		set_count(item, "allocs_count", l->allocs_count);
		set_count(item, "allocated_bytes", l->allocated_bytes);
		set_count(item, "inuse_bytes", l->inuse_bytes);
		set_number(item, "bytes_share", share(l->allocated_bytes, a->sampled_bytes));
		set_number(item, "allocs_share", share(l->allocs_count, a->sampled_count));
		json_array_append_new(list, item);
	}
	return list;
}

/* The sum of a routine, followed by its lines in file order. */
struct routine {
	const struct allocs_line *first;
	double allocs_count, allocated_bytes;
};

static bool is_same_routine(const struct allocs_line *x, const struct allocs_line *y)
{
	return strcmp(x->function, y->function) == 0 && strcmp(x->file, y->file) == 0;
}

static int compare_routines(const void *a, const void *b)
{
	const struct routine *x = a, *y = b;
	int order = (x->allocated_bytes < y->allocated_bytes) -
		    (x->allocated_bytes > y->allocated_bytes);

	return order ? order : strcmp(x->first->function, y->first->function);
}

static int compare_line_numbers(const void *a, const void *b)
{
	return (*(const struct allocs_line *const *)a)->line -
	       (*(const struct allocs_line *const *)b)->line;
}

static json_t *routine_json(const struct allocs *a, const struct routine *r)
{
	const struct allocs_line **lines = calloc(a->lines_count, sizeof(void *));
	json_t *item = json_object(), *list = json_array();
	size_t count = 0;

	for (size_t i = 0; lines && i < a->lines_count; i++) {
		if (is_same_routine(&a->lines[i], r->first))
			lines[count++] = &a->lines[i];
	}
	if (count)
		qsort(lines, count, sizeof(void *), compare_line_numbers);
	set_text(item, "function", r->first->function);
	set_text(item, "file", r->first->file);
	set_count(item, "allocs_count", r->allocs_count);
	set_count(item, "allocated_bytes", r->allocated_bytes);
	set_number(item, "bytes_share", share(r->allocated_bytes, a->sampled_bytes));
	for (size_t i = 0; i < count; i++) {
		json_t *line = json_object();

		json_object_set_new(line, "line", json_integer(lines[i]->line));
		set_count(line, "allocs_count", lines[i]->allocs_count);
		set_count(line, "allocated_bytes", lines[i]->allocated_bytes);
		set_count(line, "cumulative_bytes", lines[i]->cumulative_bytes);
		set_number(line, "routine_share",
			   share(lines[i]->allocated_bytes, r->allocated_bytes));
		json_array_append_new(list, line);
	}
	json_object_set_new(item, "lines", list);
	free(lines);
	return item;
}

json_t *allocs_routines(const struct allocs *a, size_t max)
{
	struct routine *routines = calloc(a->lines_count + 1, sizeof(*routines));
	json_t *list = json_array();
	size_t count = 0;

	for (size_t i = 0; routines && i < a->lines_count; i++) {
		const struct allocs_line *l = &a->lines[i];
		size_t k = 0;

		/* Lines that only called allocators belong to routines found through their other
		 * lines. */
		if (l->allocated_bytes < 0.5)
			continue;
		while (k < count && !is_same_routine(routines[k].first, l))
			k++;
		if (k == count)
			routines[count++].first = l;
		routines[k].allocs_count += l->allocs_count;
		routines[k].allocated_bytes += l->allocated_bytes;
	}
	if (count)
		qsort(routines, count, sizeof(*routines), compare_routines);
	for (size_t i = 0; i < count && i < max; i++)
		json_array_append_new(list, routine_json(a, &routines[i]));
	free(routines);
	return list;
}

/* The significant children of a node, most bytes first. Returns their number; free *out. */
static size_t children_of(const struct allocs *a, size_t parent, size_t **out)
{
	double least = a->nodes[0].allocated_bytes * TREE_SHARE_MIN;
	size_t count = 0, *list;

	for (size_t at = a->nodes[parent].first_child; at; at = a->nodes[at].next_sibling)
		count++;
	list = malloc((count + 1) * sizeof(*list));
	*out = list;
	count = 0;
	for (size_t at = a->nodes[parent].first_child; list && at; at = a->nodes[at].next_sibling) {
		size_t k = count;

		if (a->nodes[at].allocated_bytes < least || a->nodes[at].allocated_bytes < 0.5)
			continue;
		/* Insertion sort: a node has few children. */
		while (k > 0 &&
		       a->nodes[list[k - 1]].allocated_bytes < a->nodes[at].allocated_bytes) {
			list[k] = list[k - 1];
			k--;
		}
		list[k] = at;
		count++;
	}
	return count;
}

/* Recursion is bounded by TREE_DEPTH_MAX. NOLINTNEXTLINE(misc-no-recursion) */
static json_t *tree_json(const struct allocs *a, size_t parent, unsigned depth)
{
	json_t *list = json_array();
	size_t *children;
	size_t count = depth < TREE_DEPTH_MAX ? children_of(a, parent, &children) : 0;

	for (size_t i = 0; i < count; i++) {
		const struct allocs_node *n = &a->nodes[children[i]];
		json_t *item = json_object();

		set_text(item, "function", n->function);
		set_count(item, "allocs_count", n->allocs_count);
		set_count(item, "allocated_bytes", n->allocated_bytes);
		set_number(item, "share_of_parent",
			   share(n->allocated_bytes, a->nodes[parent].allocated_bytes));
		set_number(item, "share_of_total",
			   share(n->allocated_bytes, a->nodes[0].allocated_bytes));
		json_object_set_new(item, "children", tree_json(a, children[i], depth + 1));
		json_array_append_new(list, item);
	}
	if (depth < TREE_DEPTH_MAX)
		free(children);
	return list;
}

json_t *allocs_tree(const struct allocs *a)
{
	return tree_json(a, 0, 0);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void print_hot_path(const struct allocs *a, FILE *out)
{
	size_t at = 0, *children;

	fprintf(out, "  hottest path (share of its parent):\n");
	for (int depth = 0; depth < HOT_PATH_DEPTH_MAX; depth++) {
		size_t count = children_of(a, at, &children);
		size_t next = count ? children[0] : 0;

		free(children);
		if (!next)
			break;
		fprintf(out, "  %*s%s %.1f %%\n", 2 + depth, "", a->nodes[next].function,
			100 * share(a->nodes[next].allocated_bytes, a->nodes[at].allocated_bytes));
		at = next;
	}
}

void allocs_print(const struct allocs *a, size_t n, FILE *out)
{
	if (a->lines_count == 0 || a->lines[0].allocated_bytes < 0.5)
		return;
	fprintf(out, "  %7s %7s  %s\n", "bytes", "allocs", "source");
	for (size_t i = 0; i < a->lines_count && i < n; i++) {
		const struct allocs_line *l = &a->lines[i];

		if (l->allocated_bytes < 0.5)
			break;
		fprintf(out, "  %6.1f%% %6.1f%%  %s",
			100 * share(l->allocated_bytes, a->sampled_bytes),
			100 * share(l->allocs_count, a->sampled_count), l->function);
		if (l->file[0])
			fprintf(out, " (%s:%d)", base_name(l->file), l->line);
		fputc('\n', out);
	}
	print_hot_path(a, out);
}
