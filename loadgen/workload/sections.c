/* sections.c - parses sections of "key = value" in place. */
#include "loadgen/workload/sections.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "daemon/base/err.h"

struct reader {
	const char *name;
	char *next; /* first byte not yet taken as a line; NULL at the end */
	char *end;
	size_t line;      /* of the line taken last, from 1 */
	size_t item_line; /* where the current item began */
	bool has_section;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static char *trim(char *s)
{
	char *end;

	while (is_blank(*s))
		s++;
	end = s + strlen(s);
	while (end > s && is_blank(end[-1]))
		end--;
	*end = '\0';
	return s;
}

/* Cuts the next line off; NULL at the end. */
static char *take_line(struct reader *r)
{
	char *line = r->next;
	char *stop;

	if (!line || line >= r->end)
		return NULL;
	stop = memchr(line, '\n', (size_t)(r->end - line));
	if (stop) {
		*stop = '\0';
		r->next = stop + 1;
	} else {
		r->next = NULL;
	}
	r->line++;
	return line;
}

/* Joins continuation lines (which begin with a blank and are not empty) to the line, in place. */
static void take_continuation(struct reader *r, char *line)
{
	while (r->next && r->next < r->end && is_blank(*r->next)) {
		char *more = take_line(r);
		size_t len;

		more = trim(more);
		if (!*more)
			return;
		len = strlen(line);
		/* The joined text is never longer than before: "
		 * " and a blank became one space. */
		line[len] = ' ';
		memmove(line + len + 1, more, strlen(more) + 1);
	}
}

static int visit_heading(struct reader *r, char *line, const struct sections_visitor *v,
			 struct err *err)
{
	size_t len = strlen(line);
	char *kind, *name;

	if (line[len - 1] != ']')
		return err_set(err, -EPROTO, "heading '%.40s' lacks its ']'", line);
	line[len - 1] = '\0';
	kind = trim(line + 1);
	name = kind + strcspn(kind, " \t");
	if (*name)
		*name++ = '\0';
	if (!*kind)
		return err_set(err, -EPROTO, "heading without a kind");
	r->has_section = true;
	return v->section(v->arg, kind, trim(name), err);
}

static int visit_key(struct reader *r, char *line, const struct sections_visitor *v,
		     struct err *err)
{
	char *equals = strchr(line, '=');

	if (!equals)
		return err_set(err, -EPROTO, "'%.40s' is neither a heading nor 'key = value'",
			       line);
	*equals = '\0';
	line = trim(line);
	if (!*line)
		return err_set(err, -EPROTO, "'=' without a key before it");
	if (!r->has_section)
		return err_set(err, -EPROTO, "key '%.40s' comes before the first heading", line);
	return v->key(v->arg, line, trim(equals + 1), err);
}

static int visit_line(struct reader *r, char *line, const struct sections_visitor *v,
		      struct err *err)
{
	line = trim(line);
	if (!*line || *line == '#')
		return 0;
	if (*line == '[')
		return visit_heading(r, line, v, err);
	take_continuation(r, line);
	return visit_key(r, line, v, err);
}

int sections_parse(const char *name, char *text, size_t len, const struct sections_visitor *v,
		   struct err *err)
{
	struct reader r = { .name = name, .next = text, .end = text + len };
	char *line;

	if (memchr(text, '\0', len))
		return err_set(err, -EPROTO, "%s: contains a NUL byte", name);
	while ((line = take_line(&r))) {
		int rc;

		r.item_line = r.line;
		if (strlen(line) > SECTIONS_LINE_BYTES_MAX)
			return err_set(err, -EMSGSIZE, "%s:%zu: line longer than %d bytes", name,
				       r.item_line, SECTIONS_LINE_BYTES_MAX);
		rc = visit_line(&r, line, v, err);
		if (rc)
			return err_wrap(err, rc, "%s:%zu", name, r.item_line);
	}
	return 0;
}
