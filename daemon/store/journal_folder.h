/* journal_folder.h - private to journal_*.c: lists the files of a journal in a folder. */
#ifndef DAEMON_STORE_JOURNAL_FOLDER_H
#define DAEMON_STORE_JOURNAL_FOLDER_H

#include <stddef.h>
#include <stdint.h>

struct err;

/* Caller-allocated; empty when zeroed. */
struct journal_folder {
	uint64_t *logs; /* numbers of segments, sorted */
	size_t count;
	size_t cap;
	uint64_t *snapshots; /* sorted */
	size_t snapshots_count;
	size_t snapshots_cap;
};

/* Also removes unfinished snapshots. Errors of reading; -ENOMEM. */
int journal_folder_read(struct journal_folder *f, int dir_fd, struct err *err);
void journal_folder_deinit(struct journal_folder *f);

#endif
