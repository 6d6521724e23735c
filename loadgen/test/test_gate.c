/* Accepted changes, answers and reports of goxel-gate. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "loadgen/gate/gate.h"

static char folder[] = "/tmp/test-gate.XXXXXX";
static char path[64];

/* 2027-01-15 12:00 UTC */
#define NOW (1800014400 * NSEC_PER_SEC)

static int read_accepts(const char *text, struct gate_accepts *out, struct err *err)
{
	assert_int_equal(file_write_atomic(path, span_str(text), NULL), 0);
	return gate_accepts_read(path, NOW, out, err);
}

static void test_acceptances_are_read_and_expire(void **state)
{
	struct gate_accepts a;

	(void)state;
	assert_int_equal(read_accepts("# why\n\nresponse_p50_ns 2027-01-15 8% checksums, issue 12\n"
				      "cpu_ns_per_request 2027-01-14 2.5%  the same\n",
				      &a, NULL),
			 0);
	assert_int_equal(a.count, 2);
	assert_non_null(gate_accepts_find(&a, "response_p50_ns"));
	assert_float_equal(gate_accepts_find(&a, "response_p50_ns")->ratio, 0.08, 1e-12);
	assert_string_equal(a.rows[0].reason, "checksums, issue 12");
	assert_true(a.rows[1].is_expired);
	assert_null(gate_accepts_find(&a, "cpu_ns_per_request"));
	assert_null(gate_accepts_find(&a, "response_p90_ns"));
}

static void check_refused(const char *text, const char *says)
{
	struct gate_accepts a;
	struct err err = ERR_INIT;

	assert_int_equal(read_accepts(text, &a, &err), -EINVAL);
	if (!strstr(err.msg, says))
		fail_msg("\"%s\" does not say \"%s\"", err.msg, says);
}

static void test_bad_acceptances_are_refused_with_their_line(void **state)
{
	(void)state;
	check_refused("a 2027-02-30x 5% why\n", ":1: '2027-02-30x' is no day");
	check_refused("\na tomorrow 5% why\n", ":2: 'tomorrow' is no day");
	check_refused("a 2027-02-20 5%\n", "needs its reason");
	check_refused("a 2027-02-20 5 why\n", "expected METRIC");
	check_refused("a 2027-02-20 -5% why\n", "between 0% and 100%");
	check_refused("a\n", "expected METRIC");
}

/* A gate of known differences, decided by reports/lib/verdict. */
struct known {
	struct gate_options options;
	struct gate gate;
};

static void decide(struct gate_sitting *s, double change)
{
	enum { BLOCKS = 20 };
	double d[BLOCKS * 2];

	s->metrics[0] = *verdict_metric_find("cpu_ns_per_request");
	s->metrics[1] = *verdict_metric_find("response_p50_ns");
	s->metrics_count = 2;
	for (int i = 0; i < BLOCKS * 2; i++)
		d[i] = change + 0.002 * ((i * 7) % 11 - 5) / 5.0;
	assert_int_equal(verdict_decide(&(struct verdict_cfg){ .alpha = 0.01, .seed = 1 },
					&(struct verdict_input){ .metrics = s->metrics,
								 .metrics_count = 2,
								 .d = d,
								 .blocks_count = BLOCKS },
					&s->verdict, NULL),
			 0);
	s->is_decided = true;
	s->blocks_count = BLOCKS;
}

static void known_begin(struct known *k, double first, double second)
{
	memset(k, 0, sizeof(*k));
	k->gate.options = &k->options;
	k->options.pair.arms[0] = "old";
	k->options.pair.arms[1] = "new --flag \"x\"";
	decide(&k->gate.first, first);
	k->gate.has_second = !isnan(second);
	if (k->gate.has_second)
		decide(&k->gate.second, second);
}

static void known_end(struct known *k)
{
	verdict_deinit(&k->gate.first.verdict);
	verdict_deinit(&k->gate.second.verdict);
}

static void check_answer(double first, double second, enum gate_answer want)
{
	struct known k;

	known_begin(&k, first, second);
	assert_int_equal(gate_answer_of(&k.gate), want);
	known_end(&k);
}

static void test_answers_follow_both_sittings(void **state)
{
	(void)state;
	check_answer(0, NAN, GATE_PASS);
	check_answer(-0.2, NAN, GATE_PASS);
	check_answer(0.2, NAN, GATE_REGRESSED);
	check_answer(0.2, 0.2, GATE_REGRESSED);
	check_answer(0.2, 0, GATE_UNCONFIRMED);
}

static size_t count_of(const char *text, const char *what)
{
	size_t count = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		count++;
	return count;
}

static void test_reports_say_the_same(void **state)
{
	struct known k;
	struct strbuf md = { 0 }, xml = { 0 }, json = { 0 };
	json_t *root;

	(void)state;
	known_begin(&k, 0.1, 0.1);
	gate_markdown(&k.gate, &md);
	gate_junit(&k.gate, &xml);
	gate_json(&k.gate, &json);
	assert_non_null(strstr(md.ptr, "### goxel-gate: REGRESSED"));
	assert_non_null(strstr(md.ptr, "| CPU time per request | +10.5"));
	assert_true(count_of(md.ptr, "\n") <= 25);
	assert_non_null(strstr(xml.ptr, "tests=\"2\" failures=\"2\" skipped=\"0\""));
	assert_int_equal(count_of(xml.ptr, "<failure"), 2);
	root = json_loads(json.ptr, 0, NULL);
	assert_non_null(root);
	assert_string_equal(json_string_value(json_object_get(root, "answer")), "REGRESSED");
	json_decref(root);
	known_end(&k);
	strbuf_deinit(&md);
	strbuf_deinit(&xml);
	strbuf_deinit(&json);
}

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/accepted", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(test_acceptances_are_read_and_expire),
		cmocka_unit_test(test_bad_acceptances_are_refused_with_their_line),
		cmocka_unit_test(test_answers_follow_both_sittings),
		cmocka_unit_test(test_reports_say_the_same),
	};

	return cmocka_run_group_tests(cases, make_folder, remove_folder);
}
