#include "daemon/test/stress/run.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"

/* A daemon that had no memory for a moment may hang up a little later. */
enum { FAULTS_ECHO_MS = 500 };

int run_open(struct run *r, struct err *err)
{
	r->finish_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return r->stop_fd < 0 || r->finish_fd < 0 ? err_set(err, -errno, "eventfd") : 0;
}

void run_close(struct run *r)
{
	close(r->finish_fd);
	close(r->stop_fd);
}

void run_finish(struct run *r)
{
	eventfd_write(r->finish_fd, 1);
}

void run_stop(struct run *r)
{
	run_finish(r);
	eventfd_write(r->stop_fd, 1);
}

void run_restart(struct run *r)
{
	eventfd_t n;

	eventfd_read(r->stop_fd, &n);
	eventfd_read(r->finish_fd, &n);
}

static bool sleep_until(int fd, uint64_t ns)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct timespec t = clock_timespec(ns);

	return ppoll(&p, 1, &t, NULL) == 0;
}

bool run_sleep(const struct run *r, uint64_t ns)
{
	return sleep_until(r->finish_fd, ns);
}

bool run_sleep_until_stop(const struct run *r, uint64_t ns)
{
	return sleep_until(r->stop_fd, ns);
}

bool run_is_finishing(const struct run *r)
{
	return !run_sleep(r, 0);
}

bool run_had_faults(const struct run *r, uint64_t since_ns)
{
	return r->is_tight || atomic_load(&r->faults) != 0 ||
	       atomic_load(&r->faults_end_ns) + FAULTS_ECHO_MS * NSEC_PER_MSEC >= since_ns;
}
