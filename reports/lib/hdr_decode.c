/*
 * hdr_decode.c - decodes V0, V1 and V2 (hdr_codec.h). In the layout, bucket k of 2^sub_bits
 * sub-buckets covers values up to 2^(unit_shift + sub_bits + k); all but the first use only their
 * upper half, so the index of a value is (bucket + 1) * half + (sub - half).
 */
#include "reports/lib/hdr_codec.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "daemon/base/base64.h"
#include "daemon/base/err.h"
#include "daemon/base/hist.h"
#include "reports/lib/hdr_private.h"

struct reader {
	const uint8_t *at;
	const uint8_t *end;
};

static uint64_t get_be(struct reader *r, size_t bytes)
{
	uint64_t v = 0;

	assert((size_t)(r->end - r->at) >= bytes);
	for (size_t i = 0; i < bytes; i++)
		v = v << 8 | *r->at++;
	return v;
}

/* Derives the bucket layout from digits, lowest and highest, and allocates the counts. */
static int layout_init(struct hdr_counts *c, struct err *err)
{
	uint64_t units = 2, top;
	size_t buckets = 1;

	if (c->digits < 0 || c->digits > 5)
		return err_set(err, -EPROTO, "histogram has %d significant digits, not 0..5",
			       c->digits);
	if (c->lowest < 1 || c->highest < 2 || c->highest / 2 < c->lowest)
		return err_set(err, -EPROTO,
			       "histogram range %llu..%llu is not lowest >= 1, highest >= 2 lowest",
			       (unsigned long long)c->lowest, (unsigned long long)c->highest);
	for (int i = 0; i < c->digits; i++)
		units *= 10;
	c->unit_shift = 63 - __builtin_clzll(c->lowest);
	c->sub_bits = 64 - __builtin_clzll(units - 1);
	if (c->unit_shift + c->sub_bits > 61)
		return err_set(err, -EPROTO, "histogram layout needs %d bits, at most 61",
			       c->unit_shift + c->sub_bits);
	top = 1ull << (c->unit_shift + c->sub_bits);
	while (top <= c->highest && !(top & 1ull << 63)) {
		top <<= 1;
		buckets++;
	}
	c->counts_len = (buckets + 1) << (c->sub_bits - 1);
	if (c->counts_len > HDR_COUNTS_MAX)
		return err_set(err, -EMSGSIZE, "histogram has %zu buckets, at most %u",
			       c->counts_len, HDR_COUNTS_MAX);
	c->counts = calloc(c->counts_len, sizeof(*c->counts));
	if (!c->counts)
		return err_set(err, -ENOMEM, "histogram: out of memory");
	return 0;
}

static int add_count(struct hdr_counts *c, size_t index, uint64_t count, struct err *err)
{
	if (index >= c->counts_len)
		return err_set(err, -EPROTO, "histogram has more counts than its %zu buckets",
			       c->counts_len);
	if (count > INT64_MAX || __builtin_add_overflow(c->total, count, &c->total))
		return err_set(err, -EPROTO, "histogram count %zu is out of range", index);
	c->counts[index] = count;
	return 0;
}

/* One ZigZag LEB128 number; false when the bytes end inside it. */
static bool get_zigzag(struct reader *r, int64_t *value)
{
	uint64_t v = 0;

	for (int i = 0; i < LEB_BYTES_MAX; i++) {
		uint64_t byte;

		if (r->at == r->end)
			return false;
		byte = *r->at++;
		if (i == LEB_BYTES_MAX - 1 || byte < 0x80) {
			v |= byte << (7 * i);
			break;
		}
		v |= (byte & 0x7f) << (7 * i);
	}
	*value = (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
	return true;
}

static int read_leb_counts(struct reader *r, struct hdr_counts *c, struct err *err)
{
	size_t index = 0;
	int64_t v;
	int rc;

	while (r->at < r->end) {
		if (!get_zigzag(r, &v))
			return err_set(err, -EPROTO, "histogram ends inside a count");
		if (v < 0) {
			if (v < -(int64_t)HDR_COUNTS_MAX)
				return err_set(err, -EPROTO, "histogram has a run of %lld zeros",
					       (long long)-(v + 1) + 1);
			index += (size_t)-v;
			continue;
		}
		rc = add_count(c, index++, (uint64_t)v, err);
		if (rc < 0)
			return rc;
	}
	if (index > c->counts_len)
		return err_set(err, -EPROTO, "histogram has more counts than its %zu buckets",
			       c->counts_len);
	return 0;
}

static int read_word_counts(struct reader *r, size_t word, struct hdr_counts *c, struct err *err)
{
	size_t len;

	if (word != 2 && word != 4 && word != 8)
		return err_set(err, -EPROTO, "histogram counts have %zu bytes, not 2, 4 or 8",
			       word);
	len = (size_t)(r->end - r->at) / word;
	for (size_t i = 0; i < len; i++) {
		uint64_t count = get_be(r, word);
		int rc;

		/* Old writers add zeros after the last bucket. */
		if (count == 0 && i >= c->counts_len)
			continue;
		rc = add_count(c, i, count, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int read_v0(struct reader *r, size_t word, struct hdr_counts *c, struct err *err)
{
	int rc;

	if (r->end - r->at < HEADER_V0_BYTES - 4)
		return err_set(err, -EPROTO, "histogram ends inside its header");
	c->digits = (int)(int32_t)get_be(r, 4);
	c->lowest = get_be(r, 8);
	c->highest = get_be(r, 8);
	get_be(r, 8); /* total; computed again below */
	rc = layout_init(c, err);
	return rc < 0 ? rc : read_word_counts(r, word, c, err);
}

static int read_v1_v2(struct reader *r, uint32_t cookie, struct hdr_counts *c, struct err *err)
{
	size_t payload;
	int32_t offset;
	uint64_t ratio_bits;
	double ratio;
	int rc;

	if (r->end - r->at < HEADER_BYTES - 4)
		return err_set(err, -EPROTO, "histogram ends inside its header");
	payload = get_be(r, 4);
	offset = (int32_t)get_be(r, 4);
	c->digits = (int)(int32_t)get_be(r, 4);
	c->lowest = get_be(r, 8);
	c->highest = get_be(r, 8);
	ratio_bits = get_be(r, 8);
	memcpy(&ratio, &ratio_bits, sizeof(ratio));
	if (offset != 0 || ratio != 1.0)
		return err_set(
			err, -EOPNOTSUPP,
			"histogram of floating-point values (ratio %g, offset %d) is not supported",
			ratio, (int)offset);
	if (payload > (size_t)(r->end - r->at))
		return err_set(err, -EPROTO, "histogram says %zu bytes of counts and has %zu",
			       payload, (size_t)(r->end - r->at));
	r->end = r->at + payload;
	rc = layout_init(c, err);
	if (rc < 0)
		return rc;
	if ((cookie & ~(uint32_t)COOKIE_WORD_MASK) == COOKIE_V2)
		return read_leb_counts(r, c, err);
	return read_word_counts(r, (cookie & COOKIE_WORD_MASK) >> 4, c, err);
}

static int read_plain(const uint8_t *bytes, size_t len, struct hdr_counts *c, struct err *err)
{
	struct reader r = { bytes, bytes + len };
	uint32_t cookie;

	if (len < 4)
		return err_set(err, -EPROTO, "histogram ends inside its header");
	cookie = (uint32_t)get_be(&r, 4);
	switch (cookie & ~(uint32_t)COOKIE_WORD_MASK) {
	case COOKIE_V0:
		return read_v0(&r, (cookie & COOKIE_WORD_MASK) >> 4, c, err);
	case COOKIE_V1:
	case COOKIE_V2:
		return read_v1_v2(&r, cookie, c, err);
	default:
		return err_set(err, -EPROTO, "0x%08x is not the cookie of an HDR histogram",
			       (unsigned)cookie);
	}
}

/* Unpacks the zlib stream into fresh memory; refuses to grow beyond HDR_ENCODED_BYTES_MAX. */
static int inflate_all(const uint8_t *zip, size_t zip_len, struct strbuf *plain, struct err *err)
{
	z_stream z = { 0 };
	int zrc = inflateInit(&z);

	if (zrc != Z_OK)
		return err_set(err, -ENOMEM, "decode histogram: zlib says %s", zError(zrc));
	z.next_in = (Bytef *)(uintptr_t)zip;
	z.avail_in = (uInt)zip_len;
	while (zrc == Z_OK && !plain->failed && plain->len <= HDR_ENCODED_BYTES_MAX) {
		Bytef chunk[16384];

		z.next_out = chunk;
		z.avail_out = sizeof(chunk);
		zrc = inflate(&z, Z_NO_FLUSH);
		strbuf_add(plain, chunk, sizeof(chunk) - z.avail_out);
	}
	inflateEnd(&z);
	if (plain->failed)
		return err_set(err, -ENOMEM, "decode histogram: out of memory");
	if (plain->len > HDR_ENCODED_BYTES_MAX)
		return err_set(err, -EMSGSIZE, "histogram unpacks to more than %u bytes",
			       HDR_ENCODED_BYTES_MAX);
	if (zrc != Z_STREAM_END)
		return err_set(err, -EPROTO, "histogram does not unpack: zlib says %s",
			       zError(zrc));
	return 0;
}

static int read_packed(const uint8_t *bytes, size_t len, struct hdr_counts *c, struct err *err)
{
	struct reader r = { bytes, bytes + len };
	struct strbuf plain = { 0 };
	uint32_t cookie;
	size_t zip_len;
	int rc;

	if (len < ZIP_HEADER_BYTES)
		return err_set(err, -EPROTO, "histogram ends inside its header");
	cookie = (uint32_t)get_be(&r, 4) & ~(uint32_t)COOKIE_WORD_MASK;
	if (cookie != COOKIE_V0_ZIP && cookie != COOKIE_V1_ZIP && cookie != COOKIE_V2_ZIP)
		return err_set(err, -EPROTO, "0x%08x is not the cookie of a packed HDR histogram",
			       (unsigned)cookie);
	zip_len = get_be(&r, 4);
	if (zip_len > (size_t)(r.end - r.at))
		return err_set(err, -EPROTO, "histogram says %zu packed bytes and has %zu", zip_len,
			       (size_t)(r.end - r.at));
	rc = inflate_all(r.at, zip_len, &plain, err);
	if (rc == 0)
		rc = read_plain((const uint8_t *)strbuf_span(&plain).ptr, plain.len, c, err);
	strbuf_deinit(&plain);
	return rc;
}

int hdr_decode(struct span base64, struct hdr_counts *out, struct err *err)
{
	struct hdr_counts c = { 0 };
	uint8_t *bytes = malloc(base64_decoded_max(base64.len));
	long len;
	int rc;

	if (!bytes)
		return err_set(err, -ENOMEM, "decode histogram: out of memory");
	len = base64_decode(base64, bytes);
	if (len < 0)
		rc = err_set(err, -EPROTO, "histogram of %zu characters is not whole base64",
			     base64.len);
	else
		rc = read_packed(bytes, (size_t)len, &c, err);
	free(bytes);
	if (rc < 0) {
		hdr_counts_deinit(&c);
		return rc;
	}
	*out = c;
	return 0;
}

void hdr_counts_deinit(struct hdr_counts *c)
{
	free(c->counts);
	*c = (struct hdr_counts){ 0 };
}

uint64_t hdr_low(const struct hdr_counts *c, size_t index)
{
	int half_bits = c->sub_bits - 1;
	size_t bucket = index >> half_bits;
	uint64_t sub = (index & ((1u << half_bits) - 1)) + (1u << half_bits);

	if (bucket == 0)
		return (uint64_t)index << c->unit_shift;
	return sub << (bucket - 1 + (size_t)c->unit_shift);
}

uint64_t hdr_high(const struct hdr_counts *c, size_t index)
{
	size_t bucket = index >> (c->sub_bits - 1);
	size_t width_bits = (size_t)c->unit_shift + (bucket ? bucket - 1 : 0);

	return hdr_low(c, index) + ((1ull << width_bits) - 1);
}

void hdr_counts_to_hist(const struct hdr_counts *c, double unit_ns, struct hist *h)
{
	for (size_t i = 0; i < c->counts_len; i++) {
		double high, low, below;

		if (!c->counts[i])
			continue;
		low = (double)hdr_low(c, i) * unit_ns;
		high = fmin((double)hdr_high(c, i) * unit_ns, (double)HIST_NS_MAX + 1);
		hist_record_n(h, (uint64_t)high, c->counts[i]);
		/* The extremes and the mean come from the bucket's bottom and middle. */
		if (low < (double)h->min_ns)
			h->min_ns = (uint64_t)low;
		below = floor(high) - (double)HIST_NS_MAX > 0 ? 0 : (high - low) / 2;
		h->sum_ns -= floor(below) * (double)c->counts[i];
	}
}
