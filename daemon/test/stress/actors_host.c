/* actors_host.c - what the machine and its operator do to the daemon; and the tables of all. */
#include <signal.h>

#include "daemon/base/clock.h"
#include "daemon/test/stress/actors.h"
#include "daemon/test/stress/run.h"
#include "daemon/test/stress/target.h"

/* Reload, statistics, and signals that must mean nothing. */
static int step_signals(struct player *p)
{
	static const int signals[] = { SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE, SIGURG };

	pid_t pid = p->run->target->pid;

	/* Until target_end, which comes after the players' end, the number is the daemon's. */
	if (pid > 1)
		kill(pid, signals[player_draw(p, 0, 4)]);
	run_sleep(p->run, player_draw(p, 5, 60) * NSEC_PER_MSEC);
	return 0;
}

/* Everything that may be asked about the daemon itself. */
static int step_status(struct player *p)
{
	static const char *const methods[] = { "status",       "get_config",     "list_projects",
					       "list_renders", "list_methods",   "version",
					       "get_status",   "cleanup_expired" };
	int rc = player_call(p, player_limit_ns(p, 30), NULL, methods[player_draw(p, 0, 7)], "{}");

	if (rc >= 0 && player_draw(p, 0, 20) == 0)
		rc = player_call(p, player_limit_ns(p, 30), NULL, "set_config",
				 "{\"log_level\":\"%s\"}", player_draw(p, 0, 1) ? "info" : "error");
	if (rc >= 0 && player_draw(p, 0, 40) == 0)
		rc = player_call(p, player_limit_ns(p, 60), NULL, "debug_trigger_gc", "{}");
	return rc < 0 ? rc : 0;
}

static const struct actor actors_of_host[] = {
	{ "signals", "HUP, USR1, USR2, PIPE and URG to the daemon", "", ACTOR_SOAK, 1,
	  step_signals },
	{ "status", "status, configuration, lists", "", ACTOR_SOAK, 2, step_status },
	{ 0 },
};

const struct actor *const actor_tables[] = { actors_net,     actors_batch,
					     actors_script,  actors_voxel,
					     actors_picture, actors_file,
					     actors_of_host, NULL };
