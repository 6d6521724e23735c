/*
 * journal_reader.h - private to journal*.c: one file of a journal, record by record.
 *
 * Reads through a window, so that files may be larger than memory. One thread.
 */
#ifndef DAEMON_STORE_JOURNAL_READER_H
#define DAEMON_STORE_JOURNAL_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/store/journal_record.h"

struct err;

/* Caller-allocated; zeroed it is closed. */
struct journal_reader {
	int fd;
	bool is_open;
	uint64_t bytes;  /* of the file */
	uint64_t offset; /* of the next record */
	struct journal_head head;
	char *window;
	size_t window_cap;
	uint64_t window_offset;
	size_t window_bytes;
	char *raw; /* NULL until the first packed record */
};

/* -ENOENT; -EBADMSG: its head is not whole, or is another file's; -EPROTO: another version. */
int journal_reader_open(struct journal_reader *r, int dir_fd, enum journal_file_kind kind,
			uint64_t number, struct err *err);
void journal_reader_close(struct journal_reader *r);

/*
 * The next record and its payload, valid until the next call, and offset behind it. 1; 0 at the end
 * (room that was reserved and not used belongs to it); -EBADMSG: none is at offset, which stays.
 */
int journal_reader_next(struct journal_reader *r, struct journal_record *rec, struct span *payload,
			struct err *err);

/* Whole records behind the place where next failed. */
struct journal_later {
	uint64_t count;
	uint64_t synced_lsn; /* the greatest of them */
};
int journal_reader_later(struct journal_reader *r, struct journal_later *later, struct err *err);

#endif
