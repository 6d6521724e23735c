#include "daemon/server/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

enum { PENDING_RELOAD = 1 << 0, PENDING_DUMP = 1 << 1 };

/* Handlers have no argument, so there is one per process. Written while signals are blocked. */
static struct signals_cfg handling;
static atomic_int pending;

static void fill(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGUSR1);
}

void signals_block(void)
{
	sigset_t set;

	fill(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	signal(SIGXFSZ,
	       SIG_IGN); /* for a file beyond the limit of file sizes write returns EFBIG */
}

static void handle(int signo)
{
	int saved = errno;

	if (signo == SIGTERM || signo == SIGINT) {
		handling.stop(handling.ctx);
	} else {
		atomic_fetch_or(&pending, signo == SIGHUP ? PENDING_RELOAD : PENDING_DUMP);
		handling.wake(handling.ctx);
	}
	errno = saved;
}

void signals_start(const struct signals_cfg *cfg)
{
	struct sigaction action = { .sa_handler = handle, .sa_flags = SA_RESTART };
	sigset_t set;

	handling = *cfg;
	fill(&set);
	action.sa_mask = set;
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void signals_serve(void)
{
	int now = atomic_exchange(&pending, 0);

	if (now & PENDING_RELOAD)
		handling.reload(handling.ctx);
	if (now & PENDING_DUMP)
		handling.dump(handling.ctx);
}

void signals_end(void)
{
	signals_block();
}
