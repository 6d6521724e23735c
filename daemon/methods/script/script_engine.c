#include "daemon/methods/script/script_engine.h"

#include <duktape.h>
#include <string.h>

#include "daemon/methods/script/script_goxel.h"

static void *get(void *udata, duk_size_t bytes)
{
	return script_heap_get(&((struct script_engine *)udata)->heap, bytes);
}

static void *resize(void *udata, void *block, duk_size_t bytes)
{
	return script_heap_resize(&((struct script_engine *)udata)->heap, block, bytes);
}

static void put(void *udata, void *block)
{
	script_heap_put(&((struct script_engine *)udata)->heap, block);
}

static void on_fatal(void *udata, const char *why)
{
	(void)udata;
	(void)why;
	__builtin_trap(); /* ends this process; the daemon sees it */
}

bool script_engine_open(struct script_engine *e)
{
	e->ctx = duk_create_heap(get, resize, put, e, on_fatal);
	if (!e->ctx || duk_safe_call(e->ctx, script_goxel_put, NULL, 0, 1) != DUK_EXEC_SUCCESS)
		return false;
	duk_pop(e->ctx);
	return true;
}

struct source {
	struct span text;
	struct span name;
};

/* Protected call: every failure in here, also of memory, becomes the error on the stack. */
static duk_ret_t evaluate(duk_context *ctx, void *udata)
{
	const struct source *source = udata;

	duk_push_lstring(ctx, source->name.ptr, source->name.len);
	duk_compile_lstring_filename(ctx, DUK_COMPILE_EVAL, source->text.ptr, source->text.len);
	duk_call(ctx, 0);
	if (duk_is_undefined(ctx, -1) || duk_is_function(ctx, -1))
		return 0;
	duk_json_encode(ctx, -1);
	return 1;
}

static void fail(struct script_engine *e, const char *why)
{
	size_t used = 0;

	(void)script_utf8(e->error, sizeof(e->error) - 1, &used, why, strlen(why));
	e->error[used] = '\0';
}

void script_engine_run(struct script_engine *e, struct span source, struct span name)
{
	struct source input = { source, name };
	duk_size_t len = 0;
	const char *value;

	if (duk_safe_call(e->ctx, evaluate, &input, 0, 1) != DUK_EXEC_SUCCESS) {
		fail(e, duk_safe_to_string(e->ctx, -1));
		return;
	}
	value = duk_get_lstring(e->ctx, -1, &len);
	if (value)
		script_text_add(&e->value, value, len);
	if (e->value.is_cut)
		fail(e, "the value is longer than 65536 bytes");
	else
		e->is_done = true;
}
