/*
 * fmt.h - formats numbers for people: three significant digits and a suitable unit. NaN becomes an
 * en dash. Results are returned by value: fmt_ns(x).s lives to the end of the full expression.
 */
#ifndef REPORTS_DOC_FMT_H
#define REPORTS_DOC_FMT_H

#include <stdint.h>

struct fmt {
	char s[48];
};

struct fmt fmt_ns(double ns);       /* "12.3 µs" */
struct fmt fmt_bytes(double bytes); /* "4.20 MB" */
struct fmt fmt_count(double count); /* "1,234,567"; fractions below 100 keep three digits */
struct fmt fmt_rate(double per_s);  /* "12,345/s" */
struct fmt fmt_pct(double pct);     /* "4.1 %" */
/* An effect in percent; from 300 % on as a factor. */
struct fmt fmt_effect(double pct);
struct fmt fmt_signed_pct(double pct); /* "+4.1 %" */
struct fmt fmt_ratio(double ratio);    /* "2.41×" */
/* The change from a to b: a percentage below a doubling, a factor above. */
struct fmt fmt_change(double a, double b);

#endif
