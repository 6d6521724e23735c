/* journal_folder.h - private to journal_*.c: which files of a journal a folder has. */
#ifndef DAEMON_STORE_JOURNAL_FOLDER_H
#define DAEMON_STORE_JOURNAL_FOLDER_H

#include <stddef.h>
#include <stdint.h>

struct err;

/* Caller-allocated; zeroed it is empty. */
struct journal_folder {
	uint64_t *logs; /* numbers of segments, sorted */
	size_t count;
	size_t cap;
	uint64_t *snapshots; /* sorted */
	size_t snapshots_count;
	size_t snapshots_cap;
};

/* Removes snapshots that were not completed, too. Errors of reading; -ENOMEM. */
int journal_folder_read(struct journal_folder *f, int dir_fd, struct err *err);
void journal_folder_deinit(struct journal_folder *f);

#endif
