/*
 * doc.h - a report as a list of blocks, written once and rendered three times: text for a
 * terminal, Markdown, and one self-contained HTML file (doc_html.c).
 *
 * Texts are formatted when added and owned by the document. Running out of memory is noted in
 * `failed`, and rendering returns it.
 */
#ifndef REPORTS_DOC_DOC_H
#define REPORTS_DOC_DOC_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/base/strbuf.h"

enum doc_tone { TONE_NONE, TONE_GOOD, TONE_BAD, TONE_WARN, TONE_DIM };

enum doc_kind { DOC_HEADING, DOC_PARA, DOC_NOTE, DOC_TABLE, DOC_FIGURE, DOC_TILES, DOC_ITEM };

struct doc_cell {
	char *text;
	enum doc_tone tone;
};

struct doc_block {
	enum doc_kind kind;
	enum doc_tone tone;
	int level;   /* of a heading: 1..3; of a figure: 1 = as wide as the page */
	char *text;  /* heading, paragraph, note, title of a figure */
	char *extra; /* figure: caption */
	char *svg;   /* figure: for HTML only */
	size_t columns_count;
	bool is_right[16];      /* column holds numbers */
	struct doc_cell *cells; /* table: headings first, then rows; tiles: label, value, note */
	size_t cells_count, cells_cap;
};

struct doc {
	char *title;
	char *subtitle; /* one line below the title; NULL = none */
	struct doc_block *blocks;
	size_t count, cap;
	bool failed;
};

void doc_init(struct doc *d, const char *title);
void doc_deinit(struct doc *d);

void doc_subtitle(struct doc *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void doc_heading(struct doc *d, int level, const char *text);
void doc_para(struct doc *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void doc_item(struct doc *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void doc_note(struct doc *d, enum doc_tone tone, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* columns: names between '|', a leading '>' for columns of numbers: "Metric|>Baseline". */
void doc_table(struct doc *d, const char *columns);
/* Adds the next cell of the last table or tiles. */
void doc_cell(struct doc *d, enum doc_tone tone, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Large figures at the top of an HTML page: cells in threes (label, value, note). */
void doc_tiles(struct doc *d);

/* Takes ownership of svg; NULL adds nothing. */
void doc_figure(struct doc *d, const char *title, char *svg, bool is_wide, const char *caption);

/* -ENOMEM when anything failed. */
int doc_text(const struct doc *d, struct strbuf *out);
int doc_markdown(const struct doc *d, struct strbuf *out);
int doc_html(const struct doc *d, struct strbuf *out);

#endif
