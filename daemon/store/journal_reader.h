/*
 * journal_reader.h - private to journal*.c: reads one file of a journal, record by record.
 *
 * Reads through a window, so that files may be larger than memory. One thread.
 */
#ifndef DAEMON_STORE_JOURNAL_READER_H
#define DAEMON_STORE_JOURNAL_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/store/journal_record.h"

struct err;

/* Caller-allocated; closed when zeroed. */
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

/* -ENOENT; -EBADMSG: its head is damaged, or is that of another file; -EPROTO: another version. */
int journal_reader_open(struct journal_reader *r, int dir_fd, enum journal_file_kind kind,
			uint64_t number, struct err *err);
void journal_reader_close(struct journal_reader *r);

/*
 * Reads the next record and its payload (valid until the next call) and advances offset. 1; 0 at
 * the end (reserved and unused room counts as the end); -EBADMSG: there is no valid record at
 * offset, which stays.
 */
int journal_reader_next(struct journal_reader *r, struct journal_record *rec, struct span *payload,
			struct err *err);

/* Complete records after the place where next failed. */
struct journal_later {
	uint64_t count;
	uint64_t synced_lsn; /* the greatest of them */
};
int journal_reader_later(struct journal_reader *r, struct journal_later *later, struct err *err);

#endif
