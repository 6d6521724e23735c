/*
 * hdr_codec.h - the encodings of HdrHistogram: writes V2 (base64 "HISTFAAA..."), reads V0, V1, V2.
 *
 * An encoded histogram is a big-endian cookie, the length of the zlib stream, and the stream; in
 * it a header (layout of the buckets) and the counts: fixed words in V0 and V1, in V2 ZigZag
 * LEB128 of at most nine bytes in which a negative number is a run of that many zeros.
 * Histograms of other programs may have any layout (lowest value, digits), so reading returns the
 * layout and the counts unchanged; hdr_counts_to_hist converts them to the suite's layout. Source:
 * G. Tene, HdrHistogram, the encoding methods of AbstractHistogram.
 */
#ifndef REPORTS_LIB_HDR_CODEC_H
#define REPORTS_LIB_HDR_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/base/strbuf.h"

struct err;
struct hist;

/* Bounds on the memory that a foreign histogram may use. */
#define HDR_COUNTS_MAX        (8u << 20)
#define HDR_ENCODED_BYTES_MAX (64u << 20)

struct hdr_counts {
	int digits;       /* significant decimal digits, 0..5 */
	uint64_t lowest;  /* lowest discernible value, >= 1 */
	uint64_t highest; /* highest trackable value */
	int unit_shift;   /* log2 of the width of the narrowest bucket */
	int sub_bits;     /* log2 of the number of sub-buckets */
	uint64_t *counts; /* owned; counts[counts_len] */
	size_t counts_len;
	uint64_t total;
};

/* Appends h as base64 text of compressed V2. Returns 0, -ENOMEM, or an error of zlib. */
int hdr_encode(const struct hist *h, struct strbuf *out, struct err *err);

/*
 * Decodes base64 text of a compressed histogram (V0, V1, V2).
 * Errors: -EPROTO (damaged), -EOPNOTSUPP (an unsupported kind), -EMSGSIZE, -ENOMEM.
 * Owns: out; hdr_counts_deinit.
 */
int hdr_decode(struct span base64, struct hdr_counts *out, struct err *err);
void hdr_counts_deinit(struct hdr_counts *c);

/* Smallest and largest value of bucket index. */
uint64_t hdr_low(const struct hdr_counts *c, size_t index);
uint64_t hdr_high(const struct hdr_counts *c, size_t index);

/*
 * Adds every count to h at the highest value of its bucket, times unit_ns, so that quantiles read
 * the same in both layouts while c is not finer than h.
 */
void hdr_counts_to_hist(const struct hdr_counts *c, double unit_ns, struct hist *h);

#endif
