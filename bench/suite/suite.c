#include "bench/suite/suite.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/base/cli/cli.h"

const struct suite *const suites[] = {
	&suite_floor,   &suite_protocol, &suite_json,   &suite_dispatch,
	&suite_queue,   &suite_buffers,  &suite_reply,  &suite_hist,
	&suite_context, &suite_voxel,    &suite_shape,  &suite_render,
	&suite_formats, &suite_request,  &suite_served, &suite_start,
	NULL,
};

static void __attribute__((noreturn)) out_of_memory(void)
{
	fputs("goxel-bench: out of memory while registering benchmarks\n", stderr);
	_exit(EXIT_FAILED); /* exit is unsafe with threads, and nothing is buffered */
}

struct bench *suite_add(bench_body *body, const struct bench_fixture *fixture, const void *context,
			const char *fmt, ...)
{
	char name[160];
	va_list args;
	struct bench *b;

	va_start(args, fmt);
	vsnprintf(name, sizeof(name), fmt, args);
	va_end(args);
	/* Names are single words, for tables and file names. */
	for (char *c = name; *c; c++)
		if (*c == ' ')
			*c = '_';
	b = bench_register(name, body);
	if (!b)
		out_of_memory();
	if (fixture)
		bench_use(b, fixture);
	/* The shim returns the pointer it got; bodies take it as const again. */
	return bench_with(b, (void *)(uintptr_t)context);
}

void *suite_keep(size_t count, size_t bytes)
{
	void *mem = calloc(count, bytes);

	if (!mem)
		out_of_memory();
	return mem;
}

static void __attribute__((format(printf, 3, 0)))
skip(struct bench_state *s, const char *what, const char *fmt, va_list args)
{
	char text[400];
	int len = snprintf(text, sizeof(text), "%s: ", what);

	vsnprintf(text + len, sizeof(text) - (size_t)len, fmt, args);
	bench_skip_error(s, text);
}

int suite_wrong(struct bench_state *s, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	skip(s, "wrong answer", fmt, args);
	va_end(args);
	return -EBADMSG;
}

int suite_fail(struct bench_state *s, int rc, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	skip(s, "cannot run", fmt, args);
	va_end(args);
	return rc;
}
