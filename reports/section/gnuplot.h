/* gnuplot.h - the pictures of a comparison as PNG files, drawn by gnuplot. */
#ifndef REPORTS_SECTION_GNUPLOT_H
#define REPORTS_SECTION_GNUPLOT_H

struct err;
struct pair;
struct targets;

/*
 * Writes percentiles.png, stages.png, startup.png, latency.png and memory.png to dir, as far as the
 * runs have the data. -ENOENT when gnuplot is not installed, -EIO when it fails.
 */
int gnuplot_write(const struct pair *p, const struct targets *t, const char *dir, struct err *err);

#endif
