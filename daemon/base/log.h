/*
 * log.h - one line per event, on stderr or in a file.
 *
 * Levels are defined by who must act: error: someone, now; warn: the run is suspect; info: start,
 * stop and effective configuration; debug: for a developer. A line is "2026-11-20T10:00:00.123Z
 * LEVEL module: message". Never called per request. Threads: any; a line is written by one
 * write(2). Lines that cannot be written (disk full) are counted; the next line that can be written
 * is preceded by their number.
 */
#ifndef DAEMON_BASE_LOG_H
#define DAEMON_BASE_LOG_H

struct err;

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_set_level(enum log_level level);
enum log_level log_get_level(void);
const char *log_level_name(enum log_level level); /* as written in a line */

/*
 * Appends to path from now on instead of stderr. It must be a regular file or a terminal: links are
 * not followed (-ELOOP), and a pipe could block the writer (-EINVAL). /dev/stdout and /dev/stderr
 * are the files that were open at the start. Other errors: those of open(2). On error the previous
 * file stays in use.
 */
int log_open(const char *path, struct err *err);

/* The current log descriptor; the caller may use it until the next log_open. */
int log_descriptor(void);

/* The number of lines lost since the last line written; *code: why (a negative errno). */
unsigned long log_lost(int *code);

void log_write(enum log_level level, const char *module, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define log_error(module, ...) log_write(LOG_ERROR, module, __VA_ARGS__)
#define log_warn(module, ...)  log_write(LOG_WARN, module, __VA_ARGS__)
#define log_info(module, ...)  log_write(LOG_INFO, module, __VA_ARGS__)
#define log_debug(module, ...) log_write(LOG_DEBUG, module, __VA_ARGS__)

#endif
