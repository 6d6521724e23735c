/*
 * Out of memory while a reply is made by either builder: each allocation fails once, and the reply
 * is then whole or refused, never one that lacks a key or an id.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/json/outbuf.h"
#include "daemon/parser/parser.h"

/* The linker's names are what they are. NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*) */
void *__real_malloc(size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t len);
void *__wrap_malloc(size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);

static long fail_at; /* the n-th allocation from now fails; 0: none */

static bool fails(void)
{
	return fail_at > 0 && --fail_at == 0;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t len)
{
	return fails() ? NULL : __real_strndup(text, len);
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*) */

/* The same reply in any builder; returns what end said. */
static int say(struct reply *r, struct outbuf *out)
{
	r->ops->begin(r, out);
	reply_object(r);
	reply_key_integer(r, "integer", 7);
	reply_key_integer(r, "large", INT64_MIN);
	reply_key_real(r, "real", 0.25);
	reply_key_string(r, "text", SPAN_LIT("a\"b\0c"));
	reply_key(r, SPAN_LIT("list"));
	reply_array(r);
	reply_integer(r, 1);
	reply_object(r);
	reply_key_bool(r, "yes", true);
	reply_object_end(r);
	reply_array_end(r);
	reply_object_end(r);
	return r->ops->end(r, SPAN_LIT("\"an id\""));
}

static void every_allocation_fails_once(const char *parser_name)
{
	struct outbuf whole = { .grow = outbuf_grow_malloc };
	struct parser *parser;
	struct reply *reply;
	int refused_count = 0;
	int rc = -1;

	assert_int_equal(parser_open(parser_name, &parser, NULL), 0);
	assert_int_equal(parser_reply_open(parser, &reply, NULL), 0);
	assert_int_equal(say(reply, &whole), 0);
	for (long n = 1; rc < 0; n++) {
		struct outbuf out = { .grow = outbuf_grow_malloc };

		fail_at = n;
		rc = say(reply, &out);
		if (fail_at == 0 && rc < 0)
			refused_count++;
		if (rc == 0) {
			assert_int_equal(out.len, whole.len);
			assert_memory_equal(out.ptr, whole.ptr, whole.len);
		}
		if (fail_at == 0)
			rc = -1; /* the failure may have been survived: go on */
		fail_at = 0;
		free(out.ptr);
	}
	if (!strcmp(parser_name, "dom"))
		assert_true(refused_count > 10);
	free(whole.ptr);
	parser_reply_close(reply);
	parser_close(parser);
}

static void test_every_allocation_of_a_reply_fails_once(void **state)
{
	(void)state;
	every_allocation_fails_once("dom");
	every_allocation_fails_once("simd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_allocation_of_a_reply_fails_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
