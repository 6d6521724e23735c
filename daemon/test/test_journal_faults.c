/* torn tails, damage, loss of power, disks that are full or fail, and no memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/file.h"
#include "daemon/base/log.h"
#include "daemon/store/journal_record.h"
#include "daemon/test/journal_util.h"
#include "daemon/test/temp_dir.h"

/* The linker's names are what they are. NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*) */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
ssize_t __real_pwrite(int fd, const void *bytes, size_t len, off_t offset);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t len, off_t offset);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);

static _Thread_local long fail_at; /* the n-th allocation of this thread from now fails; 0 = none */
static atomic_bool writes_fail;
static atomic_bool syncs_fail;
static void (*before_sync)(int fd);

static bool fails(void)
{
	return fail_at > 0 && --fail_at == 0;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

ssize_t __wrap_pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
	if (!atomic_load(&writes_fail))
		return __real_pwrite(fd, bytes, len, offset);
	errno = EIO;
	return -1;
}

/* Nothing here needs the disk, and thousands of syncs take minutes on a busy one. */
int __wrap_fdatasync(int fd)
{
	if (before_sync)
		before_sync(fd);
	if (!atomic_load(&syncs_fail))
		return 0;
	errno = EIO;
	return -1;
}

int __wrap_fsync(int fd)
{
	(void)fd;
	return 0;
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*) */

static struct temp_dir folder;

static int open_folder(void **state)
{
	(void)state;
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
	static _Thread_local char paths[8][128]; /* a syncing thread asks, too */
	static _Thread_local unsigned next;
	char *path = paths[next++ % 8];

	return temp_dir_path(&folder, name, path, sizeof(paths[0]));
}

static void must_open(struct world *w, const char *dir, enum journal_sync sync)
{
	struct err err = ERR_INIT;

	if (world_open(w, dir, sync, 0, false, &err) < 0)
		fail_msg("%s", err.msg);
}

static void put(struct project *p, int32_t x, rgba color)
{
	struct voxel v = { x, 0, 0, color };

	assert_int_equal(project_set_voxel(p, document_active(&p->doc), &v, NULL), 0);
}

/* ---- the bytes of a segment ----------------------------------------------- */

enum { EDITS = 14, BYTES_MAX = 8192 };

/* A segment, and the worlds as of each of its records. */
struct sample {
	char bytes[BYTES_MAX];
	size_t len; /* in use */
	size_t ends[EDITS + 2];
	struct world worlds[EDITS + 2];
	size_t count;
};

static struct sample sample;

static size_t used_bytes(const char *bytes, size_t len)
{
	while (len && !bytes[len - 1])
		len--;
	return len;
}

static void read_segment(void)
{
	char *text;
	size_t file_bytes, len;

	assert_int_equal(file_read(in_folder("j/journal-1.log"), 1 << 22, &text, &file_bytes, NULL),
			 0);
	/* The last record ends with the number of voxels, which may end with zeros. */
	len = used_bytes(text, file_bytes) + 8;
	if (len > file_bytes)
		len = file_bytes;
	assert_true(len < BYTES_MAX);
	memcpy(sample.bytes, text, len < BYTES_MAX ? len : BYTES_MAX);
	free(text);
}

static void note(struct world *w)
{
	struct journal_record rec;
	size_t at = sample.count ? sample.ends[sample.count - 1] : JOURNAL_HEAD_BYTES;

	assert_int_equal(journal_flush(w->journal), 0);
	read_segment();
	while (journal_record_get(span_of(sample.bytes + at, BYTES_MAX - at), &rec) == 0)
		at += rec.total_bytes;
	sample.ends[sample.count] = sample.len = at;
	world_copy(&sample.worlds[sample.count++], w);
}

static void make_sample(enum journal_sync sync)
{
	struct project *p;
	struct layer *l;
	const char *label;
	struct world w;

	memset(&sample, 0, sizeof(sample));
	must_open(&w, in_folder("j"), sync);
	note(&w);
	p = world_create(&w, "a");
	note(&w);
	for (int32_t i = 0; i < EDITS; i++) {
		switch (i) {
		case 3:
			assert_int_equal(project_layer_create(p, "l", 1, &l), 0);
			break;
		case 5:
			assert_int_equal(project_undo(p, &label), 0);
			break;
		case 6:
			assert_non_null(world_create(&w, "b"));
			break;
		case 9:
			project_saved(p, p->doc.version, SPAN_LIT("/a/path"));
			break;
		case 11:
			assert_int_equal(world_remove(&w, 1), 0);
			break;
		default:
			put(p, 20 * i, RGBA_WHITE);
		}
		note(&w);
	}
	world_close(&w);
}

static void drop_sample(void)
{
	for (size_t i = 0; i < sample.count; i++)
		world_close(&sample.worlds[i]);
}

/* A folder with one segment of these bytes. */
static void write_segment(const char *dir, const char *bytes, size_t len)
{
	char path[160];
	int fd;

	(void)mkdir(dir, 0700);
	snprintf(path, sizeof(path), "%s/journal-2.log", dir);
	(void)unlink(path);
	snprintf(path, sizeof(path), "%s/journal-1.log", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

/* How many records end at or before len. */
static size_t records_within(size_t len)
{
	size_t n = 0;

	while (n + 1 < sample.count && sample.ends[n + 1] <= len)
		n++;
	return n;
}

static void must_be(const char *dir, size_t n, size_t at)
{
	struct world w;

	for (int again = 0; again < 2; again++) {
		must_open(&w, dir, JOURNAL_SYNC_OFF);
		if (!same_world(&w, &sample.worlds[n]))
			fail_msg("byte %zu: not the state after record %zu", at, n);
		world_close(&w);
	}
}

static void test_a_torn_tail_is_cut_at_every_byte(void **state)
{
	char dir[128];

	(void)state;
	temp_dir_path(&folder, "torn", dir, sizeof(dir));
	make_sample(JOURNAL_SYNC_OFF);
	for (size_t len = 0; len <= sample.len; len++) {
		write_segment(dir, sample.bytes, len);
		must_be(dir, records_within(len), len);
	}
	drop_sample();
}

/* Each byte is another one: nothing but the last record may be taken for a torn tail. */
static void flip_every_byte(bool is_damage)
{
	char dir[128];
	size_t last = sample.ends[sample.count - 2]; /* where the last record begins */
	struct rng r;

	temp_dir_path(&folder, "flipped", dir, sizeof(dir));
	rng_init(&r, 7, 0);
	for (size_t at = 0; at < sample.len; at++) {
		char was = sample.bytes[at];
		struct world w;
		int rc;

		sample.bytes[at] = (char)(was ^ (char)(1 + rng_below(&r, 255)));
		write_segment(dir, sample.bytes, sample.len);
		rc = world_open(&w, dir, JOURNAL_SYNC_OFF, 0, false, NULL);
		/* A head that says another version is no damage; the sum covers it, though. */
		if (at < JOURNAL_HEAD_BYTES || (is_damage && at < last)) {
			if (rc != -EBADMSG)
				fail_msg("byte %zu: %d", at, rc);
		} else {
			size_t n = at < last ? records_within(at) : sample.count - 2;

			assert_int_equal(rc, 0);
			if (!same_world(&w, &sample.worlds[n]))
				fail_msg("byte %zu: not the state after record %zu", at, n);
		}
		if (rc == 0)
			world_close(&w);
		sample.bytes[at] = was;
	}
}

static void set_boot(uint8_t mark)
{
	struct journal_head head;

	assert_int_equal(journal_head_get(span_of(sample.bytes, sample.len), &head), 0);
	memset(head.boot_id, mark, sizeof(head.boot_id));
	journal_head_put(&head, sample.bytes);
}

static void test_damage_before_whole_records_is_told(void **state)
{
	(void)state;
	make_sample(JOURNAL_SYNC_OFF);
	flip_every_byte(true); /* this kernel lost nothing */
	drop_sample();
}

static void test_damage_of_what_was_synced_is_told(void **state)
{
	(void)state;
	make_sample(JOURNAL_SYNC_ALWAYS);
	set_boot(1);
	/* The record before the last was on the disk when the last was written. */
	flip_every_byte(true);
	drop_sample();
}

static void test_a_hole_that_loss_of_power_leaves_is_a_torn_tail(void **state)
{
	(void)state;
	make_sample(JOURNAL_SYNC_OFF);
	set_boot(1);
	flip_every_byte(false);
	drop_sample();
}

static void test_repair_cuts_damage_and_keeps_it(void **state)
{
	char dir[128];
	size_t at;
	struct err err = ERR_INIT;
	char expected[128];
	struct world w;
	char *text;
	size_t len;

	(void)state;
	temp_dir_path(&folder, "j2", dir, sizeof(dir));
	make_sample(JOURNAL_SYNC_OFF);
	at = sample.ends[4];
	sample.bytes[at + 40] ^= 1;
	write_segment(dir, sample.bytes, sample.len);
	assert_int_equal(world_open(&w, dir, JOURNAL_SYNC_OFF, 0, false, &err), -EBADMSG);
	snprintf(expected, sizeof(expected), "journal-1.log: damaged at byte %zu", at);
	assert_non_null(strstr(err.msg, expected));
	assert_int_equal(world_open(&w, dir, JOURNAL_SYNC_OFF, 0, true, &err), 0);
	assert_true(same_world(&w, &sample.worlds[4]));
	world_close(&w);
	assert_int_equal(file_read(in_folder("j2/journal-1.damaged"), BYTES_MAX, &text, &len, NULL),
			 0);
	assert_int_equal(len, sample.len - at);
	assert_memory_equal(text, sample.bytes + at, len);
	free(text);
	must_be(dir, 4, at);
	drop_sample();
}

static void test_a_missing_segment_is_told(void **state)
{
	struct err err = ERR_INIT;
	struct world w;

	(void)state;
	for (int i = 0; i < 3; i++) {
		must_open(&w, in_folder("j"), JOURNAL_SYNC_OFF);
		assert_non_null(world_create(&w, "p"));
		world_close(&w);
	}
	assert_int_equal(unlink(in_folder("j/journal-2.log")), 0);
	assert_int_equal(world_open(&w, in_folder("j"), JOURNAL_SYNC_OFF, 0, false, &err),
			 -EBADMSG);
	assert_non_null(strstr(err.msg, "journal-2.log is missing"));
}

static void test_links_are_not_followed(void **state)
{
	struct world w;

	(void)state;
	must_open(&w, in_folder("j"), JOURNAL_SYNC_OFF);
	assert_non_null(world_create(&w, "p"));
	world_close(&w);
	assert_int_equal(rename(in_folder("j/journal-1.log"), in_folder("elsewhere")), 0);
	assert_int_equal(symlink("../elsewhere", in_folder("j/journal-1.log")), 0);
	assert_int_equal(world_open(&w, in_folder("j"), JOURNAL_SYNC_OFF, 0, false, NULL), -ELOOP);
	assert_int_equal(unlink(in_folder("j/journal-1.log")), 0);
	assert_int_equal(mkfifo(in_folder("j/journal-1.log"), 0600), 0);
	assert_int_equal(world_open(&w, in_folder("j"), JOURNAL_SYNC_OFF, 0, false, NULL), -EPERM);
}

/* ---- loss of power -------------------------------------------------------- */

enum { THREADS = 3, LOOKS = 12, EDITS_EACH = 400 };

static struct world shown;
static _Atomic uint64_t answered[THREADS]; /* version of the project that was settled */
static pthread_mutex_t shadow_lock = PTHREAD_MUTEX_INITIALIZER;

/* What is in the file when a sync begins will be on the disk when it ends. */
static void copy_to_shadow(int fd)
{
	char link[64];
	char path[256];
	ssize_t len;
	char *text;
	size_t bytes;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	assert_true(len > 0);
	path[len] = 0;
	if (!strstr(path, "/j/"))
		return; /* a journal that is opened only to look at what survived */
	pthread_mutex_lock(&shadow_lock);
	assert_int_equal(file_read(link, SIZE_MAX / 2, &text, &bytes, NULL), 0);
	snprintf(link, sizeof(link), "shadow%s", strrchr(path, '/'));
	assert_int_equal(file_write_atomic(in_folder(link), span_of(text, bytes), NULL), 0);
	pthread_mutex_unlock(&shadow_lock);
	free(text);
}

static void *edit_and_settle(void *arg)
{
	size_t i = *(size_t *)arg;
	struct rng r;

	rng_init(&r, 77, i);
	for (int n = 0; n < EDITS_EACH; n++) {
		struct project *p = shown.projects[i];
		uint64_t version;

		pthread_mutex_lock(&shown.lock);
		random_edit(&r, p);
		version = p->doc.version;
		pthread_mutex_unlock(&shown.lock);
		if (journal_flush(shown.journal) < 0)
			return arg;
		atomic_store(&answered[i], version);
	}
	return NULL;
}

static void test_what_was_settled_survives_loss_of_power(void **state)
{
	pthread_t threads[THREADS];
	size_t numbers[THREADS];

	(void)state;
	assert_int_equal(mkdir(in_folder("shadow"), 0700), 0);
	before_sync = copy_to_shadow;
	must_open(&shown, in_folder("j"), JOURNAL_SYNC_ALWAYS);
	for (size_t i = 0; i < THREADS; i++)
		assert_non_null(world_create(&shown, "p"));
	assert_int_equal(journal_flush(shown.journal), 0);
	for (size_t i = 0; i < THREADS; i++) {
		numbers[i] = i;
		answered[i] = 1;
		assert_int_equal(pthread_create(&threads[i], NULL, edit_and_settle, &numbers[i]),
				 0);
	}
	for (int look = 0; look < LOOKS; look++) {
		uint64_t floor[THREADS];
		char name[32];
		struct world w;

		for (size_t i = 0; i < THREADS; i++)
			floor[i] = atomic_load(&answered[i]);
		snprintf(name, sizeof(name), "look-%d", look);
		pthread_mutex_lock(&shadow_lock);
		copy_folder(in_folder("shadow"), in_folder(name));
		pthread_mutex_unlock(&shadow_lock);
		must_open(&w, in_folder(name), JOURNAL_SYNC_OFF);
		assert_int_equal(w.count, THREADS);
		for (size_t i = 0; i < THREADS; i++)
			assert_true(w.projects[i]->doc.version >= floor[i]);
		world_close(&w);
	}
	for (size_t i = 0; i < THREADS; i++) {
		void *failed;

		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	before_sync = NULL;
	world_close(&shown);
}

/* ---- edits beside the thread that writes snapshots: with the lock, as the daemon's ---------- */

static void edit(struct world *w, struct rng *r, size_t i)
{
	pthread_mutex_lock(&w->lock);
	random_edit(r, w->projects[i]);
	pthread_mutex_unlock(&w->lock);
}

static int set_one(struct world *w, struct project *p, const struct voxel *v)
{
	int rc;

	pthread_mutex_lock(&w->lock);
	rc = project_set_voxel(p, document_active(&p->doc), v, NULL);
	pthread_mutex_unlock(&w->lock);
	return rc;
}

static struct project *create(struct world *w, const char *name)
{
	struct project *p;

	pthread_mutex_lock(&w->lock);
	p = world_create(w, name);
	pthread_mutex_unlock(&w->lock);
	return p;
}

static void copy_all(struct world *to, struct world *from)
{
	pthread_mutex_lock(&from->lock);
	world_copy(to, from);
	pthread_mutex_unlock(&from->lock);
}

/* ---- the disk ------------------------------------------------------------- */

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void test_without_room_an_edit_changes_nothing(void **state)
{
	struct world before;
	struct world w;
	struct rng r;
	int refused = 0;

	(void)state;
	rng_init(&r, 8, 0);
	signal(SIGXFSZ, SIG_IGN);
	must_open(&w, in_folder("j"), JOURNAL_SYNC_OFF);
	for (int i = 0; i < 2; i++)
		assert_non_null(create(&w, "p"));
	for (int i = 0; i < 40; i++)
		edit(&w, &r, (size_t)i % 2);
	assert_int_equal(journal_flush(w.journal), 0);
	limit_files(1100000); /* a little more than what is reserved */
	for (int i = 0; i < 1500; i++) {
		struct project *p = w.projects[i % 2];
		uint64_t version = p->doc.version;

		copy_all(&before, &w);
		edit(&w, &r, (size_t)i % 2);
		if (p->doc.version == version && p->saved_version != version) {
			assert_true(same_document(&before.projects[i % 2]->doc, &p->doc));
			refused++;
		}
		world_close(&before);
	}
	assert_true(refused > 10);
	assert_null(create(&w, "no room"));
	limit_files(RLIM_INFINITY);
	for (int i = 0; i < 40; i++)
		edit(&w, &r, (size_t)i % 2);
	put(w.projects[0], 1000, RGBA_WHITE);
	put(w.projects[1], 1000, RGBA_WHITE);
	assert_int_equal(journal_flush(w.journal), 0);
	copy_all(&before, &w);
	world_close(&w);
	must_open(&w, in_folder("j"), JOURNAL_SYNC_OFF);
	assert_true(same_world(&before, &w));
	world_close(&w);
	world_close(&before);
}

/* An edit that the log takes again, within 10 s. */
static bool can_edit(struct world *w, struct project *p, int32_t x)
{
	for (int i = 0; i < 1000; i++) {
		struct voxel v = { x, 0, 0, RGBA_WHITE };
		int rc = set_one(w, p, &v);

		if (rc == 0)
			return true;
		assert_int_equal(rc, -EIO);
		clock_sleep_until_ns(clock_ns() + 10 * NSEC_PER_MSEC);
	}
	return false;
}

static void break_and_mend(atomic_bool *fault, enum journal_sync sync)
{
	struct voxel v = { 900, 0, 0, RGBA_WHITE };
	struct world before;
	struct project *p;
	struct world w;

	must_open(&w, in_folder("j"), sync);
	p = create(&w, "p");
	put(p, 1, RGBA_WHITE);
	assert_int_equal(journal_flush(w.journal), 0);
	put(p, 2, RGBA_WHITE);
	atomic_store(fault, true);
	assert_int_equal(journal_flush(w.journal), -EIO); /* not to be answered */
	assert_int_equal(set_one(&w, p, &v), -EIO);
	assert_int_equal(volume_get(&document_active(&p->doc)->volume, 900, 0, 0), 0);
	atomic_store(fault, false);
	assert_true(can_edit(&w, p, 3));
	assert_int_equal(journal_flush(w.journal), 0);
	put(p, 4, RGBA_WHITE);
	assert_int_equal(journal_flush(w.journal), 0);
	copy_all(&before, &w);
	world_close(&w);
	must_open(&w, in_folder("j"), sync);
	assert_true(same_world(&before, &w));
	world_close(&w);
	world_close(&before);
}

static void test_a_failing_write_is_not_answered_and_mended(void **state)
{
	(void)state;
	break_and_mend(&writes_fail, JOURNAL_SYNC_OFF);
}

static void test_a_failing_sync_is_not_answered_and_mended(void **state)
{
	(void)state;
	break_and_mend(&syncs_fail, JOURNAL_SYNC_ALWAYS);
}

/* ---- memory --------------------------------------------------------------- */

/* Each allocation of edits fails once; what the project is then, the journal knows. */
static void test_without_memory_the_journal_follows(void **state)
{
	struct world before;
	struct world w;
	struct rng r;

	(void)state;
	rng_init(&r, 9, 0);
	must_open(&w, in_folder("j"), JOURNAL_SYNC_OFF);
	assert_non_null(create(&w, "p"));
	for (int i = 0; i < 2000; i++) {
		fail_at = 1 + (long)rng_below(&r, 30);
		edit(&w, &r, 0);
		fail_at = 0;
	}
	put(w.projects[0], 1000, RGBA_WHITE);
	assert_int_equal(journal_flush(w.journal), 0);
	copy_all(&before, &w);
	world_close(&w);
	must_open(&w, in_folder("j"), JOURNAL_SYNC_OFF);
	assert_true(same_world(&before, &w));
	world_close(&w);
	world_close(&before);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, open_folder, close_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_a_torn_tail_is_cut_at_every_byte),
		IN_FOLDER(test_damage_before_whole_records_is_told),
		IN_FOLDER(test_damage_of_what_was_synced_is_told),
		IN_FOLDER(test_a_hole_that_loss_of_power_leaves_is_a_torn_tail),
		IN_FOLDER(test_repair_cuts_damage_and_keeps_it),
		IN_FOLDER(test_a_missing_segment_is_told),
		IN_FOLDER(test_links_are_not_followed),
		IN_FOLDER(test_what_was_settled_survives_loss_of_power),
		IN_FOLDER(test_without_room_an_edit_changes_nothing),
		IN_FOLDER(test_a_failing_write_is_not_answered_and_mended),
		IN_FOLDER(test_a_failing_sync_is_not_answered_and_mended),
		IN_FOLDER(test_without_memory_the_journal_follows),
	};

	log_open("/dev/null", NULL); /* what is expected here is said often */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
