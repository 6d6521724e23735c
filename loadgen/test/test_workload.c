/*
 * Workload files: what they say is what is sent, repeatably (R-402), and what they say wrongly is
 * named by file, line and the nearest known word (R-007).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "daemon/base/err.h"
#include "loadgen/workload/builtin.h"
#include "loadgen/workload/workload.h"

static struct workload *parse(const char *text)
{
	struct workload *w = NULL;
	struct err err = ERR_INIT;
	int rc = workload_parse("t.wl", span_str(text), &w, &err);

	if (rc)
		print_error("%s\n", err.msg);
	assert_int_equal(rc, 0);
	return w;
}

/* Parsing fails with a message that holds part. */
static void assert_refused(const char *text, const char *part)
{
	struct workload *w = NULL;
	struct err err = ERR_INIT;

	assert_true(workload_parse("t.wl", span_str(text), &w, &err) < 0);
	assert_null(w);
	if (!strstr(err.msg, part))
		print_error("got: %s\n", err.msg);
	assert_non_null(strstr(err.msg, part));
}

/* The n-th request of connection turn, as a new text. */
static char *request(const struct workload_op *op, uint64_t seed, uint64_t turn, int n)
{
	struct draw d;
	uint32_t items;
	size_t len = 0;
	char *out = malloc(op->request.bytes_max + 1);

	assert_non_null(out);
	draw_init(&d, seed, turn, 4);
	for (int i = 0; i <= n; i++)
		len = template_render(&op->request, &d, REQUEST_ID_FIRST + (uint32_t)i, out,
				      &items);
	assert_true(len <= op->request.bytes_max);
	out[len] = '\0';
	return out;
}

static void test_request_text_is_exact(void **state)
{
	struct workload *w = parse("[op a]\nmethod = ping\nkind = read\n");
	char *text = request(&w->ops[0], 1, 0, 0);

	(void)state;
	assert_string_equal(text, "{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":10000000}\n");
	assert_false(w->ops[0].is_write);
	free(text);
	workload_close(w);
}

static void test_last_id_is_eight_digits_and_wraps(void **state)
{
	struct workload *w = parse("[op a]\nmethod = ping\n");
	struct draw d;
	uint32_t items;
	char out[128];
	size_t len;

	(void)state;
	draw_init(&d, 1, 0, 1);
	len = template_render(&w->ops[0].request, &d, REQUEST_ID_END - 1, out, &items);
	assert_memory_equal(out + len - 11, ":99999999}\n", 11);
	workload_close(w);
}

static void test_variables_keep_their_ranges(void **state)
{
	struct workload *w = parse("[var x]\nrandom = -3..3\n[op a]\nmethod = m\n"
				   "params = [${x}, ${x}]\n");
	int seen[7] = { 0 };
	struct draw d;

	(void)state;
	draw_init(&d, 7, 0, 1);
	for (int i = 0; i < 2000; i++) {
		char out[256];
		long a, b;
		char *end;
		uint32_t items;
		size_t len = template_render(&w->ops[0].request, &d, REQUEST_ID_FIRST, out, &items);

		out[len] = '\0';
		a = strtol(strchr(out, '[') + 1, &end, 10);
		b = strtol(end + 2, &end, 10);
		assert_int_equal(*end, ']');
		assert_in_range(a + 3, 0, 6);
		seen[a + 3]++;
		seen[b + 3]++;
	}
	/* 4000 draws of 7 values: each about 571, standard deviation 22. */
	for (int i = 0; i < 7; i++)
		assert_in_range(seen[i], 440, 700);
	workload_close(w);
}

static void test_sequence_gives_each_value_to_one_connection(void **state)
{
	struct workload *w = parse("[var n]\nsequence = 1..100\n[op a]\nmethod = m\n"
				   "params = [${n}]\n");
	int seen[101] = { 0 };

	(void)state;
	for (uint64_t turn = 0; turn < 4; turn++) {
		for (int i = 0; i < 25; i++) {
			char *text = request(&w->ops[0], 1, turn, i);
			long value = strtol(strchr(text, '[') + 1, NULL, 10);

			assert_in_range(value, 1, 100);
			seen[value]++;
			free(text);
		}
	}
	for (int i = 1; i <= 100; i++)
		assert_int_equal(seen[i], 1);
	workload_close(w);
}

static void test_sequence_steps_and_wraps(void **state)
{
	struct workload *w = parse("[var n]\nsequence = -10..20\nstep = 15\n[op a]\nmethod = m\n"
				   "params = [${n}]\n");
	static const char *const want[] = { "[-10]", "[5]", "[20]", "[-10]" };
	struct draw d;

	(void)state;
	draw_init(&d, 1, 0, 1);
	for (int i = 0; i < 4; i++) {
		char out[256];
		uint32_t items;
		size_t len = template_render(&w->ops[0].request, &d, REQUEST_ID_FIRST, out, &items);

		out[len] = '\0';
		assert_non_null(strstr(out, want[i]));
	}
	workload_close(w);
}

static void test_choice_and_payload(void **state)
{
	struct workload *w = parse("[var c]\nchoice = \"red\" | \"a b\" \n[var p]\npayload = 5..9\n"
				   "[op a]\nmethod = m\nparams = [${c},\"${p}\"]\n");
	int reds = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		char *text = request(&w->ops[0], 3, 0, i);
		json_t *root = json_loads(text, 0, NULL);
		json_t *params = json_object_get(root, "params");
		const char *colour = json_string_value(json_array_get(params, 0));

		assert_non_null(colour);
		assert_true(strcmp(colour, "red") == 0 || strcmp(colour, "a b") == 0);
		reds += strcmp(colour, "red") == 0;
		assert_in_range(json_string_length(json_array_get(params, 1)), 5, 9);
		json_decref(root);
		free(text);
	}
	assert_in_range(reds, 60, 140);
	workload_close(w);
}

static void test_items_repeat(void **state)
{
	struct workload *w =
		parse("[var x]\nrandom = 0..9\n[op a]\nmethod = m\n"
		      "params = {\"v\":[${items}]}\nitem = {\"x\":${x}}\nitems = 2..4\n");
	int seen[5] = { 0 };

	(void)state;
	for (int i = 0; i < 100; i++) {
		char *text = request(&w->ops[0], 5, 1, i);
		json_t *root = json_loads(text, 0, NULL);
		size_t n = json_array_size(json_object_get(json_object_get(root, "params"), "v"));

		assert_in_range(n, 2, 4);
		seen[n]++;
		json_decref(root);
		free(text);
	}
	assert_true(seen[2] && seen[3] && seen[4]);
	workload_close(w);
}

static void test_same_seed_same_requests(void **state)
{
	struct workload *w = parse("[var x]\nrandom = 0..1000000\n[op a]\nmethod = m\n"
				   "params = [${x}]\n");
	char *first = request(&w->ops[0], 42, 2, 9);
	char *again = request(&w->ops[0], 42, 2, 9);
	char *other_seed = request(&w->ops[0], 43, 2, 9);
	char *other_turn = request(&w->ops[0], 42, 3, 9);

	(void)state;
	assert_string_equal(first, again);
	assert_string_not_equal(first, other_seed);
	assert_string_not_equal(first, other_turn);
	free(first);
	free(again);
	free(other_seed);
	free(other_turn);
	workload_close(w);
}

static void test_builtins_render_json(void **state)
{
	(void)state;
	for (const struct builtin_workload *b = builtin_workloads; b->name; b++) {
		struct workload *w = NULL;
		struct err err = ERR_INIT;

		assert_int_equal(workload_open(b->name, &w, &err), 0);
		for (size_t i = 0; i < w->ops_count; i++) {
			char *text = request(&w->ops[i], 1, 0, 3);
			json_t *root = json_loads(text, 0, NULL);

			assert_non_null(root);
			json_decref(root);
			free(text);
		}
		workload_close(w);
	}
}

static void test_mixed_is_nine_writes_to_one_read(void **state)
{
	struct workload *w = NULL;
	int64_t writes = 0, sum = 0;

	(void)state;
	assert_int_equal(workload_open("mixed", &w, NULL), 0);
	for (size_t i = 0; i < w->ops_count; i++) {
		sum += w->ops[i].weight;
		writes += w->ops[i].is_write ? w->ops[i].weight : 0;
	}
	assert_int_equal(writes * 10, sum * 9);
	workload_close(w);
}

static void test_values_go_on_over_indented_lines(void **state)
{
	struct workload *w = parse("# head\n[op a]\nmethod = m\nparams = [1,\n\t2,\n   3]\n\n"
				   "weight = 7\n");

	(void)state;
	assert_string_equal(w->ops[0].params, "[1, 2, 3]");
	assert_int_equal(w->ops[0].weight, 7);
	workload_close(w);
}

static void test_phases(void **state)
{
	struct workload *w = parse("[op a]\nmethod = m\n[phase warm]\nduration = 2s\nrecord = off\n"
				   "[phase main]\nduration = 500ms\nrate = 2k\n");

	(void)state;
	assert_int_equal(w->phases_count, 2);
	assert_false(w->phases[0].is_recorded);
	assert_int_equal(w->phases[0].duration_ns, 2000000000);
	assert_true(w->phases[1].is_recorded);
	assert_true(w->phases[1].rate_per_s == 2000);
	workload_close(w);
}

static void test_faults_are_named(void **state)
{
	(void)state;
	assert_refused("[op a]\nmethod = m\nwieght = 3\n",
		       "t.wl:3: [op]: unknown key 'wieght'; did you mean 'weight'?");
	assert_refused("[opp a]\n", "t.wl:1: unknown section [opp]; did you mean [op]?");
	assert_refused("method = m\n", "t.wl:1: key 'method' comes before the first heading");
	assert_refused("[op a\n", "t.wl:1: heading '[op a' lacks its ']'");
	assert_refused("[op]\n", "t.wl:1: [op] needs a name");
	assert_refused("[op a,b]\n", "name 'a,b'");
	assert_refused("[op a]\nnonsense\n", "t.wl:2: 'nonsense' is neither");
	assert_refused("[op a]\nweight = 1\n", "[op a] needs the key 'method'");
	assert_refused("[op a]\nmethod = m\n[op a]\n", "t.wl:3: operation 'a' is a duplicate");
	assert_refused("# nothing\n", "no operation");
	assert_refused("[op a]\nmethod = m\nweight = 0\n", "weight");
	assert_refused("[op a]\nmethod = m\nkind = both\n", "'both' is neither read nor write");
	assert_refused("[op a]\nmethod = m\nparams = [${colur}]\n[var colour]\nrandom = 1..2\n",
		       "no variable 'colur'; did you mean 'colour'?");
	assert_refused("[op a]\nmethod = m\nparams = [${x]\n", "lacks its '}'");
	assert_refused("[op a]\nmethod = m\nparams = [1\n", "does not render valid JSON");
	assert_refused("[op a]\nmethod = m\nparams = [${items}]\n", "needs the key 'item'");
	assert_refused("[op a]\nmethod = m\n[var x]\n", "[var x] needs one of");
	assert_refused("[var x]\nrandom = 5..1\n", "t.wl:2: [var]: random: range '5..1' ends");
	assert_refused("[var x]\nrandom = 1..2\nchoice = a\n", "one of random, sequence");
	assert_refused("[op a]\nmethod = m\nthink = 5\n", "think");
	assert_refused("[op a]\nmethod = m\n[phase p]\n", "needs the key 'duration'");
	assert_refused("[op a]\nmethod = m\n[phase p]\nduration = 1s\nrecord = off\n",
		       "no phase is recorded");
}

static void test_limits(void **state)
{
	(void)state;
	assert_refused("[op a]\nmethod = m\nparams = [${items}]\nitem = 1\nitems = 100001\n",
		       "items must lie in 1..100000");
	assert_refused("[op a]\nmethod = m\nparams = [\"${p}\",${items}]\nitem = \"${p}\"\n"
		       "items = 65\n[var p]\npayload = 1048576\n",
		       "more than 64 MiB");
	assert_refused("[var p]\npayload = 1048577\n", "payload must lie in");
}

static void test_unknown_builtin_names_the_nearest(void **state)
{
	struct workload *w = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(workload_open("mixd", &w, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "did you mean 'mixed'?"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_text_is_exact),
		cmocka_unit_test(test_last_id_is_eight_digits_and_wraps),
		cmocka_unit_test(test_variables_keep_their_ranges),
		cmocka_unit_test(test_sequence_gives_each_value_to_one_connection),
		cmocka_unit_test(test_sequence_steps_and_wraps),
		cmocka_unit_test(test_choice_and_payload),
		cmocka_unit_test(test_items_repeat),
		cmocka_unit_test(test_same_seed_same_requests),
		cmocka_unit_test(test_builtins_render_json),
		cmocka_unit_test(test_mixed_is_nine_writes_to_one_read),
		cmocka_unit_test(test_values_go_on_over_indented_lines),
		cmocka_unit_test(test_phases),
		cmocka_unit_test(test_faults_are_named),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_unknown_builtin_names_the_nearest),
	};

	return cmocka_run_group_tests_name("workload", tests, NULL, NULL);
}
