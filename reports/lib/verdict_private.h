/* verdict_private.h - what the files of the verdict share. */
#ifndef REPORTS_LIB_VERDICT_PRIVATE_H
#define REPORTS_LIB_VERDICT_PRIVATE_H

#include "reports/lib/verdict.h"

/* The configuration with its defaults filled in and the level of the look. */
struct verdict_terms {
	double alpha, band_alpha, power;
	double level;
	uint64_t seed;
	size_t flips_count;
};

/* verdict_count.c: one count, and the column of all of them. */
void verdict_count_judge(const struct verdict_count *count, struct verdict_count_row *row);
enum verdict_signal verdict_counts_signal(const struct verdict_count_row *rows, size_t n);

/* verdict_blocking.c, verdict_explaining.c: fill the rows of their family. 0, -EINVAL, -ENOMEM. */
int verdict_blocking_judge(const struct verdict_terms *terms, const struct verdict_input *input,
			   struct verdict_row *rows);
int verdict_explaining_judge(const struct verdict_terms *terms, const struct verdict_input *input,
			     struct verdict_row *rows);

/* verdict_row.c */

/* The values of a metric, worse is up; how many. column[blocks_count]. */
size_t verdict_gather(const struct verdict_input *input, size_t metric, double *column);
/* Fills what a row has without any test: margin, counts of blocks, NaN and infinite bounds. */
void verdict_row_init(const struct verdict_input *input, size_t metric, struct verdict_row *row);
/* The answer from bounds in which worse is up; turns the row's effects into the metric's own sense.
 */
void verdict_row_answer(struct verdict_row *row);
void verdict_row_orient(struct verdict_row *row);

/* verdict_joint.c: columns, joint verdict, sentence. Rows and counts_rows are in place. */
void verdict_conclude(bool is_last_look, struct verdict *v);
/* Whether the verdict that all is well waits for the row: a required one, or its class has none. */
bool verdict_is_awaited(const struct verdict *v, const struct verdict_row *row);

/* verdict_words.c: fills v->sentence. */
void verdict_say(struct verdict *v);

#endif
