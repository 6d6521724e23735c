#include "daemon/store/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/budget.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/log.h"
#include "daemon/base/thread.h"
#include "daemon/store/journal_private.h"
#include "daemon/store/journal_replay.h"
#include "daemon/store/journal_write.h"

enum {
	LOCK_TRIES = 40, /* a killed process keeps its lock until its last thread has ended */
	LOCK_PAUSE_MS = 50,
	SEGMENTS_MAX = 32,           /* each start leaves a short one; above this: a snapshot */
	PART_KEEP_BYTES = 64 * 1024, /* of each project's working memory */
	STACK_BYTES = 256 * 1024,
};

const char *const journal_sync_names[] = {
	[JOURNAL_SYNC_ALWAYS] = "always",
	[JOURNAL_SYNC_INTERVAL] = "interval",
	[JOURNAL_SYNC_OFF] = "off",
	NULL,
};

/* What this thread has appended and not yet flushed. */
static _Thread_local struct {
	const struct journal *journal;
	uint64_t lsn;
} unflushed;

/* ---- changes of one project ----------------------------------------------- */

struct emitting {
	struct journal *j;
	uint64_t lsn;
};

static int emit(void *ctx, struct span payload)
{
	struct emitting *e = ctx;

	return journal_log_append(&e->j->log, payload, &e->lsn);
}

static struct journal_project *project_of(struct project_log *log)
{
	return (struct journal_project *)log;
}

/* Ends a change: with rc 0 the whole change is in the log. */
static int end_change(struct journal_project *jp, struct journal_writer *w,
		      const struct emitting *e, int rc)
{
	journal_writer_deinit(w);
	if (jp->part.cap > PART_KEEP_BYTES)
		strbuf_deinit(&jp->part);
	if (rc < 0)
		return rc;
	jp->lsn = e->lsn;
	unflushed.journal = jp->journal;
	unflushed.lsn = e->lsn;
	return 0;
}

static int write_whole(struct journal_project *jp, const struct project *p, uint64_t version)
{
	struct emitting e = { .j = jp->journal };
	struct journal_writer w = { .emit = emit, .ctx = &e, .part = &jp->part };
	struct journal_identity id = journal_identity_of(p);
	int rc = end_change(jp, &w, &e, journal_write_whole(&w, &id, &p->doc, version));

	if (rc == 0)
		jp->base.needs_whole = false;
	return rc;
}

static int on_edited(struct project_log *log, const struct project *p,
		     const struct history_step *step)
{
	struct journal_project *jp = project_of(log);
	struct emitting e = { .j = jp->journal };
	struct journal_writer w = { .emit = emit, .ctx = &e, .part = &jp->part };

	if (log->needs_whole)
		return write_whole(jp, p, p->doc.version + 1);
	return end_change(jp, &w, &e, journal_write_edit(&w, p, step));
}

static int on_cameras(struct project_log *log, const struct project *p)
{
	struct journal_project *jp = project_of(log);
	struct emitting e = { .j = jp->journal };
	struct journal_writer w = { .emit = emit, .ctx = &e, .part = &jp->part };

	if (log->needs_whole)
		return write_whole(jp, p, p->doc.version + 1);
	return end_change(jp, &w, &e, journal_write_cameras(&w, p));
}

static int on_saved(struct project_log *log, const struct project *p)
{
	struct journal_project *jp = project_of(log);
	struct emitting e = { .j = jp->journal };
	struct journal_writer w = { .emit = emit, .ctx = &e, .part = &jp->part };

	if (log->needs_whole)
		return write_whole(jp, p, p->doc.version);
	return end_change(jp, &w, &e, journal_write_saved(&w, p));
}

static int on_closed(struct project_log *log, const struct project *p)
{
	struct journal_project *jp = project_of(log);
	struct emitting e = { .j = jp->journal };
	struct journal_writer w = { .emit = emit, .ctx = &e, .part = &jp->part };

	return end_change(jp, &w, &e, journal_write_close(&w, p->id));
}

static void on_free(struct project_log *log)
{
	struct journal_project *jp = project_of(log);

	strbuf_deinit(&jp->part);
	free(jp);
}

static const struct project_log_ops project_ops = {
	.edited = on_edited,
	.cameras = on_cameras,
	.saved = on_saved,
	.closed = on_closed,
	.free = on_free,
};

static int attach(struct journal *j, struct project *p, uint64_t lsn)
{
	struct journal_project *jp = calloc(1, sizeof(*jp));

	if (!jp)
		return -ENOMEM;
	jp->base.ops = &project_ops;
	jp->journal = j;
	jp->lsn = lsn;
	p->log = &jp->base;
	return 0;
}

int journal_opens(struct journal *j, struct project *p)
{
	int rc = attach(j, p, 0);

	if (rc < 0)
		return rc;
	rc = write_whole(project_of(p->log), p, p->doc.version);
	if (rc < 0) {
		on_free(p->log);
		p->log = NULL;
	}
	return rc;
}

bool journal_is_slow(const struct journal *j)
{
	return j->cfg.sync == JOURNAL_SYNC_ALWAYS;
}

int journal_flush(struct journal *j)
{
	uint64_t lsn = unflushed.lsn;

	if (!lsn || unflushed.journal != j)
		return 0;
	unflushed.lsn = 0;
	return journal_log_flush(&j->log, lsn, journal_is_slow(j));
}

/* ---- the folder ----------------------------------------------------------- */

static int lock_folder(struct journal *j, struct err *err)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int rc = -1;

	j->lock_fd =
		openat(j->dir_fd, "lock",
		       O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	if (j->lock_fd < 0)
		return err_set(err, -errno, "create lock: %s", strerrordesc_np(errno));
	/* A lock of the process (not inherited): children of the script server do not hold it. */
	for (int i = 0; i < LOCK_TRIES && rc < 0; i++) {
		if (i)
			clock_sleep_until_ns(clock_ns() + LOCK_PAUSE_MS * NSEC_PER_MSEC);
		rc = fcntl(j->lock_fd, F_SETLK, &lock);
		if (rc < 0 && errno != EACCES && errno != EAGAIN)
			return err_set(err, -errno, "lock: %s", strerrordesc_np(errno));
	}
	if (rc == 0)
		return 0;
	if (fcntl(j->lock_fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
		lock.l_pid = 0;
	return err_set(err, -EBUSY, "process %d uses it", (int)lock.l_pid);
}

static int open_folder(struct journal *j, struct err *err)
{
	struct stat st;

	if (mkdir(j->dir, 0700) < 0 && errno != EEXIST)
		return err_set(err, -errno, "%s", strerrordesc_np(errno));
	j->dir_fd = open(j->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (j->dir_fd < 0 || fstat(j->dir_fd, &st) < 0)
		return err_set(err, -errno, "%s", strerrordesc_np(errno));
	if (st.st_mode & S_IWOTH)
		return err_set(err, -EACCES, "everybody may write to it");
	return lock_folder(j, err);
}

/* The boot id of the running kernel; zeros when it is unknown. */
static void read_boot_id(uint8_t out[16])
{
	char *text = NULL;
	size_t len = 0;
	int digits = 0;

	memset(out, 0, 16);
	if (file_read("/proc/sys/kernel/random/boot_id", 64, &text, &len, NULL) < 0)
		return;
	for (size_t i = 0; i < len && digits < 32; i++) {
		const char *hex = "0123456789abcdef";
		const char *at = text[i] ? strchr(hex, text[i]) : NULL;

		if (!at)
			continue;
		out[digits / 2] = (uint8_t)(out[digits / 2] << 4 | (at - hex));
		digits++;
	}
	free(text);
}

/* ---- start and end -------------------------------------------------------- */

/* Passes the restored projects to their owner, each with its log. */
static int adopt_projects(struct journal *j, struct journal_replay *replay, struct err *err)
{
	struct journal_state *s = &replay->state;

	for (size_t i = 0; i < s->count; i++) {
		struct project *p = journal_state_take(s, i);
		int rc = attach(j, p, s->slots[i].lsn);

		if (rc == 0)
			rc = j->cfg.adopt(j->cfg.ctx, p);
		if (rc < 0) {
			project_free(p);
			return err_set(err, rc, "open project %d: %s", s->slots[i].id,
				       strerrordesc_np(-rc));
		}
	}
	j->cfg.adopted(j->cfg.ctx, s->next_id);
	return 0;
}

static void note_start(struct journal *j, const struct journal_replay *r, uint64_t elapsed_ns)
{
	j->start = (struct journal_start){
		.records_count = r->records_count,
		.projects_count = r->state.count,
		.cut_bytes = r->cut_bytes,
		.elapsed_ns = elapsed_ns,
	};
	j->snapshot.number = r->snapshot_number;
	j->snapshot.bytes = r->snapshot_bytes;
	log_info("journal",
		 "%s: %zu projects from a snapshot of %" PRIu64 " bytes and %" PRIu64
		 " records in %.3f s; %" PRIu64 " bytes of a torn tail cut",
		 j->dir, r->state.count, r->snapshot_bytes, r->records_count,
		 (double)elapsed_ns / 1e9, r->cut_bytes);
}

static int replay(struct journal *j, struct journal_replay *r, struct err *err)
{
	uint64_t begin_ns = clock_ns();
	int rc = journal_replay_run(r, j->dir_fd, j->log.boot_id, j->cfg.is_repairing, err);

	if (rc < 0)
		return rc;
	note_start(j, r, clock_ns() - begin_ns);
	rc = adopt_projects(j, r, err);
	if (rc == 0)
		rc = journal_log_open(&j->log, j->dir_fd, r->next_number, r->lsn, err);
	if (rc < 0)
		return rc;
	j->log.log_bytes += r->log_bytes;
	j->log.bound_bytes = journal_bound(j, r->snapshot_bytes);
	j->log.is_over = j->log.log_bytes > j->log.bound_bytes || r->segments_count > SEGMENTS_MAX;
	return 0;
}

/* With `interval`: syncs records that have waited for that long. */
static void *sync_run(void *journal)
{
	struct journal *j = journal;
	struct journal_log *l = &j->log;

	pthread_mutex_lock(&l->lock);
	while (!l->is_stopping) {
		struct timespec until;
		uint64_t lsn;

		if (l->synced_lsn == l->lsn || l->broken) {
			pthread_cond_wait(&l->changed, &l->lock);
			continue;
		}
		until = clock_timespec(clock_ns() + j->cfg.interval_ns);
		while (!l->is_stopping &&
		       pthread_cond_timedwait(&l->changed, &l->lock, &until) != ETIMEDOUT)
			;
		lsn = l->lsn;
		pthread_mutex_unlock(&l->lock);
		(void)journal_log_flush(l, lsn, true);
		pthread_mutex_lock(&l->lock);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

static int start_threads(struct journal *j, struct err *err)
{
	int rc = thread_start(&j->snapshooter, "snapshot", STACK_BYTES, journal_snapshot_run, j,
			      err);

	j->has_snapshooter = rc == 0;
	if (rc == 0 && j->cfg.sync == JOURNAL_SYNC_INTERVAL) {
		rc = thread_start(&j->syncer, "journal-sync", STACK_BYTES, sync_run, j, err);
		j->has_syncer = rc == 0;
	}
	return rc;
}

int journal_open(const struct journal_cfg *cfg, struct journal **out, struct err *err)
{
	struct journal *j = calloc(1, sizeof(*j));
	struct journal_replay r = { 0 };
	int rc;

	if (!j)
		return err_set(err, -ENOMEM, "memory of the journal");
	j->cfg = *cfg;
	j->dir_fd = j->lock_fd = -1;
	pthread_mutex_init(&j->lock, NULL);
	j->dir = strdup(cfg->dir);
	rc = j->dir ? open_folder(j, err) : err_set(err, -ENOMEM, "out of memory");
	if (rc == 0) {
		read_boot_id(j->log.boot_id);
		/* Restored projects are not refused by the current memory limit. */
		budget_begin_restore();
		rc = replay(j, &r, err);
		budget_end_restore();
	}
	journal_replay_deinit(&r);
	if (rc == 0)
		rc = start_threads(j, err);
	if (rc < 0) {
		journal_close(j);
		return err_wrap(err, rc, "journal %s", cfg->dir);
	}
	*out = j;
	return 0;
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	if (j->log.buf)
		journal_log_stop(&j->log);
	if (j->has_snapshooter)
		pthread_join(j->snapshooter, NULL);
	if (j->has_syncer)
		pthread_join(j->syncer, NULL);
	journal_log_close(&j->log);
	if (j->lock_fd >= 0)
		close(j->lock_fd);
	if (j->dir_fd >= 0)
		close(j->dir_fd);
	pthread_mutex_destroy(&j->lock);
	free(j->dir);
	free(j);
}
