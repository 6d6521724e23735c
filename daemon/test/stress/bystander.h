/*
 * bystander.h - a client that does nothing wrong, while others attack: it edits a project of its
 * own, reads back what it wrote, draws small pictures and opens connections now and then. Every
 * reply is compared with what it must be; how long each took is recorded.
 */
#ifndef DAEMON_TEST_STRESS_BYSTANDER_H
#define DAEMON_TEST_STRESS_BYSTANDER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/rng.h"
#include "daemon/test/stress/link.h"

struct err;
struct hist;
struct run;

enum bystander_kind {
	BYSTANDER_GET,    /* get_voxel */
	BYSTANDER_EDIT,   /* add_voxel */
	BYSTANDER_RENDER, /* 32 x 32, just after an edit: no cached picture can answer it */
	BYSTANDER_KNOCK,  /* a new connection, one ping */
	BYSTANDER_WAKE,   /* how late its own timer is: the machine, not the daemon */
	BYSTANDER_KINDS
};

extern const char *const bystander_names[BYSTANDER_KINDS];

enum { BYSTANDER_EDGE = 16 }; /* its voxels are in a cube of this size */

struct bystander {
	struct run *run;
	pthread_t thread;
	bool is_running;
	struct link link;
	struct rng rng;
	int32_t project;                                                  /* 0: none yet */
	uint32_t model[BYSTANDER_EDGE * BYSTANDER_EDGE * BYSTANDER_EDGE]; /* 0 = no voxel */
	bool is_doubtful[BYSTANDER_EDGE * BYSTANDER_EDGE * BYSTANDER_EDGE];

	pthread_mutex_t lock;                 /* what follows; the thread writes, others read */
	struct hist *total[BYSTANDER_KINDS];  /* since bystander_forget */
	struct hist *window[BYSTANDER_KINDS]; /* since bystander_take_window */
	uint64_t requests_count;
	uint64_t errors_count;  /* error replies, lost connections: in times with faults only */
	uint64_t refused_count; /* knocks that were told "Server busy" */
};

int bystander_open(struct bystander *b, struct run *run, struct err *err);
int bystander_start(struct bystander *b, struct err *err);
void bystander_join(struct bystander *b); /* after run_stop */

/* With the run started again: all its voxels are read at once and compared; then its project is
 * closed. */
void bystander_check_all(struct bystander *b);
void bystander_close(struct bystander *b);

void bystander_forget(struct bystander *b); /* what was measured so far */

/* What the window holds, added into out[kind] (which the caller made); it begins anew. */
void bystander_take_window(struct bystander *b, struct hist *const out[BYSTANDER_KINDS]);

#endif
