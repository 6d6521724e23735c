/* template.c - compiling and rendering requests. */
#include "loadgen/workload/template.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "daemon/base/err.h"
#include "loadgen/workload/nearest.h"

static int add_part(struct template_seq *seq, struct template_part part, struct err *err)
{
	if (seq->parts_count == TEMPLATE_PARTS_MAX)
		return err_set(err, -EINVAL, "more than %d parts between variables",
			       TEMPLATE_PARTS_MAX);
	seq->parts[seq->parts_count++] = part;
	return 0;
}

static int add_text(struct template *t, struct template_seq *seq, struct span text, struct err *err)
{
	struct template_part part = { TEMPLATE_TEXT, (uint32_t)t->literals.len,
				      (uint32_t)text.len };
	struct template_part *last = seq->parts_count ? &seq->parts[seq->parts_count - 1] : NULL;

	if (!text.len)
		return 0;
	strbuf_add(&t->literals, text.ptr, text.len);
	seq->bytes_max += text.len;
	if (last && last->kind == TEMPLATE_TEXT && last->offset + last->bytes == part.offset) {
		last->bytes += part.bytes;
		return 0;
	}
	return add_part(seq, part, err);
}

static int unknown_variable(const struct template_source *src, struct span name, struct err *err)
{
	const char *names[VARIABLES_MAX + 1] = { 0 };
	const char *near;

	for (size_t i = 0; i < src->variables_count; i++)
		names[i] = src->variables[i].name;
	near = nearest_name(names, name);
	if (near)
		return err_set(err, -EINVAL, "no variable '%.*s'; did you mean '%s'?",
			       SPAN_ARG(name), near);
	return err_set(err, -EINVAL, "no variable '%.*s': it needs a [var %.*s] section",
		       SPAN_ARG(name), SPAN_ARG(name));
}

static int add_hole(struct template *t, struct template_seq *seq, const struct template_source *src,
		    struct span name, struct err *err)
{
	if (span_is(name, "items")) {
		if (!src->item || seq == &t->item)
			return err_set(err, -EINVAL,
				       seq == &t->item ? "'item' cannot contain ${items} itself"
						       : "${items} needs the key 'item'");
		return add_part(seq, (struct template_part){ TEMPLATE_ITEMS, 0, 0 }, err);
	}
	for (size_t i = 0; i < src->variables_count; i++) {
		if (!span_is(name, src->variables[i].name))
			continue;
		seq->bytes_max += variable_bytes_max(&src->variables[i]);
		return add_part(seq, (struct template_part){ TEMPLATE_VARIABLE, (uint32_t)i, 0 },
				err);
	}
	return unknown_variable(src, name, err);
}

/* Adds text, with each ${...} as a hole. */
static int add_pattern(struct template *t, struct template_seq *seq,
		       const struct template_source *src, const char *text, struct err *err)
{
	for (;;) {
		const char *hole = strstr(text, "${");
		const char *end;
		int rc;

		rc = add_text(t, seq, span_of(text, hole ? (size_t)(hole - text) : strlen(text)),
			      err);
		if (rc || !hole)
			return rc;
		end = strchr(hole, '}');
		if (!end)
			return err_set(err, -EINVAL, "'%.20s' lacks its '}'", hole);
		rc = add_hole(t, seq, src, span_of(hole + 2, (size_t)(end - hole - 2)), err);
		if (rc)
			return rc;
		text = end + 1;
	}
}

static int add_envelope(struct template *t, const struct template_source *src, struct err *err)
{
	struct template_seq *seq = &t->request;
	struct strbuf head = { 0 };
	int rc;

	strbuf_add_str(&head, "{\"jsonrpc\":\"2.0\",\"method\":\"");
	strbuf_add_json(&head, span_str(src->method));
	strbuf_add_str(&head, src->params ? "\",\"params\":" : "\"");
	rc = head.failed ? err_set(err, -ENOMEM, "out of memory")
			 : add_text(t, seq, strbuf_span(&head), err);
	strbuf_deinit(&head);
	if (!rc && src->params)
		rc = add_pattern(t, seq, src, src->params, err);
	if (!rc)
		rc = add_text(t, seq, SPAN_LIT(",\"id\":"), err);
	if (!rc)
		rc = add_part(seq, (struct template_part){ TEMPLATE_ID, 0, 0 }, err);
	if (!rc)
		rc = add_text(t, seq, SPAN_LIT("}\n"), err);
	return rc;
}

static int measure(struct template *t, struct err *err)
{
	size_t bytes, holes = 0;

	for (size_t i = 0; i < t->request.parts_count; i++)
		holes += t->request.parts[i].kind == TEMPLATE_ITEMS;
	if (__builtin_mul_overflow((size_t)t->items.max * holes, t->item.bytes_max + 1, &bytes) ||
	    bytes > REQUEST_BYTES_MAX ||
	    bytes + t->request.bytes_max + REQUEST_ID_DIGITS > REQUEST_BYTES_MAX)
		return err_set(err, -EMSGSIZE, "requests may reach more than %d MiB",
			       REQUEST_BYTES_MAX >> 20);
	t->bytes_max = bytes + t->request.bytes_max + REQUEST_ID_DIGITS;
	return 0;
}

/* Keeps the finished text of a request in which only the id changes, so that rendering is
 * one copy. */
static int keep_fixed(struct template *t, struct err *err)
{
	const struct template_part *p = t->request.parts;

	if (t->request.parts_count != 3 || p[0].kind != TEMPLATE_TEXT || p[1].kind != TEMPLATE_ID ||
	    p[2].kind != TEMPLATE_TEXT)
		return 0;
	strbuf_add(&t->fixed, t->literals.ptr + p[0].offset, p[0].bytes);
	strbuf_add(&t->fixed, "00000000", REQUEST_ID_DIGITS);
	strbuf_add(&t->fixed, t->literals.ptr + p[2].offset, p[2].bytes);
	if (t->fixed.failed)
		return err_set(err, -ENOMEM, "out of memory");
	t->fixed_id_at = p[0].bytes;
	return 0;
}

/* Detects here a template that can render only invalid JSON, instead of in the server's error
 * counts. */
static int check_sample(const struct template *t, struct err *err)
{
	struct draw d;
	json_error_t why;
	json_t *sample;
	uint32_t items;
	size_t len;
	char *text = malloc(t->bytes_max);

	if (!text)
		return err_set(err, -ENOMEM, "out of memory");
	draw_init(&d, 0, 0, 1);
	len = template_render(t, &d, REQUEST_ID_FIRST, text, &items);
	sample = json_loadb(text, len, 0, &why);
	free(text);
	if (!sample)
		return err_set(err, -EINVAL, "does not render valid JSON: %.120s", why.text);
	json_decref(sample);
	return 0;
}

int template_compile(const struct template_source *src, struct template *out, struct err *err)
{
	int rc = 0;

	memset(out, 0, sizeof(*out));
	out->variables = src->variables;
	out->items = src->item ? src->items : (struct range){ 1, 1 };
	if (out->items.min < 1 || out->items.max > TEMPLATE_ITEMS_MAX)
		return err_set(err, -EINVAL, "items must lie in 1..%d", TEMPLATE_ITEMS_MAX);
	if (src->item)
		rc = add_pattern(out, &out->item, src, src->item, err);
	if (!rc)
		rc = add_envelope(out, src, err);
	if (!rc && out->literals.failed)
		rc = err_set(err, -ENOMEM, "out of memory");
	if (!rc)
		rc = measure(out, err);
	if (!rc)
		rc = keep_fixed(out, err);
	if (!rc)
		rc = check_sample(out, err);
	return rc;
}

void template_deinit(struct template *t)
{
	strbuf_deinit(&t->fixed);
	strbuf_deinit(&t->literals);
}

/* Always eight digits: four pairs, no loop. */
static char *render_id(char *out, uint32_t id)
{
	uint32_t high = id / 10000;
	uint32_t low = id % 10000;

	render_pair(out, high / 100);
	render_pair(out + 2, high % 100);
	render_pair(out + 4, low / 100);
	render_pair(out + 6, low % 100);
	return out + REQUEST_ID_DIGITS;
}

static char *render_item(const struct template *t, struct draw *d, char *out)
{
	for (size_t i = 0; i < t->item.parts_count; i++) {
		const struct template_part *p = &t->item.parts[i];

		if (p->kind == TEMPLATE_TEXT) {
			memcpy(out, t->literals.ptr + p->offset, p->bytes);
			out += p->bytes;
		} else {
			out = variable_render(&t->variables[p->offset], p->offset, d, out);
		}
	}
	return out;
}

static char *render_items(const struct template *t, struct draw *d, uint32_t count, char *out)
{
	for (uint32_t i = 0; i < count; i++) {
		if (i)
			*out++ = ',';
		out = render_item(t, d, out);
	}
	return out;
}

size_t template_render(const struct template *t, struct draw *d, uint32_t id, char *out,
		       uint32_t *items)
{
	uint32_t count;
	char *s = out;

	if (t->fixed_id_at) {
		memcpy(out, t->fixed.ptr, t->fixed.len);
		render_id(out + t->fixed_id_at, id);
		*items = 1;
		return t->fixed.len;
	}
	count = (uint32_t)range_draw(&t->items, d);
	for (size_t i = 0; i < t->request.parts_count; i++) {
		const struct template_part *p = &t->request.parts[i];

		switch (p->kind) {
		case TEMPLATE_TEXT:
			memcpy(s, t->literals.ptr + p->offset, p->bytes);
			s += p->bytes;
			break;
		case TEMPLATE_VARIABLE:
			s = variable_render(&t->variables[p->offset], p->offset, d, s);
			break;
		case TEMPLATE_ITEMS:
			s = render_items(t, d, count, s);
			break;
		case TEMPLATE_ID:
			s = render_id(s, id);
			break;
		}
	}
	*items = count;
	return (size_t)(s - out);
}
