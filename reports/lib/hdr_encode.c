/* hdr_encode.c - encodes V2 (hdr_codec.h). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "daemon/base/base64.h"
#include "daemon/base/err.h"
#include "daemon/base/hist.h"
#include "reports/lib/hdr_codec.h"
#include "reports/lib/hdr_private.h"

static void put_be(struct strbuf *out, uint64_t v, int bytes)
{
	for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
		strbuf_add_char(out, (char)(v >> shift));
}

static void put_zigzag(struct strbuf *out, int64_t value)
{
	uint64_t v = ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);

	for (int i = 1; i < LEB_BYTES_MAX && v >= 0x80; i++) {
		strbuf_add_char(out, (char)(0x80 | (v & 0x7f)));
		v >>= 7;
	}
	strbuf_add_char(out, (char)v); /* the ninth byte carries eight bits */
}

static void put_counts(struct strbuf *out, const struct hist *h)
{
	size_t len = h->total ? hist_index(h->max_ns) + 1 : 0;
	size_t zeros = 0;

	for (size_t i = 0; i < len; i++) {
		if (h->counts[i] == 0) {
			zeros++;
			continue;
		}
		if (zeros)
			put_zigzag(out, zeros == 1 ? 0 : -(int64_t)zeros);
		zeros = 0;
		put_zigzag(out, (int64_t)h->counts[i]);
	}
}

static void put_plain(struct strbuf *out, const struct hist *h)
{
	struct strbuf counts = { 0 };
	double ratio = 1.0;
	uint64_t ratio_bits;

	memcpy(&ratio_bits, &ratio, sizeof(ratio_bits));
	put_counts(&counts, h);
	put_be(out, COOKIE_V2 | COOKIE_V2_WORD, 4);
	put_be(out, counts.len, 4);
	put_be(out, 0, 4); /* normalizing index offset */
	put_be(out, HIST_DIGITS, 4);
	put_be(out, 1, 8); /* lowest discernible value */
	put_be(out, HIST_NS_MAX, 8);
	put_be(out, ratio_bits, 8);
	strbuf_add(out, counts.ptr, counts.len);
	out->failed |= counts.failed;
	strbuf_deinit(&counts);
}

int hdr_encode(const struct hist *h, struct strbuf *out, struct err *err)
{
	struct strbuf plain = { 0 }, packed = { 0 };
	uLongf zip_len;
	Bytef *zip = NULL;
	int rc = 0, zrc;

	put_plain(&plain, h);
	zip_len = compressBound((uLong)plain.len);
	zip = malloc(zip_len);
	if (plain.failed || !zip) {
		rc = err_set(err, -ENOMEM, "encode histogram: out of memory");
		goto out;
	}
	zrc = compress(zip, &zip_len, (const Bytef *)plain.ptr, (uLong)plain.len);
	if (zrc != Z_OK) {
		rc = err_set(err, -EPROTO, "encode histogram: zlib says %s", zError(zrc));
		goto out;
	}
	put_be(&packed, COOKIE_V2_ZIP | COOKIE_V2_WORD, 4);
	put_be(&packed, zip_len, 4);
	strbuf_add(&packed, zip, zip_len);
	base64_encode(out, strbuf_span(&packed).ptr, packed.len);
	if (out->failed || packed.failed)
		rc = err_set(err, -ENOMEM, "encode histogram: out of memory");
out:
	free(zip);
	strbuf_deinit(&plain);
	strbuf_deinit(&packed);
	return rc;
}
