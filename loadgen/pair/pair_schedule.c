/* pair_schedule.c - drawing the slices of a block. */
#include "loadgen/pair/pair_schedule.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/base/rng.h"

/* The streams of blocks must not coincide with others drawn from the sitting's seed. */
enum { BLOCK_STREAM = 1 << 26 };

/* Fisher-Yates shuffle. */
static void shuffle(struct rng *rng, uint32_t *v, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		v[i] = i;
	for (uint32_t i = count; i > 1; i--) {
		uint32_t j = (uint32_t)rng_below(rng, i);
		uint32_t kept = v[i - 1];

		v[i - 1] = v[j];
		v[j] = kept;
	}
}

/* So far each arm has as much load as the rows are long; a square adds k rows. */
static void draw_square(const struct pair_design *d, struct rng *rng, struct pair_schedule *s)
{
	uint32_t k = d->arms_count;
	uint32_t base[PAIR_ARMS_MAX], shifts[PAIR_ARMS_MAX];

	shuffle(rng, base, k);
	shuffle(rng, shifts, k);
	for (uint32_t r = 0; r < k; r++) {
		uint64_t span_ns = d->slice_ns_max - d->slice_ns_min + 1;
		uint64_t length_ns = d->slice_ns_min + rng_below(rng, span_ns);
		uint64_t seed = rng_next(rng);

		for (uint32_t i = 0; i < k; i++)
			s->slices[s->slices_count++] = (struct pair_slice){
				.arm = base[(i + shifts[r]) % k],
				.row = s->rows_count,
				.length_ns = length_ns,
				.seed = seed,
			};
		s->rows_count++;
		s->load_ns += length_ns;
	}
}

int pair_schedule_draw(const struct pair_design *d, uint32_t block, struct pair_schedule *out,
		       struct err *err)
{
	uint32_t k = d->arms_count;
	size_t rows_max = d->block_ns / d->slice_ns_min + 1 + k;
	struct rng rng;

	assert(k >= 1);
	assert(k <= PAIR_ARMS_MAX);
	assert(d->slice_ns_min > 0);
	assert(d->slice_ns_min <= d->slice_ns_max);
	memset(out, 0, sizeof(*out));
	out->slices = calloc(rows_max * k, sizeof(*out->slices));
	if (!out->slices)
		return err_set(err, -ENOMEM, "out of memory for a block's slices");
	rng_init(&rng, d->seed, BLOCK_STREAM + block);
	shuffle(&rng, out->start_order, k);
	for (uint32_t i = 0; i < k; i++)
		out->pad_bytes[i] = (uint32_t)rng_below(&rng, PAIR_PAD_BYTES_MAX);
	while (out->load_ns < d->block_ns)
		draw_square(d, &rng, out);
	return 0;
}

void pair_schedule_deinit(struct pair_schedule *s)
{
	free(s->slices);
	memset(s, 0, sizeof(*s));
}

void pair_schedule_write(const struct pair_schedule *s, struct strbuf *out)
{
	for (size_t i = 0; i < s->slices_count; i++)
		strbuf_addf(out, "%" PRIu32 " %c %" PRIu64 " %016" PRIx64 "\n", s->slices[i].row,
			    'A' + (int)s->slices[i].arm, s->slices[i].length_ns, s->slices[i].seed);
}
