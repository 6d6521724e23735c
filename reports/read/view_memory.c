/*
 * view_memory.c - reads memory.csv: a header line names the columns, "#" lines are comments. It
 * needs a time ("time_s", "t_s", "elapsed_s") and rss_bytes; pss_bytes is optional.
 */
#include "reports/read/view_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/span.h"
#include "reports/read/view.h"

enum { FILE_BYTES_MAX = 64 << 20, COLUMNS_MAX = 32 };

static struct span next_line(struct span *text)
{
	const char *nl = memchr(text->ptr, '\n', text->len);
	struct span line = { text->ptr, nl ? (size_t)(nl - text->ptr) : text->len };
	size_t used = line.len + (nl != NULL);

	text->ptr += used;
	text->len -= used;
	if (line.len && line.ptr[line.len - 1] == '\r')
		line.len--;
	return line;
}

static struct span cell_at(struct span line, int column)
{
	for (;;) {
		const char *comma = line.len ? memchr(line.ptr, ',', line.len) : NULL;
		struct span cell = { line.ptr, comma ? (size_t)(comma - line.ptr) : line.len };

		if (column-- == 0)
			return cell;
		if (!comma)
			return span_of("", 0);
		line.ptr += cell.len + 1;
		line.len -= cell.len + 1;
	}
}

static int find_column(struct span header, const char *const *names)
{
	for (; *names; names++)
		for (int i = 0; i < COLUMNS_MAX; i++)
			if (span_is(cell_at(header, i), *names))
				return i;
	return -1;
}

static double number_at(struct span line, int column)
{
	struct span cell = column < 0 ? span_of("", 0) : cell_at(line, column);
	char text[48];
	char *end;
	double value;

	if (cell.len == 0 || cell.len >= sizeof(text))
		return NAN;
	memcpy(text, cell.ptr, cell.len);
	text[cell.len] = '\0';
	value = strtod(text, &end);
	return *end ? NAN : value;
}

static void parse(struct view *v, struct span text)
{
	static const char *const times[] = { "time_s", "t_s", "elapsed_s", NULL };
	static const char *const rss[] = { "rss_bytes", NULL }, *const pss[] = { "pss_bytes",
										 NULL };
	struct view_memory *m = &v->memory;
	struct span header = next_line(&text);
	size_t cap = 1;
	int t, r, p;

	while (header.len && header.ptr[0] == '#')
		header = next_line(&text);
	t = find_column(header, times);
	r = find_column(header, rss);
	p = find_column(header, pss);
	if (t < 0 || r < 0) {
		view_miss(v, "%s was not used: no columns time_s and rss_bytes.",
			  runfile_name(RUNFILE_MEMORY));
		return;
	}
	for (size_t i = 0; i < text.len; i++)
		cap += text.ptr[i] == '\n';
	m->time_s = malloc(3 * cap * sizeof(double));
	if (!m->time_s)
		return;
	m->rss_bytes = m->time_s + cap;
	m->pss_bytes = m->rss_bytes + cap;
	while (text.len && m->count < cap) {
		struct span line = next_line(&text);

		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		m->time_s[m->count] = number_at(line, t);
		m->rss_bytes[m->count] = number_at(line, r);
		m->pss_bytes[m->count] = number_at(line, p);
		m->count++;
	}
}

void view_memory_read(struct view *v)
{
	char *path = rundir_path(&v->dir, RUNFILE_MEMORY);
	char *text = NULL;
	size_t len = 0;
	struct err err = ERR_INIT;

	if (!path || !rundir_has(&v->dir, RUNFILE_MEMORY))
		view_miss(v, "%s is missing: no memory over time.", runfile_name(RUNFILE_MEMORY));
	else if (file_read(path, FILE_BYTES_MAX, &text, &len, &err) < 0)
		view_miss(v, "%s was not used: %s.", runfile_name(RUNFILE_MEMORY), err.msg);
	else
		parse(v, span_of(text, len));
	free(text);
	free(path);
}
