#include "daemon/base/memory.h"

#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Files of /proc and /sys are short; longer ones are truncated. */
static bool read_text(const char *root, const char *path, char *out, size_t cap)
{
	char full[PATH_MAX];
	ssize_t len;
	int fd;

	if (snprintf(full, sizeof(full), "%s%s", root, path) >= (int)sizeof(full))
		return false;
	fd = open(full, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, out, cap - 1);
	close(fd);
	out[len > 0 ? len : 0] = '\0';
	return len > 0;
}

/* "MemTotal:       24684488 kB" */
static uint64_t machine_bytes(const char *root)
{
	char text[4096];
	const char *at;

	if (!read_text(root, "/proc/meminfo", text, sizeof(text)))
		return 0;
	at = strstr(text, "MemTotal:");
	return at ? strtoull(at + 9, NULL, 10) * 1024 : 0;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

/* The smallest limit of the group and its ancestors; 0: none. Without a limit, version 2 says "max"
 * and version 1 a number near 2^63. */
static uint64_t group_bytes(const char *root, const char *mount, const char *file, char *group)
{
	uint64_t least = 0;
	char path[PATH_MAX];
	char text[64];

	for (;;) {
		char *slash;

		if (snprintf(path, sizeof(path), "%s%s/%s", mount, group, file) <
			    (int)sizeof(path) &&
		    read_text(root, path, text, sizeof(text)) && text[0] != 'm') {
			uint64_t bytes = strtoull(text, NULL, 10);

			if (bytes < (uint64_t)1 << 60)
				least = smaller(least, bytes);
		}
		slash = strrchr(group, '/');
		if (!slash)
			return least;
		*slash = '\0';
	}
}

/* A line "0::/a/b" (version 2) or "4:memory:/a/b" (version 1). */
static uint64_t limit_of_line(const char *root, char *line)
{
	char *controllers = strchr(line, ':');
	char *group = controllers ? strchr(controllers + 1, ':') : NULL;

	if (!group)
		return 0;
	*group++ = '\0';
	if (!strcmp(group, "/"))
		*group = '\0';
	if (!strcmp(controllers, ":"))
		return group_bytes(root, "/sys/fs/cgroup", "memory.max", group);
	if (!strcmp(controllers, ":memory"))
		return group_bytes(root, "/sys/fs/cgroup/memory", "memory.limit_in_bytes", group);
	return 0;
}

uint64_t memory_total_below(const char *root)
{
	uint64_t least = machine_bytes(root);
	char text[8192];
	char *rest = text;
	char *line;

	if (!read_text(root, "/proc/self/cgroup", text, sizeof(text)))
		return least;
	while ((line = strsep(&rest, "\n")))
		least = smaller(least, limit_of_line(root, line));
	return least;
}

uint64_t memory_total_bytes(void)
{
	return memory_total_below("");
}

uint64_t memory_resident_bytes(void)
{
	char text[256];
	const char *second; /* of the file's numbers, in pages */

	if (!read_text("", "/proc/self/statm", text, sizeof(text)))
		return 0;
	second = strchr(text, ' ');
	return second ? strtoull(second, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

void memory_use_one_arena(void)
{
	mallopt(M_ARENA_MAX, 1); /* NOLINT(concurrency-mt-unsafe): before threads are started */
}

void memory_trim(uint64_t bytes_min)
{
	if (mallinfo2().fordblks >= bytes_min)
		malloc_trim(0);
}
