/*
 * verdict.h - one answer from paired blocks and exact counts: is B worse than A?
 *
 * Input: for each block and metric ln B - ln A of one randomized block (comparing-runs: the block
 * is the unit), and counts that do not depend on the clock (instructions, allocations, system calls
 * per request). Output: an answer for each metric with its bounds, what could have been seen, and
 * the blocks still needed; and one verdict over counts, CPU time and wall time.
 *
 * Families:
 *   counts      no error rate: a count that a second run of A repeats is exact, and judged as it
 * is. blocking    at most VERDICT_BLOCKING_MAX metrics, fixed beforehand: joint sign flips,
 * one-sided simultaneous bounds at the level of the look. REGRESSED only when the bound is beyond
 * the margin. The probability that any metric is called REGRESSED although none is worse than its
 * margin is at most alpha over all looks; so is that of any NOT_WORSE or EQUIVALENT that is wrong.
 *   explaining  the quantiles of a histogram (one simultaneous band for each curve) and long lists
 *               (functions): corrected by Benjamini-Hochberg over all of them, and named only when
 *               the estimate is beyond the margin. They never block.
 *
 * Deterministic: the same input and seed give the same output to the last bit.
 * Threads: no state; each object belongs to one caller.
 */
#ifndef REPORTS_LIB_VERDICT_H
#define REPORTS_LIB_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct stats_looks;

enum { VERDICT_BLOCKING_MAX = 16, VERDICT_METRICS_MAX = 4096, VERDICT_COUNTS_MAX = 64 };

/* ---- input ------------------------------------------------------------------------------ */

enum verdict_class { VERDICT_CPU, VERDICT_WALL, VERDICT_MEMORY, VERDICT_CLASSES };
enum verdict_family { VERDICT_BLOCKING, VERDICT_EXPLAINING };

struct verdict_metric {
	const char *key; /* borrowed, lives as long as the verdict */
	enum verdict_class class;
	enum verdict_family family;
	bool is_required;      /* a verdict that all is well needs this one to be known */
	bool is_bigger_better; /* a rate rather than a time */
	double margin_ratio;   /* 0.01: a change up to 1 % does not matter; >= 0, < 1 */
	double resolution_ln;  /* smallest ln that the instrument can see (stats_hist_resolution) */
	int curve;             /* explaining ones with the same number > 0 share a band */
};

/*
 * The metrics that block by default, ended by key NULL: CPU time per request 1 %, p50 2 %, tails
 * and memory 5 %. Keys are those of reports/judge/metric.c.
 */
extern const struct verdict_metric verdict_metrics_default[];
/* NULL: not one of them. */
const struct verdict_metric *verdict_metric_find(const char *key);

struct verdict_count {
	const char *key;      /* borrowed */
	double a, a_again, b; /* per request; a_again of a second run of A. NaN: not measured */
	double margin_ratio;  /* 0.005: 0.5 % of a */
	double margin_abs;    /* 0.01: a hundredth of one per request; the larger margin counts */
};

/* Margins by key, ended by key NULL: instructions 0.5 %; allocations, system calls 0.01. */
extern const struct verdict_count verdict_counts_default[];
const struct verdict_count *verdict_count_find(const char *key);

struct verdict_cfg {
	double alpha;      /* of the blocking family; 0: 0.01 */
	double band_alpha; /* of bands for display, and false discovery rate of explaining rows; 0:
			      0.05 */
	double power;      /* of the detectable effect and the blocks needed; 0: 0.90 */
	const struct stats_looks *looks; /* NULL: one look, at level alpha */
	size_t look;                     /* index of this look */
	uint64_t seed;
	size_t flips_count; /* of the blocking family; 0: enough for the level, 49,999 */
};

struct verdict_input {
	const struct verdict_metric *metrics; /* [metrics_count] */
	size_t metrics_count;
	const double
		*d; /* [blocks_count][metrics_count] ln B - ln A, row-major; not finite: missing */
	size_t blocks_count;
	const struct verdict_count *counts; /* [counts_count] */
	size_t counts_count;
};

/* ---- output ----------------------------------------------------------------------------- */

enum verdict_answer {
	VERDICT_ROW_INCONCLUSIVE,
	VERDICT_ROW_REGRESSED,  /* worse by more than the margin */
	VERDICT_ROW_IMPROVED,   /* better by more than the margin */
	VERDICT_ROW_EQUIVALENT, /* within the margin on both sides */
	VERDICT_ROW_NOT_WORSE,  /* not worse than the margin; may be better */
};

/* Effects and bounds are ln B - ln A as given; "worse" is up for times and down for rates. */
struct verdict_row {
	const struct verdict_metric *metric;
	enum verdict_answer answer;
	size_t n;             /* blocks that have it */
	size_t missing_count; /* blocks that do not */
	double theta;         /* Hodges-Lehmann; NaN when n = 0 */
	double low, high;     /* band for display, two-sided at 1 - band_alpha, simultaneous */
	double lower, upper;  /* bounds that the answer rests on, one-sided at 1 - level each */
	double margin_ln;     /* the margin in force: never below the resolution */
	double p_worse;       /* one-sided, H1: worse than no change; corrected for the family */
	double p_adjusted;    /* two-sided, corrected for the family (explaining: a q-value) */
	double detectable_ln; /* smallest effect told from 0 with the power; infinite: none */
	double blockable_ln;  /* smallest effect that REGRESSED would have been said of */
	size_t blocks_needed; /* in all, to tell worse from not worse; 0: decided; SIZE_MAX: no
				 number of blocks up to 100000 is enough */
	bool is_asymmetric;   /* the sign test, which needs no symmetry, disagrees about 0 */
	const char *reason;   /* why inconclusive; constant text, "" otherwise */
};

enum verdict_signal { VERDICT_UP, VERDICT_FLAT, VERDICT_DOWN, VERDICT_UNKNOWN, VERDICT_ABSENT };

struct verdict_count_row {
	const struct verdict_count *count;
	enum verdict_signal
		signal;      /* UNKNOWN: two runs of A differ too much; ABSENT: not measured */
	bool is_exact;       /* two runs of A agree to the last digit */
	double change_abs;   /* b - a */
	double change_ratio; /* of a; NaN when a is 0 */
	double margin;       /* in force, as an absolute change */
};

enum verdict_joint {
	VERDICT_INCONCLUSIVE,
	VERDICT_REGRESSED,
	VERDICT_HIDDEN,
	VERDICT_WORK_UP,
	VERDICT_LAYOUT,
	VERDICT_ENVIRONMENT,
	VERDICT_IMPROVED,
	VERDICT_EQUIVALENT,
	VERDICT_JOINTS
};

/* What a gate does next. */
enum verdict_action {
	VERDICT_PASS,
	VERDICT_BLOCK,   /* after a second sitting that confirms it */
	VERDICT_WARN,    /* pass, and say so */
	VERDICT_RELINK,  /* measure with other link orders; block only what survives them */
	VERDICT_CONFIRM, /* look at waiting, steal and send lag; a second sitting decides */
	VERDICT_MORE,    /* more blocks */
};

struct verdict {
	enum verdict_joint joint;
	enum verdict_action action;
	enum verdict_signal counts, cpu, wall, memory; /* the columns of the truth table */
	bool is_mixed;        /* one column is worse and another one better */
	bool is_within;       /* EQUIVALENT: on both sides; false: some rows are only not worse */
	bool wants_more;      /* more blocks may change the verdict, and more looks are planned */
	size_t blocks_needed; /* the most that a required row needs; as in the row */
	size_t blocks_count;
	double level;       /* nominal one-sided level of this look */
	size_t reachable_n; /* blocks from which the blocking family can reach the level at all */
	char sentence[512]; /* for people: what, how sure, what could not have been seen */
	struct verdict_row *rows; /* [rows_count], in the order of the input's metrics; owned */
	size_t rows_count;
	struct verdict_count_row *counts_rows; /* [counts_count]; owned */
	size_t counts_count;
};

/*
 * Decides. Fewer than 2 blocks, metrics without values and counts without a second run are no
 * errors: they are INCONCLUSIVE rows with a reason.
 * Returns 0; -EINVAL (a margin, level or size out of range; blocks_count is not that of the look),
 * -ENOMEM. Owns: out; verdict_deinit, also of a zeroed one.
 */
int verdict_decide(const struct verdict_cfg *cfg, const struct verdict_input *input,
		   struct verdict *out, struct err *err);
void verdict_deinit(struct verdict *v);

/* The truth table alone. Any signal, ABSENT included. */
enum verdict_joint verdict_join(enum verdict_signal counts, enum verdict_signal cpu,
				enum verdict_signal wall);

const char *verdict_joint_name(enum verdict_joint joint);    /* "REGRESSED" */
const char *verdict_joint_meaning(enum verdict_joint joint); /* one sentence */
enum verdict_action verdict_joint_action(enum verdict_joint joint);
const char *verdict_answer_name(enum verdict_answer answer);
const char *verdict_signal_name(enum verdict_signal signal); /* "up" */

#endif
