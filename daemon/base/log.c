#include "daemon/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"

enum { LINE_MAX_BYTES = 2048 };

static _Atomic int log_level = LOG_INFO;
static _Atomic int log_fd = STDERR_FILENO;

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&log_level, (int)level, memory_order_relaxed);
}

enum log_level log_get_level(void)
{
	return (enum log_level)atomic_load_explicit(&log_level, memory_order_relaxed);
}

const char *log_level_name(enum log_level level)
{
	static const char *const words[] = { "error", "warn", "info", "debug" };

	return words[level];
}

int log_open(const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	int old;
	int rc;

	if (fd < 0)
		return err_set(err, -errno, "log file %s: %s", path, strerrordesc_np(errno));
	old = atomic_load_explicit(&log_fd, memory_order_acquire);
	if (old == STDERR_FILENO) {
		atomic_store_explicit(&log_fd, fd, memory_order_release);
		return 0;
	}
	/*
	 * The old number takes over the new file instead of being closed: a thread inside write(2)
	 * may still hold it.
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
	/* The last character is the Z that belongs after the fraction. */
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

void log_write(enum log_level level, const char *module, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES];
	size_t cap = sizeof(line) - 1; /* the newline is always ours */
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
	/* Nobody is left to tell when the log itself cannot be written. */
	while (write(atomic_load_explicit(&log_fd, memory_order_acquire), line, len) < 0 &&
	       errno == EINTR)
		;
}
