/* plot_private.h - shared by the pictures. */
#ifndef REPORTS_DOC_PLOT_PRIVATE_H
#define REPORTS_DOC_PLOT_PRIVATE_H

#include <stddef.h>

#include "daemon/base/strbuf.h"
#include "reports/doc/fmt.h"
#include "reports/doc/plot.h"

struct fmt plot_value(double v, enum plot_unit unit);
size_t plot_columns(const char *text); /* code points */
/* One entry of a legend, a long name shortened; returns where the next one starts. */
double plot_legend(struct strbuf *sb, double x, char tone, const char *name);
void plot_open(struct strbuf *sb, int width, int height, const char *alt);
char *plot_close(struct strbuf *sb); /* NULL when out of memory */
void plot_text(struct strbuf *sb, double x, double y, const char *attributes, const char *text);

#endif
