/* One voxel per line, "x y z rrggbb"; a '#' token starts a comment. */
#include <errno.h>
#include <stdlib.h>

#include "daemon/base/budget.h"
#include "daemon/base/err.h"
#include "daemon/base/version.h"
#include "daemon/formats/registry.h"

enum {
	LINE_BYTES_MAX = 128,
	CHECK_LINES = 256, /* read between two calls of cancel_check */
};

struct line {
	struct span text;
	size_t number; /* from 1 */
};

static int line_fault(const struct line *l, const char *why, struct err *err)
{
	return err_set(err, -EPROTO, "line %zu: %s", l->number, why);
}

/* The next word of the line, or an empty span. */
static struct span next_word(struct span *rest)
{
	size_t start = 0;
	size_t end;
	struct span word;

	while (start < rest->len &&
	       (rest->ptr[start] == ' ' || rest->ptr[start] == '\t' || rest->ptr[start] == '\r'))
		start++;
	end = start;
	while (end < rest->len && rest->ptr[end] != ' ' && rest->ptr[end] != '\t' &&
	       rest->ptr[end] != '\r')
		end++;
	word = span_of(rest->ptr + start, end - start);
	rest->ptr += end;
	rest->len -= end;
	return word;
}

static bool read_i32(struct span word, int32_t *out)
{
	char text[16];
	char *end;
	long value;

	if (!word.len || word.len >= sizeof(text))
		return false;
	memcpy(text, word.ptr, word.len);
	text[word.len] = 0;
	value = strtol(text, &end, 10);
	*out = (int32_t)value;
	return !*end && value >= INT32_MIN && value <= INT32_MAX;
}

static int read_line(const struct line *l, struct volume *v, struct err *err)
{
	struct span rest = l->text;
	struct span word = next_word(&rest);
	int32_t pos[3];
	rgba color;
	int rc;

	if (!word.len || word.ptr[0] == '#')
		return 0;
	for (int i = 0; i < 3; i++, word = next_word(&rest))
		if (!read_i32(word, &pos[i]))
			return line_fault(l, "expected three whole numbers and a color", err);
	if (word.len != 6 || !rgba_parse_hex(word, &color))
		return line_fault(l, "expected a color as six hexadecimal digits", err);
	word = next_word(&rest);
	if (word.len && word.ptr[0] != '#')
		return line_fault(l, "unexpected text after the color", err);
	rc = volume_set(v, pos[0], pos[1], pos[2], color);
	return rc < 0 ? err_set(err, rc, "line %zu: no room for another voxel", l->number) : 0;
}

static int txt_read(struct span bytes, struct document *doc, struct err *err)
{
	struct line l = { .number = 0 };
	unsigned checks = 0;
	size_t at = 0;
	int rc = document_add_defaults(doc);

	if (rc < 0)
		return err_set(err, rc, "out of memory");
	while (rc == 0 && at < bytes.len) {
		const char *end = memchr(bytes.ptr + at, '\n', bytes.len - at);
		size_t len = end ? (size_t)(end - (bytes.ptr + at)) : bytes.len - at;

		l.number++;
		l.text = span_of(bytes.ptr + at, len);
		if (len > LINE_BYTES_MAX && l.text.ptr[0] != '#')
			return line_fault(&l, "too long to be a voxel", err);
		rc = format_goes_on_nth(&checks, CHECK_LINES, err);
		if (rc == 0)
			rc = read_line(&l, &document_active(doc)->volume, err);
		at += len + 1;
	}
	return rc;
}

static void write_block(const struct volume_slot *slot, struct strbuf *out)
{
	for (int i = 0; i < BLOCK_VOXELS; i++) {
		rgba c = slot->block->voxels[i];

		if (rgba_a(c) >= FORMAT_ALPHA_MIN)
			strbuf_addf(out, "%d %d %d %02x%02x%02x\n",
				    slot->pos.x * BLOCK_EDGE + (i & BLOCK_MASK),
				    slot->pos.y * BLOCK_EDGE + (i >> BLOCK_BITS & BLOCK_MASK),
				    slot->pos.z * BLOCK_EDGE + (i >> (2 * BLOCK_BITS)), rgba_r(c),
				    rgba_g(c), rgba_b(c));
	}
}

static int txt_write(struct document *doc, const struct format_options *options, struct strbuf *out,
		     struct err *err)
{
	struct volume v = { 0 };
	struct volume_slot *slots = NULL;
	uint32_t count = 0;
	int rc = format_volume(doc, options, &v, err);

	if (rc == 0) {
		rc = volume_sorted(&v, NULL, &slots, &count);
		if (rc < 0)
			err_set(err, rc, "out of memory for the blocks");
	}
	strbuf_add_str(out,
		       "# Goxel " GOXEL_DAEMON_VERSION "\n# One line per voxel\n# X Y Z RRGGBB\n");
	for (uint32_t i = 0; rc == 0 && i < count; i++) {
		write_block(&slots[i], out);
		rc = format_fits(out, err);
	}
	budget_free(slots);
	volume_deinit(&v);
	return rc;
}

const struct format format_txt = {
	.name = "text",
	.aliases = (const char *const[]){ "txt", NULL },
	.extensions = (const char *const[]){ ".txt", NULL },
	.summary = "one voxel per line: x y z rrggbb",
	.read = txt_read,
	.write = txt_write,
};
