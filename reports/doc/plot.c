/* plot.c - draws line charts: axes, ticks, grid, legend. */
#include "reports/doc/plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/base/strbuf.h"
#include "reports/doc/fmt.h"
#include "reports/doc/html.h"
#include "reports/doc/plot_private.h"
#include "reports/lib/quantiles.h"

enum {
	WIDTH = 480,
	HEIGHT = 290,
	LEFT = 62,
	RIGHT = 12,
	TOP = 26,
	BOTTOM = 34,
	NINES_MAX = 5,
	LABEL_HEIGHT = 16,
	LEGEND_COLUMNS_MAX = 14, /* two names and a target fit side by side */
};

struct scale {
	double low, high; /* in transformed units */
	bool is_log;
	double from, to; /* pixels */
};

struct fmt plot_value(double v, enum plot_unit unit)
{
	struct fmt out;

	switch (unit) {
	case PLOT_NS:
		return fmt_ns(v);
	case PLOT_BYTES:
		return fmt_bytes(v);
	case PLOT_RATE:
		if (v >= 1e6)
			snprintf(out.s, sizeof(out.s), "%.4gM", v / 1e6);
		else if (v >= 1e3)
			snprintf(out.s, sizeof(out.s), "%.4gk", v / 1e3);
		else
			snprintf(out.s, sizeof(out.s), "%.4g", v);
		return out;
	case PLOT_SECONDS:
		snprintf(out.s, sizeof(out.s), "%.4g s", v);
		return out;
	case PLOT_PLAIN:
		break;
	}
	return fmt_count(v);
}

void plot_open(struct strbuf *sb, int width, int height, const char *alt)
{
	strbuf_addf(sb,
		    "<svg viewBox=\"0 0 %d %d\" xmlns=\"http://www.w3.org/2000/svg\" "
		    "role=\"img\" aria-label=\"",
		    width, height);
	html_text(sb, alt);
	strbuf_add_str(sb, "\">\n");
}

char *plot_close(struct strbuf *sb)
{
	strbuf_add_str(sb, "</svg>\n");
	if (sb->failed) {
		strbuf_deinit(sb);
		return NULL;
	}
	return strbuf_take(sb);
}

void plot_text(struct strbuf *sb, double x, double y, const char *attributes, const char *text)
{
	strbuf_addf(sb, "<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, attributes);
	html_text(sb, text);
	strbuf_add_str(sb, "</text>\n");
}

static double transform(const struct scale *s, double v)
{
	return s->is_log ? log10(fmax(v, 1e-12)) : v;
}

static double pixel(const struct scale *s, double v)
{
	double span = s->high - s->low;

	return s->from + (transform(s, v) - s->low) / (span > 0 ? span : 1) * (s->to - s->from);
}

/* The quantile axis counts nines: 0 at 0 %, 1 at 90 %, 2 at 99 %. */
static double nines(double q)
{
	return -log10(fmax(1 - q, pow(10, -NINES_MAX)));
}

static double x_of(const struct plot *p, double x)
{
	return p->is_percentile ? nines(x) : x;
}

static bool is_usable(const struct plot *p, double x, double y)
{
	return isfinite(x) && isfinite(y) && (!p->is_y_log || y > 0);
}

/* The smallest and the largest value that is drawn. */
static bool find_range(const struct plot *p, struct scale *xs, struct scale *ys)
{
	size_t used = 0;

	*xs = (struct scale){ .low = INFINITY, .high = -INFINITY };
	*ys = (struct scale){ .low = INFINITY, .high = -INFINITY, .is_log = p->is_y_log };
	for (size_t s = 0; s < 3; s++)
		for (size_t i = 0; p->series[s].name && i < p->series[s].count; i++) {
			double x = p->series[s].x[i], y = p->series[s].y[i];

			if (!is_usable(p, x, y))
				continue;
			xs->low = fmin(xs->low, x_of(p, x));
			xs->high = fmax(xs->high, x_of(p, x));
			ys->low = fmin(ys->low, transform(ys, y));
			ys->high = fmax(ys->high, transform(ys, y));
			used++;
		}
	if (used && isfinite(p->target) && (!p->is_y_log || p->target > 0)) {
		ys->low = fmin(ys->low, transform(ys, p->target));
		ys->high = fmax(ys->high, transform(ys, p->target));
	}
	return used >= 2;
}

/* A step of 1, 2 or 5 times a power of ten that divides span into about n parts. */
static double nice_step(double span, int n)
{
	double raw = span / n, power = pow(10, floor(log10(raw))), lead = raw / power;

	return power * (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10);
}

static void put_y_line(struct strbuf *sb, const struct plot *p, const struct scale *ys, double v)
{
	double y = pixel(ys, v);

	strbuf_addf(sb, "<path class=\"grid\" d=\"M%d %.1fH%d\"/>\n", LEFT, y, WIDTH - RIGHT);
	plot_text(sb, LEFT - 6, y + 4, "class=\"soft\" text-anchor=\"end\"",
		  v == 0 ? "0" : plot_value(v, p->y_unit).s);
}

/* Lines at every step in the scale, evenly by value. */
static void put_y_steps(struct strbuf *sb, const struct plot *p, const struct scale *ys, double low,
			double high)
{
	double step = nice_step(high - low, 5), first = ceil(low / step);

	double last = INFINITY;

	/* On a log scale the upper steps may be closer than the height of their labels. */
	for (int i = 0; (first + i) * step <= high; i++) {
		double v = (first + i) * step, y = pixel(ys, v);

		if (last - y < LABEL_HEIGHT)
			continue;
		put_y_line(sb, p, ys, v);
		last = y;
	}
}

/* Powers of ten; with values between them when there are few; even steps inside one decade. */
static void put_y_decades(struct strbuf *sb, const struct plot *p, const struct scale *ys)
{
	static const int leads[][3] = { { 1, 0, 0 }, { 1, 3, 0 }, { 1, 2, 5 } };
	double span = ys->high - ys->low;
	size_t row = span >= 3 ? 0 : span >= 1.6 ? 1 : 2;
	int every = 1 + (int)(span / 8);

	if (span < 1) {
		put_y_steps(sb, p, ys, pow(10, ys->low), pow(10, ys->high));
		return;
	}
	for (int e = (int)floor(ys->low); e <= (int)ys->high; e++)
		for (size_t i = 0; i < 3 && leads[row][i] && e % every == 0; i++) {
			double t = e + log10(leads[row][i]);

			if (t >= ys->low && t <= ys->high)
				put_y_line(sb, p, ys, pow(10, t));
		}
}

static void put_y_axis(struct strbuf *sb, const struct plot *p, struct scale *ys)
{
	ys->from = HEIGHT - BOTTOM;
	ys->to = TOP;
	if (ys->is_log) {
		ys->low = floor(ys->low * 2) / 2 - 0.02;
		ys->high = ys->high + 0.08;
		put_y_decades(sb, p, ys);
	} else {
		ys->low = fmin(0, ys->low);
		ys->high = ys->high > ys->low ? ys->high * 1.06 : ys->low + 1;
		put_y_steps(sb, p, ys, ys->low, ys->high);
	}
}

static void put_x_label(struct strbuf *sb, double x, const char *text)
{
	/* A label that would exceed the right edge ends at the edge. */
	bool is_cut = x + 3.6 * (double)plot_columns(text) > WIDTH;

	strbuf_addf(sb, "<path class=\"grid\" d=\"M%.1f %dV%d\"/>\n", x, TOP, HEIGHT - BOTTOM);
	plot_text(sb, is_cut ? WIDTH - 2 : x, HEIGHT - BOTTOM + 17,
		  is_cut ? "class=\"soft\" text-anchor=\"end\""
			 : "class=\"soft\" text-anchor=\"middle\"",
		  text);
}

static void put_x_axis(struct strbuf *sb, const struct plot *p, struct scale *xs)
{
	char label[32];

	xs->from = LEFT;
	xs->to = WIDTH - RIGHT - 8;
	if (p->is_percentile) {
		xs->low = 0;
		xs->high = fmax(xs->high, 2);
		for (size_t i = 0; i < QUANTILES_COUNT; i++) {
			double at = nines(quantiles[i].q);

			if (!(quantiles[i].uses & QUANTILE_LABEL) || at > xs->high + 1e-9)
				continue;
			snprintf(label, sizeof(label), "%.10g %%", 100 * quantiles[i].q);
			put_x_label(sb, pixel(xs, at), label);
		}
	} else {
		double step = nice_step(fmax(xs->high - xs->low, 1e-9), 5);

		double first = ceil(xs->low / step) * step;

		for (int i = 0; first + i * step <= xs->high + step / 1e6; i++)
			put_x_label(sb, pixel(xs, first + i * step),
				    plot_value(first + i * step, PLOT_SECONDS).s);
	}
}

static void put_series(struct strbuf *sb, const struct plot *p, const struct plot_series *s,
		       const struct scale *xs, const struct scale *ys)
{
	bool is_first = true;

	strbuf_addf(sb, "<path class=\"l%c\" d=\"", s->tone);
	for (size_t i = 0; i < s->count; i++) {
		if (!is_usable(p, s->x[i], s->y[i]))
			continue;
		strbuf_addf(sb, "%c%.1f %.1f", is_first ? 'M' : 'L', pixel(xs, x_of(p, s->x[i])),
			    pixel(ys, s->y[i]));
		is_first = false;
	}
	strbuf_add_str(sb, "\"/>\n");
}

/* The length in bytes of the first `columns` code points. */
static size_t prefix_bytes(const char *text, size_t columns)
{
	size_t len = 0;

	for (; text[len]; len++)
		if (((unsigned char)text[len] & 0xc0) != 0x80 && columns-- == 0)
			break;
	return len;
}

double plot_legend(struct strbuf *sb, double x, char tone, const char *name)
{
	char attributes[32], shown[200];
	size_t columns = plot_columns(name);

	/* Shortens the middle, since long names of two sides often start alike. */
	if (columns > LEGEND_COLUMNS_MAX) {
		snprintf(shown, sizeof(shown), "%.*s…%s",
			 (int)prefix_bytes(name, LEGEND_COLUMNS_MAX / 2 - 1), name,
			 name + prefix_bytes(name, columns - LEGEND_COLUMNS_MAX / 2));
		name = shown;
	}
	strbuf_addf(
		sb,
		"<rect class=\"f%c\" x=\"%.1f\" y=\"6\" width=\"10\" height=\"10\" rx=\"2\"/>\n",
		tone, x);
	snprintf(attributes, sizeof(attributes), "class=\"t%c\"", tone);
	plot_text(sb, x + 15, 15, attributes, name);
	return x + 15 + 7.8 * (double)plot_columns(name) + 18;
}

static void put_legend(struct strbuf *sb, const struct plot *p)
{
	double x = LEFT;

	for (size_t s = 0; s < 3; s++)
		if (p->series[s].name && p->series[s].name[0])
			x = plot_legend(sb, x, p->series[s].tone, p->series[s].name);
	if (isfinite(p->target) && p->target_name)
		plot_text(sb, x, 15, "class=\"tt\"", p->target_name);
}

size_t plot_columns(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

char *plot_lines(const struct plot *p)
{
	struct strbuf sb = { 0 };
	struct scale xs, ys;

	if (!find_range(p, &xs, &ys))
		return NULL;
	plot_open(&sb, WIDTH, HEIGHT, p->alt);
	put_y_axis(&sb, p, &ys);
	put_x_axis(&sb, p, &xs);
	strbuf_addf(&sb, "<path class=\"axis\" d=\"M%d %dH%d\"/>\n", LEFT, HEIGHT - BOTTOM,
		    WIDTH - RIGHT);
	if (isfinite(p->target))
		strbuf_addf(&sb, "<path class=\"lt\" d=\"M%d %.1fH%d\"/>\n", LEFT,
			    pixel(&ys, p->target), WIDTH - RIGHT);
	for (size_t s = 0; s < 3; s++)
		if (p->series[s].name)
			put_series(&sb, p, &p->series[s], &xs, &ys);
	put_legend(&sb, p);
	return plot_close(&sb);
}
