/*
 * hlog_read.c - reads interval logs of formats 1.0 to 1.3. The second number of a line is the
 * interval's length in all of them, although the legend of the oldest says otherwise.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/hist.h"
#include "reports/lib/hdr_codec.h"
#include "reports/lib/hlog.h"

struct parse {
	double unit_ns;
	hlog_visit *visit;
	void *arg;
	struct hist *hist;
	struct hlog_info info;
};

static bool take_prefix(struct span *s, const char *prefix)
{
	struct span head = span_str(prefix);

	if (!span_starts(*s, head))
		return false;
	s->ptr += head.len;
	s->len -= head.len;
	return true;
}

/* A plain decimal number that fills the whole span. */
static bool parse_number(struct span s, double *out)
{
	char text[64], *end;

	if (s.len == 0 || s.len >= sizeof(text) || strchr("+-.0123456789", s.ptr[0]) == NULL)
		return false;
	memcpy(text, s.ptr, s.len);
	text[s.len] = '\0';
	*out = strtod(text, &end);
	return *end == '\0' && isfinite(*out);
}

/* Removes the field before the next comma (or the rest) from s and returns it. */
static struct span take_field(struct span *s)
{
	const char *comma = s->len ? memchr(s->ptr, ',', s->len) : NULL;
	struct span field = { s->ptr, comma ? (size_t)(comma - s->ptr) : s->len };
	size_t used = field.len + (comma != NULL);

	s->ptr += used;
	s->len -= used;
	return field;
}

static void parse_comment(struct span line, struct hlog_info *info)
{
	struct span rest = line;
	double *time = NULL;

	if (take_prefix(&rest, "#[Histogram log format version ")) {
		size_t len = 0;

		while (len < rest.len && len + 1 < sizeof(info->version) && rest.ptr[len] != ']')
			len++;
		memcpy(info->version, rest.ptr, len);
		info->version[len] = '\0';
		return;
	}
	if (take_prefix(&rest, "#[StartTime: "))
		time = &info->start_s;
	else if (take_prefix(&rest, "#[BaseTime: "))
		time = &info->base_s;
	if (time) {
		const char *end = memchr(rest.ptr, ' ', rest.len);
		double value;

		rest.len = end ? (size_t)(end - rest.ptr) : rest.len;
		if (parse_number(rest, &value))
			*time = value;
	}
}

static int parse_fields(struct span line, struct hlog_entry *entry, struct span *histogram,
			struct err *err)
{
	struct span rest = line, field;
	struct {
		const char *name;
		double *value;
	} numbers[] = {
		{ "start time", &entry->start_s },
		{ "interval length", &entry->length_s },
		{ "maximum", &entry->max },
	};

	if (take_prefix(&rest, "Tag=")) {
		entry->tag = take_field(&rest);
		if (entry->tag.len == 0 || entry->tag.len > HLOG_TAG_BYTES_MAX)
			return err_set(err, -EPROTO, "tag of %zu bytes, not 1..%d", entry->tag.len,
				       HLOG_TAG_BYTES_MAX);
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		field = take_field(&rest);
		if (!parse_number(field, numbers[i].value))
			return err_set(err, -EPROTO, "%s '%.*s' is not a number", numbers[i].name,
				       (int)(field.len < 40 ? field.len : 40), field.ptr);
	}
	*histogram = rest;
	if (rest.len == 0)
		return err_set(err, -EPROTO, "no histogram after the three numbers");
	return 0;
}

static int parse_line(struct parse *p, struct span line, size_t number, struct err *err)
{
	struct hlog_entry entry = { .line = number, .tag = { "", 0 } };
	struct hdr_counts counts = { 0 };
	struct span histogram = { "", 0 };
	int rc = parse_fields(line, &entry, &histogram, err);

	if (rc == 0)
		rc = hdr_decode(histogram, &counts, err);
	if (rc < 0)
		return rc;
	hist_reset(p->hist);
	hdr_counts_to_hist(&counts, p->unit_ns, p->hist);
	hdr_counts_deinit(&counts);
	entry.hist = p->hist;
	p->info.lines_count++;
	return p->visit(p->arg, &entry, err);
}

static int parse_all(struct parse *p, const char *name, struct span text, struct err *err)
{
	size_t number = 0;

	while (text.len) {
		const char *nl = memchr(text.ptr, '\n', text.len);
		struct span line = { text.ptr, nl ? (size_t)(nl - text.ptr) : text.len };
		size_t before = p->info.lines_count;
		int rc = 0;

		number++;
		text.ptr += line.len + (nl != NULL);
		text.len -= line.len + (nl != NULL);
		if (line.len && line.ptr[line.len - 1] == '\r')
			line.len--;
		if (line.len == 0 || line.ptr[0] == '"')
			continue;
		if (line.ptr[0] == '#')
			parse_comment(line, &p->info);
		else
			rc = parse_line(p, line, number, err);
		if (rc < 0 && p->info.lines_count == before)
			return err_wrap(err, rc, "%s:%zu", name, number);
		if (rc != 0)
			return rc; /* the visitor's result */
	}
	return 0;
}

static int parse_text(const char *name, struct span text, struct parse *p, struct err *err)
{
	int rc;

	p->hist = hist_new();
	if (!p->hist)
		return err_set(err, -ENOMEM, "read %s: out of memory", name);
	rc = parse_all(p, name, text, err);
	hist_free(p->hist);
	return rc;
}

int hlog_parse(const char *name, struct span text, double unit_ns, hlog_visit *visit, void *arg,
	       struct err *err)
{
	struct parse p = { .unit_ns = unit_ns, .visit = visit, .arg = arg };

	return parse_text(name, text, &p, err);
}

int hlog_read(const char *path, double unit_ns, hlog_visit *visit, void *arg,
	      struct hlog_info *info, struct err *err)
{
	struct parse p = { .unit_ns = unit_ns, .visit = visit, .arg = arg };
	char *text = NULL;
	size_t len = 0;
	int rc = file_read(path, HLOG_FILE_BYTES_MAX, &text, &len, err);

	if (rc < 0)
		return rc;
	rc = parse_text(path, span_of(text, len), &p, err);
	free(text);
	if (info)
		*info = p.info;
	return rc;
}
