/*
 * others.c - whose file it is, and two of them side by side. The readers are read_*.c.
 */
#include "reports/read/others.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "reports/lib/stats.h"

const char *others_kind_name(enum others_kind kind)
{
	static const char *const names[] = { "hyperfine", "k6", "Google Benchmark",
					     "interval log" };

	return names[kind];
}

void others_deinit(struct others *o)
{
	for (size_t i = 0; i < o->count; i++)
		free(o->metrics[i].values);
	free(o->metrics);
	*o = (struct others){ 0 };
}

int others_add(struct others *o, const char *name, const char *unit, bool is_bigger_better,
	       struct others_metric **out)
{
	struct others_metric *grown;

	if (o->count == OTHERS_METRICS_MAX)
		return -EMSGSIZE;
	grown = realloc(o->metrics, (o->count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	o->metrics = grown;
	*out = &o->metrics[o->count++];
	**out = (struct others_metric){ .is_bigger_better = is_bigger_better };
	snprintf((*out)->name, sizeof((*out)->name), "%s", name);
	snprintf((*out)->unit, sizeof((*out)->unit), "%s", unit);
	return 0;
}

/* Capacity is the power of two at or above count. */
int others_add_value(struct others_metric *m, double value)
{
	if (m->count == OTHERS_VALUES_MAX)
		return -EMSGSIZE;
	if ((m->count & (m->count - 1)) == 0) {
		size_t capacity = m->count ? 2 * m->count : 1;
		double *grown = realloc(m->values, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		m->values = grown;
	}
	m->values[m->count++] = value;
	return 0;
}

int others_from_json(const char *name, const json_t *root, struct others *out, struct err *err)
{
	struct others o = { 0 };
	int rc;

	if (json_is_array(json_object_get(root, "benchmarks"))) {
		o.kind = OTHERS_GBENCH;
		rc = read_gbench(name, root, &o, err);
	} else if (json_is_object(json_object_get(root, "metrics"))) {
		o.kind = OTHERS_K6;
		rc = read_k6(name, root, &o, err);
	} else if (json_is_array(json_object_get(root, "results"))) {
		o.kind = OTHERS_HYPERFINE;
		rc = read_hyperfine(name, root, &o, err);
	} else {
		return err_set(err, -EPROTO, "%s: no results of hyperfine, k6 or Google Benchmark",
			       name);
	}
	if (rc == 0 && o.count == 0)
		rc = err_set(err, -EPROTO, "%s: no value in it can be compared", name);
	if (rc < 0) {
		others_deinit(&o);
		return rc;
	}
	*out = o;
	return 0;
}

static int read_log(const char *path, struct others *out, struct err *err)
{
	struct others o = { .kind = OTHERS_HLOG };
	int rc = read_hlog_file(path, &o, err);

	if (rc < 0) {
		others_deinit(&o);
		return rc;
	}
	*out = o;
	return 0;
}

/* Logs begin with a comment, a legend or a number; the others are one JSON object. */
int others_read(const char *path, struct others *out, struct err *err)
{
	json_error_t where;
	json_t *root;
	char *text;
	size_t len, first;
	int rc = file_read_regular(path, OTHERS_FILE_BYTES_MAX, &text, &len, err);

	if (rc < 0)
		return rc;
	first = strspn(text, " \t\r\n");
	if (text[first] != '{') {
		free(text);
		return read_log(path, out, err);
	}
	root = json_loadb(text, len, 0, &where);
	free(text);
	if (!root)
		return err_set(err, -EPROTO, "%s:%d: %s", path, where.line, where.text);
	rc = others_from_json(path, root, out, err);
	json_decref(root);
	return rc;
}

static int side_of(const struct others_metric *m, struct others_side *out)
{
	double *copy = malloc(m->count * sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	memcpy(copy, m->values, m->count * sizeof(*copy));
	out->count = m->count;
	out->median = stats_median(copy, m->count); /* sorts */
	out->min = copy[0];
	out->max = copy[m->count - 1];
	free(copy);
	return 0;
}

static const struct others_metric *find(const struct others *o, const char *name)
{
	for (size_t i = 0; i < o->count; i++)
		if (strcmp(o->metrics[i].name, name) == 0)
			return &o->metrics[i];
	return NULL;
}

int others_compare(const struct others *a, const struct others *b, struct others_row *rows,
		   size_t max)
{
	size_t count = 0;

	if (a->kind != b->kind)
		return -EINVAL;
	for (size_t i = 0; i < a->count && count < max; i++) {
		const struct others_metric *other = find(b, a->metrics[i].name);
		struct others_row *row = &rows[count];

		if (!other && a->count == 1 && b->count == 1)
			other = &b->metrics[0];
		if (!other)
			continue;
		*row = (struct others_row){ .metric = &a->metrics[i], .change_ratio = NAN };
		if (side_of(&a->metrics[i], &row->a) < 0 || side_of(other, &row->b) < 0)
			return -ENOMEM;
		if (row->a.median > 0)
			row->change_ratio = row->b.median / row->a.median - 1;
		count++;
	}
	return (int)count;
}

static bool has_repetitions(const struct others *o)
{
	for (size_t i = 0; i < o->count; i++)
		if (o->metrics[i].count < 2)
			return false;
	return true;
}

const char *others_design(const struct others *a, const struct others *b)
{
	if (a->kind == OTHERS_HLOG)
		return "One run on each side: its requests are not independent of each other, so "
		       "however many they are, each quantile is one value. Figures only, no verdict.";
	if (!has_repetitions(a) || !has_repetitions(b))
		return "One value on each side: its spread is not known. Figures only, no verdict.";
	if (strcmp(a->machine, b->machine) != 0)
		return "Measured on different machines: the difference may be theirs. Figures only, "
		       "no verdict.";
	return "One side was measured after the other: what the machine did in between counts as a "
	       "difference, and more repetitions do not remove it. Figures and spread, no verdict; "
	       "measure the two in turns for one.";
}

struct start {
	uint64_t ns;
	size_t index;
	bool is_b;
};

static int by_time(const void *a, const void *b)
{
	const struct start *x = a, *y = b;

	return (x->ns > y->ns) - (x->ns < y->ns);
}

size_t others_pairs(const uint64_t *a_start_ns, size_t a_count, const uint64_t *b_start_ns,
		    size_t b_count, size_t (*pairs)[2])
{
	struct start *all;
	size_t n = a_count;

	if (a_count != b_count || n == 0 || n > OTHERS_VALUES_MAX)
		return 0;
	all = malloc(2 * n * sizeof(*all));
	if (!all)
		return 0;
	for (size_t i = 0; i < n; i++) {
		all[2 * i] = (struct start){ a_start_ns[i], i, false };
		all[2 * i + 1] = (struct start){ b_start_ns[i], i, true };
	}
	qsort(all, 2 * n, sizeof(*all), by_time);
	for (size_t i = 0; i < n; i++) {
		const struct start *x = &all[2 * i], *y = x + 1;

		/* Two of the same time say nothing about their order, and two of a side no pair. */
		if (x->is_b == y->is_b || x->ns == y->ns) {
			n = 0;
			break;
		}
		pairs[i][0] = x->is_b ? y->index : x->index;
		pairs[i][1] = x->is_b ? x->index : y->index;
	}
	free(all);
	return n;
}
