#include "daemon/store/journal_replay.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "daemon/base/err.h"
#include "daemon/base/log.h"
#include "daemon/store/journal_folder.h"
#include "daemon/store/journal_log.h"
#include "daemon/store/journal_reader.h"

struct replaying {
	struct journal_replay *out;
	int dir_fd;
	const uint8_t *boot_id;
	bool is_repairing;
	struct journal_folder files;
	size_t old_count; /* segments from before the snapshot */
};

/* ---- the folder ----------------------------------------------------------- */

static void remove_file(const struct replaying *r, enum journal_file_kind kind, uint64_t number)
{
	char name[JOURNAL_NAME_MAX];

	journal_file_name(kind, number, name);
	(void)unlinkat(r->dir_fd, name, 0);
}

/* Finds the newest snapshot. A crash may have left files that it replaces; they come first. */
static void choose_snapshot(struct replaying *r)
{
	struct journal_folder *f = &r->files;

	r->out->snapshot_number = f->snapshots_count ? f->snapshots[f->snapshots_count - 1] : 0;
	r->old_count = 0;
	while (r->old_count < f->count && f->logs[r->old_count] < r->out->snapshot_number)
		r->old_count++;
}

static void remove_replaced(const struct replaying *r)
{
	for (size_t i = 0; i + 1 < r->files.snapshots_count; i++)
		remove_file(r, JOURNAL_SNAPSHOT, r->files.snapshots[i]);
	for (size_t i = 0; i < r->old_count; i++)
		remove_file(r, JOURNAL_LOG, r->files.logs[i]);
}

/* Checks that no segment is missing between the snapshot and the last one. */
static int check_numbers(const struct replaying *r, struct err *err)
{
	uint64_t expected = r->out->snapshot_number ? r->out->snapshot_number : 1;

	if (r->out->snapshot_number && r->files.count == r->old_count)
		return err_set(err, -EBADMSG, "journal-%" PRIu64 ".log is missing", expected);
	for (size_t i = r->old_count; i < r->files.count; i++)
		if (r->files.logs[i] != expected++)
			return err_set(err, -EBADMSG, "journal-%" PRIu64 ".log is missing",
				       expected - 1);
	return 0;
}

/* ---- damage --------------------------------------------------------------- */

/* Where reading cannot continue. */
struct broken_place {
	size_t index;    /* of the segment */
	uint64_t offset; /* in it; 0: its head */
	uint64_t lsn;    /* of the record that should be there */
	bool is_content; /* the record is complete, but its content is wrong */
};

/* Counts the complete records in the segments after index. */
static int later_segments(const struct replaying *r, size_t index, struct journal_later *later,
			  struct err *err)
{
	int rc = 0;

	for (size_t i = index + 1; rc == 0 && i < r->files.count; i++) {
		struct journal_reader in;

		rc = journal_reader_open(&in, r->dir_fd, JOURNAL_LOG, r->files.logs[i], err);
		if (rc == -EBADMSG)
			rc = in.is_open ? 0 : rc;
		if (rc == 0) {
			in.offset = in.offset ? in.offset - 1 : 0;
			rc = journal_reader_later(&in, later, err);
		}
		journal_reader_close(&in);
	}
	return rc;
}

/* Keeps a copy of the bytes from offset on, for later inspection. */
static int keep_rest(const struct replaying *r, const struct journal_reader *in, uint64_t number,
		     uint64_t offset, struct err *err)
{
	char name[JOURNAL_NAME_MAX];
	off_t at = (off_t)offset;
	ssize_t put = 1;
	int fd;

	snprintf(name, sizeof(name), "journal-%" PRIu64 ".damaged", number);
	fd = openat(r->dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(err, -errno, "create %s: %s", name, strerrordesc_np(errno));
	while (put > 0)
		put = sendfile(fd, in->fd, &at, 1 << 20);
	if (put < 0 || fsync(fd) < 0) {
		int rc = err_set(err, -errno, "write %s: %s", name, strerrordesc_np(errno));

		close(fd);
		return rc;
	}
	close(fd);
	return 0;
}

/* Truncates the segment at offset; a segment without a head is removed. */
static int cut_segment(const struct replaying *r, uint64_t number, uint64_t offset, struct err *err)
{
	char name[JOURNAL_NAME_MAX];
	int fd;
	int rc = 0;

	journal_file_name(JOURNAL_LOG, number, name);
	if (offset == 0) {
		rc = unlinkat(r->dir_fd, name, 0);
	} else {
		fd = openat(r->dir_fd, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
		rc = fd < 0 || ftruncate(fd, (off_t)offset) < 0 || fsync(fd) < 0 ? -1 : 0;
		if (fd >= 0) {
			int code = errno;

			close(fd);
			errno = code;
		}
	}
	if (rc < 0)
		return err_set(err, -errno, "cut %s: %s", name, strerrordesc_np(errno));
	return 0;
}

/* How much of the segment is used from offset on, without room that was only reserved. */
static uint64_t used_bytes(const struct journal_reader *in, uint64_t offset)
{
	char bytes[4096];
	uint64_t used = 0;

	for (uint64_t at = offset; at < in->bytes;) {
		ssize_t got = pread(in->fd, bytes, sizeof(bytes), (off_t)at);

		if (got <= 0)
			break;
		for (ssize_t i = 0; i < got; i++)
			if (bytes[i])
				used = at + (uint64_t)i + 1 - offset;
		at += (uint64_t)got;
	}
	return used;
}

/* Cuts everything from the place on; later segments hold nothing that can be replayed. */
static int cut_from(struct replaying *r, const struct broken_place *place, struct err *err)
{
	int rc = 0;

	for (size_t i = r->files.count; rc == 0 && i-- > place->index;) {
		uint64_t offset = i == place->index ? place->offset : 0;
		uint64_t number = r->files.logs[i];
		struct journal_reader in;
		uint64_t used = 0;

		rc = journal_reader_open(&in, r->dir_fd, JOURNAL_LOG, number, err);
		if (in.is_open) {
			used = used_bytes(&in, offset);
			rc = r->is_repairing && used ? keep_rest(r, &in, number, offset, err) : 0;
		}
		journal_reader_close(&in);
		if (rc == 0)
			rc = cut_segment(r, number, offset, err);
		if (rc < 0)
			break;
		r->out->cut_bytes += used;
		if (used)
			log_warn("journal",
				 "journal-%" PRIu64 ".log: torn tail, %" PRIu64
				 " bytes cut at byte %" PRIu64,
				 number, used, offset);
	}
	return rc;
}

/* A head is on the disk before the first record is written. */
static bool is_damage(const struct broken_place *place, const struct journal_later *later,
		      bool is_same_boot)
{
	if (place->is_content)
		return true;
	return later->count && (!place->offset || is_same_boot || later->synced_lsn >= place->lsn);
}

/*
 * Decides whether the place is a torn tail, which is then cut. Returns 1 when something was cut and
 * the replay must start again, or -EBADMSG (damage) with the message.
 */
static int judge(struct replaying *r, const struct journal_reader *in,
		 const struct broken_place *place, struct err *err)
{
	struct journal_later later = { 0 };
	struct journal_reader rest = *in;
	bool is_same_boot =
		in->offset && !memcmp(in->head.boot_id, r->boot_id, sizeof(in->head.boot_id));
	struct err why = err ? *err : ERR_INIT;
	int rc;

	rest.offset = place->offset;
	rc = journal_reader_later(&rest, &later, err);
	if (rc == 0)
		rc = later_segments(r, place->index, &later, err);
	if (rc < 0)
		return rc;
	if (err)
		*err = why;
	if (!r->is_repairing && is_damage(place, &later, is_same_boot)) {
		log_error("journal", "a file is damaged; --journal-repair cuts off the damage and "
				     "all later edits");
		return err_wrap(err, -EBADMSG,
				"journal-%" PRIu64 ".log: damaged at byte %" PRIu64
				", with %" PRIu64 " complete records after it",
				r->files.logs[place->index], place->offset, later.count);
	}
	rc = cut_from(r, place, err);
	return rc < 0 ? rc : 1;
}

/* ---- replay --------------------------------------------------------------- */

static int replay_snapshot(struct replaying *r, struct err *err)
{
	uint64_t number = r->out->snapshot_number;
	struct journal_reader in;
	struct journal_record rec;
	struct span payload;
	int rc;

	if (!number)
		return 0;
	rc = journal_reader_open(&in, r->dir_fd, JOURNAL_SNAPSHOT, number, err);
	while (rc == 0 && !r->out->state.has_trailer) {
		rc = journal_reader_next(&in, &rec, &payload, err);
		if (rc == 1)
			rc = journal_apply(&r->out->state, rec.lsn, payload, err);
		else if (rc == 0)
			rc = err_set(err, -EBADMSG, "it ends too early");
		if (rc < 0)
			err_wrap(err, rc, "snapshot-%" PRIu64 ": byte %" PRIu64, number, in.offset);
	}
	r->out->snapshot_bytes = in.bytes;
	r->out->lsn = r->out->state.trailer_lsn;
	journal_reader_close(&in);
	return rc;
}

/* Applies the records of one segment. 1: something was cut, start again. */
static int replay_segment(struct replaying *r, size_t index, struct err *err)
{
	struct journal_replay *out = r->out;
	struct broken_place place = { .index = index };
	struct journal_reader in;
	struct journal_record rec;
	struct span payload;
	int rc = journal_reader_open(&in, r->dir_fd, JOURNAL_LOG, r->files.logs[index], err);

	rc = rc == 0 ? 1 : rc;
	while (rc == 1) {
		place.offset = in.offset;
		rc = journal_reader_next(&in, &rec, &payload, err);
		if (rc != 1)
			break;
		if (rec.lsn != out->lsn + 1)
			rc = err_set(err, -EBADMSG, "record %" PRIu64 " comes after %" PRIu64,
				     rec.lsn, out->lsn);
		else
			rc = journal_apply(&out->state, rec.lsn, payload, err);
		if (rc < 0) {
			place.is_content = true;
			break;
		}
		out->lsn++;
		out->records_count++;
		rc = 1;
	}
	/* New records will state that these are on the disk. */
	if (rc == 0 && fdatasync(in.fd) < 0)
		rc = err_set(err, -errno, "sync: %s", strerrordesc_np(errno));
	if (rc == 0)
		out->log_bytes += in.offset;
	place.lsn = out->lsn + 1;
	if (rc == -EBADMSG && in.is_open)
		rc = judge(r, &in, &place, err);
	else if (rc < 0)
		err_wrap(err, rc, "journal-%" PRIu64 ".log: byte %" PRIu64, r->files.logs[index],
			 place.offset);
	journal_reader_close(&in);
	return rc;
}

static int replay_once(struct replaying *r, struct err *err)
{
	struct journal_replay *out = r->out;
	uint64_t cut_bytes = out->cut_bytes;
	int rc;

	journal_replay_deinit(out);
	journal_folder_deinit(&r->files);
	*out = (struct journal_replay){ .cut_bytes = cut_bytes };
	rc = journal_folder_read(&r->files, r->dir_fd, err);
	if (rc < 0)
		return rc;
	choose_snapshot(r);
	rc = check_numbers(r, err);
	if (rc == 0)
		rc = replay_snapshot(r, err);
	out->segments_count = r->files.count - r->old_count;
	out->next_number = out->snapshot_number ? out->snapshot_number : 1;
	for (size_t i = r->old_count; rc == 0 && i < r->files.count; i++) {
		uint64_t before = out->records_count;

		rc = replay_segment(r, i, err);
		out->next_number = r->files.logs[i] + 1;
		/* The last segment is reused when it is empty. */
		if (rc == 0 && i + 1 == r->files.count && out->records_count == before) {
			remove_file(r, JOURNAL_LOG, r->files.logs[i]);
			out->next_number = r->files.logs[i];
			out->segments_count--;
		}
	}
	if (rc == 0)
		rc = journal_state_finish(&out->state, err);
	return rc;
}

int journal_replay_run(struct journal_replay *out, int dir_fd, const uint8_t boot_id[16],
		       bool is_repairing, struct err *err)
{
	struct replaying r = {
		.out = out,
		.dir_fd = dir_fd,
		.boot_id = boot_id,
		.is_repairing = is_repairing,
	};
	int rc;

	*out = (struct journal_replay){ 0 };
	do /* again after each cut: a segment is replayed as a whole */
		rc = replay_once(&r, err);
	while (rc == 1);
	if (rc == 0)
		remove_replaced(&r);
	journal_folder_deinit(&r.files);
	if (rc < 0)
		journal_replay_deinit(out);
	return rc;
}

void journal_replay_deinit(struct journal_replay *r)
{
	journal_state_deinit(&r->state);
}
