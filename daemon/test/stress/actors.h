/* actors.h - the tables of actors, a file each. */
#ifndef DAEMON_TEST_STRESS_ACTORS_H
#define DAEMON_TEST_STRESS_ACTORS_H

#include "daemon/test/stress/actor.h"

extern const struct actor actors_net[];
extern const struct actor actors_batch[];
extern const struct actor actors_script[];
extern const struct actor actors_picture[];
extern const struct actor actors_voxel[];
extern const struct actor actors_file[];

#endif
