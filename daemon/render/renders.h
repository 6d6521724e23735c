/*
 * renders.h - picture files that the daemon keeps for its clients and deletes later: each has a
 * lifetime, their total size is limited, and none outlives the daemon.
 *
 * The folder is created and the cleaning thread started with the first file. Files of a killed
 * daemon are deleted when the next daemon starts (render_folder.h). Threads: any.
 */
#ifndef DAEMON_RENDER_RENDERS_H
#define DAEMON_RENDER_RENDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"

struct err;
struct renders;

enum {
	RENDERS_PATH_MAX = 512,
	RENDERS_SESSION_MAX = 64,
	RENDERS_FILES_MAX = 4096,
};

struct renders_cfg {
	/*
	 * Borrowed; created (one level) when the first file is added. It must not be a link, must
	 * belong to us or root, and must not be writable by everybody.
	 */
	const char *folder;
	uint64_t ttl_s;      /* how long a file lives */
	uint64_t bytes_max;  /* of all files; the oldest go first */
	uint64_t interval_s; /* between cleanings */
	/* Use "<folder>-<uid>" instead of a folder that others can change. */
	bool has_other_folder;
};

/* Reads GOXEL_RENDER_DIR, _TTL (s), _MAX_SIZE (bytes) and _CLEANUP_INTERVAL (s). Defaults:
 * /tmp/goxel_renders (with the other folder), 3600, 1 GiB, 300. */
void renders_cfg_from_env(struct renders_cfg *cfg);

struct render_file {
	char path[RENDERS_PATH_MAX];
	char session[RENDERS_SESSION_MAX];
	uint32_t width;
	uint32_t height;
	uint64_t size_bytes;
	uint64_t checksum;  /* FNV-1a of the file's bytes */
	uint64_t created_s; /* since the epoch */
	uint64_t expires_s;
};

/* A picture to keep. */
struct render_new {
	struct span png;
	uint32_t width;
	uint32_t height;
	struct span session; /* empty: auto<time> */
};

struct renders_stats {
	uint64_t files_count;
	uint64_t files_bytes;
	uint64_t bytes_max;
	uint64_t total_count;   /* ever added */
	uint64_t cleaned_count; /* deleted, for any reason */
	uint64_t freed_bytes;
	uint64_t last_cleaning_s; /* since the epoch; 0 = never */
	uint64_t next_cleaning_s;
};

int renders_open(const struct renders_cfg *cfg, struct renders **out, struct err *err);
void renders_close(struct renders *r); /* deletes the files; NULL is fine */

/*
 * Writes the picture to a new file render_<time>_<session>_<random>.png and keeps track of it.
 * -EINVAL: the session contains characters other than letters, digits, '-' and '_'. -ENOSPC: the
 * picture alone exceeds bytes_max. -EPERM, -ENOTDIR: the folder is not usable.
 */
int renders_add(struct renders *r, const struct render_new *picture, struct render_file *out,
		struct err *err);

int renders_find(struct renders *r, struct span path, struct render_file *out); /* -ENOENT */

/* Deletes one of our files, never another. *freed_bytes may be NULL. -ENOENT. */
int renders_remove(struct renders *r, struct span path, uint64_t *freed_bytes);

/* Deletes expired files. Returns how many. */
size_t renders_clean(struct renders *r);

/* Copies up to max entries, oldest first; returns the number of all entries. */
size_t renders_list(struct renders *r, struct render_file *out, size_t max);
void renders_stats(struct renders *r, struct renders_stats *out);

#endif
