/* judged_print.h - prints figures and their verdicts as a table, and as JSON. */
/* clang-format off */
/*
 * JSON, schema "goxel-judged/1": the envelope (lib/envelope.h), and
 *	name      of the targets
 *	targets   [{title, key, unit, below | above (absent: shown only), v14_claim, v14 (null: not
 *	          measured), value, low, high (null: no interval), values_count, values[], verdict}]
 *	counts    {met, missed, not_settled, shown, not_measured}
 */
/* clang-format on */
#ifndef REPORTS_JUDGE_JUDGED_PRINT_H
#define REPORTS_JUDGE_JUDGED_PRINT_H

#include <stddef.h>

#include "reports/judge/judge.h"
#include "reports/judge/target.h"

struct doc;
struct figures;
struct strbuf;

struct judgement {
	const struct figures *figures; /* borrowed */
	struct judged rows[TARGETS_MAX];
	size_t counts[VERDICT_SHOWN + 1]; /* by verdict */
};

/* Judges every figure. -ENOMEM, -EINVAL. */
int judgement_make(const struct figures *f, struct judgement *out);

void judgement_doc(struct doc *d, const struct judgement *j);
void judgement_json(struct strbuf *out, const struct judgement *j);

#endif
