#include "daemon/buffers/huge.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char thp_path[] = "/sys/kernel/mm/transparent_hugepage/enabled";
static const size_t page_bytes = (size_t)2 << 20;

/* madvise succeeds even when the setting is "never". */
static bool is_switched_off(void)
{
	char text[64];
	ssize_t len;
	int fd = open(thp_path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return true;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return true;
	text[len] = 0;
	return strstr(text, "[never]") != NULL;
}

int huge_init(struct huge *h, size_t bytes)
{
	char *map;
	char *start;
	size_t head;

	if (is_switched_off())
		return -EOPNOTSUPP;
	map = mmap(NULL, bytes + page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		   -1, 0);
	if (map == MAP_FAILED)
		return -errno;
	head = (page_bytes - ((uintptr_t)map & (page_bytes - 1))) & (page_bytes - 1);
	start = map + head;
	if (head)
		munmap(map, head);
	if (head != page_bytes)
		munmap(start + bytes, page_bytes - head);
	if (madvise(start, bytes, MADV_HUGEPAGE) < 0) {
		int rc = -errno;

		munmap(start, bytes);
		return rc;
	}
	*h = (struct huge){ .start = start, .bytes = bytes };
	return 0;
}

void huge_deinit(struct huge *h)
{
	if (h->start)
		munmap(h->start, h->bytes);
}

void *huge_carve(struct huge *h, size_t bytes)
{
	size_t at = (h->used_bytes + bytes - 1) & ~(bytes - 1);

	if (!h->start || at + bytes > h->bytes)
		return NULL;
	h->used_bytes = at + bytes;
	return h->start + at;
}
