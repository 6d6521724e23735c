/* Symbols, folded stacks, and pprof files written and read back: R-311. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/strbuf.h"
#include "profiles/profile/fold.h"
#include "profiles/profile/legacy.h"
#include "profiles/profile/pprof.h"
#include "profiles/profile/pprof_read.h"
#include "profiles/profile/stacks.h"
#include "profiles/profile/symbols.h"

struct fixture {
	struct symbols *symbols;
	struct stacks stacks;
	char path[64];
};

static uint64_t seen_addr;

/* Takes the address it returns to: a place inside its caller. */
static __attribute__((noinline)) void look_back(void)
{
	seen_addr = (uintptr_t)__builtin_return_address(0) - 1;
}

static inline __attribute__((always_inline)) void inlined_callee(void)
{
	look_back();
	__asm__ volatile("" ::: "memory");
}

static __attribute__((noinline)) int caller_line(void)
{
	inlined_callee();
	__asm__ volatile("" ::: "memory");
	return __LINE__ - 2;
}

static const struct pprof_type types[] = { { "samples", "count" }, { "cpu", "nanoseconds" } };

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const double values[STACKS_VALUES_MAX] = { 3, 30 };
	uint64_t addrs[2];
	int fd;

	assert_non_null(f);
	snprintf(f->path, sizeof(f->path), "/tmp/test_pprof.XXXXXX");
	fd = mkstemp(f->path);
	assert_true(fd >= 0);
	close(fd);
	f->symbols = symbols_new();
	assert_int_equal(symbols_map_process(f->symbols, getpid()), 0);
	caller_line();
	addrs[0] = seen_addr;
	addrs[1] = 16; /* in no mapping */
	assert_int_equal(stacks_add(&f->stacks, "main", addrs, 2, values), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	unlink(f->path);
	symbols_free(f->symbols);
	stacks_deinit(&f->stacks);
	free(f);
	return 0;
}

static void write_profile(struct fixture *f)
{
	const struct pprof_cfg cfg = {
		.types = types,
		.types_count = 2,
		.period_type = types[1],
		.period = 10101010,
		.time_wall_ns = 1000,
		.duration_ns = 2000,
		.comment = "a comment",
		.default_type = 1,
	};
	struct err err = ERR_INIT;

	if (pprof_write(&cfg, &f->stacks, f->symbols, f->path, &err) < 0)
		fail_msg("%s", err.msg);
}

static void test_address_has_function_file_line_and_inlined_calls(void **state)
{
	struct fixture *f = *state;
	const struct symbols_place *place = symbols_find(f->symbols, seen_addr);

	assert_non_null(place);
	assert_int_equal(place->count, 2);
	assert_string_equal(place->frames[0].function, "inlined_callee");
	assert_string_equal(place->frames[1].function, "caller_line");
	assert_non_null(strstr(place->frames[0].file, "profiles/test/test_pprof.c"));
	assert_int_equal(place->frames[1].line, caller_line());
	assert_true(place->is_known);
	assert_ptr_equal(symbols_find(f->symbols, seen_addr), place);
}

static void test_unknown_address_is_named_so(void **state)
{
	struct fixture *f = *state;
	const struct symbols_place *place = symbols_find(f->symbols, 16);

	assert_false(place->is_known);
	assert_string_equal(place->frames[0].function, "[unknown]");
}

static void test_folded_stack_is_outermost_first_and_ends_where_unwinding_got_lost(void **state)
{
	struct fixture *f = *state;
	struct strbuf sb = { 0 };
	struct err err = ERR_INIT;

	assert_int_equal(fold_write(&f->stacks, f->symbols, 0, &sb, &err), 0);
	assert_string_equal(sb.ptr, "main;caller_line;inlined_callee 3\n");
	strbuf_deinit(&sb);
}

static void test_profile_reads_back(void **state)
{
	struct fixture *f = *state;
	struct pprof_profile p;
	struct err err = ERR_INIT;
	const Pprof__Location *l;

	write_profile(f);
	assert_int_equal(pprof_read(f->path, &p, &err), 0);
	assert_int_equal(p.msg->n_sample, 1);
	assert_int_equal(p.msg->sample[0]->value[0], 3);
	assert_int_equal(p.msg->sample[0]->value[1], 30);
	assert_int_equal(pprof_find_type(&p, "cpu"), 1);
	assert_int_equal(pprof_find_type(&p, NULL), 1);
	assert_int_equal(pprof_find_type(&p, "wall"), -ENOENT);
	assert_string_equal(pprof_text(&p, p.msg->sample[0]->label[0]->str), "main");
	l = p.locations[p.msg->sample[0]->location_id[0]];
	assert_int_equal(l->n_line, 2);
	assert_string_equal(pprof_text(&p, p.functions[l->line[1]->function_id]->name),
			    "caller_line");
	assert_int_equal(l->line[1]->line, caller_line());
	assert_true(l->mapping_id > 0);
	pprof_deinit(&p);
}

static void test_equal_profiles_are_equal_files(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	char *bytes[2];
	size_t len[2];

	for (int i = 0; i < 2; i++) {
		write_profile(f);
		assert_int_equal(file_read(f->path, 1 << 20, &bytes[i], &len[i], &err), 0);
	}
	assert_int_equal(len[0], len[1]);
	assert_memory_equal(bytes[0], bytes[1], len[0]);
	free(bytes[0]);
	free(bytes[1]);
}

static void test_damaged_profiles_are_refused(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct pprof_profile p;
	char *bytes;
	size_t len;

	write_profile(f);
	assert_int_equal(file_read(f->path, 1 << 20, &bytes, &len, &err), 0);
	for (size_t cut = 0; cut < len; cut++)
		assert_true(pprof_parse(span_of(bytes, cut), &p, &err) < 0);
	for (size_t i = 0; i < len; i++) {
		bytes[i] ^= 0x10;
		if (pprof_parse(span_of(bytes, len), &p, &err) == 0)
			pprof_deinit(&p);
		bytes[i] ^= 0x10;
	}
	free(bytes);
}

static void test_legacy_form_is_a_cpu_profile(void **state)
{
	struct fixture *f = *state;
	struct pprof_profile p;
	struct strbuf sb = { 0 };
	struct err err = ERR_INIT;
	uint64_t words[8];

	write_profile(f);
	assert_int_equal(pprof_read(f->path, &p, &err), 0);
	assert_int_equal(legacy_write(&p, &sb, &err), 0);
	assert_true(sb.len > sizeof(words));
	memcpy(words, sb.ptr, sizeof(words));
	assert_int_equal(words[1], 3);
	assert_int_equal(words[3], 10101);
	assert_int_equal(words[5], 3); /* samples */
	assert_int_equal(words[6], 1); /* depth */
	assert_true(words[7] == seen_addr);
	strbuf_deinit(&sb);
	pprof_deinit(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_address_has_function_file_line_and_inlined_calls),
		cmocka_unit_test(test_unknown_address_is_named_so),
		cmocka_unit_test(
			test_folded_stack_is_outermost_first_and_ends_where_unwinding_got_lost),
		cmocka_unit_test(test_profile_reads_back),
		cmocka_unit_test(test_equal_profiles_are_equal_files),
		cmocka_unit_test(test_damaged_profiles_are_refused),
		cmocka_unit_test(test_legacy_form_is_a_cpu_profile),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
