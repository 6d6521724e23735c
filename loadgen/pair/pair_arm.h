/*
 * pair_arm.h - one of the servers that are compared: finds what to start from the words given.
 *
 * v15                        a preset or a shipped target: profiles/targets/[goxel-]v15.target
 * v15 --queue mutex          the same with more arguments for its command
 * my/server.target [words]   a target file
 * build/native [words]       a build directory: its programs, started by the target goxel-v15
 * build/native:v14 [words]   the same with another target
 */
#ifndef LOADGEN_PAIR_PAIR_ARM_H
#define LOADGEN_PAIR_PAIR_ARM_H

#include <limits.h>

#include "reports/lib/target_file.h"

struct err;

struct pair_arm {
	char name;           /* 'A', 'B', ... */
	const char *spec;    /* as given; borrowed */
	const char *args;    /* of spec, NULL = none; borrowed */
	char root[PATH_MAX]; /* where the suite's files are */
	char bin[PATH_MAX];  /* where the server's programs are */
	char file[PATH_MAX]; /* the target's */
	struct target_file target;
};

/* Where the suite's own programs and files are. */
struct pair_home {
	char bin[PATH_MAX];
	char root[PATH_MAX];
};

/* bin: where to look; NULL: next to this program. Errors: -ENOENT. */
int pair_home_find(const char *bin, struct pair_home *out, struct err *err);

/* Errors: -ENOENT spec is none of the above; those of target_file_read. */
int pair_arm_open(const struct pair_home *home, char name, const char *spec, struct pair_arm *out,
		  struct err *err);
void pair_arm_close(struct pair_arm *a);

#endif
