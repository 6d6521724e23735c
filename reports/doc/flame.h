/*
 * flame.h - a flame graph (root on top) as one SVG: click to zoom, search, details on hover. Text
 * has the same size at any width, so it is readable on a phone. The same samples give the same
 * bytes.
 */
#ifndef REPORTS_DOC_FLAME_H
#define REPORTS_DOC_FLAME_H

#include <stdbool.h>

#include "daemon/base/strbuf.h"

struct folded;

struct flame {
	const char *title;
	const struct folded *samples; /* widths */
	/* Colours show the change of the share since these samples; NULL = no comparison. */
	const struct folded *against;
	bool is_before;   /* samples are the older profile, against is the newer one */
	const char *note; /* below the title; NULL = none */
};

void flame_svg(struct strbuf *out, const struct flame *flame);

#endif
