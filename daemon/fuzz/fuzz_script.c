/*
 * What the daemon reads of a script's process: questions and the end, as one message after another.
 * Any bytes are answered within the limits or refused; the budget is even afterwards; a value that
 * is let through is JSON for a reader of another family.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/budget.h"
#include "daemon/methods/script/script_answer.h"
#include "daemon/methods/script/script_json.h"
#include "daemon/methods/script/script_result.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct document doc;

static void open_document(void)
{
	struct box box = { { -40, -40, 0 }, { 40, 40, 3 } };

	document_init(&doc);
	if (document_add_defaults(&doc) < 0 ||
	    volume_fill_box(&document_active(&doc)->volume, &box, RGBA_WHITE) < 0)
		abort();
}

static void check_value(struct span value)
{
	json_error_t error;
	json_t *read;

	if (!script_json_is_valid(value))
		return;
	read = json_loadb(value.ptr, value.len,
			  JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);
	/* It refuses lone surrogates, and has a limit of depth of its own; both are known. */
	if (!read && !memmem(value.ptr, value.len, "\\u", 2) && value.len < 2000)
		abort();
	json_decref(read);
}

static void check_result(const struct script_result *r)
{
	size_t sum = r->error.len + r->value.len + r->output.len;

	sum += r->ops_count * sizeof(struct script_op) + (size_t)r->names_count * VOXEL_NAME_MAX;
	if (sum != r->text_bytes)
		abort();
	for (uint32_t i = 0; i < r->names_count; i++)
		if (strlen(r->names[i]) >= VOXEL_NAME_MAX)
			abort();
	check_value(r->value);
}

/* The rest of the data is the text. */
static void take_end(const uint8_t *data, size_t size)
{
	size_t first = size < SCRIPT_ASK_BYTES_MAX ? size : SCRIPT_ASK_BYTES_MAX;
	struct script_result *r;

	if (script_result_begin(data, first, &r) < 0)
		return;
	data += first;
	size -= first;
	while (size && r->received_bytes < r->text_bytes) {
		size_t cap;
		char *room = script_result_room(r, &cap);
		size_t n = size < cap ? size : cap;

		memcpy(room, data, n);
		script_result_add(r, n);
		data += n;
		size -= n;
	}
	if (r->received_bytes == r->text_bytes && script_result_check(r) == 0)
		check_result(r);
	script_result_free(r);
}

/* Of the message that begins there. */
static size_t bytes_of(const uint8_t *data)
{
	return *data == SCRIPT_ASK_SLICES ? sizeof(struct script_ask_slices)
					  : sizeof(struct script_ask);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct script_reply reply;
	struct script_answers answers;

	if (!doc.layers_count)
		open_document();
	check_value(span_of((const char *)data, size));
	if (!script_answers_init(&answers, &doc, 0))
		abort();
	while (size && !script_is_end(data, size)) {
		size_t n = size < bytes_of(data) ? size : bytes_of(data);

		if (script_answer(&answers, data, n, &reply) == 0 &&
		    reply.bytes.len > sizeof(reply.room))
			abort();
		data += n;
		size -= n;
	}
	if (answers.memory_bytes > SCRIPT_MEMORY_BYTES_MAX)
		abort();
	if (size)
		take_end(data, size);
	script_answers_deinit(&answers);
	if (budget_used_of(BUDGET_SCRIPTS))
		abort();
	return 0;
}
