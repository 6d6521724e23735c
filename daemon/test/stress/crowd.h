/* crowd.h - the threads of the actors that are at work at one time. */
#ifndef DAEMON_TEST_STRESS_CROWD_H
#define DAEMON_TEST_STRESS_CROWD_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/test/stress/actor.h"

struct err;
struct run;

enum { CROWD_MAX = 160 };

struct crowd {
	struct run *run;
	struct player players[CROWD_MAX];
	size_t count;
	uint64_t stream; /* of the next player's random numbers */
};

void crowd_init(struct crowd *c, struct run *run);

/* Starts `threads` players of the row. -ENOSPC above CROWD_MAX. */
int crowd_add(struct crowd *c, const struct actor *actor, unsigned threads, uint64_t pause_ns,
	      struct err *err);

/* Tells them to finish. Who still waits for a reply limit_ns later (long requests apart) has none:
 * a failure. */
void crowd_finish(struct crowd *c, uint64_t limit_ns);

/* After run_stop: waits for all of them; what they did can still be counted. */
void crowd_join(struct crowd *c);
void crowd_clear(struct crowd *c); /* after it: nobody is there any more */

/* What the players of this row have done; NULL: of all rows. */
struct crowd_counts {
	uint64_t steps, results, errors, cuts;
};
struct crowd_counts crowd_count(const struct crowd *c, const struct actor *actor);

#endif
