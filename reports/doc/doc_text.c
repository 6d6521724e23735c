/* doc_text.c - renders a document for a terminal and as Markdown. */
#include <errno.h>
#include <string.h>

#include "reports/doc/doc.h"

enum { WRAP_COLUMNS = 96, CELL_COLUMNS_MAX = 60 };

static const char *tone_mark(enum doc_tone tone)
{
	static const char *const marks[] = { "", "+ ", "! ", "! ", "" };

	return marks[tone];
}

/* Width of a UTF-8 text in columns: one per code point, which is right for all texts of reports. */
static size_t columns_of(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

static void pad(struct strbuf *out, size_t count)
{
	while (count--)
		strbuf_add_char(out, ' ');
}

static void put_wrapped(struct strbuf *out, const char *text, const char *first, const char *others)
{
	size_t column = columns_of(first);

	strbuf_add_str(out, first);
	while (*text) {
		size_t len = strcspn(text, " \n");
		size_t width;

		if (len == 0) {
			text++;
			continue;
		}
		width = len;
		for (size_t i = 0; i < len; i++)
			width -= ((unsigned char)text[i] & 0xc0) == 0x80;
		if (column > columns_of(others) && column + 1 + width > WRAP_COLUMNS) {
			strbuf_add_char(out, '\n');
			strbuf_add_str(out, others);
			column = columns_of(others);
		} else if (column > columns_of(first)) {
			strbuf_add_char(out, ' ');
			column++;
		}
		strbuf_add(out, text, len);
		column += width;
		text += len;
	}
	strbuf_add_char(out, '\n');
}

static void put_heading(struct strbuf *out, const struct doc_block *b)
{
	strbuf_addf(out, "\n%s\n", b->text);
	for (size_t i = columns_of(b->text); i > 0; i--)
		strbuf_add_char(out, b->level == 1 ? '=' : '-');
	strbuf_add_char(out, '\n');
}

/* Writes a cell of a terminal table; a text longer than the limit ends in an ellipsis. */
static void put_cell(struct strbuf *out, const char *text)
{
	size_t at = 0, columns = 0;

	if (columns_of(text) <= CELL_COLUMNS_MAX) {
		strbuf_add_str(out, text);
		return;
	}
	for (; text[at]; at++) {
		columns += ((unsigned char)text[at] & 0xc0) != 0x80;
		if (columns == CELL_COLUMNS_MAX)
			break;
	}
	strbuf_add(out, text, at);
	strbuf_add_str(out, "…");
}

static size_t cell_columns(const char *text)
{
	size_t width = columns_of(text);

	return width > CELL_COLUMNS_MAX ? CELL_COLUMNS_MAX : width;
}

static void put_table(struct strbuf *out, const struct doc_block *b)
{
	size_t widths[16] = { 0 }, n = b->columns_count;

	for (size_t i = 0; i < b->cells_count; i++) {
		size_t width = cell_columns(b->cells[i].text);

		if (width > widths[i % n])
			widths[i % n] = width;
	}
	for (size_t i = 0; i < b->cells_count; i++) {
		size_t column = i % n, width = cell_columns(b->cells[i].text);

		if (column == 0)
			strbuf_add_str(out, "  ");
		if (b->is_right[column])
			pad(out, widths[column] - width);
		put_cell(out, b->cells[i].text);
		if (column + 1 == n || i + 1 == b->cells_count) {
			strbuf_add_char(out, '\n');
			continue;
		}
		if (!b->is_right[column])
			pad(out, widths[column] - width);
		strbuf_add_str(out, "  ");
	}
}

static void put_tiles(struct strbuf *out, const struct doc_block *b)
{
	for (size_t i = 0; i + 2 < b->cells_count; i += 3) {
		strbuf_add_str(out, "  ");
		strbuf_add_str(out, b->cells[i].text);
		pad(out, columns_of(b->cells[i].text) < 26 ? 26 - columns_of(b->cells[i].text) : 1);
		strbuf_add_str(out, b->cells[i + 1].text);
		if (b->cells[i + 2].text[0])
			strbuf_addf(out, "  (%s)", b->cells[i + 2].text);
		strbuf_add_char(out, '\n');
	}
}

/* A heading over pictures only is omitted here. */
static bool heads_text(const struct doc *d, size_t at)
{
	size_t next = at + 1;

	while (next < d->count && d->blocks[next].kind == DOC_FIGURE)
		next++;
	return next == at + 1 || (next < d->count && (d->blocks[next].kind != DOC_HEADING ||
						      d->blocks[next].level > d->blocks[at].level));
}

int doc_text(const struct doc *d, struct strbuf *out)
{
	strbuf_addf(out, "%s\n", d->title ? d->title : "");
	if (d->subtitle)
		strbuf_addf(out, "%s\n\n", d->subtitle);
	for (size_t i = 0; i < d->count; i++) {
		const struct doc_block *b = &d->blocks[i];

		switch (b->kind) {
		case DOC_HEADING:
			if (heads_text(d, i))
				put_heading(out, b);
			break;
		case DOC_PARA:
			put_wrapped(out, b->text, "", "");
			break;
		case DOC_ITEM:
			put_wrapped(out, b->text, "  - ", "    ");
			break;
		case DOC_NOTE:
			put_wrapped(out, b->text, tone_mark(b->tone), "  ");
			break;
		case DOC_TABLE:
			put_table(out, b);
			break;
		case DOC_TILES:
			put_tiles(out, b);
			break;
		case DOC_FIGURE: /* pictures are shown in HTML only */
			break;
		}
	}
	return d->failed || out->failed ? -ENOMEM : 0;
}

/* ---- Markdown ---- */

/* Writes text with Markdown's special characters escaped. */
static void put_plain(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("|<*_`[]\\", *text))
			strbuf_add_char(out, '\\');
		strbuf_add(out, *text == '\n' ? " " : text, 1);
	}
}

static void put_md_tiles(struct strbuf *out, const struct doc_block *b)
{
	for (size_t i = 0; i + 2 < b->cells_count; i += 3) {
		strbuf_add_str(out, "- ");
		put_plain(out, b->cells[i].text);
		strbuf_addf(out, ": **%s**", b->cells[i + 1].text);
		if (b->cells[i + 2].text[0]) {
			strbuf_add_str(out, " (");
			put_plain(out, b->cells[i + 2].text);
			strbuf_add_char(out, ')');
		}
		strbuf_add_char(out, '\n');
	}
	strbuf_add_char(out, '\n');
}

static void put_md_table(struct strbuf *out, const struct doc_block *b)
{
	size_t n = b->columns_count;

	for (size_t i = 0; i < b->cells_count; i++) {
		const struct doc_cell *cell = &b->cells[i];
		bool is_strong = cell->tone == TONE_GOOD || cell->tone == TONE_BAD;

		strbuf_add_str(out, i % n ? " | " : "| ");
		strbuf_add_str(out, is_strong && i >= n ? "**" : "");
		put_plain(out, cell->text);
		strbuf_add_str(out, is_strong && i >= n ? "**" : "");
		if (i % n + 1 != n)
			continue;
		strbuf_add_str(out, " |\n");
		if (i + 1 != n)
			continue;
		for (size_t k = 0; k < n; k++)
			strbuf_add_str(out, b->is_right[k] ? "|---:" : "|---");
		strbuf_add_str(out, "|\n");
	}
	strbuf_add_char(out, '\n');
}

static void put_md_block(struct strbuf *out, const struct doc_block *b, bool next_is_item)
{
	switch (b->kind) {
	case DOC_HEADING:
		strbuf_addf(out, "%s ", b->level == 1 ? "##" : "###");
		put_plain(out, b->text);
		strbuf_add_str(out, "\n\n");
		break;
	case DOC_NOTE:
		strbuf_add_str(out, "> ");
		put_plain(out, b->text);
		strbuf_add_str(out, "\n\n");
		break;
	case DOC_ITEM:
		strbuf_add_str(out, "- ");
		put_plain(out, b->text);
		strbuf_add_str(out, next_is_item ? "\n" : "\n\n");
		break;
	case DOC_PARA:
		put_plain(out, b->text);
		strbuf_add_str(out, "\n\n");
		break;
	case DOC_TABLE:
		put_md_table(out, b);
		break;
	case DOC_TILES:
		put_md_tiles(out, b);
		break;
	case DOC_FIGURE:
		break;
	}
}

int doc_markdown(const struct doc *d, struct strbuf *out)
{
	strbuf_add_str(out, "# ");
	put_plain(out, d->title ? d->title : "");
	strbuf_add_str(out, "\n\n");
	if (d->subtitle) {
		put_plain(out, d->subtitle);
		strbuf_add_str(out, "\n\n");
	}
	for (size_t i = 0; i < d->count; i++)
		if (d->blocks[i].kind != DOC_HEADING || heads_text(d, i))
			put_md_block(out, &d->blocks[i],
				     i + 1 < d->count && d->blocks[i + 1].kind == DOC_ITEM);
	return d->failed || out->failed ? -ENOMEM : 0;
}
