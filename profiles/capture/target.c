#include "profiles/capture/target.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/sock.h"

/* The text after the ')' that ends the name in /proc/PID/stat; NULL when there is none. */
static const char *read_stat(pid_t pid, char *text, size_t cap)
{
	char path[64];
	FILE *in;
	size_t len;
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	in = fopen(path, "re");
	if (!in)
		return NULL;
	len = fread(text, 1, cap - 1, in);
	fclose(in);
	text[len] = '\0';
	at = strrchr(text, ')');
	return at && at[1] == ' ' ? at + 2 : NULL;
}

/* The value of "Key:\tvalue" in /proc/PID/status; -1 when it is missing. */
static long read_status(pid_t pid, const char *key)
{
	char path[64], line[256];
	size_t key_len = strlen(key);
	long value = -1;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	in = fopen(path, "re");
	if (!in)
		return -1;
	while (value < 0 && fgets(line, sizeof(line), in)) {
		if (strncmp(line, key, key_len) == 0 && line[key_len] == ':')
			value = strtol(line + key_len + 1, NULL, 10);
	}
	fclose(in);
	return value;
}

static void read_comm(struct target *t)
{
	char path[64];
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)t->pid);
	in = fopen(path, "re");
	if (!in)
		return;
	if (fgets(t->comm, sizeof(t->comm), in))
		t->comm[strcspn(t->comm, "\n")] = '\0';
	fclose(in);
}

int target_open(pid_t pid, struct target *out, struct err *err)
{
	char text[1024], path[64];
	struct target t = { .pid = pid, .pidfd = -1 };
	const char *stat;
	ssize_t len;

	if (pid <= 0)
		return err_set(err, -EINVAL, "pid %d: not a process number", (int)pid);
	stat = read_stat(pid, text, sizeof(text));
	if (!stat)
		return err_set(err, -ESRCH, "there is no process with pid %d", (int)pid);
	if (*stat == 'Z' || *stat == 'X')
		return err_set(err, -EINVAL, "process %d has ended already (zombie)", (int)pid);
	if (read_status(pid, "Tgid") != pid)
		return err_set(err, -EINVAL, "%d is a thread of process %ld, not a process",
			       (int)pid, read_status(pid, "Tgid"));
	t.pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	read_comm(&t);
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	len = readlink(path, t.exe, sizeof(t.exe) - 1);
	t.exe[len > 0 ? len : 0] = '\0';
	*out = t;
	return 0;
}

void target_close(struct target *t)
{
	if (t->pidfd > 0)
		close(t->pidfd);
	t->pidfd = -1;
}

bool target_is_alive(const struct target *t)
{
	struct pollfd p = { .fd = t->pidfd, .events = POLLIN };
	char text[1024];
	const char *stat;

	if (t->pidfd >= 0)
		return poll(&p, 1, 0) == 0;
	stat = read_stat(t->pid, text, sizeof(text));
	return stat && *stat != 'Z' && *stat != 'X';
}

static int compare_pids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

int target_threads(pid_t pid, pid_t **out)
{
	char path[64];
	pid_t *tids = NULL;
	int count = 0, cap = 0;
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) { /* NOLINT(concurrency-mt-unsafe): dir is ours */
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		if (count == cap) {
			int grown = cap ? 2 * cap : 16;
			pid_t *more = realloc(tids, (size_t)grown * sizeof(*tids));

			if (!more) {
				free(tids);
				closedir(dir);
				return -ENOMEM;
			}
			tids = more;
			cap = grown;
		}
		tids[count++] = (pid_t)strtol(entry->d_name, NULL, 10);
	}
	closedir(dir);
	if (count)
		qsort(tids, (size_t)count, sizeof(*tids), compare_pids);
	*out = tids;
	return count;
}

/* Where a field of /proc/PID/stat starts; text is that of read_stat, which starts with field 3. */
static const char *field_of(const char *stat, int field)
{
	for (int at = 3; stat && at < field; at++) {
		stat = strchr(stat, ' ');
		stat += stat != NULL;
	}
	return stat;
}

int target_cpu_ns(pid_t pid, unsigned long long *user_ns, unsigned long long *kernel_ns)
{
	unsigned long long tick_ns = NSEC_PER_SEC / (unsigned long long)sysconf(_SC_CLK_TCK);
	char text[1024], *end;
	const char *at = field_of(read_stat(pid, text, sizeof(text)), 14);

	if (!at)
		return -ESRCH;
	*user_ns = strtoull(at, &end, 10) * tick_ns;
	*kernel_ns = strtoull(end, NULL, 10) * tick_ns;
	return 0;
}

int target_faults(pid_t pid, double *minor, double *major)
{
	char text[1024];
	const char *stat = read_stat(pid, text, sizeof(text));
	const char *minor_at = field_of(stat, 10), *major_at = field_of(stat, 12);

	if (!minor_at || !major_at)
		return -ESRCH;
	*minor = strtod(minor_at, NULL);
	*major = strtod(major_at, NULL);
	return 0;
}

/* Inodes of the sockets among the process's descriptors. */
static int socket_inodes(pid_t pid, unsigned long *inodes, int cap)
{
	char path[64 + 256], link[64];
	struct dirent *entry;
	int count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (count < cap &&
	       (entry = readdir(dir))) { /* NOLINT(concurrency-mt-unsafe): as above */
		ssize_t len;

		snprintf(path, sizeof(path), "/proc/%d/fd/%s", (int)pid, entry->d_name);
		len = readlink(path, link, sizeof(link) - 1);
		if (len <= 0)
			continue;
		link[len] = '\0';
		if (strncmp(link, "socket:[", 8) == 0)
			inodes[count++] = strtoul(link + 8, NULL, 10);
	}
	closedir(dir);
	return count;
}

static bool has_inode(const unsigned long *inodes, int count, unsigned long inode)
{
	for (int i = 0; i < count; i++) {
		if (inodes[i] == inode)
			return true;
	}
	return false;
}

/* The words of a line, separated by blanks. Returns how many, at most cap. */
static int split(char *line, char **words, int cap)
{
	char *save = NULL;
	int count = 0;

	for (char *word = strtok_r(line, " \n", &save); word && count < cap;
	     word = strtok_r(NULL, " \n", &save))
		words[count++] = word;
	return count;
}

/* "Num: RefCount Protocol Flags Type St Inode Path"; flag 0x10000 is a listening socket. */
static bool parse_unix(char *line, unsigned long *inode, struct sock_addr *addr)
{
	char *words[8];

	if (split(line, words, 8) < 8 || !(strtoul(words[3], NULL, 16) & 0x10000) ||
	    words[7][0] == '@')
		return false;
	*inode = strtoul(words[6], NULL, 10);
	return sock_parse_unix(words[7], addr, NULL) == 0;
}

/* "sl local_address rem_address st ... inode"; state 0A is listening. Wildcards become loopback. */
static bool parse_tcp(char *line, unsigned long *inode, struct sock_addr *addr)
{
	char *words[10];
	const char *port;

	if (split(line, words, 10) < 10 || strcmp(words[3], "0A") != 0)
		return false;
	port = strchr(words[1], ':');
	*inode = strtoul(words[9], NULL, 10);
	*addr = (struct sock_addr){ .host = "127.0.0.1" };
	addr->port = port ? (uint16_t)strtoul(port + 1, NULL, 16) : 0;
	return addr->port != 0;
}

int target_listeners(pid_t pid, struct sock_addr *out, size_t cap)
{
	static const struct {
		const char *file;
		bool (*parse)(char *line, unsigned long *inode, struct sock_addr *addr);
	} tables[] = { { "unix", parse_unix }, { "tcp", parse_tcp } };
	enum { INODES_MAX = 4096 };
	unsigned long *inodes = calloc(INODES_MAX, sizeof(*inodes));
	int inodes_count;
	size_t count = 0;

	if (!inodes)
		return -ENOMEM;
	inodes_count = socket_inodes(pid, inodes, INODES_MAX);
	for (size_t i = 0; inodes_count > 0 && i < sizeof(tables) / sizeof(tables[0]); i++) {
		char path[64], line[512];
		FILE *in;

		/* /proc/PID/net shows the process's own network namespace. */
		snprintf(path, sizeof(path), "/proc/%d/net/%s", (int)pid, tables[i].file);
		in = fopen(path, "re");
		while (in && count < cap && fgets(line, sizeof(line), in)) {
			unsigned long inode;

			if (tables[i].parse(line, &inode, &out[count]) &&
			    has_inode(inodes, inodes_count, inode))
				count++;
		}
		if (in)
			fclose(in);
	}
	free(inodes);
	return inodes_count < 0 ? inodes_count : (int)count;
}
