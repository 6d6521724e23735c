/*
 * actor.h - who bothers the daemon: one row of a table per kind of client. A row's step is called
 * again and again, in threads of its own, until the run stops.
 */
#ifndef DAEMON_TEST_STRESS_ACTOR_H
#define DAEMON_TEST_STRESS_ACTOR_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/rng.h"
#include "daemon/test/stress/link.h"

struct crowd;
struct player;
struct run;

enum actor_use {
	ACTOR_SOAK = 1 << 0,  /* behaves well enough for an hour's soak */
	ACTOR_LONG = 1 << 1,  /* its requests take long: they are under way when TERM comes */
	ACTOR_RUDE = 1 << 2,  /* gives the daemon reason to hang up: that is no failure */
	ACTOR_DISK = 1 << 3,  /* writes files */
	ACTOR_ALONE = 1 << 4, /* an attack of its own, too much next to others */
};

struct actor {
	const char *name;
	const char *does;       /* what it does and what it checks, for --list */
	const char *source;     /* the finding that it repeats, or "" */
	unsigned uses;          /* of enum actor_use */
	unsigned players_count; /* threads, when it attacks */
	/* 0, or a negative errno: the player then waits a little, with a closed link. */
	int (*step)(struct player *p);
};

extern const struct actor *const actor_tables[]; /* each ends with a row without a name */
const struct actor *actor_find(const char *name);
size_t actor_count(void);
const struct actor *actor_at(size_t index);

enum { PLAYER_KEPT_MAX = 40 };

/* One thread of a row. */
struct player {
	const struct actor *actor;
	struct run *run;
	unsigned index; /* in the crowd */
	pthread_t thread;
	_Atomic bool has_ended;
	struct rng rng;
	struct link link;              /* kept from step to step unless a step closes it */
	int32_t project;               /* of player_project */
	uint64_t project_end_ns;       /* of a soak: when it begins a new one; 0: not decided yet */
	uint32_t value;                /* what a row wants to remember */
	int32_t kept[PLAYER_KEPT_MAX]; /* open projects of the row "projects", the oldest first */
	unsigned kept_count;
	uint64_t pause_ns; /* after each step; 0: none */
	_Atomic uint64_t steps_count;
	_Atomic uint64_t results_count;
	_Atomic uint64_t errors_count; /* error replies */
	_Atomic uint64_t cuts_count;   /* connections closed by the daemon */
};

/* ---- what steps are made of; reports wrong and missing replies by itself ---- */

int player_connect(struct player *p); /* unless p->link is open */

/*
 * 0: a result. 1: an error reply. Negative: no reply. A parse error or "Invalid Request" is a
 * failure of the daemon: what players ask this way is correct JSON-RPC.
 */
int player_call(struct player *p, uint64_t limit_ns, struct link_reply *reply, const char *method,
		const char *params, ...) __attribute__((format(printf, 5, 6)));

/* The same with a request that is ready, and without a look at what the reply holds. */
int player_exchange(struct player *p, uint64_t limit_ns, const struct strbuf *request,
		    uint64_t *reply_bytes);

/* A project of this player, made on first use. */
int player_project(struct player *p);

/* Reports a reply that is not what it must be. */
void player_wrong(struct player *p, const char *what, const struct link_reply *reply);

/* Judges a code of link_*: reports a missing reply, counts cuts. Returns rc. */
int player_lost(struct player *p, uint64_t begin_ns, const char *method, int rc);

uint64_t player_limit_ns(const struct player *p, unsigned seconds); /* with the run's patience */

/* Random numbers in low..high. */
unsigned player_draw(struct player *p, unsigned low, unsigned high);

#endif
