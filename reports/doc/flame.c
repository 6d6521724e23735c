/*
 * flame.c - lays out a tree of stacks. Positions are percentages, so the picture needs no width;
 * each frame is a nested <svg>, which clips its text at the frame's edge. Frames too narrow to see
 * are omitted and counted. Source: B. Gregg, "The Flame Graph" (CACM 2016), including differential
 * colouring.
 */
#include "reports/doc/flame.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/hash.h"
#include "reports/doc/html.h"
#include "reports/read/folded.h"

#include "flame_css.h"
#include "flame_js.h"

enum { ROW = 17, HEAD = 50, FOOT = 24, DEPTH_DRAWN_MAX = 200 };
static const double SHARE_MIN = 0.0003; /* a third of a pixel at 1000 */

struct drawing {
	struct strbuf *out;
	const struct flame *flame;
	double total, against_total;
	double change_max; /* largest change of a share */
	size_t left_out;
};

static double share_of(double total, const struct folded_node *node)
{
	return node && total > 0 ? (double)node->total / total : 0;
}

static int is_kernel(const char *name)
{
	size_t len = strlen(name);

	return len > 4 && strcmp(name + len - 4, "_[k]") == 0;
}

static void put_colour(struct drawing *d, const struct folded_node *node, double change)
{
	/* The same name has the same colour in every graph. */
	uint32_t hash = (uint32_t)hash_bytes(span_str(node->name));

	if (d->flame->against) {
		double strength = d->change_max > 0 ? sqrt(fabs(change) / d->change_max) : 0;

		/* Red when the share grew, blue when it shrank; paler for smaller changes. */
		strbuf_addf(d->out, "hsl(%d,%d%%,%d%%)", change > 0 ? 8 : 214,
			    (int)lrint(20 + 65 * strength), (int)lrint(88 - 26 * strength));
	} else if (is_kernel(node->name)) {
		strbuf_addf(d->out, "hsl(%u,%u%%,%u%%)", 196 + hash % 18, 48 + (hash >> 8) % 14,
			    68 + (hash >> 16) % 10);
	} else if (node->name[0] == '[') {
		strbuf_addf(d->out, "hsl(40,8%%,%u%%)", 72 + (hash >> 16) % 8);
	} else {
		strbuf_addf(d->out, "hsl(%u,%u%%,%u%%)", 14 + hash % 32, 74 + (hash >> 8) % 16,
			    62 + (hash >> 16) % 10);
	}
}

static void put_frame(struct drawing *d, const struct folded_node *node, double x, int depth,
		      double before)
{
	double share = share_of(d->total, node);
	double was = d->flame->is_before ? share : before,
	       now = d->flame->is_before ? before : share;

	strbuf_addf(d->out,
		    "<svg class=\"f\" x=\"%.4f%%\" y=\"%d\" width=\"%.4f%%\" height=\"%d\"><title>",
		    100 * x, HEAD + depth * ROW, 100 * share, ROW);
	html_text(d->out, node->name);
	if (d->flame->against)
		strbuf_addf(d->out, " (%.2f %%, was %.2f %%: %+.2f points)", 100 * now, 100 * was,
			    100 * (now - was));
	else
		strbuf_addf(d->out, " (%llu samples, %.2f %%)", (unsigned long long)node->total,
			    100 * share);
	strbuf_add_str(d->out, "</title><rect width=\"100%\" height=\"100%\" rx=\"1.5\" fill=\"");
	put_colour(d, node, now - was);
	strbuf_add_str(d->out, "\"/><text x=\"4\" y=\"12.5\">");
	html_text(d->out, node->name);
	strbuf_add_str(d->out, "</text></svg>\n");
}

/* Depth is bounded by DEPTH_DRAWN_MAX. */
/* NOLINTNEXTLINE(misc-no-recursion): depth is bounded */
static void put_tree(struct drawing *d, const struct folded_node *node,
		     const struct folded_node *before, double x, int depth)
{
	put_frame(d, node, x, depth, share_of(d->against_total, before));
	if (depth + 1 >= DEPTH_DRAWN_MAX)
		return;
	for (size_t i = 0; i < node->children_count; i++) {
		const struct folded_node *child = node->children[i];
		double share = share_of(d->total, child);

		if (share >= SHARE_MIN)
			put_tree(d, child, before ? folded_child(before, child->name) : NULL, x,
				 depth + 1);
		else
			d->left_out++;
		x += share;
	}
}

/* NOLINTNEXTLINE(misc-no-recursion): depth is bounded */
static void find_change(struct drawing *d, const struct folded_node *node,
			const struct folded_node *before, int depth)
{
	double change = share_of(d->total, node) - share_of(d->against_total, before);

	d->change_max = fmax(d->change_max, fabs(change));
	for (size_t i = 0; i < node->children_count && depth < DEPTH_DRAWN_MAX; i++) {
		const struct folded_node *child = node->children[i];

		find_change(d, child, before ? folded_child(before, child->name) : NULL, depth + 1);
	}
}

/* NOLINTNEXTLINE(misc-no-recursion): depth is bounded */
static int depth_of(const struct drawing *d, const struct folded_node *node, int depth)
{
	int deepest = depth;

	for (size_t i = 0; i < node->children_count && depth + 1 < DEPTH_DRAWN_MAX; i++) {
		int below;

		if (share_of(d->total, node->children[i]) < SHARE_MIN)
			continue;
		below = depth_of(d, node->children[i], depth + 1);
		deepest = below > deepest ? below : deepest;
	}
	return deepest;
}

static void put_head(struct drawing *d, int height)
{
	struct strbuf *out = d->out;

	strbuf_addf(out,
		    "<svg class=\"flame\" xmlns=\"http://www.w3.org/2000/svg\" width=\"100%%\" "
		    "height=\"%d\">\n<style>\n",
		    height);
	strbuf_add_str(out, FLAME_CSS);
	strbuf_add_str(out, "</style>\n<text class=\"head\" x=\"8\" y=\"18\">");
	html_text(out, d->flame->title);
	strbuf_add_str(out, "</text>\n<text class=\"hint\" x=\"8\" y=\"38\">");
	html_text(out, d->flame->note ? d->flame->note : "");
	strbuf_add_str(out, "</text>\n"
			    "<text class=\"hint found\" x=\"100%\" dx=\"-8\" y=\"38\" "
			    "text-anchor=\"end\"></text>\n"
			    "<text class=\"hint button reset\" x=\"100%\" dx=\"-70\" y=\"18\" "
			    "text-anchor=\"end\" style=\"display:none\">Reset zoom</text>\n"
			    "<text class=\"hint button search\" x=\"100%\" dx=\"-8\" y=\"18\" "
			    "text-anchor=\"end\">Search</text>\n");
}

void flame_svg(struct strbuf *out, const struct flame *flame)
{
	const struct folded_node *root = &flame->samples->root;
	struct drawing d = { .out = out, .flame = flame, .total = (double)root->total };
	int height = HEAD + (depth_of(&d, root, 0) + 1) * ROW + FOOT;

	if (flame->against) {
		d.against_total = (double)flame->against->root.total;
		find_change(&d, root, &flame->against->root, 0);
	}
	put_head(&d, height);
	put_tree(&d, root, flame->against ? &flame->against->root : NULL, 0, 0);
	strbuf_addf(out, "<text class=\"hint info\" x=\"8\" y=\"%d\">%llu samples", height - 8,
		    (unsigned long long)root->total);
	if (d.left_out)
		strbuf_addf(out, "; %zu frames under %.2f %% are not drawn", d.left_out,
			    100 * SHARE_MIN);
	strbuf_add_str(out, "</text>\n<script><![CDATA[\n");
	strbuf_add_str(out, FLAME_JS);
	strbuf_add_str(out, "]]></script>\n</svg>\n");
}
