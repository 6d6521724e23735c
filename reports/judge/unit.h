/*
 * unit.h - the unit of a figure, and the direction in which a change of it is good. Sections print
 * by these; a metric (metric.h) has one of each.
 */
#ifndef REPORTS_JUDGE_UNIT_H
#define REPORTS_JUDGE_UNIT_H

#include <stdbool.h>

#include "reports/doc/fmt.h"

enum unit { UNIT_NS, UNIT_BYTES, UNIT_RATE, UNIT_COUNT, UNIT_RATIO };

/* How a value is shown, and which way a change is good. */
struct measure {
	enum unit unit;
	int better; /* 1 = more is better, -1 = less, 0 = neither */
};

#define MEASURE_NS    ((struct measure){ UNIT_NS, -1 })
#define MEASURE_BYTES ((struct measure){ UNIT_BYTES, -1 })
#define MEASURE_COUNT ((struct measure){ UNIT_COUNT, -1 })

/* Formatted for people as in fmt.h. A ratio is a plain number of four digits. */
struct fmt unit_fmt(enum unit unit, double value);

/* In files: "ns", "bytes", "per_s", "count", "ratio". */
const char *unit_name(enum unit unit);
bool unit_find(const char *name, enum unit *out);

#endif
