/*
 * pair_schedule.h - which server is loaded when, for how long and with which requests: drawn before
 * the block begins, only from the sitting's seed and the block's number.
 *
 * A block is made of rows. In a row each arm has one slice; all slices of a row have the same
 * length and the same seed, so each arm gets the same requests at the same times (common random
 * numbers). k rows make a Latin square: the cyclic shifts of a random permutation of the k arms in
 * random order, so that each arm is first, second, ... equally often. For two arms that is A B B A
 * or B A A B. Source: Williams 1949 and any book on experimental design.
 */
#ifndef LOADGEN_PAIR_PAIR_SCHEDULE_H
#define LOADGEN_PAIR_PAIR_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/base/strbuf.h"

struct err;

enum {
	PAIR_ARMS_MAX = 4,
	PAIR_PAD_BYTES_MAX = 4096, /* of a server's environment */
};

struct pair_design {
	uint64_t seed;
	uint32_t arms_count; /* 2 .. PAIR_ARMS_MAX */
	uint64_t slice_ns_min, slice_ns_max;
	uint64_t block_ns; /* of load for each arm, at least */
};

struct pair_slice {
	uint32_t arm;
	uint32_t row;
	uint64_t length_ns;
	uint64_t seed;
};

struct pair_schedule {
	struct pair_slice *slices; /* owned; slices[slices_count] */
	size_t slices_count;
	uint32_t rows_count;
	uint32_t start_order[PAIR_ARMS_MAX]; /* in which the servers are started */
	/* Bytes added to each server's environment: they move its stack and so change the layout of
	 * its memory, which must vary between blocks but not between arms. */
	uint32_t pad_bytes[PAIR_ARMS_MAX];
	uint64_t load_ns; /* of each arm */
};

/* -ENOMEM. Owns: out; pair_schedule_deinit. */
int pair_schedule_draw(const struct pair_design *d, uint32_t block, struct pair_schedule *out,
		       struct err *err);
void pair_schedule_deinit(struct pair_schedule *s);

/* One line per slice: "row arm length_ns seed". The same design and block give the same bytes. */
void pair_schedule_write(const struct pair_schedule *s, struct strbuf *out);

#endif
