#include "daemon/store/journal_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/err.h"

/* "journal-12.log" with prefix "journal-" and suffix ".log": 12. No number: 0. */
static uint64_t number_of(const char *name, const char *prefix, const char *suffix)
{
	uint64_t number = 0;
	size_t len = strlen(prefix);

	if (strncmp(name, prefix, len) != 0)
		return 0;
	for (name += len; *name >= '0' && *name <= '9'; name++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*name - '0'), &number))
			return 0;
	return strcmp(name, suffix) == 0 ? number : 0;
}

static int add_number(uint64_t **list, size_t *count, size_t *cap, uint64_t number)
{
	if (*count == *cap) {
		size_t more = *cap ? 2 * *cap : 16;
		uint64_t *grown = realloc(*list, more * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		*list = grown;
		*cap = more;
	}
	(*list)[(*count)++] = number;
	return 0;
}

static int note_file(struct journal_folder *f, int dir_fd, const char *name)
{
	uint64_t number = number_of(name, "journal-", ".log");

	if (number)
		return add_number(&f->logs, &f->count, &f->cap, number);
	number = number_of(name, "snapshot-", "");
	if (number)
		return add_number(&f->snapshots, &f->snapshots_count, &f->snapshots_cap, number);
	if (number_of(name, "snapshot-", ".tmp"))
		(void)unlinkat(dir_fd, name, 0); /* was never completed */
	return 0;
}

static int compare_numbers(const void *a, const void *b)
{
	uint64_t na = *(const uint64_t *)a;
	uint64_t nb = *(const uint64_t *)b;

	return (na > nb) - (na < nb);
}

int journal_folder_read(struct journal_folder *f, int dir_fd, struct err *err)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int rc = 0;

	if (!dir) {
		rc = err_set(err, -errno, "list the folder: %s", strerrordesc_np(errno));
		if (fd >= 0)
			close(fd);
		return rc;
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): a stream of its own */
	while (rc == 0 && (entry = readdir(dir)))
		rc = note_file(f, dir_fd, entry->d_name);
	closedir(dir);
	if (rc < 0)
		return err_set(err, rc, "list the folder: out of memory");
	if (f->count)
		qsort(f->logs, f->count, sizeof(uint64_t), compare_numbers);
	if (f->snapshots_count)
		qsort(f->snapshots, f->snapshots_count, sizeof(uint64_t), compare_numbers);
	return 0;
}

void journal_folder_deinit(struct journal_folder *f)
{
	free(f->logs);
	free(f->snapshots);
	*f = (struct journal_folder){ 0 };
}
