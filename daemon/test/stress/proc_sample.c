#include "daemon/test/stress/proc_sample.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A small file of /proc as text; "" where it cannot be read. */
static void read_text(const char *path, char *out, size_t cap)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	while (fd >= 0 && len + 1 < cap && (n = read(fd, out + len, cap - 1 - len)) > 0)
		len += (size_t)n;
	out[len] = '\0';
	if (fd >= 0)
		close(fd);
}

/* The number after "key:"; 0 without it. */
static uint64_t number_after(const char *text, const char *key, int base)
{
	const char *at = strstr(text, key);

	if (!at)
		return 0;
	return strtoull(at + strlen(key), NULL, base);
}

static unsigned count_entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned n = 0;

	if (!dir)
		return 0;
	for (struct dirent *e; (e = readdir(dir));) /* NOLINT(concurrency-mt-unsafe) */
		n += e->d_name[0] != '.';
	closedir(dir);
	return n;
}

unsigned proc_count_fds(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	return count_entries(path);
}

size_t proc_list_children(pid_t *pids, size_t cap)
{
	char path[64];
	char text[4096];
	const char *at = text;
	size_t n = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)getpid(), (int)getpid());
	read_text(path, text, sizeof(text));
	for (char *end; n < cap; at = end) {
		long pid = strtol(at, &end, 10);

		if (end == at)
			break;
		pids[n++] = (pid_t)pid;
	}
	return n;
}

void proc_describe_fds(pid_t pid, char *out, size_t cap)
{
	static const char *const kinds[] = { "socket:", "pipe:", "anon_inode:", "" };
	unsigned counts[4] = { 0 };
	char path[64];
	char target[64];
	int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	*out = '\0';
	dir = opendir(path);
	if (!dir)
		return;
	for (struct dirent *e; (e = readdir(dir));) { /* NOLINT(concurrency-mt-unsafe) */
		ssize_t len = readlinkat(dirfd(dir), e->d_name, target, sizeof(target) - 1);
		int kind = 0;

		if (len < 0)
			continue;
		target[len] = '\0';
		while (strncmp(target, kinds[kind], strlen(kinds[kind])) != 0)
			kind++;
		counts[kind]++;
	}
	closedir(dir);
	for (int i = 0; i < 4 && n < (int)cap; i++)
		n += snprintf(out + n, cap - (size_t)n, "%s%u %s", i ? ", " : "", counts[i],
			      *kinds[i] ? kinds[i] : "files");
}

static unsigned count_words(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += !isspace((unsigned char)*text) &&
		     (text[1] == '\0' || isspace((unsigned char)text[1]));
	return n;
}

unsigned proc_count_children(pid_t pid)
{
	char path[96];
	char text[4096];
	unsigned n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		return 0;
	for (struct dirent *e; (e = readdir(dir));) { /* NOLINT(concurrency-mt-unsafe) */
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%.16s/children", (int)pid, e->d_name);
		read_text(path, text, sizeof(text));
		n += count_words(text);
	}
	closedir(dir);
	return n;
}

/* utime and stime are the fields 14 and 15 of stat, the 12th and 13th after the name. */
static uint64_t cpu_ms_of(pid_t pid)
{
	char path[64];
	char text[1024];
	const char *at;
	uint64_t ticks = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	read_text(path, text, sizeof(text));
	at = strrchr(text, ')');
	for (int field = 2; at && field < 15; field++) {
		at = strchr(at + 1, ' ');
		if (at && field >= 13)
			ticks += strtoull(at + 1, NULL, 10);
	}
	return ticks * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

int proc_sample_take(pid_t pid, struct proc_sample *out)
{
	char path[64];
	char text[4096];

	*out = (struct proc_sample){ 0 };
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	read_text(path, text, sizeof(text));
	if (!*text)
		return -ESRCH;
	out->rss_bytes = number_after(text, "\nVmRSS:", 10) << 10;
	out->threads_count = (unsigned)number_after(text, "\nThreads:", 10);
	out->umask = (unsigned)number_after(text, "Umask:", 8);
	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	read_text(path, text, sizeof(text));
	out->pss_bytes = number_after(text, "\nPss:", 10) << 10;
	out->cpu_ms = cpu_ms_of(pid);
	out->fds_count = proc_count_fds(pid);
	out->children_count = proc_count_children(pid);
	return 0;
}
