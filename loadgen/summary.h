/* summary.h - the run for people: one screen of text. */
#ifndef LOADGEN_SUMMARY_H
#define LOADGEN_SUMMARY_H

#include <stdio.h>

struct outcome;

void summary_print(const struct outcome *o, FILE *out);

#endif
