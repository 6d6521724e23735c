/*
 * target.h - the goxel-daemon under test: started in a folder of its own, watched, ended, and what
 * it leaves behind looked for.
 */
#ifndef DAEMON_TEST_STRESS_TARGET_H
#define DAEMON_TEST_STRESS_TARGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/base/sock.h"

struct err;
struct fail_alloc;
struct report;

enum { TARGET_PATH_MAX = 96, TARGET_OTHERS_MAX = 16, TARGET_LOG_BYTES_MAX = 256 << 20 };

/* Made once for a run of the program; caller-allocated. */
struct target_place {
	char dir[48];                  /* everything below is inside of it */
	char files[TARGET_PATH_MAX];   /* where clients save */
	char disk[TARGET_PATH_MAX];    /* the same on a small file system, if has_disk */
	char renders[TARGET_PATH_MAX]; /* GOXEL_RENDER_DIR */
	char token_file[TARGET_PATH_MAX];
	char fail_file[TARGET_PATH_MAX]; /* what `fail` maps */
	bool has_disk;
	struct fail_alloc *fail;
	const char *fail_library; /* NULL: it is not there */
};

struct target_cfg {
	const char *program;
	const char *preset;
	const char *transport; /* NULL: the preset's */
	/* More options, words between spaces; NULL: none. {dir} becomes the run's folder, {n} a
	 * number that no earlier daemon of the run had. */
	const char *args;
	bool with_fail_alloc;
};

struct target {
	const struct target_cfg *cfg;
	const struct target_place *place;
	pid_t pid; /* 0: ended */
	int pidfd;
	struct sock_addr addr;           /* the Unix socket */
	struct sock_addr tcp;            /* with a token */
	pid_t others[TARGET_OTHERS_MAX]; /* children of this process that are not the daemon's */
	size_t others_count;
	char pid_file[TARGET_PATH_MAX];
	char log[TARGET_PATH_MAX];
	bool is_sanitized;      /* its variant: time limits are longer */
	_Atomic bool is_ending; /* told to end: from now on connections close */
};

#define TARGET_TOKEN "the-right-token"

/* Folders, the small file system where it is allowed, and the page of fail_alloc. */
int target_place_open(struct target_place *p, struct err *err);
void target_place_close(struct target_place *p);

int target_start(struct target *t, const struct target_cfg *cfg, const struct target_place *place,
		 struct err *err);

/* False once it has ended or was told to. */
bool target_is_alive(const struct target *t);

/*
 * Sends TERM and waits; reports an end that takes longer than limit_ns, an exit code other than 0,
 * sanitizers' reports, and everything that is left behind. Returns how long the end took.
 */
uint64_t target_end(struct target *t, uint64_t limit_ns, struct report *report);

/* KILL, without looking at anything: for who gives up. */
void target_kill(struct target *t);

/* The last lines of the daemon's log to stderr. */
void target_show_log(const struct target *t);

#endif
