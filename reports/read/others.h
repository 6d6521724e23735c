/*
 * others.h - results of other programs: hyperfine, k6, Google Benchmark, interval logs (.hlog).
 *
 * What such a file can support depends on how it was measured, and none of these programs measures
 * two versions in turns: the machine's drift between two files counts as a difference. So nothing
 * here is a verdict: figures, their spread where there are repetitions, and a sentence that says
 * what the design supports. Only whole runs that alternated in time may be paired (others_pairs).
 * Threads: no state. Owns: a struct others; others_deinit, also of a zeroed one.
 */
#ifndef REPORTS_READ_OTHERS_H
#define REPORTS_READ_OTHERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct err;

enum others_kind { OTHERS_HYPERFINE, OTHERS_K6, OTHERS_GBENCH, OTHERS_HLOG };

enum { OTHERS_METRICS_MAX = 4096, OTHERS_VALUES_MAX = 100000, OTHERS_NAME_BYTES = 192 };
#define OTHERS_FILE_BYTES_MAX (256u << 20)

struct others_metric {
	char name[OTHERS_NAME_BYTES];
	char unit[8]; /* "ns", "1/s", "" for a share */
	bool is_bigger_better;
	double *values; /* [count] in the order measured; finite, >= 0; owned */
	size_t count;
};

struct others {
	enum others_kind kind;
	char machine[64]; /* as the file names it; empty when it does not */
	struct others_metric *metrics;
	size_t count;
};

/*
 * Reads a file and finds out whose it is by its content.
 * Errors: -EPROTO with "NAME: reason" (damaged, or of no kind that is known), -EMSGSIZE, -ENOMEM,
 * or what file_read gives. out is untouched then.
 */
int others_read(const char *path, struct others *out, struct err *err);
/* The same of a parsed document; name is for messages. */
int others_from_json(const char *name, const json_t *root, struct others *out, struct err *err);
void others_deinit(struct others *o);
const char *others_kind_name(enum others_kind kind);

/* Adds an empty metric, or a value to one. 0, -EMSGSIZE or -ENOMEM. For the readers. */
int others_add(struct others *o, const char *name, const char *unit, bool is_bigger_better,
	       struct others_metric **out);
int others_add_value(struct others_metric *m, double value);

/* Each reads one kind. out is zeroed but for kind; deinit is the caller's on failure. */
int read_hyperfine(const char *name, const json_t *root, struct others *out, struct err *err);
int read_k6(const char *name, const json_t *root, struct others *out, struct err *err);
int read_gbench(const char *name, const json_t *root, struct others *out, struct err *err);
int read_hlog_file(const char *path, struct others *out, struct err *err);

/* ---- side by side ----------------------------------------------------------------------- */

struct others_side {
	size_t count;
	double median, min, max; /* in the metric's unit */
};

struct others_row {
	const struct others_metric *metric; /* of a */
	struct others_side a, b;
	double change_ratio; /* median b / median a - 1; NaN when a's is 0 */
};

/*
 * The metrics that both have, in the order of a; files of one metric each are matched whatever the
 * names (two commands). rows[max]. Returns how many; -EINVAL when the kinds differ.
 */
int others_compare(const struct others *a, const struct others *b, struct others_row *rows,
		   size_t max);

/* What the two files can and cannot support: one or two sentences, constant text. */
const char *others_design(const struct others *a, const struct others *b);

/*
 * Runs that alternated: pairs[i] = index in a, index in b, by time, when in time order each two
 * neighbours are one of a and one of b. start_ns may be in any order; pairs has room for
 * min(a_count, b_count). Returns the number of pairs; 0 when the runs did not alternate: those of
 * one side were measured after those of the other, and cannot be paired.
 */
size_t others_pairs(const uint64_t *a_start_ns, size_t a_count, const uint64_t *b_start_ns,
		    size_t b_count, size_t (*pairs)[2]);

#endif
