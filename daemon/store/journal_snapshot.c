/*
 * Snapshots: the log starts its next segment, each project is frozen under its lock (which costs
 * O(layers)), and the frozen state is written while edits go on. When the new segment is replayed,
 * records that the frozen project includes already are recognized by their number.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/log.h"
#include "daemon/store/journal_private.h"
#include "daemon/store/journal_write.h"
#include "daemon/voxel/snapshot.h"

enum {
	RETRY_S = 1,      /* after a failure; doubled after each further one ... */
	RETRY_S_MAX = 64, /* ... up to this */
	SYNC_BYTES =
		16 * 1024 * 1024, /* written between two syncs, so that others can use the disk */
	OUT_BYTES = 2 * JOURNAL_RAW_BYTES_MAX,
};

/* One project at one moment. */
struct frozen {
	struct journal_identity id;
	char *path;
	struct snapshot *snapshot;
	uint64_t lsn;
};

/* One snapshot on its way to the disk. */
struct writing {
	struct journal *j;
	struct journal_turn turn;
	struct frozen projects[PROJECTS_MAX];
	uint32_t count;
	int32_t next_id;
	int fd;
	uint64_t lsn; /* of the records being written */
	uint64_t end_bytes;
	uint64_t synced_bytes;
	struct journal_packer packer;
	struct strbuf part;
	char *out;
	size_t out_bytes;
};

static bool is_stopping(struct journal *j)
{
	bool is;

	pthread_mutex_lock(&j->log.lock);
	is = j->log.is_stopping;
	pthread_mutex_unlock(&j->log.lock);
	return is;
}

static int freeze(void *arg, struct project *p)
{
	struct writing *w = arg;
	struct frozen *f = &w->projects[w->count];
	const struct journal_project *jp = (const struct journal_project *)p->log;

	assert(w->count < PROJECTS_MAX);
	*f = (struct frozen){ .id = journal_identity_of(p), .lsn = jp->lsn };
	f->path = p->path ? strdup(p->path) : NULL;
	f->id.path = f->path;
	f->snapshot = snapshot_take(p);
	w->count++;
	return f->snapshot && (f->path || !p->path) ? 0 : -ENOMEM;
}

static void thaw(struct frozen *f)
{
	snapshot_put(f->snapshot);
	free(f->path);
	*f = (struct frozen){ 0 };
}

/* ---- the file ------------------------------------------------------------- */

static int write_out(struct writing *w)
{
	int rc = journal_write_all(w->fd, span_of(w->out, w->out_bytes), w->end_bytes);

	w->end_bytes += w->out_bytes;
	w->out_bytes = 0;
	if (rc == 0 && w->end_bytes - w->synced_bytes >= SYNC_BYTES) {
		w->synced_bytes = w->end_bytes;
		rc = fdatasync(w->fd) < 0 ? -errno : 0;
	}
	return rc;
}

static int emit(void *ctx, struct span payload)
{
	struct writing *w = ctx;
	struct span stored = journal_pack(&w->packer, payload);
	struct journal_record rec = {
		.lsn = w->lsn,
		.stored = stored,
		.raw_bytes = (uint32_t)payload.len,
	};
	int rc = 0;

	if (w->out_bytes + JOURNAL_RECORD_BYTES + stored.len > OUT_BYTES)
		rc = write_out(w);
	if (rc == 0 && is_stopping(w->j))
		rc = -ECANCELED;
	if (rc < 0)
		return rc;
	journal_record_put(&rec, journal_payload_sum(stored), w->out + w->out_bytes);
	memcpy(w->out + w->out_bytes + JOURNAL_RECORD_BYTES, stored.ptr, stored.len);
	w->out_bytes += JOURNAL_RECORD_BYTES + stored.len;
	return 0;
}

static int write_projects(struct writing *w)
{
	struct journal_writer out = { .emit = emit, .ctx = w, .part = &w->part };
	uint64_t newest = w->turn.last_lsn;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < w->count; i++) {
		struct frozen *f = &w->projects[i];

		w->lsn = f->lsn;
		if (f->lsn > newest)
			newest = f->lsn;
		rc = journal_write_whole(&out, &f->id, &f->snapshot->doc, f->snapshot->doc.version);
		thaw(f); /* its blocks are edited in place again */
	}
	w->lsn = w->turn.last_lsn;
	if (rc == 0)
		rc = journal_write_trailer(&out, w->next_id, w->count, w->turn.last_lsn);
	if (rc == 0)
		rc = write_out(w);
	journal_writer_deinit(&out);
	/* The frozen state must not be newer than the log on the disk. */
	if (rc == 0 && newest > w->turn.last_lsn)
		rc = journal_log_flush(&w->j->log, newest, true);
	return rc;
}

static int publish(struct writing *w, const char *tmp, struct err *err)
{
	char name[JOURNAL_NAME_MAX];

	journal_file_name(JOURNAL_SNAPSHOT, w->turn.number, name);
	if (fsync(w->fd) < 0)
		return err_set(err, -errno, "sync %s: %s", tmp, strerrordesc_np(errno));
	if (renameat(w->j->dir_fd, tmp, w->j->dir_fd, name) < 0)
		return err_set(err, -errno, "rename %s: %s", tmp, strerrordesc_np(errno));
	if (fsync(w->j->dir_fd) < 0 && errno != EINVAL)
		return err_set(err, -errno, "sync the folder: %s", strerrordesc_np(errno));
	return 0;
}

static int write_file(struct writing *w, struct err *err)
{
	struct journal_head head = { .kind = JOURNAL_SNAPSHOT, .number = w->turn.number };
	char tmp[JOURNAL_NAME_MAX + 8];
	int rc;

	memcpy(head.boot_id, w->j->log.boot_id, sizeof(head.boot_id));
	snprintf(tmp, sizeof(tmp), "snapshot-%" PRIu64 ".tmp", w->turn.number);
	w->out = malloc(OUT_BYTES);
	if (!w->out)
		return err_set(err, -ENOMEM, "out of memory");
	w->fd = journal_file_create(w->j->dir_fd, tmp, &head, err);
	if (w->fd < 0) {
		free(w->out);
		return w->fd;
	}
	w->end_bytes = JOURNAL_HEAD_BYTES;
	rc = write_projects(w);
	if (rc < 0)
		err_set(err, rc, "write %s: %s", tmp, strerrordesc_np(-rc));
	else
		rc = publish(w, tmp, err);
	close(w->fd);
	if (rc < 0)
		(void)unlinkat(w->j->dir_fd, tmp, 0);
	journal_packer_deinit(&w->packer);
	strbuf_deinit(&w->part);
	free(w->out);
	return rc;
}

/* ---- one snapshot --------------------------------------------------------- */

/* Removes segments and snapshots from before the turn, which are not needed any more. */
static void remove_old(struct journal *j, uint64_t number, uint64_t old_snapshot)
{
	char name[JOURNAL_NAME_MAX];

	if (old_snapshot && old_snapshot != number) {
		journal_file_name(JOURNAL_SNAPSHOT, old_snapshot, name);
		(void)unlinkat(j->dir_fd, name, 0);
	}
	for (uint64_t n = number - 1; n >= 1; n--) {
		journal_file_name(JOURNAL_LOG, n, name);
		if (unlinkat(j->dir_fd, name, 0) < 0 && errno == ENOENT)
			break; /* older ones were removed earlier, in the same order */
	}
}

uint64_t journal_bound(const struct journal *j, uint64_t snapshot_bytes)
{
	return snapshot_bytes > j->cfg.segment_bytes ? snapshot_bytes : j->cfg.segment_bytes;
}

static void note_success(struct journal *j, const struct writing *w, uint64_t elapsed_ns)
{
	uint64_t old_number;

	pthread_mutex_lock(&j->lock);
	old_number = j->snapshot.number;
	j->snapshot.number = w->turn.number;
	j->snapshot.bytes = w->end_bytes;
	j->snapshot.wall_ns = clock_wall_ns();
	j->snapshot.elapsed_ns = elapsed_ns;
	j->snapshot.count++;
	pthread_mutex_unlock(&j->lock);
	pthread_mutex_lock(&j->log.lock);
	j->log.bound_bytes = journal_bound(j, w->end_bytes);
	pthread_mutex_unlock(&j->log.lock);
	if (w->turn.was_broken)
		journal_log_mend(&j->log);
	remove_old(j, w->turn.number, old_number);
	log_debug("journal", "snapshot-%" PRIu64 ": %u projects, %" PRIu64 " bytes, %.3f s",
		  w->turn.number, w->count, w->end_bytes, (double)elapsed_ns / 1e9);
}

static int write_snapshot(struct journal *j, struct err *err)
{
	struct writing *w = calloc(1, sizeof(*w));
	uint64_t begin_ns = clock_ns();
	int rc;

	if (!w)
		return err_set(err, -ENOMEM, "out of memory");
	w->j = j;
	rc = journal_log_rotate(&j->log, &w->turn, err);
	if (rc < 0) {
		free(w);
		return rc;
	}
	rc = j->cfg.each(j->cfg.ctx, freeze, w, &w->next_id);
	if (rc < 0)
		err_set(err, rc, "freeze the projects: %s", strerrordesc_np(-rc));
	else
		rc = write_file(w, err);
	for (uint32_t i = 0; i < w->count; i++)
		thaw(&w->projects[i]);
	if (rc == 0) {
		note_success(j, w, clock_ns() - begin_ns);
	} else {
		pthread_mutex_lock(&j->log.lock);
		j->log.log_bytes += w->turn.old_bytes;
		j->log.is_over = true;
		pthread_mutex_unlock(&j->log.lock);
	}
	free(w);
	return rc;
}

/* With the log's lock held. retry_s: waits that long after a failure; 0: until a snapshot is
 * needed. */
static void wait_until_wanted(struct journal_log *l, int retry_s)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += retry_s;
	while (!l->is_stopping) {
		if (retry_s) {
			if (pthread_cond_timedwait(&l->changed, &l->lock, &until) == ETIMEDOUT)
				return;
		} else if (l->is_over || l->broken) {
			return;
		} else {
			pthread_cond_wait(&l->changed, &l->lock);
		}
	}
}

void *journal_snapshot_run(void *journal)
{
	struct journal *j = journal;
	int retry_s = 0;

	for (;;) {
		struct err err = ERR_INIT;
		bool is_over;
		int rc;

		pthread_mutex_lock(&j->log.lock);
		wait_until_wanted(&j->log, retry_s);
		is_over = j->log.is_stopping;
		pthread_mutex_unlock(&j->log.lock);
		if (is_over)
			return NULL;
		rc = write_snapshot(j, &err);
		if (rc == 0) {
			retry_s = 0;
			continue;
		}
		pthread_mutex_lock(&j->lock);
		j->snapshot.failed_count++;
		pthread_mutex_unlock(&j->lock);
		if (!retry_s && rc != -ECANCELED)
			log_error("journal", "snapshot: %s", err.msg);
		retry_s = retry_s ? 2 * retry_s : RETRY_S;
		retry_s = retry_s < RETRY_S_MAX ? retry_s : RETRY_S_MAX;
	}
}
