/*
 * plot.h - draws pictures of a comparison as SVG, coloured by the page's style (classes a and b),
 * so that they follow light and dark mode. The same input gives the same bytes. Every function
 * returns new memory (free it), or NULL when there is nothing to draw or no memory.
 */
#ifndef REPORTS_DOC_PLOT_H
#define REPORTS_DOC_PLOT_H

#include <stdbool.h>
#include <stddef.h>

enum plot_unit { PLOT_NS, PLOT_BYTES, PLOT_RATE, PLOT_SECONDS, PLOT_PLAIN };

struct plot_series {
	const char *name; /* NULL: not drawn */
	char tone;        /* 'a', 'b', or 'c' for an additional series */
	const double *x, *y;
	size_t count;
};

struct plot {
	const char *alt;              /* description of the picture for screen readers */
	struct plot_series series[3]; /* one without letters in its name is not in the legend */
	enum plot_unit y_unit;
	bool is_y_log;
	bool is_percentile; /* x is a quantile 0..1, drawn by nines */
	double target;      /* horizontal line; NaN = none */
	const char *target_name;
};

char *plot_lines(const struct plot *p);

struct plot_bar {
	const char *name;
	double a, b; /* NaN = not measured */
};

/* Pairs of horizontal bars, log scale when the values span more than a factor of 50. */
char *plot_bars(const char *alt, const struct plot_bar *bars, size_t count, enum plot_unit unit,
		const char *name_a, const char *name_b);

struct plot_span {
	const char *name;
	double start, length;
};

/* Start-up as a waterfall on a common scale of time; end is the right edge. */
char *plot_waterfall(const char *alt, const struct plot_span *spans, size_t count, double end,
		     char tone);

#endif
