/*
 * section.h - the parts of a report. Each takes one run or a pair (b NULL: one), and says in a
 * sentence what is missing.
 */
#ifndef REPORTS_SECTION_SECTION_H
#define REPORTS_SECTION_SECTION_H

#include <stdbool.h>

#include "reports/doc/doc.h"
#include "reports/judge/metric.h"
#include "reports/read/view.h"

struct judged;
struct repeats;
struct target;
struct targets;

struct pair {
	const struct view *a; /* baseline, or the only run */
	const struct view *b; /* optimized; NULL = one run */
	/* All runs of several pairs: baseline, optimized, baseline, ...; a and b are the first two.
	 * NULL: there are only these two. */
	const struct view *views;
	size_t pairs_count;
	char name_a[160]; /* for headings and legends; different from each other */
	char name_b[160];
};

void pair_init(struct pair *p, const struct view *a, const struct view *b);

/*
 * Names the two sides of several pairs by what distinguishes them: the preset, the target, or the
 * one axis that differs; unchanged if none of these applies.
 */
void pair_name_sides(struct pair *p);

/* A table headed "<first>|a|b|Change", or "<first>|a" for one run; more = further headings. */
void pair_table(struct doc *d, const struct pair *p, const char *first, const char *more);
/* One row: title, the values in their unit, and their change, without color: its spread is unknown.
 */
void pair_row(struct doc *d, const struct pair *p, struct measure measure, const char *title,
	      double a, double b);
/* The row of a metric, with another title or its own (NULL). */
void pair_metric(struct doc *d, const struct pair *p, const struct metric *m, const char *title);
/* The same without the title. The change has a color only where it is known to be above
 * detectable_pct; NaN: unknown. */
void pair_cells(struct doc *d, const struct pair *p, struct measure measure, double a, double b,
		double detectable_pct);
/* The smallest change of a metric that the spread inside the two runs allows to detect; NaN:
 * unknown. */
double pair_detectable_pct(const struct pair *p, const struct metric *m);
/* Judges a target by the runs of one side, all pairs together. -ENOMEM. */
int pair_judge(const struct pair *p, const struct target *t, bool is_b, struct judged *out);
/* Whether the change from a to b is smaller than that; false when it is unknown. */
bool pair_is_noise(double a, double b, double detectable_pct);
/*
 * Good, bad or neither: a change below 1 %, or of nearly 0, is neither, and so is one that is not
 * known to be above detectable_pct (NaN: unknown). better as in struct metric.
 */
enum doc_tone change_tone(double a, double b, int better, double detectable_pct);

void section_subtitle(struct doc *d, const struct pair *p);
void section_tiles(struct doc *d, const struct pair *p);
void section_repeats_tiles(struct doc *d, const struct repeats *r);
void section_figures(struct doc *d, const struct pair *p); /* all metrics of the run */
void section_repeats(struct doc *d, const struct repeats *r);
void section_statement(struct doc *d, const struct pair *p); /* conclusions that two runs allow */
void section_targets(struct doc *d, const struct pair *p, const struct targets *t);
void section_rule(struct doc *d, const struct pair *p);
void section_latency(struct doc *d, const struct pair *p, const struct targets *t);
void section_intervals(struct doc *d, const struct pair *p);
void section_stages(struct doc *d, const struct pair *p);
void section_startup(struct doc *d, const struct pair *p);
void section_counters(struct doc *d, const struct pair *p);
void section_allocs(struct doc *d, const struct pair *p);
void section_memory(struct doc *d, const struct pair *p);
void section_functions(struct doc *d, const struct pair *p);
void section_flames(struct doc *d, const struct pair *p);
void section_setup(struct doc *d, const struct pair *p);   /* axes, workload, machine */
void section_missing(struct doc *d, const struct pair *p); /* parts and warnings */

/* Number of environment facts that differ; prints them as rows when d is not NULL. */
size_t section_differences(struct doc *d, const struct pair *p);

#endif
