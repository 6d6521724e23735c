/*
 * rule.h - the acceptance rule for an optimization: 20 % fewer allocations, and 10 % more
 * throughput or 5 % less latency, no more CPU time per request, and passing tests.
 */
#ifndef REPORTS_JUDGE_RULE_H
#define REPORTS_JUDGE_RULE_H

#include <stddef.h>

struct view;

enum rule_verdict { RULE_UNKNOWN, RULE_HOLDS, RULE_FAILS };

enum { RULE_CLAUSES = 5 };

struct rule_clause {
	const char *key;
	const char *title; /* the condition */
	enum rule_verdict verdict;
	double change_pct;     /* NaN = not measured */
	double detectable_pct; /* smallest change that the spread inside the runs allows to detect;
				  NaN = unknown */
	char why[160];
};

struct rule {
	struct rule_clause clauses[RULE_CLAUSES];
	enum rule_verdict measured; /* of all clauses but the tests */
	enum rule_verdict verdict;
};

void rule_judge(const struct view *a, const struct view *b, struct rule *out);
const char *rule_verdict_name(enum rule_verdict verdict); /* "holds", "fails", "not known" */

#endif
