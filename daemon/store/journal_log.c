#include "daemon/store/journal_log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/err.h"
#include "daemon/base/log.h"

/* ---- files ---------------------------------------------------------------- */

void journal_file_name(enum journal_file_kind kind, uint64_t number, char out[JOURNAL_NAME_MAX])
{
	if (kind == JOURNAL_LOG)
		snprintf(out, JOURNAL_NAME_MAX, "journal-%" PRIu64 ".log", number);
	else
		snprintf(out, JOURNAL_NAME_MAX, "snapshot-%" PRIu64, number);
}

int journal_write_all(int fd, struct span bytes, uint64_t offset)
{
	while (bytes.len) {
		ssize_t put = pwrite(fd, bytes.ptr, bytes.len, (off_t)offset);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		bytes.ptr += put;
		bytes.len -= (size_t)put;
		offset += (uint64_t)put;
	}
	return 0;
}

int journal_file_create(int dir_fd, const char *name, const struct journal_head *head,
			struct err *err)
{
	char bytes[JOURNAL_HEAD_BYTES];
	int fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int rc;

	if (fd < 0)
		return err_set(err, -errno, "create %s: %s", name, strerrordesc_np(errno));
	journal_head_put(head, bytes);
	rc = journal_write_all(fd, span_of(bytes, sizeof(bytes)), 0);
	if (rc == 0 && fdatasync(fd) < 0)
		rc = -errno;
	/* Syncs the name as well. Some file systems cannot sync a folder and return EINVAL. */
	if (rc == 0 && fsync(dir_fd) < 0 && errno != EINVAL)
		rc = -errno;
	if (rc == 0)
		return fd;
	close(fd);
	unlinkat(dir_fd, name, 0);
	return err_set(err, rc, "write %s: %s", name, strerrordesc_np(-rc));
}

/* ---- open and close ------------------------------------------------------- */

static int create_segment(const struct journal_log *l, uint64_t number, struct err *err)
{
	struct journal_head head = { .kind = JOURNAL_LOG, .number = number };
	char name[JOURNAL_NAME_MAX];

	memcpy(head.boot_id, l->boot_id, sizeof(head.boot_id));
	journal_file_name(JOURNAL_LOG, number, name);
	return journal_file_create(l->dir_fd, name, &head, err);
}

/* With the lock held: makes fd the current segment. */
static void take_segment(struct journal_log *l, int fd, uint64_t number)
{
	l->fd = fd;
	l->number = number;
	l->end_bytes = JOURNAL_HEAD_BYTES;
	l->reserved_bytes = JOURNAL_HEAD_BYTES;
	l->is_reserving = true;
	l->log_bytes += JOURNAL_HEAD_BYTES;
}

int journal_log_open(struct journal_log *l, int dir_fd, uint64_t number, uint64_t lsn,
		     struct err *err)
{
	pthread_condattr_t attr;
	int fd;

	l->dir_fd = dir_fd;
	l->fd = -1;
	l->lsn = l->written_lsn = l->synced_lsn = lsn;
	fd = create_segment(l, number, err);
	if (fd < 0)
		return fd;
	l->buf = malloc(JOURNAL_BUF_BYTES);
	if (!l->buf) {
		close(fd);
		return err_set(err, -ENOMEM, "memory of the journal");
	}
	pthread_mutex_init(&l->packing, NULL);
	pthread_mutex_init(&l->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&l->changed, &attr);
	pthread_condattr_destroy(&attr);
	take_segment(l, fd, number);
	return 0;
}

/* ---- writing -------------------------------------------------------------- */

/* With the lock held. What is in memory will not be written any more. */
static int break_log(struct journal_log *l, int rc, const char *what)
{
	if (!l->broken)
		log_error("journal",
			  "%s of segment %" PRIu64 " failed: %s; edits are refused until a "
			  "snapshot has been written",
			  what, l->number, strerrordesc_np(-rc));
	l->broken = -rc;
	l->buf_bytes = 0;
	pthread_cond_broadcast(&l->changed);
	return -EIO;
}

/* With the lock held. */
static int write_out(struct journal_log *l)
{
	int rc;

	if (l->broken)
		return -EIO;
	if (!l->buf_bytes)
		return 0;
	rc = journal_write_all(l->fd, span_of(l->buf, l->buf_bytes), l->end_bytes);
	if (rc < 0)
		return break_log(l, rc, "writing");
	l->end_bytes += l->buf_bytes;
	l->buf_bytes = 0;
	l->written_lsn = l->lsn;
	return 0;
}

static bool is_no_room(int code)
{
	return code == ENOSPC || code == EDQUOT || code == EFBIG;
}

static int extend(struct journal_log *l, uint64_t upto)
{
	int rc;

	do
		rc = fallocate(l->fd, 0, (off_t)l->reserved_bytes,
			       (off_t)(upto - l->reserved_bytes));
	while (rc < 0 && errno == EINTR);
	if (rc == 0)
		l->reserved_bytes = upto;
	return rc < 0 ? errno : 0;
}

/* With the lock held: reserves room in the file for that many bytes more. */
static int reserve(struct journal_log *l, uint64_t bytes)
{
	uint64_t need = l->end_bytes + l->buf_bytes + bytes;
	int code;

	if (!l->is_reserving || need <= l->reserved_bytes)
		return 0;
	code = extend(l, need + JOURNAL_RESERVE_BYTES);
	if (is_no_room(code))
		code = extend(l, need);
	if (code == EOPNOTSUPP || code == ENOSYS) {
		l->is_reserving = false;
		return 0;
	}
	if (is_no_room(code))
		return -EDQUOT;
	return code ? break_log(l, -code, "reserving room") : 0;
}

/* With the lock held: writes a record longer than the buffer, which is empty. */
static int write_long(struct journal_log *l, const char *head, struct span payload)
{
	int rc = journal_write_all(l->fd, span_of(head, JOURNAL_RECORD_BYTES), l->end_bytes);

	if (rc == 0)
		rc = journal_write_all(l->fd, payload, l->end_bytes + JOURNAL_RECORD_BYTES);
	if (rc == 0)
		l->end_bytes += JOURNAL_RECORD_BYTES + payload.len;
	return rc;
}

/* With the lock held and room reserved: writes the record or adds it to the buffer. */
static int put_record(struct journal_log *l, const char *head, struct span payload)
{
	size_t total = JOURNAL_RECORD_BYTES + payload.len;
	int rc = 0;

	if (total > JOURNAL_BUF_BYTES - l->buf_bytes)
		rc = write_out(l);
	if (rc < 0)
		return rc;
	if (total > JOURNAL_BUF_BYTES || !l->is_reserving) {
		assert(!l->buf_bytes);
		rc = write_long(l, head, payload);
		/* No edit was confirmed yet when no room had been reserved. */
		if (is_no_room(-rc) && !l->is_reserving)
			return -EDQUOT;
		return rc < 0 ? break_log(l, rc, "writing") : 0;
	}
	memcpy(l->buf + l->buf_bytes, head, JOURNAL_RECORD_BYTES);
	memcpy(l->buf + l->buf_bytes + JOURNAL_RECORD_BYTES, payload.ptr, payload.len);
	l->buf_bytes += total;
	return 0;
}

/* With the lock held. Logs once that the disk is full, and once that it is not any more. */
static void note_room(struct journal_log *l, int rc)
{
	bool is_full = rc == -EDQUOT;

	l->refused_count += rc < 0;
	if (is_full && !l->is_full)
		log_error("journal", "no room for segment %" PRIu64 ": edits are refused",
			  l->number);
	else if (rc == 0 && l->is_full)
		log_info("journal", "there is room again: edits are accepted");
	if (is_full || rc == 0)
		l->is_full = is_full;
}

static int append(struct journal_log *l, struct span stored, uint32_t raw_bytes, uint64_t *lsn)
{
	uint32_t sum = journal_payload_sum(stored);
	struct journal_record rec = { .stored = stored, .raw_bytes = raw_bytes };
	char head[JOURNAL_RECORD_BYTES];
	int rc;

	pthread_mutex_lock(&l->lock);
	rc = l->broken ? -EIO : reserve(l, JOURNAL_RECORD_BYTES + stored.len);
	if (rc == 0) {
		rec.lsn = l->lsn + 1;
		rec.synced_lsn = l->synced_lsn;
		journal_record_put(&rec, sum, head);
		rc = put_record(l, head, stored);
	}
	if (rc == 0) {
		if (l->synced_lsn == l->lsn)
			pthread_cond_broadcast(&l->changed);
		*lsn = ++l->lsn;
		if (!l->buf_bytes)
			l->written_lsn = l->lsn;
		l->log_bytes += JOURNAL_RECORD_BYTES + stored.len;
		if (!l->is_over && l->log_bytes > l->bound_bytes) {
			l->is_over = true;
			pthread_cond_broadcast(&l->changed);
		}
	}
	if (__builtin_expect(rc < 0 || l->is_full, 0))
		note_room(l, rc);
	pthread_mutex_unlock(&l->lock);
	return rc;
}

int journal_log_append(struct journal_log *l, struct span payload, uint64_t *lsn)
{
	int rc;

	assert(payload.len <= JOURNAL_RAW_BYTES_MAX);
	if (!journal_is_packed(payload))
		return append(l, payload, (uint32_t)payload.len, lsn);
	pthread_mutex_lock(&l->packing);
	rc = append(l, journal_pack(&l->packer, payload), (uint32_t)payload.len, lsn);
	pthread_mutex_unlock(&l->packing);
	return rc;
}

/* ---- syncing -------------------------------------------------------------- */

/* With the lock held, which is released meanwhile. No other thread syncs. */
static int sync_file(struct journal_log *l, int fd, uint64_t upto)
{
	int rc;

	l->is_syncing = true;
	pthread_mutex_unlock(&l->lock);
	rc = fdatasync(fd) < 0 ? -errno : 0;
	pthread_mutex_lock(&l->lock);
	l->is_syncing = false;
	l->syncs_count++;
	if (rc < 0)
		return break_log(l, rc, "syncing");
	if (upto > l->synced_lsn)
		l->synced_lsn = upto;
	pthread_cond_broadcast(&l->changed);
	return 0;
}

int journal_log_flush(struct journal_log *l, uint64_t lsn, bool is_synced)
{
	int rc = 0;

	pthread_mutex_lock(&l->lock);
	if (lsn > l->written_lsn)
		rc = write_out(l);
	while (rc == 0 && is_synced && l->synced_lsn < lsn) {
		if (l->is_syncing) {
			pthread_cond_wait(&l->changed, &l->lock);
			continue;
		}
		rc = write_out(l); /* what came meanwhile */
		if (rc == 0)
			rc = sync_file(l, l->fd, l->written_lsn);
	}
	pthread_mutex_unlock(&l->lock);
	return rc;
}

/* The segment has no record, so the next segment is not needed. */
static bool is_fresh(struct journal_log *l, struct journal_turn *turn)
{
	bool is;

	pthread_mutex_lock(&l->lock);
	is = !l->broken && !l->buf_bytes && l->end_bytes == JOURNAL_HEAD_BYTES;
	if (is)
		*turn = (struct journal_turn){ l->number, l->lsn, l->log_bytes, false };
	if (is)
		l->log_bytes = 0;
	l->is_over = false;
	pthread_mutex_unlock(&l->lock);
	return is;
}

int journal_log_rotate(struct journal_log *l, struct journal_turn *turn, struct err *err)
{
	uint64_t number = l->number + 1; /* changed by this function only */
	uint64_t end_bytes;
	int old_fd;
	int fd;

	if (is_fresh(l, turn))
		return 0;
	fd = create_segment(l, number, err);
	if (fd < 0)
		return fd;
	pthread_mutex_lock(&l->lock);
	while (l->is_syncing)
		pthread_cond_wait(&l->changed, &l->lock);
	(void)write_out(l); /* if this breaks the log, the next snapshot repairs it */
	old_fd = l->fd;
	end_bytes = l->end_bytes;
	*turn = (struct journal_turn){ number, l->lsn, l->log_bytes, l->broken != 0 };
	l->log_bytes = 0;
	take_segment(l, fd, number);
	(void)ftruncate(old_fd, (off_t)end_bytes); /* releases reserved room */
	if (!l->broken)
		(void)sync_file(l, old_fd, l->written_lsn);
	pthread_mutex_unlock(&l->lock);
	close(old_fd);
	return 0;
}

void journal_log_mend(struct journal_log *l)
{
	pthread_mutex_lock(&l->lock);
	if (l->broken) {
		log_info("journal", "repaired: edits are accepted again");
		l->broken = 0;
		l->written_lsn = l->lsn;
		l->synced_lsn = l->lsn;
		pthread_cond_broadcast(&l->changed);
	}
	pthread_mutex_unlock(&l->lock);
}

void journal_log_stop(struct journal_log *l)
{
	pthread_mutex_lock(&l->lock);
	l->is_stopping = true;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
}

void journal_log_close(struct journal_log *l)
{
	if (!l->buf)
		return;
	(void)journal_log_flush(l, l->lsn, true);
	if (ftruncate(l->fd, (off_t)l->end_bytes) == 0)
		(void)fdatasync(l->fd);
	close(l->fd);
	journal_packer_deinit(&l->packer);
	pthread_cond_destroy(&l->changed);
	pthread_mutex_destroy(&l->lock);
	pthread_mutex_destroy(&l->packing);
	free(l->buf);
	l->buf = NULL;
}
