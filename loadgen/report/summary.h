/* summary.h - the result of a run as text, on one screen. */
#ifndef LOADGEN_REPORT_SUMMARY_H
#define LOADGEN_REPORT_SUMMARY_H

#include <stdio.h>

struct outcome;

void summary_print(const struct outcome *o, FILE *out);

#endif
