#include "profiles/capture/waits.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "daemon/base/clock.h"
#include "profiles/capture/target.h"

/* Kinds 0 and 1 are both futex(2); the last one covers every call that is not listed. */
static const struct {
	long number;
	const char *name;
} kinds[] = {
	{ SYS_futex, "mutex" },
	{ SYS_futex, "futex" },
#ifdef SYS_poll /* older calls, which newer architectures do without */
	{ SYS_epoll_wait, "epoll_wait" },
	{ SYS_poll, "poll" },
	{ SYS_select, "select" },
	{ SYS_pause, "pause" },
#endif
	{ SYS_epoll_pwait, "epoll_pwait" },
	{ SYS_ppoll, "ppoll" },
	{ SYS_pselect6, "pselect6" },
	{ SYS_io_uring_enter, "io_uring_enter" },
	{ SYS_read, "read" },
	{ SYS_readv, "readv" },
	{ SYS_recvfrom, "recvfrom" },
	{ SYS_recvmsg, "recvmsg" },
	{ SYS_write, "write" },
	{ SYS_writev, "writev" },
	{ SYS_sendto, "sendto" },
	{ SYS_sendmsg, "sendmsg" },
	{ SYS_accept, "accept" },
	{ SYS_accept4, "accept4" },
	{ SYS_nanosleep, "nanosleep" },
	{ SYS_clock_nanosleep, "clock_nanosleep" },
	{ SYS_rt_sigtimedwait, "rt_sigtimedwait" },
	{ SYS_rt_sigsuspend, "rt_sigsuspend" },
	{ SYS_wait4, "wait4" },
	{ SYS_fsync, "fsync" },
	{ SYS_fdatasync, "fdatasync" },
	{ -1, "page fault or signal" },
	{ -2, "other" },
};

enum { KINDS_COUNT = sizeof(kinds) / sizeof(kinds[0]), KIND_MUTEX = 0, KIND_FUTEX = 1 };

_Static_assert((int)KINDS_COUNT <= (int)WAITS_KINDS_MAX, "one counter for each kind");

const char *waits_kind_name(unsigned kind)
{
	return kind < KINDS_COUNT ? kinds[kind].name : NULL;
}

/* Parses "202 0xADDR 0xOP 0xVALUE ... 0xSP 0xPC" (number and arguments) or "running". */
int waits_parse(const char *line)
{
	char *at;
	long number;
	unsigned long args[3] = { 0 };

	if (strncmp(line, "running", 7) == 0)
		return -1;
	number = strtol(line, &at, 10);
	if (at == line)
		return KINDS_COUNT - 1;
	for (int i = 0; i < 3; i++)
		args[i] = strtoul(at, &at, 16);
	if (number == SYS_futex)
		return ((int)args[1] & FUTEX_CMD_MASK) == FUTEX_WAIT && args[2] == 2 ? KIND_MUTEX
										     : KIND_FUTEX;
	for (int i = 0; i < KINDS_COUNT; i++) {
		if (kinds[i].number == number)
			return i;
	}
	return KINDS_COUNT - 1;
}

void waits_init(struct waits *w, pid_t pid)
{
	*w = (struct waits){ .pid = pid };
}

void waits_deinit(struct waits *w)
{
	free(w->threads);
	memset(w, 0, sizeof(*w));
}

/* Reads the first line of a file of a thread. 0 or -errno. */
static int read_line(const struct waits *w, pid_t tid, const char *file, char *line, int cap)
{
	char path[64];
	FILE *in;
	int rc = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", (int)w->pid, (int)tid, file);
	in = fopen(path, "re");
	if (!in)
		return -errno;
	errno = 0;
	if (!fgets(line, cap, in))
		rc = errno ? -errno : -ENODATA;
	fclose(in);
	return rc;
}

static struct waits_thread *thread_of(struct waits *w, pid_t tid)
{
	struct waits_thread *t;

	for (size_t i = 0; i < w->count; i++) {
		if (w->threads[i].tid == tid)
			return &w->threads[i];
	}
	if (w->count == WAITS_THREADS_MAX)
		return NULL;
	if (w->count == w->cap) {
		size_t cap = w->cap ? 2 * w->cap : 16;
		struct waits_thread *more = realloc(w->threads, cap * sizeof(*more));

		if (!more)
			return NULL;
		w->threads = more;
		w->cap = cap;
	}
	t = &w->threads[w->count++];
	*t = (struct waits_thread){ .tid = tid };
	if (read_line(w, tid, "comm", t->name, sizeof(t->name)) == 0)
		t->name[strcspn(t->name, "\n")] = '\0';
	return t;
}

static void look_at(struct waits *w, pid_t tid)
{
	struct waits_thread *t = thread_of(w, tid);
	char line[256], *at;
	bool is_first;
	int rc, kind;

	/* "on processor, waiting for one, how often" */
	if (!t || read_line(w, tid, "schedstat", line, sizeof(line)) < 0)
		return;
	is_first = t->first_ns == 0;
	t->last_ns = clock_ns();
	t->cpu_ns[1] = strtoull(line, &at, 10);
	t->runnable_ns[1] = strtoull(at, NULL, 10);
	if (is_first) {
		t->first_ns = t->last_ns;
		t->cpu_ns[0] = t->cpu_ns[1];
		t->runnable_ns[0] = t->runnable_ns[1];
	}
	rc = read_line(w, tid, "syscall", line, sizeof(line));
	w->is_refused |= rc == -EPERM || rc == -EACCES;
	if (rc < 0)
		return;
	kind = waits_parse(line);
	if (kind < 0)
		t->running_count++;
	else
		t->kind_counts[kind]++;
}

void waits_take(struct waits *w)
{
	uint64_t begin_ns = clock_ns();
	pid_t *tids = NULL;
	int count = target_threads(w->pid, &tids);

	for (int i = 0; i < count; i++)
		look_at(w, tids[i]);
	if (count > 0)
		free(tids);
	w->looks_count++;
	w->cost_ns += clock_ns() - begin_ns;
}

struct waits_seconds waits_of(const struct waits_thread *t)
{
	double whole_s = (double)(t->last_ns - t->first_ns) / 1e9;
	struct waits_seconds x = {
		.cpu_s = (double)(t->cpu_ns[1] - t->cpu_ns[0]) / 1e9,
		.runnable_s = (double)(t->runnable_ns[1] - t->runnable_ns[0]) / 1e9,
	};

	/* The kernel updates the sums at switches and ticks, not at the moment of reading. */
	x.asleep_s = whole_s - x.cpu_s - x.runnable_s;
	if (x.asleep_s < 0)
		x.asleep_s = 0;
	return x;
}

double waits_blocked_s(const struct waits_thread *t, unsigned kind)
{
	uint64_t asleep_count = 0;

	for (unsigned i = 0; i < KINDS_COUNT; i++)
		asleep_count += t->kind_counts[i];
	if (asleep_count == 0 || kind >= KINDS_COUNT)
		return 0;
	return waits_of(t).asleep_s * (double)t->kind_counts[kind] / (double)asleep_count;
}
