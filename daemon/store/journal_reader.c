#include "daemon/store/journal_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/err.h"
#include "daemon/store/journal_log.h"

enum { WINDOW_BYTES = 2 * JOURNAL_RAW_BYTES_MAX }; /* any record fits */

static int read_fault(int code, struct err *err)
{
	return err_set(err, -code, "cannot read: %s", strerrordesc_np(code));
}

static int open_file(struct journal_reader *r, int dir_fd, const char *name, struct err *err)
{
	struct stat st;

	/* Opening a pipe would wait for its writer. */
	r->fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (r->fd < 0)
		return err_set(err, -errno, "cannot open: %s", strerrordesc_np(errno));
	r->is_open = true;
	if (fstat(r->fd, &st) < 0)
		return read_fault(errno, err);
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EPERM, "not a regular file");
	r->bytes = (uint64_t)st.st_size;
	return 0;
}

/* Reads want bytes at offset, or as many as there are. */
static int look(struct journal_reader *r, uint64_t offset, size_t want, struct span *out,
		struct err *err)
{
	*out = span_of("", 0);
	if (offset < r->window_offset || offset + want > r->window_offset + r->window_bytes) {
		r->window_offset = offset;
		r->window_bytes = 0;
		while (r->window_bytes < r->window_cap) {
			ssize_t got = pread(r->fd, r->window + r->window_bytes,
					    r->window_cap - r->window_bytes,
					    (off_t)(offset + r->window_bytes));

			if (got < 0 && errno == EINTR)
				continue;
			if (got < 0)
				return read_fault(errno, err);
			if (got == 0)
				break;
			r->window_bytes += (size_t)got;
		}
	}
	*out = span_of(r->window + (offset - r->window_offset),
		       r->window_bytes - (size_t)(offset - r->window_offset));
	return 0;
}

static int read_head(struct journal_reader *r, enum journal_file_kind kind, uint64_t number,
		     struct err *err)
{
	struct span bytes;
	int rc = look(r, 0, JOURNAL_HEAD_BYTES, &bytes, err);

	if (rc == 0)
		rc = journal_head_get(bytes, &r->head);
	if (rc == -EOPNOTSUPP)
		return err_set(err, -EPROTO, "written by another version of the daemon");
	if (rc == -EBADMSG || (rc == 0 && (r->head.kind != kind || r->head.number != number)))
		return err_set(err, -EBADMSG, "its first %d bytes are damaged", JOURNAL_HEAD_BYTES);
	r->offset = JOURNAL_HEAD_BYTES;
	return rc;
}

int journal_reader_open(struct journal_reader *r, int dir_fd, enum journal_file_kind kind,
			uint64_t number, struct err *err)
{
	char name[JOURNAL_NAME_MAX];
	int rc;

	*r = (struct journal_reader){ .fd = -1 };
	journal_file_name(kind, number, name);
	rc = open_file(r, dir_fd, name, err);
	if (rc == 0) {
		r->window_cap = r->bytes < WINDOW_BYTES ? (size_t)r->bytes + 1 : WINDOW_BYTES;
		r->window = malloc(r->window_cap);
		if (!r->window)
			rc = err_set(err, -ENOMEM, "out of memory");
	}
	if (rc == 0)
		rc = read_head(r, kind, number, err);
	if (rc < 0)
		err_wrap(err, rc, "%s", name);
	return rc;
}

void journal_reader_close(struct journal_reader *r)
{
	if (r->is_open)
		close(r->fd);
	free(r->window);
	free(r->raw);
	*r = (struct journal_reader){ 0 };
}

/* Whether only zeros follow from offset to the end. */
static int is_unused(struct journal_reader *r, bool *out, struct err *err)
{
	*out = true;
	for (uint64_t at = r->offset; *out && at < r->bytes;) {
		struct span bytes;
		int rc = look(r, at, 1, &bytes, err);

		if (rc < 0)
			return rc;
		if (!bytes.len)
			break;
		*out = !bytes.ptr[0] && !memcmp(bytes.ptr, bytes.ptr + 1, bytes.len - 1);
		at += bytes.len;
	}
	return 0;
}

static int get_record(struct journal_reader *r, uint64_t offset, struct journal_record *rec,
		      struct err *err)
{
	struct span bytes;
	int rc = look(r, offset, JOURNAL_RECORD_BYTES, &bytes, err);

	if (rc < 0)
		return rc;
	rc = journal_record_get(bytes, rec);
	if (rc != -EAGAIN)
		return rc;
	rc = look(r, offset, rec->total_bytes, &bytes, err);
	if (rc == 0)
		rc = journal_record_get(bytes, rec);
	return rc == -EAGAIN ? -EBADMSG : rc; /* the file ends before the record does */
}

/* The payload, unpacked. */
static int get_payload(struct journal_reader *r, const struct journal_record *rec,
		       struct span *payload)
{
	int rc;

	*payload = rec->stored;
	if (rec->stored.len == rec->raw_bytes)
		return 0;
	if (!r->raw)
		r->raw = malloc(JOURNAL_RAW_BYTES_MAX);
	if (!r->raw)
		return -ENOMEM;
	rc = journal_unpack(rec->stored, r->raw, rec->raw_bytes);
	*payload = span_of(r->raw, rec->raw_bytes);
	return rc;
}

int journal_reader_next(struct journal_reader *r, struct journal_record *rec, struct span *payload,
			struct err *err)
{
	int rc = get_record(r, r->offset, rec, err);

	if (rc == 0)
		rc = get_payload(r, rec, payload);
	if (rc == -ENOMEM)
		return err_set(err, rc, "out of memory");
	if (rc == -EBADMSG) {
		bool is_end;

		rc = is_unused(r, &is_end, err);
		if (rc < 0 || is_end)
			return rc;
		return err_set(err, -EBADMSG, "no complete record");
	}
	if (rc < 0)
		return rc;
	r->offset += rec->total_bytes;
	return 1;
}

int journal_reader_later(struct journal_reader *r, struct journal_later *later, struct err *err)
{
	const uint32_t magic = htole32(JOURNAL_RECORD_MAGIC);
	uint64_t at = r->offset + 1;

	while (at < r->bytes) {
		struct journal_record rec;
		struct span bytes;
		const char *found;
		int rc = look(r, at, JOURNAL_RECORD_BYTES, &bytes, err);

		if (rc < 0)
			return rc;
		found = memmem(bytes.ptr, bytes.len, &magic, sizeof(magic));
		if (!found && bytes.len < sizeof(magic))
			break;
		if (!found) { /* the magic may cross the window's end */
			at += bytes.len - (sizeof(magic) - 1);
			continue;
		}
		at += (uint64_t)(found - bytes.ptr);
		rc = get_record(r, at, &rec, err);
		if (rc < 0 && rc != -EBADMSG)
			return rc;
		if (rc < 0) {
			at++;
			continue;
		}
		later->count++;
		if (rec.synced_lsn > later->synced_lsn)
			later->synced_lsn = rec.synced_lsn;
		at += rec.total_bytes;
	}
	return 0;
}
