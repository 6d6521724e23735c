/* what is journaled comes back. Crashes and failing disks: test_journal_faults.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/base/json_out.h"
#include "daemon/base/log.h"
#include "daemon/store/journal_format.h"
#include "daemon/store/journal_read.h"
#include "daemon/store/journal_write.h"
#include "daemon/test/journal_util.h"
#include "daemon/test/temp_dir.h"
#include "daemon/voxel/selection.h"

static struct temp_dir folder;

static int open_folder(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	return temp_dir_open(&folder);
}

static int close_folder(void **state)
{
	(void)state;
	temp_dir_close(&folder);
	return 0;
}

static const char *in_folder(const char *name)
{
	static char paths[4][128];
	static unsigned next;
	char *path = paths[next++ % 4];

	return temp_dir_path(&folder, name, path, sizeof(paths[0]));
}

static void must_open(struct world *w, const char *dir)
{
	struct err err = ERR_INIT;

	if (world_open(w, dir, JOURNAL_SYNC_OFF, 0, false, &err) < 0)
		fail_msg("%s", err.msg);
}

/* ---- payloads ------------------------------------------------------------- */

/* Applies each payload to a state at once. */
struct relay {
	struct journal_state state;
	uint64_t lsn;
	uint64_t bytes;
};

static int relay_emit(void *ctx, struct span payload)
{
	struct relay *r = ctx;
	struct err err = ERR_INIT;
	/* Exactly as large, so that a sanitizer sees what is read behind it. */
	char *copy = malloc(payload.len);

	memcpy(copy, payload.ptr, payload.len);
	r->bytes += payload.len;
	if (journal_apply(&r->state, ++r->lsn, span_of(copy, payload.len), &err) < 0)
		fail_msg("%s", err.msg);
	free(copy);
	return 0;
}

/* A log that goes to a relay. */
struct relay_log {
	struct project_log base;
	struct relay *relay;
	struct strbuf part;
};

static int relay_edited(struct project_log *log, const struct project *p,
			const struct history_step *step)
{
	struct relay_log *l = (struct relay_log *)log;
	struct journal_writer w = { .emit = relay_emit, .ctx = l->relay, .part = &l->part };
	int rc = journal_write_edit(&w, p, step);

	journal_writer_deinit(&w);
	return rc;
}

static int relay_cameras(struct project_log *log, const struct project *p)
{
	struct relay_log *l = (struct relay_log *)log;
	struct journal_writer w = { .emit = relay_emit, .ctx = l->relay, .part = &l->part };

	return journal_write_cameras(&w, p);
}

static int relay_saved(struct project_log *log, const struct project *p)
{
	struct relay_log *l = (struct relay_log *)log;
	struct journal_writer w = { .emit = relay_emit, .ctx = l->relay, .part = &l->part };

	return journal_write_saved(&w, p);
}

static int relay_closed(struct project_log *log, const struct project *p)
{
	(void)log;
	(void)p;
	return 0;
}

static void relay_free(struct project_log *log)
{
	(void)log;
}

static const struct project_log_ops relay_ops = {
	.edited = relay_edited,
	.cameras = relay_cameras,
	.saved = relay_saved,
	.closed = relay_closed,
	.free = relay_free,
};

static void write_whole(struct relay_log *l, const struct project *p)
{
	struct journal_writer w = { .emit = relay_emit, .ctx = l->relay, .part = &l->part };
	struct journal_identity id = journal_identity_of(p);

	assert_int_equal(journal_write_whole(&w, &id, &p->doc, p->doc.version), 0);
	journal_writer_deinit(&w);
}

enum { EDITS = 800 };

static void test_every_edit_is_applied_to_a_twin(void **state)
{
	const int32_t size[3] = { 8, 8, 8 };
	struct relay relay = { .lsn = 0 };
	struct relay_log log = { .base = { .ops = &relay_ops }, .relay = &relay };
	struct project *p;
	struct rng r;

	(void)state;
	rng_init(&r, 305, 0);
	assert_int_equal(project_new(1, "p", 1, size, &p), 0);
	write_whole(&log, p);
	p->log = &log.base;
	for (int i = 0; i < EDITS; i++) {
		random_edit(&r, p);
		assert_int_equal(relay.state.count, 1);
		if (i % 8 == 0 && !same_project(p, relay.state.slots[0].p))
			fail_msg("edit %d or one before it", i);
		/* In the middle, and once more over what is there already. */
		if (i % 200 == 100)
			write_whole(&log, p);
	}
	assert_int_equal(journal_state_finish(&relay.state, NULL), 0);
	assert_true(same_project(p, relay.state.slots[0].p));
	p->log = NULL;
	project_free(p);
	journal_state_deinit(&relay.state);
	strbuf_deinit(&log.part);
}

static void test_shared_blocks_stay_shared(void **state)
{
	const struct box box = { { 0, 0, 0 }, { 16 * 16 - 1, 16 * 16 - 1, 16 * 16 - 1 } };
	const int32_t size[3] = { 8, 8, 8 };
	struct relay relay = { .lsn = 0 };
	struct relay_log log = { .base = { .ops = &relay_ops }, .relay = &relay };
	struct block_usage before;
	struct block_usage after;
	struct project *p;
	struct layer *l;
	uint64_t count;

	(void)state;
	assert_int_equal(project_new(1, "p", 1, size, &p), 0);
	write_whole(&log, p);
	p->log = &log.base;
	block_usage(&before);
	selection_set_box(p, &box);
	assert_int_equal(selection_fill(p, document_active(&p->doc), RGBA_WHITE, &count), 0);
	assert_int_equal(project_layer_duplicate(p, p->doc.active_id, &l), 0);
	write_whole(&log, p);
	block_usage(&after);
	assert_true(same_project(p, relay.state.slots[0].p));
	assert_int_equal(after.live_count - before.live_count, 2); /* of 8192, in both worlds */
	assert_true(relay.bytes < 600000);
	p->log = NULL;
	project_free(p);
	journal_state_deinit(&relay.state);
	strbuf_deinit(&log.part);
}

/* Parts without a last one did not happen. */
static void test_a_change_without_its_last_part_is_dropped(void **state)
{
	const int32_t size[3] = { 8, 8, 8 };
	struct relay relay = { .lsn = 0 };
	struct relay_log log = { .base = { .ops = &relay_ops }, .relay = &relay };
	struct strbuf part = { 0 };
	struct project *p;

	(void)state;
	assert_int_equal(project_new(1, "p", 1, size, &p), 0);
	write_whole(&log, p);
	for (int i = 0; i < 2; i++) { /* the second gives up the first */
		strbuf_clear(&part);
		put_u8(&part, JOURNAL_EDIT);
		put_u8(&part, JOURNAL_FIRST);
		put_i32(&part, 1);
		put_u64(&part, p->doc.version + 1);
		put_u8(&part, TAG_VOXELS);
		put_i32(&part, 1);
		put_u16(&part, 1);
		put_i32(&part, 5);
		put_i32(&part, 6);
		put_i32(&part, 7 + i);
		put_u32(&part, RGBA_WHITE);
		relay_emit(&relay, strbuf_span(&part));
		assert_int_equal(document_voxels_count(&relay.state.slots[0].p->doc), 1);
	}
	assert_int_equal(journal_state_finish(&relay.state, NULL), 0);
	assert_true(same_project(p, relay.state.slots[0].p));
	project_free(p);
	journal_state_deinit(&relay.state);
	strbuf_deinit(&log.part);
	strbuf_deinit(&part);
}

/* ---- folders -------------------------------------------------------------- */

static void edit_world(struct rng *r, struct world *w, int edits)
{
	for (int i = 0; i < edits; i++) {
		pthread_mutex_lock(&w->lock);
		if (w->count < 2 || (w->count < 5 && !rng_below(r, 40)))
			assert_non_null(world_create(w, "made"));
		else if (w->count > 2 && !rng_below(r, 60))
			assert_int_equal(world_remove(w, rng_below(r, w->count)), 0);
		random_edit(r, w->projects[rng_below(r, w->count)]);
		pthread_mutex_unlock(&w->lock);
		if (rng_below(r, 2))
			assert_int_equal(journal_flush(w->journal), 0);
	}
	assert_int_equal(journal_flush(w->journal), 0);
}

static void test_projects_come_back(void **state)
{
	struct world w;
	struct world before;
	struct rng r;

	(void)state;
	rng_init(&r, 1, 0);
	must_open(&w, in_folder("j"));
	for (int round = 0; round < 4; round++) {
		int32_t next_id;

		edit_world(&r, &w, 100);
		/* As it is after a kill, and as it is after an orderly end. */
		if (round % 2)
			copy_folder(in_folder("j"), in_folder("j2"));
		world_copy(&before, &w);
		next_id = w.next_id;
		world_close(&w);
		for (int again = 0; again < 2; again++) {
			if (again)
				world_close(&w);
			must_open(&w, in_folder(round % 2 ? "j2" : "j"));
			assert_true(same_world(&before, &w));
			assert_int_equal(w.next_id, next_id);
		}
		world_close(&before);
		if (round % 2) {
			copy_folder(in_folder("j2"), in_folder("j3"));
			world_close(&w);
			must_open(&w, in_folder("j3"));
			world_close(&w);
			temp_dir_close(&folder);
			assert_int_equal(temp_dir_open(&folder), 0);
			must_open(&w, in_folder("j"));
			assert_int_equal(w.count, 0);
		}
	}
	world_close(&w);
}

static uint64_t status_number(struct world *w, const char *key)
{
	struct strbuf sb = { 0 };
	struct json_out out = { .sb = &sb };
	const char *at;
	uint64_t number;

	journal_write_status(w->journal, &out, NULL);
	at = strstr(sb.ptr, key);
	assert_non_null(at);
	number = strtoull(at + strlen(key), NULL, 10);
	strbuf_deinit(&sb);
	return number;
}

/* Where the log has lost track, the next record holds all of the project. */
static void test_a_lost_project_is_written_as_a_whole(void **state)
{
	struct voxel v = { 1, 2, 3, RGBA_WHITE };
	struct world before;
	struct project *p;
	struct world w;

	(void)state;
	for (int kind = 0; kind < 3; kind++) {
		must_open(&w, in_folder("j"));
		p = world_create(&w, "p");
		p->doc.layers[0]->meta.opacity = 0.25f; /* behind the log's back */
		p->log->needs_whole = true;
		if (kind == 0)
			assert_int_equal(project_set_voxel(p, p->doc.layers[0], &v, NULL), 0);
		else if (kind == 1)
			assert_int_equal(project_set_camera(p, 0, &p->doc.cameras[0]), 0);
		else
			project_saved(p, p->doc.version, SPAN_LIT("/path"));
		assert_false(p->log->needs_whole);
		assert_int_equal(journal_flush(w.journal), 0);
		world_copy(&before, &w);
		world_close(&w);
		must_open(&w, in_folder("j"));
		assert_true(same_world(&before, &w));
		world_close(&before);
		world_close(&w);
	}
}

/* Snapshots in the background, some of them given up in the middle. */
static void test_snapshots_bound_the_files(void **state)
{
	enum { BOUND = 100000 };
	struct world w;
	struct world before;
	struct rng r;

	(void)state;
	rng_init(&r, 2, 0);
	assert_int_equal(world_open(&w, in_folder("j"), JOURNAL_SYNC_INTERVAL, BOUND, false, NULL),
			 0);
	for (int round = 0; round < 12; round++) {
		edit_world(&r, &w, 60);
		world_copy(&before, &w);
		world_close(&w);
		assert_int_equal(
			world_open(&w, in_folder("j"), JOURNAL_SYNC_INTERVAL, BOUND, false, NULL),
			0);
		assert_true(same_world(&before, &w));
		world_close(&before);
	}
	edit_world(&r, &w, 200);
	/* The thread that writes has all the time that it needs: run-tests.sh ends a test that
	 * hangs. */
	while (status_number(&w, "\"log_bytes\":") > BOUND || status_number(&w, "\"count\":") == 0)
		clock_sleep_until_ns(clock_ns() + NSEC_PER_MSEC);
	assert_true(status_number(&w, "\"log_bytes\":") <= status_number(&w, "\"bound_bytes\":"));
	assert_true(status_number(&w, "\"count\":") > 0);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_edit_is_applied_to_a_twin),
		cmocka_unit_test(test_shared_blocks_stay_shared),
		cmocka_unit_test(test_a_change_without_its_last_part_is_dropped),
		cmocka_unit_test_setup_teardown(test_projects_come_back, open_folder, close_folder),
		cmocka_unit_test_setup_teardown(test_a_lost_project_is_written_as_a_whole,
						open_folder, close_folder),
		cmocka_unit_test_setup_teardown(test_snapshots_bound_the_files, open_folder,
						close_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
