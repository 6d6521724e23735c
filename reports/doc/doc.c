/* doc.c - builds a document. */
#include "reports/doc/doc.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void doc_init(struct doc *d, const char *title)
{
	*d = (struct doc){ .title = strdup(title) };
	d->failed = !d->title;
}

void doc_deinit(struct doc *d)
{
	for (size_t i = 0; i < d->count; i++) {
		struct doc_block *b = &d->blocks[i];

		for (size_t k = 0; k < b->cells_count; k++)
			free(b->cells[k].text);
		free(b->cells);
		free(b->text);
		free(b->extra);
		free(b->svg);
	}
	free(d->blocks);
	free(d->title);
	free(d->subtitle);
	*d = (struct doc){ 0 };
}

/* When memory is short a scratch block is returned, so that callers need no checks. */
static struct doc_block *add_block(struct doc *d, enum doc_kind kind)
{
	if (d->count == d->cap) {
		size_t cap = d->cap ? 2 * d->cap : 32;
		struct doc_block *more = realloc(d->blocks, cap * sizeof(*more));

		if (!more) {
			d->failed = true;
			return NULL;
		}
		d->blocks = more;
		d->cap = cap;
	}
	d->blocks[d->count] = (struct doc_block){ .kind = kind };
	return &d->blocks[d->count++];
}

__attribute__((format(printf, 2, 0))) static char *format(struct doc *d, const char *fmt,
							  va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, args) < 0) {
		d->failed = true;
		return NULL;
	}
	return text;
}

__attribute__((format(printf, 4, 0))) static void add_text(struct doc *d, enum doc_kind kind,
							   enum doc_tone tone, const char *fmt,
							   va_list args)
{
	struct doc_block *b = add_block(d, kind);

	if (b) {
		b->tone = tone;
		b->text = format(d, fmt, args);
	}
}

void doc_heading(struct doc *d, int level, const char *text)
{
	struct doc_block *b = add_block(d, DOC_HEADING);

	if (!b)
		return;
	b->level = level;
	b->text = strdup(text);
	d->failed |= !b->text;
}

void doc_subtitle(struct doc *d, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	free(d->subtitle);
	d->subtitle = format(d, fmt, args);
	va_end(args);
}

void doc_para(struct doc *d, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_text(d, DOC_PARA, TONE_NONE, fmt, args);
	va_end(args);
}

void doc_item(struct doc *d, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_text(d, DOC_ITEM, TONE_NONE, fmt, args);
	va_end(args);
}

void doc_note(struct doc *d, enum doc_tone tone, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_text(d, DOC_NOTE, tone, fmt, args);
	va_end(args);
}

static void add_cell(struct doc *d, enum doc_tone tone, char *text)
{
	struct doc_block *b = d->count ? &d->blocks[d->count - 1] : NULL;

	if (!b || !text) {
		d->failed = true;
		free(text);
		return;
	}
	assert(b->kind == DOC_TABLE || b->kind == DOC_TILES);
	if (b->cells_count == b->cells_cap) {
		size_t cap = b->cells_cap ? 2 * b->cells_cap : 32;
		struct doc_cell *more = realloc(b->cells, cap * sizeof(*more));

		if (!more) {
			d->failed = true;
			free(text);
			return;
		}
		b->cells = more;
		b->cells_cap = cap;
	}
	b->cells[b->cells_count++] = (struct doc_cell){ text, tone };
}

void doc_cell(struct doc *d, enum doc_tone tone, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_cell(d, tone, format(d, fmt, args));
	va_end(args);
}

void doc_table(struct doc *d, const char *columns)
{
	struct doc_block *b = add_block(d, DOC_TABLE);

	while (b && *columns) {
		bool is_right = *columns == '>';
		size_t len;

		columns += is_right;
		len = strcspn(columns, "|");
		assert(b->columns_count < sizeof(b->is_right) / sizeof(b->is_right[0]));
		b->is_right[b->columns_count++] = is_right;
		add_cell(d, TONE_NONE, strndup(columns, len));
		columns += len + (columns[len] == '|');
	}
}

void doc_tiles(struct doc *d)
{
	struct doc_block *b = add_block(d, DOC_TILES);

	if (b)
		b->columns_count = 3;
}

void doc_figure(struct doc *d, const char *title, char *svg, bool is_wide, const char *caption)
{
	struct doc_block *b = svg ? add_block(d, DOC_FIGURE) : NULL;

	if (!b) {
		free(svg);
		return;
	}
	b->level = is_wide;
	b->svg = svg;
	b->text = strdup(title);
	b->extra = strdup(caption ? caption : "");
	d->failed |= !b->text || !b->extra;
}
