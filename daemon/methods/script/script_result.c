#include "daemon/methods/script/script_result.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "daemon/base/budget.h"
#include "daemon/json/text.h"
#include "daemon/methods/script/script_json.h"

static struct script_result *new_result(size_t text_bytes)
{
	struct script_result *r = budget_malloc(BUDGET_SCRIPTS, sizeof(*r) + text_bytes);

	if (r)
		*r = (struct script_result){ .text_bytes = text_bytes, .text = (char *)(r + 1) };
	return r;
}

void script_result_free(struct script_result *r)
{
	budget_free(r);
}

static bool is_within_limits(const struct script_end *end)
{
	return end->kind == SCRIPT_ASK_END && end->is_done <= 1 && end->is_output_cut <= 1 &&
	       end->error_bytes < SCRIPT_ERROR_BYTES_MAX &&
	       end->value_bytes <= SCRIPT_TEXT_BYTES_MAX &&
	       end->output_bytes <= SCRIPT_TEXT_BYTES_MAX &&
	       end->names_count <= SCRIPT_LAYERS_MAX && end->ops_count <= SCRIPT_OPS_MAX;
}

/* Divides the text into its parts, in the order in which they come. */
static void divide(struct script_result *r, const struct script_end *end)
{
	const char *at = r->text;

	r->is_done = end->is_done;
	r->is_output_cut = end->is_output_cut;
	r->ops = (const struct script_op *)(const void *)at;
	r->ops_count = end->ops_count;
	at += end->ops_count * sizeof(*r->ops);
	r->names = (const char(*)[VOXEL_NAME_MAX])(const void *)at;
	r->names_count = end->names_count;
	at += end->names_count * sizeof(*r->names);
	r->error = span_of(at, end->error_bytes);
	at += end->error_bytes;
	r->value = span_of(at, end->value_bytes);
	at += end->value_bytes;
	r->output = span_of(at, end->output_bytes);
}

int script_result_begin(const void *message, size_t len, struct script_result **out)
{
	struct script_result *r;
	struct script_end end;
	size_t text_bytes;
	size_t first;

	if (len < sizeof(end))
		return -EPROTO;
	memcpy(&end, message, sizeof(end));
	if (!is_within_limits(&end))
		return -EPROTO;
	text_bytes = end.ops_count * sizeof(struct script_op) +
		     (size_t)end.names_count * VOXEL_NAME_MAX + end.error_bytes + end.value_bytes +
		     end.output_bytes;
	first = len - sizeof(end);
	if (first > text_bytes)
		return -EPROTO;
	r = new_result(text_bytes);
	if (!r)
		return -ENOMEM;
	divide(r, &end);
	memcpy(r->text, (const char *)message + sizeof(end), first);
	r->received_bytes = first;
	*out = r;
	return 0;
}

char *script_result_room(struct script_result *r, size_t *cap)
{
	*cap = r->text_bytes - r->received_bytes;
	return r->text + r->received_bytes;
}

void script_result_add(struct script_result *r, size_t len)
{
	assert(len <= r->text_bytes - r->received_bytes);
	r->received_bytes += len;
}

int script_result_check(struct script_result *r)
{
	assert(r->received_bytes == r->text_bytes);
	if (!text_is_utf8(r->error) || !text_is_utf8(r->output) ||
	    (r->value.len && !script_json_is_valid(r->value)))
		return -EPROTO;
	for (uint32_t i = 0; i < r->names_count; i++) {
		size_t len = strnlen(r->names[i], VOXEL_NAME_MAX);

		if (len == VOXEL_NAME_MAX || !text_is_utf8(span_of(r->names[i], len)))
			return -EPROTO;
	}
	return 0;
}

struct script_result *script_result_failed(const char *why)
{
	size_t len = strlen(why);
	struct script_result *r = new_result(len);

	if (!r)
		return NULL;
	memcpy(r->text, why, len);
	r->received_bytes = len;
	r->error = span_of(r->text, len);
	return r;
}
