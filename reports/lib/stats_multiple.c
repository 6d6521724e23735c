#include "reports/lib/stats_multiple.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

struct tested {
	double p;
	size_t index;
};

static int by_p(const void *a, const void *b)
{
	const struct tested *x = a, *y = b;

	if (x->p != y->p)
		return x->p < y->p ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

/* The p-values that are numbers, smallest first; *out is for the caller to free. */
static int sort_tested(const double *p, size_t n, struct tested **out, size_t *count)
{
	struct tested *rows;

	for (size_t i = 0; i < n; i++)
		if (p[i] < 0 || p[i] > 1)
			return -EINVAL;
	rows = n <= SIZE_MAX / sizeof(*rows) ? malloc((n ? n : 1) * sizeof(*rows)) : NULL;
	if (!rows)
		return -ENOMEM;
	*count = 0;
	for (size_t i = 0; i < n; i++)
		if (!isnan(p[i]))
			rows[(*count)++] = (struct tested){ p[i], i };
	qsort(rows, *count, sizeof(*rows), by_p);
	*out = rows;
	return 0;
}

static void copy_untested(const double *p, size_t n, double *adjusted)
{
	for (size_t i = 0; i < n; i++)
		if (isnan(p[i]))
			adjusted[i] = NAN;
}

int stats_holm(const double *p, size_t n, double *adjusted)
{
	struct tested *rows;
	size_t count;
	double largest = 0;
	int rc = sort_tested(p, n, &rows, &count);

	if (rc < 0)
		return rc;
	copy_untested(p, n, adjusted);
	for (size_t i = 0; i < count; i++) { /* step down: never below an earlier one */
		largest = fmax(largest, fmin(1, (double)(count - i) * rows[i].p));
		adjusted[rows[i].index] = largest;
	}
	free(rows);
	return 0;
}

int stats_benjamini_hochberg(const double *p, size_t n, double *adjusted)
{
	struct tested *rows;
	size_t count;
	double smallest = 1;
	int rc = sort_tested(p, n, &rows, &count);

	if (rc < 0)
		return rc;
	copy_untested(p, n, adjusted);
	for (size_t i = count; i-- > 0;) { /* step up: never above a later one */
		smallest = fmin(smallest, (double)count / (double)(i + 1) * rows[i].p);
		adjusted[rows[i].index] = smallest;
	}
	free(rows);
	return 0;
}
