/*
 * gate.h - is the head worse than the base? Blocks of slices (pair_*), looked at four times, judged
 * by reports/lib/verdict; a second sitting has to confirm what would block.
 */
#ifndef LOADGEN_GATE_GATE_H
#define LOADGEN_GATE_GATE_H

#include <limits.h>

#include "loadgen/gate/gate_accept.h"
#include "loadgen/pair/pair_options.h"
#include "loadgen/pair/pair_sitting.h"
#include "reports/lib/stats_looks.h"
#include "reports/lib/verdict.h"

enum gate_inconclusive { GATE_INCONCLUSIVE_PASS, GATE_INCONCLUSIVE_FAIL };

struct gate_options {
	struct pair_options pair;
	const char *out;    /* folder */
	const char *accept; /* NULL = none */
	bool no_confirm;
	bool json;
	enum gate_inconclusive inconclusive;
};

/* What one sitting came to. */
struct gate_sitting {
	bool is_decided;
	uint64_t seed;
	size_t blocks_count, refused_count;
	double rate_per_s;
	struct verdict_metric metrics[VERDICT_BLOCKING_MAX]; /* margins with what is accepted */
	size_t metrics_count;
	struct verdict verdict; /* owned */
};

struct gate {
	const struct gate_options *options;
	struct gate_accepts accepts;
	struct gate_sitting first, second; /* second: to confirm, when the first would block */
	bool has_second;
};

extern const struct cli_prog gate_prog;

/* Returns as cli_parse. */
int gate_options_parse(struct gate_options *o, int argc, char **argv, struct err *err);

/* Measures, decides and writes the reports. Returns the exit code. */
int gate_run(const struct gate_options *o);

/* What the exit code and the reports say. */
enum gate_answer { GATE_PASS, GATE_REGRESSED, GATE_UNCONFIRMED, GATE_INCONCLUSIVE };
enum gate_answer gate_answer_of(const struct gate *g);
const char *gate_answer_name(enum gate_answer answer);

/* gate_report.c */

/* At most 25 lines, for a comment on a change. */
void gate_markdown(const struct gate *g, struct strbuf *out);
/* One test case for each metric that can block. */
void gate_junit(const struct gate *g, struct strbuf *out);
/* Schema goxel-gate/1. */
void gate_json(const struct gate *g, struct strbuf *out);

#endif
