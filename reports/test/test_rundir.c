/*
 * test_rundir.c - a run directory appears whole or not at all, and what is not one is refused with
 * its reason; every result opens with the same envelope.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/json_out.h"
#include "reports/lib/envelope.h"
#include "reports/lib/fingerprint.h"
#include "reports/lib/rundir.h"
#include "reports/test/fixture.h"

static void test_run_appears_only_when_complete(void **state)
{
	char dir[64], path[128], file[256];
	struct rundir made, seen;
	struct err err = ERR_INIT;

	(void)state;
	fixture_dir(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/deep/run-1", dir);
	assert_int_equal(rundir_create(path, &made, &err), 0);
	assert_false(file_exists(path));
	snprintf(file, sizeof(file), "%s.partial/run.json", path);
	fixture_write(file, "{\"schema\": \"goxel-run/1\", \"state\": \"complete\"}");
	assert_true(rundir_has(&made, RUNFILE_RUN));
	assert_int_equal(rundir_open(made.partial, &seen, &err), -EAGAIN);
	assert_non_null(strstr(err.msg, "interrupted"));
	assert_int_equal(rundir_complete(&made, &err), 0);
	assert_int_equal(rundir_open(path, &seen, &err), 0);
	assert_true(rundir_has(&seen, RUNFILE_RUN));
	rundir_close(&seen);
	rundir_close(&made);
	err = ERR_INIT;
	assert_int_equal(rundir_create(path, &made, &err), -EEXIST);
	fixture_remove(dir);
}

static void expect_refusal(const char *run_json, int code, const char *reason)
{
	char dir[64], file[128];
	struct rundir seen;
	struct err err = ERR_INIT;

	fixture_dir(dir, sizeof(dir));
	snprintf(file, sizeof(file), "%s/run.json", dir);
	if (run_json)
		fixture_write(file, run_json);
	assert_int_equal(rundir_open(dir, &seen, &err), code);
	if (!strstr(err.msg, reason))
		fail_msg("'%s' does not say '%s'", err.msg, reason);
	fixture_remove(dir);
}

static void test_what_is_no_run_is_refused_with_a_reason(void **state)
{
	struct rundir seen;
	struct err err = ERR_INIT;

	(void)state;
	expect_refusal(NULL, -ENOTDIR, "not a run directory");
	expect_refusal("{\"schema\": \"goxel-run/1\", \"state\": \"incomplete\"}", -EAGAIN,
		       "interrupted");
	expect_refusal("{\"schema\": \"goxel-run/1\"}", -EAGAIN, "unknown");
	expect_refusal("{\"schema\": \"goxel-run/2\", \"state\": \"complete\"}", -EOPNOTSUPP,
		       "reads goxel-run/1 only");
	expect_refusal("{\"schema\": \"goxel-load/1\"}", -EPROTO, "not 'goxel-run/1'");
	expect_refusal("{\"state\": \"complete\"}", -EPROTO, "no \"schema\"");
	expect_refusal("{\"schema\": ", -EPROTO, "run.json:1:");
	expect_refusal("[1]", -EPROTO, "not an object");
	assert_int_equal(rundir_open("/nonexistent/run", &seen, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "there is no such run directory"));
	assert_int_equal(rundir_open("/dev/null", &seen, &err), -ENOTDIR);
}

static void test_envelope_has_the_keys_of_every_result(void **state)
{
	static const char *const keys[] = { "schema",   "tool",    "version", "revision",
					    "compiler", "variant", "flags",   "start_time" };
	static const char *const warnings[] = { "the machine was busy" };
	struct strbuf sb = { 0 };
	struct json_out j = { .sb = &sb, .indent = 2 };
	json_t *root;

	(void)state;
	json_object_open(&j, NULL);
	envelope_write(&j, &(struct envelope){ .schema = "x/1",
					       .tool = "test",
					       .warnings = warnings,
					       .warnings_count = 1 });
	json_close(&j);
	root = json_loads(strbuf_span(&sb).ptr, 0, NULL);
	assert_non_null(root);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_true(json_is_string(json_object_get(root, keys[i])));
	assert_int_equal(json_array_size(json_object_get(root, "warnings")), 1);
	assert_true(json_integer_value(
			    json_object_get(json_object_get(root, "machine"), "cores_count")) >= 1);
	assert_true(json_is_string(json_object_get(json_object_get(root, "machine"), "kernel")));
	json_decref(root);
	strbuf_deinit(&sb);
}

static void test_steal_is_a_share_of_the_stretch(void **state)
{
	struct cpu_ticks before = { .total = 1000, .steal = 10 };
	struct cpu_ticks after = { .total = 1400, .steal = 30 };

	(void)state;
	assert_float_equal(fingerprint_steal_pct(&before, &after), 5.0, 1e-12);
	assert_true(isnan(fingerprint_steal_pct(&before, &before)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run_appears_only_when_complete),
		cmocka_unit_test(test_what_is_no_run_is_refused_with_a_reason),
		cmocka_unit_test(test_envelope_has_the_keys_of_every_result),
		cmocka_unit_test(test_steal_is_a_share_of_the_stretch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
