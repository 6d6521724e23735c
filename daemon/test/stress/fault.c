#include "daemon/test/stress/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/test/stress/fail_alloc.h"
#include "daemon/test/stress/proc_sample.h"
#include "daemon/test/stress/run.h"
#include "daemon/test/stress/target.h"

enum {
	ALLOC_ONE_IN = 25,
	FDS_SPARE = 2, /* descriptors that are left while there are few */
	FILE_BYTES_MAX = 16 << 10,
	STOP_MS = 200,
};

static int alloc_on(struct run *r)
{
	const struct target *t = r->target;

	if (!t->cfg->with_fail_alloc || !t->place->fail_library)
		return -EOPNOTSUPP;
	atomic_store(&t->place->fail->seed, r->seed);
	atomic_store(&t->place->fail->one_in, ALLOC_ONE_IN);
	return 0;
}

static void alloc_off(struct run *r)
{
	atomic_store(&r->target->place->fail->one_in, 0);
}

/* The soft limit of another process; the hard one stays, so that it can be raised again. */
static int limit(struct run *r, __rlimit_resource_t resource, rlim_t soft)
{
	struct rlimit now;

	if (prlimit(r->target->pid, resource, NULL, &now) < 0)
		return -errno;
	now.rlim_cur = soft < now.rlim_max ? soft : now.rlim_max;
	return prlimit(r->target->pid, resource, &now, NULL) < 0 ? -errno : 0;
}

/* Stopped, or ended: that is for others to see. A moment, since others may let it continue. */
static void wait_stopped(pid_t pid)
{
	uint64_t until_ns = clock_ns() + STOP_MS * NSEC_PER_MSEC;
	siginfo_t info = { 0 };

	while (info.si_pid == 0 && clock_ns() < until_ns) {
		if (waitid(P_PID, (id_t)pid, &info, WSTOPPED | WEXITED | WNOWAIT | WNOHANG) < 0)
			return;
		clock_sleep_until_ns(clock_ns() + NSEC_PER_MSEC / 10);
	}
}

/* The daemon stands still meanwhile: a limit below what is open is another fault than this one. */
static int fds_on(struct run *r)
{
	pid_t pid = r->target->pid;
	int rc;

	kill(pid, SIGSTOP);
	wait_stopped(pid);
	rc = limit(r, RLIMIT_NOFILE, proc_count_fds(pid) + FDS_SPARE);
	kill(pid, SIGCONT);
	return rc;
}

static void fds_off(struct run *r)
{
	limit(r, RLIMIT_NOFILE, RLIM_INFINITY);
}

static void filler_path(const struct run *r, char *out, size_t cap)
{
	snprintf(out, cap, "%s/filler", r->target->place->disk);
}

static int disk_on(struct run *r)
{
	static const char zeros[64 << 10];
	char path[TARGET_PATH_MAX + 16];
	int fd;

	if (!r->target->place->has_disk)
		return -EOPNOTSUPP;
	filler_path(r, path, sizeof(path));
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
	close(fd);
	return 0;
}

static void disk_off(struct run *r)
{
	char path[TARGET_PATH_MAX + 16];

	filler_path(r, path, sizeof(path));
	unlink(path);
}

static int file_size_on(struct run *r)
{
	return limit(r, RLIMIT_FSIZE, FILE_BYTES_MAX);
}

static void file_size_off(struct run *r)
{
	limit(r, RLIMIT_FSIZE, RLIM_INFINITY);
}

const struct fault faults[] = {
	{ "alloc", "one allocation in 25 fails", FAULT_ALLOC, alloc_on, alloc_off },
	{ "fds", "two descriptors more than are open now", FAULT_FDS, fds_on, fds_off },
	{ "disk", "no space on the small file system", FAULT_DISK, disk_on, disk_off },
	{ "file-size", "no file above 16 KiB", FAULT_FILE_SIZE, file_size_on, file_size_off },
	{ 0 },
};

uint32_t fault_set_mask(struct run *r, uint32_t mask)
{
	uint32_t before = atomic_load(&r->faults);
	uint32_t now = before & mask;

	/* What is about to fail may do so from here on. */
	atomic_store(&r->faults, before | mask);
	for (const struct fault *f = faults; f->name; f++) {
		if ((before & f->bit) && !(mask & f->bit))
			f->off(r);
		if ((mask & f->bit) && !(before & f->bit) && f->on(r) == 0)
			now |= f->bit;
	}
	if (before && before != now)
		atomic_store(&r->faults_end_ns, clock_ns());
	atomic_store(&r->faults, now);
	return now;
}

void fault_format(uint32_t mask, char *out, int cap)
{
	int n = snprintf(out, (size_t)cap, "%s", mask ? "" : "none");

	for (const struct fault *f = faults; f->name && n < cap; f++)
		if (mask & f->bit)
			n += snprintf(out + n, (size_t)(cap - n), "%s%s", n ? ", " : "", f->name);
}
