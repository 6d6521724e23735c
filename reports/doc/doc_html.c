/*
 * doc_html.c - renders a document as one self-contained HTML file: embedded style, pictures as
 * inline SVG, no network access, light or dark as the reader prefers.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "reports/doc/doc.h"
#include "reports/doc/html.h"

#include "report_css.h"

static const char *const tone_class[] = { "", "good", "bad", "warn", "dim" };

void html_text(struct strbuf *out, const char *text)
{
	for (; text && *text; text++) {
		switch (*text) {
		case '&':
			strbuf_add_str(out, "&amp;");
			break;
		case '<':
			strbuf_add_str(out, "&lt;");
			break;
		case '>':
			strbuf_add_str(out, "&gt;");
			break;
		case '"':
			strbuf_add_str(out, "&quot;");
			break;
		default: /* control characters are not allowed in XML at all */
			strbuf_add(out, (unsigned char)*text < ' ' && *text != '\n' ? " " : text,
				   1);
		}
	}
}

static void put_head(struct strbuf *out, const struct doc *d)
{
	strbuf_add_str(out,
		       "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		       "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	html_text(out, d->title);
	strbuf_add_str(out, "</title>\n<style>\n");
	strbuf_add_str(out, REPORT_CSS);
	strbuf_add_str(out, "</style>\n</head>\n<body>\n<header><div><h1>");
	html_text(out, d->title);
	strbuf_add_str(out, "</h1>");
	if (d->subtitle) {
		strbuf_add_str(out, "<p>");
		html_text(out, d->subtitle);
		strbuf_add_str(out, "</p>");
	}
	strbuf_add_str(out, "</div></header>\n<nav><div>");
	for (size_t i = 0; i < d->count; i++) {
		if (d->blocks[i].kind != DOC_HEADING || d->blocks[i].level != 1)
			continue;
		strbuf_addf(out, "<a href=\"#s%zu\">", i);
		html_text(out, d->blocks[i].text);
		strbuf_add_str(out, "</a>");
	}
	strbuf_add_str(out, "</div></nav>\n<main>\n");
}

static void put_table(struct strbuf *out, const struct doc_block *b)
{
	size_t n = b->columns_count;

	assert(n > 0);
	strbuf_addf(out, "<div class=\"scroll%s\"><table>\n<thead>\n", n <= 2 ? " slim" : "");
	for (size_t i = 0; i < b->cells_count; i++) {
		const struct doc_cell *cell = &b->cells[i];
		const char *tag = i < n ? "th" : "td";

		if (i % n == 0)
			strbuf_add_str(out, "<tr>");
		strbuf_addf(out, "<%s class=\"%s%s%s\">", tag, b->is_right[i % n] ? "r" : "",
			    b->is_right[i % n] && cell->tone ? " " : "", tone_class[cell->tone]);
		html_text(out, cell->text);
		strbuf_addf(out, "</%s>", tag);
		if (i % n + 1 == n)
			strbuf_add_str(out, "</tr>\n");
		if (i + 1 == n)
			strbuf_add_str(out, "</thead>\n<tbody>\n");
	}
	strbuf_add_str(out, "</tbody>\n</table></div>\n");
}

static void put_tiles(struct strbuf *out, const struct doc_block *b)
{
	strbuf_add_str(out, "<div class=\"tiles\">\n");
	for (size_t i = 0; i + 2 < b->cells_count; i += 3) {
		strbuf_addf(out, "<div class=\"tile %s\"><span>", tone_class[b->cells[i + 1].tone]);
		html_text(out, b->cells[i].text);
		strbuf_add_str(out, "</span><b>");
		html_text(out, b->cells[i + 1].text);
		strbuf_add_str(out, "</b>");
		if (b->cells[i + 2].text[0]) {
			strbuf_add_str(out, "<span>");
			html_text(out, b->cells[i + 2].text);
			strbuf_add_str(out, "</span>");
		}
		strbuf_add_str(out, "</div>\n");
	}
	strbuf_add_str(out, "</div>\n");
}

static void put_figure(struct strbuf *out, const struct doc_block *b)
{
	strbuf_addf(out, "<figure%s>", b->level ? " class=\"wide\"" : "");
	if (b->text[0]) {
		strbuf_add_str(out, "<h3>");
		html_text(out, b->text);
		strbuf_add_str(out, "</h3>\n");
	}
	strbuf_add_str(out, b->svg);
	if (b->extra[0]) {
		strbuf_add_str(out, "<figcaption>");
		html_text(out, b->extra);
		strbuf_add_str(out, "</figcaption>");
	}
	strbuf_add_str(out, "</figure>\n");
}

static void put_wrapped(struct strbuf *out, const char *open, const char *text, const char *close)
{
	strbuf_add_str(out, open);
	html_text(out, text);
	strbuf_add_str(out, close);
}

static void put_block(struct strbuf *out, const struct doc_block *b, size_t index)
{
	char open[64];

	switch (b->kind) {
	case DOC_HEADING:
		snprintf(open, sizeof(open), "<h%d id=\"s%zu\">", b->level + 1, index);
		put_wrapped(out, open, b->text, b->level == 1 ? "</h2>\n" : "</h3>\n");
		break;
	case DOC_PARA:
		put_wrapped(out, "<p>", b->text, "</p>\n");
		break;
	case DOC_ITEM:
		put_wrapped(out, "<li>", b->text, "</li>\n");
		break;
	case DOC_NOTE:
		snprintf(open, sizeof(open), "<div class=\"note %s\">", tone_class[b->tone]);
		put_wrapped(out, open, b->text, "</div>\n");
		break;
	case DOC_TABLE:
		put_table(out, b);
		break;
	case DOC_TILES:
		put_tiles(out, b);
		break;
	case DOC_FIGURE:
		put_figure(out, b);
		break;
	}
}

/* Neighbouring blocks of a kind share a container: items a list, figures a grid. */
static const char *container_of(enum doc_kind kind, bool is_open)
{
	if (kind == DOC_ITEM)
		return is_open ? "<ul>\n" : "</ul>\n";
	if (kind == DOC_FIGURE)
		return is_open ? "<div class=\"figures\">\n" : "</div>\n";
	return "";
}

int doc_html(const struct doc *d, struct strbuf *out)
{
	put_head(out, d);
	for (size_t i = 0; i < d->count; i++) {
		const struct doc_block *b = &d->blocks[i];

		if (i == 0 || d->blocks[i - 1].kind != b->kind)
			strbuf_add_str(out, container_of(b->kind, true));
		put_block(out, b, i);
		if (i + 1 == d->count || d->blocks[i + 1].kind != b->kind)
			strbuf_add_str(out, container_of(b->kind, false));
	}
	strbuf_add_str(out,
		       "</main>\n<footer>Written by goxel-report. This file is self-contained: "
		       "no network access, no external scripts.</footer>\n"
		       "</body>\n</html>\n");
	return d->failed || out->failed ? -ENOMEM : 0;
}
