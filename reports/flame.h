/*
 * flame.h - a flame graph (root on top) as one SVG: click to zoom, search, details on hover. Text
 * keeps its size at any width, so it reads on a phone. Same samples, same bytes.
 */
#ifndef REPORTS_FLAME_H
#define REPORTS_FLAME_H

#include <stdbool.h>

#include "daemon/base/strbuf.h"

struct folded;

struct flame {
	const char *title;
	const struct folded *samples; /* widths */
	/* Coloured by the change of the share from these; NULL = no comparison. */
	const struct folded *against;
	bool is_before;   /* samples are the older profile, against the newer one */
	const char *note; /* below the title; NULL = none */
};

void flame_svg(struct strbuf *out, const struct flame *flame);

#endif
