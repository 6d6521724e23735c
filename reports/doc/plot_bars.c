/* plot_bars.c - draws pairs of bars, and the start-up waterfall. */
#include <math.h>
#include <stdio.h>

#include "reports/doc/plot_private.h"

enum {
	WIDTH = 480,
	NAME_WIDTH = 108,
	VALUE_WIDTH = 76,
	TOP = 28,
	GROUP_HEIGHT = 36,
	BAR_HEIGHT = 13
};

struct bar_scale {
	double low, high; /* of the values, > 0 when is_log */
	bool is_log;
};

/* A log scale starts slightly below the smallest value, so that its bar is visible. */
static struct bar_scale scale_of(const struct plot_bar *bars, size_t count)
{
	struct bar_scale s = { .low = INFINITY };

	for (size_t i = 0; i < count; i++)
		for (int k = 0; k < 2; k++) {
			double v = k ? bars[i].b : bars[i].a;

			if (!(v > 0))
				continue;
			s.low = fmin(s.low, v);
			s.high = fmax(s.high, v);
		}
	s.is_log = s.high > 50 * s.low;
	s.low /= 2;
	return s;
}

static double length_of(const struct bar_scale *s, double v)
{
	double room = WIDTH - NAME_WIDTH - VALUE_WIDTH;

	if (!(v > 0))
		return 0;
	if (s->is_log)
		return room * log(v / s->low) / log(s->high / s->low);
	return room * v / s->high;
}

static void put_bar(struct strbuf *sb, const struct bar_scale *s, double v, double y, char tone,
		    enum plot_unit unit)
{
	double length = length_of(s, v);

	if (isnan(v)) {
		plot_text(sb, NAME_WIDTH + 4, y + 11, "class=\"soft\"", "none");
		return;
	}
	strbuf_addf(
		sb,
		"<rect class=\"f%c\" x=\"%d\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>\n",
		tone, NAME_WIDTH, y, fmax(length, 1), BAR_HEIGHT);
	plot_text(sb, NAME_WIDTH + length + 5, y + 11, "", plot_value(v, unit).s);
}

char *plot_bars(const char *alt, const struct plot_bar *bars, size_t count, enum plot_unit unit,
		const char *name_a, const char *name_b)
{
	struct bar_scale s = scale_of(bars, count);
	struct strbuf sb = { 0 };
	double next;

	if (!(s.high > 0))
		return NULL;
	plot_open(&sb, WIDTH, TOP + (int)count * GROUP_HEIGHT + 16, alt);
	next = plot_legend(&sb, 4, 'a', name_a);
	if (name_b)
		plot_legend(&sb, next, 'b', name_b);
	for (size_t i = 0; i < count; i++) {
		double y = TOP + (double)i * GROUP_HEIGHT;

		plot_text(&sb, NAME_WIDTH - 8, y + (name_b ? 18 : 11), "text-anchor=\"end\"",
			  bars[i].name);
		put_bar(&sb, &s, bars[i].a, y, 'a', unit);
		if (name_b)
			put_bar(&sb, &s, bars[i].b, y + BAR_HEIGHT + 1, 'b', unit);
	}
	plot_text(&sb, 4, TOP + (double)count * GROUP_HEIGHT + 10, "class=\"soft\"",
		  s.is_log ? "log scale" : "");
	return plot_close(&sb);
}

char *plot_waterfall(const char *alt, const struct plot_span *spans, size_t count, double end,
		     char tone)
{
	enum { ROW = 22, HEAD = 8 };
	double room = WIDTH - NAME_WIDTH - VALUE_WIDTH;
	struct strbuf sb = { 0 };

	if (count == 0 || !(end > 0))
		return NULL;
	plot_open(&sb, WIDTH, HEAD + (int)count * ROW + 22, alt);
	for (int k = 0; k <= 2; k++) {
		double x = NAME_WIDTH + room * k / 2;

		strbuf_addf(&sb, "<path class=\"grid\" d=\"M%.1f %dV%d\"/>\n", x, HEAD,
			    HEAD + (int)count * ROW);
		plot_text(&sb, x, HEAD + (double)count * ROW + 15,
			  "class=\"soft\" text-anchor=\"middle\"", k ? fmt_ns(end * k / 2).s : "0");
	}
	for (size_t i = 0; i < count; i++) {
		double y = HEAD + (double)i * ROW;
		double x = NAME_WIDTH + room * fmin(spans[i].start / end, 1);
		double width = room * fmin(spans[i].length / end, 1);

		plot_text(&sb, NAME_WIDTH - 8, y + 14, "text-anchor=\"end\"", spans[i].name);
		strbuf_addf(
			&sb,
			"<rect class=\"f%c\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" "
			"rx=\"2\"/>\n",
			tone, x, y + 3, fmax(width, 1.5), ROW - 7);
		plot_text(&sb, x + fmax(width, 1.5) + 5, y + 14, "class=\"soft\"",
			  fmt_ns(spans[i].length).s);
	}
	return plot_close(&sb);
}
