#include "daemon/server/signals.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "daemon/base/thread.h"

enum { SIGNALS_STACK_BYTES = 128 * 1024 };

/* Sent by signals_join to its own thread; nobody else has a use for it. */
#define SIGNALS_END SIGRTMIN

static void fill(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGUSR1);
	sigaddset(set, SIGUSR2);
	sigaddset(set, SIGNALS_END);
}

void signals_block(void)
{
	sigset_t set;

	fill(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void *signals_run(void *arg)
{
	struct signals *s = arg;
	sigset_t set;

	fill(&set);
	for (;;) {
		int signo = 0;

		if (sigwait(&set, &signo) != 0)
			continue;
		if (signo == SIGNALS_END)
			return NULL;
		if (signo == SIGTERM || signo == SIGINT)
			s->cfg.stop(s->cfg.ctx);
		else if (signo == SIGHUP)
			s->cfg.reload(s->cfg.ctx);
		else if (signo == SIGUSR1)
			s->cfg.dump(s->cfg.ctx);
	}
}

int signals_start(struct signals *s, const struct signals_cfg *cfg, struct err *err)
{
	s->cfg = *cfg;
	return thread_start(&s->thread, "signals", SIGNALS_STACK_BYTES, signals_run, s, err);
}

void signals_join(struct signals *s)
{
	pthread_kill(s->thread, SIGNALS_END);
	pthread_join(s->thread, NULL);
}
