/* pair_watch.c - reading /proc for a tree of processes. */
#include "loadgen/pair/pair_watch.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"

enum { PROCESSES_MAX = 256, PATH_BYTES = 64, STATUS_BYTES = 4096, KIB = 1024 };

struct pair_watch_process {
	pid_t pid;
	clockid_t clock;
	uint64_t cpu_ns; /* as of the last reading */
	DIR *tasks;      /* owned; NULL when it could not be opened */
};

struct pair_watch_thread {
	pid_t tid;
	int schedstat_fd; /* -1 where the kernel has none */
	int status_fd;
	bool is_seen; /* in the reading under way */
	uint64_t runqueue_ns, voluntary, involuntary;
};

/* ---- the tree -------------------------------------------------------------- */

/* The parent of a process; 0 when the process is gone. */
static pid_t parent_of(pid_t pid)
{
	char path[PATH_BYTES], text[1024];
	const char *at;
	FILE *in;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	in = fopen(path, "re");
	if (!in)
		return 0;
	len = fread(text, 1, sizeof(text) - 1, in);
	fclose(in);
	text[len] = '\0';
	at = strrchr(text, ')');
	/* ") S 123" */
	return at && strlen(at) > 4 ? (pid_t)strtol(at + 4, NULL, 10) : 0;
}

struct relation {
	pid_t pid, parent;
};

static size_t list_processes(struct relation *out, size_t cap)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	size_t count = 0;

	while (dir && count < cap &&
	       (entry = readdir(dir))) { /* NOLINT(concurrency-mt-unsafe): dir is ours */
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		out[count].pid = (pid_t)strtol(entry->d_name, NULL, 10);
		out[count].parent = parent_of(out[count].pid);
		count++;
	}
	if (dir)
		closedir(dir);
	return count;
}

/* Fills pids[cap] with root and its descendants, parents first. */
static size_t list_tree(pid_t root, pid_t *pids, size_t cap)
{
	enum { ALL_MAX = 65536 };
	struct relation *all = calloc(ALL_MAX, sizeof(*all));
	size_t all_count = all ? list_processes(all, ALL_MAX) : 0;
	size_t count = 1;

	pids[0] = root;
	for (size_t done = 0; done < count; done++)
		for (size_t i = 0; i < all_count && count < cap; i++)
			if (all[i].parent == pids[done])
				pids[count++] = all[i].pid;
	free(all);
	return count;
}

int pair_watch_open(pid_t root, struct pair_watch *out, struct err *err)
{
	pid_t pids[PROCESSES_MAX];
	size_t count = list_tree(root, pids, PROCESSES_MAX);

	memset(out, 0, sizeof(*out));
	out->processes = calloc(count, sizeof(*out->processes));
	if (!out->processes)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++) {
		struct pair_watch_process *p = &out->processes[out->processes_count];
		char path[PATH_BYTES];

		p->pid = pids[i];
		if (clock_getcpuclockid(p->pid, &p->clock) != 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task", (int)p->pid);
		p->tasks = opendir(path);
		out->processes_count++;
	}
	if (!out->processes_count)
		return err_set(err, -ESRCH, "there is no process %d", (int)root);
	return 0;
}

static void close_thread(struct pair_watch_thread *t)
{
	if (t->schedstat_fd >= 0)
		close(t->schedstat_fd);
	if (t->status_fd >= 0)
		close(t->status_fd);
}

void pair_watch_close(struct pair_watch *w)
{
	for (size_t i = 0; i < w->processes_count; i++)
		if (w->processes[i].tasks)
			closedir(w->processes[i].tasks);
	for (size_t i = 0; i < w->threads_count; i++)
		close_thread(&w->threads[i]);
	free(w->processes);
	free(w->threads);
	memset(w, 0, sizeof(*w));
}

/* ---- reading --------------------------------------------------------------- */

uint64_t pair_watch_cpu_ns(struct pair_watch *w)
{
	for (size_t i = 0; i < w->processes_count; i++) {
		struct pair_watch_process *p = &w->processes[i];
		struct timespec ts;
		uint64_t ns;

		if (clock_gettime(p->clock, &ts) < 0)
			continue;
		ns = (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
		if (ns > p->cpu_ns) {
			w->sum.cpu_ns += ns - p->cpu_ns;
			p->cpu_ns = ns;
		}
	}
	return w->sum.cpu_ns;
}

/* Adds the increase of a counter. */
static void advance(uint64_t *sum, uint64_t *last, uint64_t now)
{
	if (now > *last) {
		*sum += now - *last;
		*last = now;
	}
}

static bool read_at_start(int fd, char *text, size_t cap)
{
	ssize_t len = fd < 0 ? -1 : pread(fd, text, cap - 1, 0);

	if (len <= 0)
		return false;
	text[len] = '\0';
	return true;
}

static uint64_t number_after(const char *text, const char *word)
{
	const char *at = strstr(text, word);

	return at ? strtoull(at + strlen(word), NULL, 10) : 0;
}

static void read_thread(struct pair_watch *w, struct pair_watch_thread *t)
{
	char text[STATUS_BYTES], *end;

	if (read_at_start(t->schedstat_fd, text, sizeof(text))) {
		strtoull(text, &end, 10); /* CPU time: taken from the clock of the process */
		advance(&w->sum.runqueue_ns, &t->runqueue_ns, strtoull(end, NULL, 10));
	}
	if (!read_at_start(t->status_fd, text, sizeof(text)))
		return;
	advance(&w->sum.switches_voluntary, &t->voluntary,
		number_after(text, "\nvoluntary_ctxt_switches:"));
	advance(&w->sum.switches_involuntary, &t->involuntary,
		number_after(text, "\nnonvoluntary_ctxt_switches:"));
}

static int open_file(const struct pair_watch_process *p, pid_t tid, const char *name)
{
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", (int)p->pid, (int)tid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void add_thread(struct pair_watch *w, const struct pair_watch_process *p, pid_t tid)
{
	if (w->threads_count == w->threads_cap) {
		size_t cap = w->threads_cap ? 2 * w->threads_cap : 32;
		struct pair_watch_thread *more = realloc(w->threads, cap * sizeof(*more));

		if (!more)
			return;
		w->threads = more;
		w->threads_cap = cap;
	}
	w->threads[w->threads_count++] = (struct pair_watch_thread){
		.tid = tid,
		.schedstat_fd = open_file(p, tid, "schedstat"),
		.status_fd = open_file(p, tid, "status"),
		.is_seen = true,
	};
}

static void see_thread(struct pair_watch *w, const struct pair_watch_process *p, pid_t tid)
{
	for (size_t i = 0; i < w->threads_count; i++)
		if (w->threads[i].tid == tid) {
			w->threads[i].is_seen = true;
			return;
		}
	add_thread(w, p, tid);
}

static void see_threads(struct pair_watch *w)
{
	struct dirent *entry;

	for (size_t i = 0; i < w->threads_count; i++)
		w->threads[i].is_seen = false;
	for (size_t i = 0; i < w->processes_count; i++) {
		const struct pair_watch_process *p = &w->processes[i];

		if (!p->tasks)
			continue;
		rewinddir(p->tasks);
		while ((entry = readdir(p->tasks))) /* NOLINT(concurrency-mt-unsafe): ours */
			if (isdigit((unsigned char)entry->d_name[0]))
				see_thread(w, p, (pid_t)strtol(entry->d_name, NULL, 10));
	}
}

static void drop_ended(struct pair_watch *w)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->threads_count; i++) {
		if (w->threads[i].is_seen)
			w->threads[kept++] = w->threads[i];
		else
			close_thread(&w->threads[i]);
	}
	w->threads_count = kept;
}

void pair_watch_read(struct pair_watch *w, struct pair_usage *out)
{
	pair_watch_cpu_ns(w);
	see_threads(w);
	for (size_t i = 0; i < w->threads_count; i++)
		read_thread(w, &w->threads[i]);
	drop_ended(w);
	*out = w->sum;
}

void pair_watch_memory(const struct pair_watch *w, uint64_t *rss_bytes, uint64_t *peak_bytes)
{
	*rss_bytes = *peak_bytes = 0;
	for (size_t i = 0; i < w->processes_count; i++) {
		char path[PATH_BYTES], text[STATUS_BYTES];
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/status", (int)w->processes[i].pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (read_at_start(fd, text, sizeof(text))) {
			*rss_bytes += number_after(text, "\nVmRSS:") * KIB;
			*peak_bytes += number_after(text, "\nVmHWM:") * KIB;
		}
		if (fd >= 0)
			close(fd);
	}
}

struct pair_usage pair_usage_since(const struct pair_usage *now, const struct pair_usage *before)
{
	return (struct pair_usage){
		.cpu_ns = now->cpu_ns - before->cpu_ns,
		.runqueue_ns = now->runqueue_ns - before->runqueue_ns,
		.switches_voluntary = now->switches_voluntary - before->switches_voluntary,
		.switches_involuntary = now->switches_involuntary - before->switches_involuntary,
	};
}

void pair_usage_add(struct pair_usage *into, const struct pair_usage *u)
{
	into->cpu_ns += u->cpu_ns;
	into->runqueue_ns += u->runqueue_ns;
	into->switches_voluntary += u->switches_voluntary;
	into->switches_involuntary += u->switches_involuntary;
}
