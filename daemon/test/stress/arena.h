/* arena.h - one daemon with its bystander and its crowd, from the start to the look at what is
 * left. */
#ifndef DAEMON_TEST_STRESS_ARENA_H
#define DAEMON_TEST_STRESS_ARENA_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/test/stress/bystander.h"
#include "daemon/test/stress/calm.h"
#include "daemon/test/stress/crowd.h"
#include "daemon/test/stress/run.h"
#include "daemon/test/stress/target.h"

struct err;
struct stress;

enum {
	ARENA_END_S = 5,       /* TERM ends within this time, whatever runs */
	ARENA_END_SLACK_S = 3, /* on a machine that others use, too */
	ARENA_REPLY_S = 30,    /* after an attack, for replies that are still missing */
};

struct arena {
	struct target target;
	struct run run;
	struct crowd crowd;
	struct bystander bystander;
	struct calm_base base;
	uint64_t end_ns; /* how long the end took; of arena_close */
};

/* Starts the daemon and, with it, the bystander. scale: of run. */
int arena_open(struct arena *a, const struct stress *s, const struct target_cfg *cfg,
	       unsigned scale, struct err *err);

/* The players finish and leave; the daemon and the bystander go on. */
void arena_end_attack(struct arena *a);

/* The daemon with nobody but the bystander: its voxels, then what is left behind. */
void arena_check_calm(struct arena *a);

/* With more clients than descriptors, and nobody who asks: the daemon must sleep. */
void arena_check_idle(struct arena *a);

/* Ends the daemon; is_busy: while long requests are under way. What was measured stays. */
void arena_close(struct arena *a, bool is_busy);
void arena_free(struct arena *a);

#endif
