/* pair_json.h - writing and reading blocks of a sitting as JSON. */
#ifndef LOADGEN_PAIR_PAIR_JSON_H
#define LOADGEN_PAIR_PAIR_JSON_H

#include "loadgen/pair/pair_sitting.h"

/* Appends the block's object. -ENOMEM, or what encoding a histogram fails with. */
int pair_block_json(const struct pair_setup *setup, const struct pair_block *b, struct strbuf *out,
		    struct err *err);

#endif
