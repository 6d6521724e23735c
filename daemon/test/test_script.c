/*
 * Scripts in their processes: what they see and leave behind, how they are ended, and that the
 * daemon believes nothing that a process says. This program is its own script server.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/base/budget.h"
#include "daemon/base/cancel.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/methods/script/script_answer.h"
#include "daemon/methods/script/script_json.h"
#include "daemon/methods/script/script_pool.h"
#include "daemon/methods/script/script_run.h"
#include "daemon/methods/script/script_server.h"
#include "daemon/voxel/document.h"

static struct document doc;

/* A floor of more blocks than a script's process keeps (1,024), and a column through one of them.
 */
enum { FLOOR = 40 * BLOCK_EDGE, COLUMN = 100 };

static int set_up(void **state)
{
	struct box floor = { { -FLOOR / 2, -FLOOR / 2, 0 }, { FLOOR / 2 - 1, FLOOR / 2 - 1, 0 } };
	struct volume *v;

	(void)state;
	document_init(&doc);
	if (document_add_defaults(&doc) < 0)
		return -1;
	v = &document_active(&doc)->volume;
	return volume_fill_box(v, &floor, rgba_of(1, 2, 3, 255)) ||
	       volume_set(v, 5, -7, COLUMN, rgba_of(9, 8, 7, 255));
}

static int tear_down(void **state)
{
	(void)state;
	document_deinit(&doc);
	script_pool_stop();
	return 0;
}

static int run_for(const char *source, uint64_t timeout_ns, struct script_result **out,
		   struct err *err)
{
	struct script_job_cfg cfg = {
		.doc = &doc,
		.source = span_str(source),
		.name = SPAN_LIT("test"),
		.timeout_ns = timeout_ns,
	};

	return script_run(&cfg, out, err);
}

static struct script_result *run(const char *source)
{
	struct script_result *result = NULL;
	struct err err = ERR_INIT;

	if (run_for(source, 120 * NSEC_PER_SEC, &result, &err) < 0)
		fail_msg("%s", err.msg);
	return result;
}

static bool is_text(struct span s, const char *text)
{
	return s.len == strlen(text) && !memcmp(s.ptr, text, s.len);
}

/* value: of a script that succeeds; NULL: it fails, and part is in its error. */
static void want(const char *source, const char *value, const char *part)
{
	struct script_result *result = run(source);

	if (value && (!result->is_done || !is_text(result->value, value)))
		fail_msg("%s: value %.*s, error %.*s", source, (int)result->value.len,
			 result->value.ptr, (int)result->error.len, result->error.ptr);
	if (!value &&
	    (result->is_done || !memmem(result->error.ptr, result->error.len, part, strlen(part))))
		fail_msg("%s: error %.*s", source, (int)result->error.len, result->error.ptr);
	script_result_free(result);
}

static void test_a_script_sees_what_was_there(void **state)
{
	(void)state;
	want("1", "1", NULL);
	want("", "", NULL);
	want("[goxel.getVoxel(5,-7,100), goxel.getVoxel(5,-7,99)]",
	     "[{\"r\":9,\"g\":8,\"b\":7,\"a\":255},null]", NULL);
	/* Twice over more blocks than are kept, by columns and by rows. */
	want("var n = 0, x, y, v; for (x = -328; x < 328; x += 8) for (y = -328; y < 328; y += 8) "
	     "if (goxel.getVoxel(x, y, 0)) n++; for (y = -328; y < 328; y += 8) "
	     "for (x = -328; x < 328; x += 8) { v = goxel.getVoxel(x, y, 0); "
	     "if (v && v.b == 3) n++; } n",
	     "12800", NULL);
	/* One voxel in each block, at random, and all of some: each answer is right. */
	want("var bad = 0, i, x, y, z, v; for (x = -320; x < 320; x += 16) for (y = -320; y < 320; "
	     "y += 16) if (!goxel.getVoxel(x + 3, y + 5, 0)) bad++; for (i = 0; i < 5000; i++) { "
	     "x = Math.floor(Math.random() * 900) - 450; y = Math.floor(Math.random() * 900) - "
	     "450; "
	     "z = Math.floor(Math.random() * 9) - 4; v = goxel.getVoxel(x, y, z); "
	     "if ((v != null) != (x >= -320 && x < 320 && y >= -320 && y < 320 && z == 0)) bad++; "
	     "} "
	     "for (z = -3; z < 120; z++) for (x = 0; x < 20; x++) { v = goxel.getVoxel(x, -7, z); "
	     "if ((v ? v.r : 0) != (z == 0 ? 1 : x == 5 && z == 100 ? 9 : 0)) bad++; } bad",
	     "0", NULL);
	want("goxel.boundingBox()",
	     "{\"min\":[-320,-320,0],\"max\":[319,319,100],\"dimensions\":[640,640,101]}", NULL);
	want("goxel.listLayers()", "[{\"id\":1,\"name\":\"Layer.1\"}]", NULL);
	want("goxel.getActiveLayer()", "1", NULL);
}

static void test_boxes_do_not_have_what_the_script_took_away(void **state)
{
	(void)state;
	want("goxel.removeVoxel(5, -7, 100); goxel.boundingBox().max", "[319,319,0]", NULL);
	want("for (var i = -320; i < 320; i++) goxel.removeVoxel(i, 319, 0); "
	     "goxel.boundingBox().max",
	     "[319,318,100]", NULL);
	want("goxel.removeVoxel(5, -7, 100); goxel.addVoxel(400, 0, -1); goxel.boundingBox()",
	     "{\"min\":[-320,-320,-1],\"max\":[400,319,0],\"dimensions\":[721,640,2]}", NULL);
	want("goxel.addVoxel(9999, 0, 0); goxel.removeVoxel(9999, 0, 0); goxel.boundingBox().max",
	     "[319,319,100]", NULL);
	want("goxel.clear(); goxel.addVoxel(1, 1, 1); goxel.boundingBox().min", "[1,1,1]", NULL);
}

static void test_edits_come_in_order(void **state)
{
	struct script_result *r = run("goxel.addVoxel(1, 2, 3, 4, 5, 6); var a = goxel.addLayer("
				      "'caf\\u00e9'); goxel.addVoxel(-1, -2, -3); goxel.addVoxel("
				      "-1, -2, -3, '#01020304'); goxel.setLayerVisible(a, false); "
				      "console.log('hello', [1]); a");

	(void)state;
	assert_true(r->is_done);
	assert_true(is_text(r->value, "2"));
	assert_true(is_text(r->output, "hello [1]\n"));
	assert_int_equal(r->names_count, 1);
	assert_string_equal(r->names[0], "caf\xc3\xa9");
	assert_int_equal(r->ops_count, 4);
	assert_int_equal(r->ops[0].kind, SCRIPT_VOXEL);
	assert_int_equal(r->ops[0].color, rgba_of(4, 5, 6, 255));
	assert_int_equal(r->ops[1].kind, SCRIPT_LAYER_NEW);
	assert_int_equal(r->ops[2].layer_id, 2);
	assert_int_equal(r->ops[2].color, rgba_of(1, 2, 3, 4));
	assert_int_equal(r->ops[3].kind, SCRIPT_LAYER_VISIBLE);
	script_result_free(r);
}

static void test_many_edits_are_seen_again(void **state)
{
	struct script_result *r =
		run("var i, n = 0; for (i = 0; i < 100000; i++) goxel.addVoxel(i % 317, i >> 5, "
		    "i * 7 % 13, i & 255, 1, 1); for (i = 0; i < 100000; i++) if (goxel.getVoxel("
		    "i % 317, i >> 5, i * 7 % 13).g == 1) n++; n");

	(void)state;
	assert_true(is_text(r->value, "100000"));
	assert_int_equal(r->ops_count, 100000);
	for (uint32_t i = 0; i < r->ops_count; i++) {
		assert_int_equal(r->ops[i].pos[0], i % 317);
		assert_int_equal(r->ops[i].pos[1], i >> 5);
		assert_int_equal(r->ops[i].color, rgba_of(i & 255, 1, 1, 255));
	}
	script_result_free(r);
}

static void test_a_failure_says_why_and_leaves_no_edits(void **state)
{
	struct script_result *r = run("goxel.addVoxel(1,2,3); console.log('x'); no_such");

	(void)state;
	assert_false(r->is_done);
	assert_int_equal(r->ops_count, 0);
	assert_true(is_text(r->error, "ReferenceError: identifier 'no_such' undefined"));
	assert_true(is_text(r->output, "x\n"));
	script_result_free(r);
	want("var s = 'x'; for (var i = 0; i < 17; i++) s += s; s", NULL, "longer than 65536");
	want("function f() { f() } f()", NULL, "RangeError");
	want("var a = []; for (var i = 0; i < 5000; i++) a = [a]; JSON.stringify(a)", NULL,
	     "RangeError");
	want("var a = []; for (;;) a.push(new Uint8Array(1 << 20))", NULL, "alloc");
	want("for (var i = 0; ; i++) goxel.addVoxel(i, i, i)", NULL, "more than 4194304 edits");
}

static void test_time_zone_and_random_numbers(void **state)
{
	struct script_result *a = run("Math.random()");
	struct script_result *b = run("Math.random()");

	(void)state;
	assert_false(a->value.len == b->value.len &&
		     !memcmp(a->value.ptr, b->value.ptr, a->value.len));
	script_result_free(a);
	script_result_free(b);
	want("var ok = true; for (var i = 0; i < 1000; i++) { var r = Math.random(); "
	     "ok = ok && r >= 0 && r < 1 } ok",
	     "true", NULL);
	/* TZ is set in main. */
	want("[new Date(2020, 0, 1).getTimezoneOffset(), new Date(2020, 6, 1).getHours()]",
	     "[-60,0]", NULL);
}

static void test_the_source_has_a_limit(void **state)
{
	char *source = malloc(SCRIPT_SOURCE_BYTES_MAX + 2);
	struct script_result *result;
	struct err err = ERR_INIT;

	(void)state;
	assert_non_null(source);
	memset(source, ' ', SCRIPT_SOURCE_BYTES_MAX + 1);
	source[0] = '7';
	source[SCRIPT_SOURCE_BYTES_MAX] = '\0';
	want(source, "7", NULL);
	source[SCRIPT_SOURCE_BYTES_MAX] = ' ';
	source[SCRIPT_SOURCE_BYTES_MAX + 1] = '\0';
	assert_int_equal(run_for(source, NSEC_PER_SEC, &result, &err), -EMSGSIZE);
	free(source);
}

static uint32_t running_count(void)
{
	struct script_status status;

	script_pool_status(&status);
	return status.running_count;
}

static int ask_after(void *ctx)
{
	int *asked = ctx;

	return ++*asked < 3 ? 0 : -ECANCELED;
}

static void test_nobody_waits_for_it(void **state)
{
	struct script_result *result;
	struct err err = ERR_INIT;
	int asked = 0;

	(void)state;
	cancel_begin(ask_after, &asked);
	assert_int_equal(run_for("while (1) {}", 120 * NSEC_PER_SEC, &result, &err), -ECANCELED);
	cancel_end();
	assert_int_equal(asked, 3);
	assert_int_equal(running_count(), 0);
}

static void test_its_time_is_over(void **state)
{
	struct script_result *result;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(run_for("while (1) {}", 20 * NSEC_PER_MSEC, &result, &err), -ETIME);
	assert_string_equal(err.msg, "Script execution timeout");
	/* Also while it asks the daemon all the time. */
	assert_int_equal(run_for("for (var i = 0; ; i += 16) goxel.getVoxel(i, 0, 0)",
				 20 * NSEC_PER_MSEC, &result, &err),
			 -ETIME);
	assert_int_equal(running_count(), 0);
}

static void test_memory_is_taken_from_the_budget(void **state)
{
	struct script_result *result;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(budget_used_of(BUDGET_SCRIPTS), 0);
	budget_set_limit(budget_used() + (1 << 20));
	assert_int_equal(run_for("1", 120 * NSEC_PER_SEC, &result, &err), -ENOMEM);
	budget_set_limit(budget_used() + (12 << 20));
	want("1", "1", NULL);
	want("var a = []; for (var i = 0; i < 6; i++) a.push(new Uint8Array(1 << 20)); 2", NULL,
	     "alloc");
	want("for (var i = 0; i < 1000000; i++) goxel.addVoxel(i, i, i)", NULL, "no memory");
	/* The blocks that are read fill the memory; then one place must do for all. */
	want("var a = []; for (var i = 0; i < 5000; i++) goxel.addVoxel(i, i, i); var n = 0; "
	     "for (var x = -320; x < 320; x += 16) for (var y = -320; y < 320; y += 16) "
	     "if (goxel.getVoxel(x, y, 0)) n++; n",
	     "1600", NULL);
	budget_set_limit(0);
	want("var a = []; for (var i = 0; i < 6; i++) a.push(new Uint8Array(1 << 20)); 2", "2",
	     NULL);
	assert_int_equal(budget_used_of(BUDGET_SCRIPTS), 0);
}

enum { THREADS = 8, DATES = 60, CROWD = SCRIPTS_MAX + 8 };

static atomic_int wrong;

/* Dates while other threads look at the clock: a fork of the daemon found the lock of the time zone
 * taken for ever. */
static void *ask_for_dates(void *arg)
{
	(void)arg;
	for (int i = 0; i < DATES; i++) {
		struct script_result *result;
		struct err err = ERR_INIT;
		time_t now = time(NULL);
		struct tm local;

		localtime_r(&now, &local);
		tzset();
		if (run_for("new Date(2020, 1, 1).getTimezoneOffset()", 120 * NSEC_PER_SEC, &result,
			    &err) < 0) {
			atomic_fetch_add(&wrong, 1);
			continue;
		}
		if (!is_text(result->value, "-60"))
			atomic_fetch_add(&wrong, 1);
		script_result_free(result);
	}
	return NULL;
}

static void *run_one(void *arg)
{
	struct script_result *result;
	struct err err = ERR_INIT;

	(void)arg;
	if (run_for("var n = 0; for (var i = 0; i < 20000; i++) n += i; n", 120 * NSEC_PER_SEC,
		    &result, &err) < 0) {
		atomic_fetch_add(&wrong, 1);
		return NULL;
	}
	if (!is_text(result->value, "199990000"))
		atomic_fetch_add(&wrong, 1);
	script_result_free(result);
	return NULL;
}

static void crowd(void *(*work)(void *), int count)
{
	pthread_t threads[CROWD];

	atomic_store(&wrong, 0);
	for (int i = 0; i < count; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work, NULL), 0);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&wrong), 0);
	assert_int_equal(running_count(), 0);
}

static void test_dates_in_many_threads(void **state)
{
	(void)state;
	crowd(ask_for_dates, THREADS);
}

static void test_more_at_once_than_there_are_places(void **state)
{
	(void)state;
	crowd(run_one, CROWD);
}

static void test_a_stopped_server_is_started_again(void **state)
{
	struct script_status before;
	struct script_status after;

	(void)state;
	script_pool_status(&before);
	script_pool_stop();
	want("3", "3", NULL);
	script_pool_status(&after);
	assert_int_equal(after.servers_count, before.servers_count + 1);
	assert_true(after.is_sandbox_known);
}

static void test_json_without_white_space(void **state)
{
	static const char *const good[] = {
		"0",
		"-1.5e3",
		"true",
		"null",
		"\"\"",
		"\"\\u00e9\\n\"",
		"[]",
		"{}",
		"[1,[],{}]",
		"{\"a\":{\"b\":[1]}}",
		"[[[1]],\"\xc3\xa9\"]",
	};
	static const char *const bad[] = {
		"",         " 1",         "1 ",     "1\n",     "[1,\n2]",   "[1,]",
		"[,1]",     "[1",         "1]",     "{",       "{\"a\"}",   "{1:2}",
		"{\"a\":}", "{\"a\":1,}", "tru",    "nulll",   "01",        "-",
		"1.",       "\"",         "\"\n\"", "\"\\x\"", "\"\\u12\"", "\"\xff\"",
		"1,2",      "{}{}",       "[1}",    "1e999",   "NaN",       "undefined",
		"'a'",      "[\"a\":1]",
	};
	char deep[2 * SCRIPT_JSON_DEPTH_MAX + 4];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!script_json_is_valid(span_str(good[i])))
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (script_json_is_valid(span_str(bad[i])))
			fail_msg("accepted: %s", bad[i]);
	for (size_t depth = SCRIPT_JSON_DEPTH_MAX; depth < SCRIPT_JSON_DEPTH_MAX + 2; depth++) {
		memset(deep, '[', depth);
		deep[depth] = '1';
		memset(deep + depth + 1, ']', depth);
		assert_int_equal(script_json_is_valid(span_of(deep, 2 * depth + 1)),
				 depth == SCRIPT_JSON_DEPTH_MAX);
	}
}

static int answer(const struct script_ask *ask, size_t len, struct script_reply *reply)
{
	struct script_answers answers;
	int rc;

	assert_true(script_answers_init(&answers, &doc, 0));
	rc = script_answer(&answers, ask, len, reply);
	script_answers_deinit(&answers);
	return rc;
}

static void test_questions_of_a_hostile_process(void **state)
{
	static struct script_reply reply;
	struct script_ask ask = { .kind = SCRIPT_ASK_CELL, .layer_id = 1 };
	struct script_answers answers;

	(void)state;
	assert_int_equal(answer(&ask, 0, &reply), -EPROTO);
	assert_int_equal(answer(&ask, sizeof(ask) - 1, &reply), -EPROTO);
	assert_int_equal(answer(&ask, sizeof(ask), &reply), 0);
	assert_int_equal(reply.bytes.len, sizeof(struct script_cell));
	ask.value = UINT32_MAX;
	assert_int_equal(answer(&ask, sizeof(ask), &reply), 0);
	assert_int_equal(reply.bytes.len, sizeof(struct script_cell_reply));
	ask.at = (struct block_pos){ INT32_MIN, INT32_MAX, INT32_MIN };
	assert_int_equal(answer(&ask, sizeof(ask), &reply), 0);
	assert_int_equal(reply.bytes.len, sizeof(struct script_cell));
	ask.layer_id = INT32_MIN;
	assert_int_equal(answer(&ask, sizeof(ask), &reply), 0);
	ask.kind = SCRIPT_ASK_PLACES;
	assert_int_equal(answer(&ask, sizeof(ask), &reply), 0);
	ask.kind = SCRIPT_ASK_BOX;
	assert_int_equal(answer(&ask, sizeof(ask), &reply), 0);
	assert_int_equal(reply.room.box.is_there, 0);
	ask = (struct script_ask){ .kind = SCRIPT_ASK_PLACES, .layer_id = 1, .value = UINT32_MAX };
	assert_int_equal(answer(&ask, sizeof(ask), &reply), 0);
	assert_int_equal(reply.room.places.count, 0);
	ask = (struct script_ask){ .kind = SCRIPT_ASK_MEMORY, .value = UINT32_MAX };
	assert_int_equal(answer(&ask, sizeof(ask), &reply), 0);
	assert_int_equal(reply.room.yes, 0);
	for (ask.kind = SCRIPT_ASK_END; ask.kind < 100; ask.kind++)
		assert_int_equal(answer(&ask, sizeof(ask), &reply), -EPROTO);
	/* One hello, of one errno. */
	assert_true(script_answers_init(&answers, &doc, 0));
	ask = (struct script_ask){ .kind = SCRIPT_ASK_HELLO, .value = 4096 };
	assert_int_equal(script_answer(&answers, &ask, sizeof(ask), &reply), -EPROTO);
	ask.value = EPERM;
	assert_int_equal(script_answer(&answers, &ask, sizeof(ask), &reply), 0);
	assert_int_equal(answers.sandbox_code, -EPERM);
	assert_int_equal(script_answer(&answers, &ask, sizeof(ask), &reply), -EPROTO);
	script_answers_deinit(&answers);
	assert_int_equal(budget_used_of(BUDGET_SCRIPTS), 0);
}

/* The end with that text, whole: 0 or what it is refused with. */
static int take_end(const struct script_end *end, const char *text, size_t len)
{
	char message[SCRIPT_ASK_BYTES_MAX];
	struct script_result *result;
	int rc;

	memcpy(message, end, sizeof(*end));
	memcpy(message + sizeof(*end), text, len);
	rc = script_result_begin(message, sizeof(*end) + len, &result);
	if (rc < 0)
		return rc;
	rc = result->received_bytes < result->text_bytes ? 1 : script_result_check(result);
	script_result_free(result);
	return rc;
}

static void test_slices_for_a_hostile_process(void **state)
{
	static struct script_reply reply;
	struct script_answers answers;
	struct script_ask_slices ask = {
		.ask = { .kind = SCRIPT_ASK_SLICES, .layer_id = 1, .value = 1 },
	};

	(void)state;
	assert_true(script_answers_init(&answers, &doc, 0));
	/* Blocks of the floor: 64 slices at most. */
	for (uint32_t i = 0; i < 64; i++)
		script_cell_add(&ask.want, i);
	assert_int_equal(script_answer(&answers, &ask, sizeof(ask), &reply), 0);
	assert_int_equal(reply.bytes.len, 64 * sizeof(script_slice));
	assert_int_equal(reply.room.slices[63][255], rgba_of(1, 2, 3, 255));
	ask.ask.value = 3;
	assert_int_equal(script_answer(&answers, &ask, sizeof(ask), &reply), -EPROTO);
	ask.ask.value = 1 << 16; /* no slice */
	assert_int_equal(script_answer(&answers, &ask, sizeof(ask), &reply), 0);
	assert_int_equal(reply.bytes.len, 0);
	memset(&ask.want, 0xff, sizeof(ask.want));
	ask.ask.value = 1;
	assert_int_equal(script_answer(&answers, &ask, sizeof(ask), &reply), -EPROTO);
	/* Blocks that are not there. */
	ask.want = (struct script_cell){ 0 };
	script_cell_add(&ask.want, 511);
	assert_int_equal(script_answer(&answers, &ask, sizeof(ask), &reply), 0);
	assert_int_equal(reply.bytes.len, 0);
	ask.ask.kind = SCRIPT_ASK_CELL;
	assert_int_equal(script_answer(&answers, &ask, sizeof(ask), &reply), -EPROTO);
	script_answers_deinit(&answers);
}

static void test_ends_of_a_hostile_process(void **state)
{
	const struct script_end fine = { .kind = SCRIPT_ASK_END, .is_done = 1 };
	struct script_end end;
	char name[VOXEL_NAME_MAX];

	(void)state;
	assert_int_equal(take_end(&fine, "", 0), 0);
	assert_int_equal(take_end(&fine, "x", 1), -EPROTO);
	assert_int_equal(script_result_begin(&fine, sizeof(fine) - 1, NULL), -EPROTO);
#define WITH(member, number)   \
	end = fine;            \
	end.member = (number); \
	assert_int_equal(take_end(&end, "", 0), -EPROTO)
	WITH(kind, 0);
	WITH(is_done, 2);
	WITH(is_output_cut, 2);
	WITH(error_bytes, SCRIPT_ERROR_BYTES_MAX);
	WITH(value_bytes, SCRIPT_TEXT_BYTES_MAX + 1);
	WITH(output_bytes, SCRIPT_TEXT_BYTES_MAX + 1);
	WITH(names_count, SCRIPT_LAYERS_MAX + 1);
	WITH(ops_count, SCRIPT_OPS_MAX + 1);
	WITH(ops_count, UINT32_MAX);
#undef WITH
	end = fine;
	end.ops_count = SCRIPT_OPS_MAX;
	assert_int_equal(take_end(&end, "", 0), 1); /* more is to come */
	end = fine;
	end.value_bytes = 3;
	assert_int_equal(take_end(&end, "[1]", 3), 0);
	assert_int_equal(take_end(&end, "1\n2", 3), -EPROTO);
	end = fine;
	end.output_bytes = 1;
	assert_int_equal(take_end(&end, "\n", 1), 0);
	assert_int_equal(take_end(&end, "\xff", 1), -EPROTO);
	end = fine;
	end.names_count = 1;
	memset(name, 'n', sizeof(name));
	assert_int_equal(take_end(&end, name, sizeof(name)), -EPROTO);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(take_end(&end, name, sizeof(name)), 0);
	name[0] = '\xff';
	assert_int_equal(take_end(&end, name, sizeof(name)), -EPROTO);
	assert_int_equal(budget_used_of(BUDGET_SCRIPTS), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_script_sees_what_was_there),
		cmocka_unit_test(test_boxes_do_not_have_what_the_script_took_away),
		cmocka_unit_test(test_edits_come_in_order),
		cmocka_unit_test(test_many_edits_are_seen_again),
		cmocka_unit_test(test_a_failure_says_why_and_leaves_no_edits),
		cmocka_unit_test(test_time_zone_and_random_numbers),
		cmocka_unit_test(test_the_source_has_a_limit),
		cmocka_unit_test(test_nobody_waits_for_it),
		cmocka_unit_test(test_its_time_is_over),
		cmocka_unit_test(test_memory_is_taken_from_the_budget),
		cmocka_unit_test(test_dates_in_many_threads),
		cmocka_unit_test(test_more_at_once_than_there_are_places),
		cmocka_unit_test(test_a_stopped_server_is_started_again),
		cmocka_unit_test(test_json_without_white_space),
		cmocka_unit_test(test_questions_of_a_hostile_process),
		cmocka_unit_test(test_slices_for_a_hostile_process),
		cmocka_unit_test(test_ends_of_a_hostile_process),
	};

	script_server_enter(argc, argv);
	setenv("TZ", "Europe/Paris", 1); /* NOLINT(concurrency-mt-unsafe): no threads yet */
	alarm(300);                      /* a process that never ends ends the test */
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
