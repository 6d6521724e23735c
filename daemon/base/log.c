#include "daemon/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"

enum { LINE_MAX_BYTES = 2048 };

static _Atomic int log_level = LOG_INFO;
static _Atomic int log_fd = STDERR_FILENO;
static _Atomic unsigned long lost_count;
static _Atomic int lost_code; /* why the last one was */
static _Atomic bool is_cut;   /* the file ends with an incomplete line */

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&log_level, (int)level, memory_order_relaxed);
}

enum log_level log_get_level(void)
{
	return (enum log_level)atomic_load_explicit(&log_level, memory_order_relaxed);
}

int log_descriptor(void)
{
	return atomic_load_explicit(&log_fd, memory_order_acquire);
}

unsigned long log_lost(int *code)
{
	*code = atomic_load_explicit(&lost_code, memory_order_relaxed);
	return atomic_load_explicit(&lost_count, memory_order_relaxed);
}

const char *log_level_name(enum log_level level)
{
	static const char *const words[] = { "error", "warn", "info", "debug" };

	return words[level];
}

static int duplicate(int fd, const char *path, struct err *err)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	return copy < 0 ? err_set(err, -errno, "log file %s: %s", path, strerrordesc_np(errno))
			: copy;
}

/* Opens without waiting: opening a pipe without a reader would wait. */
static int open_file(const char *path, struct err *err)
{
	struct stat st;
	int fd;

	if (strcmp(path, "/dev/stdout") == 0 || strcmp(path, "/dev/stderr") == 0)
		return duplicate(path[8] == 'o' ? STDOUT_FILENO : STDERR_FILENO, path, err);
	fd = open(path,
		  O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		  0644);
	if (fd < 0 && errno == ELOOP)
		return err_set(err, -ELOOP, "log file %s: it is a link, which is not followed",
			       path);
	if (fd < 0 && errno != ENXIO)
		return err_set(err, -errno, "log file %s: %s", path, strerrordesc_np(errno));
	if (fd >= 0 && fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISCHR(st.st_mode)) &&
	    fcntl(fd, F_SETFL, O_APPEND) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return err_set(err, -EINVAL, "log file %s: neither a regular file nor a terminal", path);
}

int log_open(const char *path, struct err *err)
{
	int fd = open_file(path, err);
	int old;
	int rc;

	if (fd < 0)
		return fd;
	old = atomic_load_explicit(&log_fd, memory_order_acquire);
	if (old == STDERR_FILENO) {
		atomic_store_explicit(&log_fd, fd, memory_order_release);
		return 0;
	}
	/*
	 * The old descriptor number gets the new file instead of being closed, since a thread may
	 * be using it in write(2).
	 */
	rc = dup3(fd, old, O_CLOEXEC) < 0 ? -errno : 0;
	close(fd);
	if (rc)
		return err_set(err, rc, "log file %s: %s", path, strerrordesc_np(-rc));
	return 0;
}

static size_t stamp(char *out, size_t cap)
{
	uint64_t now_ns = clock_wall_ns();
	char seconds[32];

	clock_format_iso(now_ns, seconds, sizeof(seconds));
	/* The last character is the Z, which belongs after the fraction. */
	return (size_t)snprintf(out, cap, "%.*s.%03uZ", (int)strlen(seconds) - 1, seconds,
				(unsigned)(now_ns % NSEC_PER_SEC / NSEC_PER_MSEC));
}

/* Line breaks in a message would make it look like several events. */
static void flatten(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n' || text[i] == '\r')
			text[i] = ' ';
	}
}

/* 0 or a negative errno. */
static int put(const char *bytes, size_t len)
{
	int fd = atomic_load_explicit(&log_fd, memory_order_acquire);
	bool is_begun = false;

	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int rc = -errno;

			if (is_begun)
				atomic_store_explicit(&is_cut, true, memory_order_relaxed);
			return rc;
		}
		bytes += n;
		len -= (size_t)n;
		is_begun = true;
	}
	return 0;
}

static int note_lost(unsigned long count)
{
	int code = atomic_load_explicit(&lost_code, memory_order_relaxed);
	char note[LINE_MAX_BYTES];
	size_t len = 0;
	bool was_cut = atomic_exchange_explicit(&is_cut, false, memory_order_relaxed);
	int rc;

	if (was_cut)
		note[len++] = '\n';
	len += stamp(note + len, sizeof(note) - len);
	len += (size_t)snprintf(note + len, sizeof(note) - len,
				" warn log: %lu lines before this one are lost: %s\n", count,
				strerrordesc_np(-code));
	rc = put(note, len);
	if (rc && was_cut)
		atomic_store_explicit(&is_cut, true, memory_order_relaxed);
	return rc;
}

static void put_line(const char *line, size_t len)
{
	unsigned long count = 0;
	int rc = 0;

	if (__builtin_expect(atomic_load_explicit(&lost_count, memory_order_relaxed) != 0, 0)) {
		count = atomic_exchange_explicit(&lost_count, 0, memory_order_relaxed);
		rc = count ? note_lost(count) : 0;
	}
	if (rc == 0) {
		count = 0;
		rc = put(line, len);
	}
	if (rc == 0)
		return;
	atomic_store_explicit(&lost_code, rc, memory_order_relaxed);
	atomic_fetch_add_explicit(&lost_count, count + 1, memory_order_relaxed);
}

void log_write(enum log_level level, const char *module, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES];
	size_t cap = sizeof(line) - 1; /* room for the newline */
	size_t len;
	int added;
	va_list ap;

	if ((int)level > atomic_load_explicit(&log_level, memory_order_relaxed))
		return;
	len = stamp(line, cap);
	added = snprintf(line + len, cap - len, " %s %s: ", log_level_name(level), module);
	len += (size_t)added < cap - len ? (size_t)added : cap - len - 1;
	va_start(ap, fmt);
	added = vsnprintf(line + len, cap - len, fmt, ap);
	va_end(ap);
	if (added > 0)
		len += (size_t)added < cap - len ? (size_t)added : cap - len - 1;
	flatten(line, len);
	line[len++] = '\n';
	put_line(line, len);
}
