/* err.h - one error: a negative errno and a message. */
#ifndef DAEMON_BASE_ERR_H
#define DAEMON_BASE_ERR_H

#define ERR_MSG_MAX 256

struct err {
	int code;              /* 0, or a negative errno */
	char msg[ERR_MSG_MAX]; /* never NULL, NUL-terminated, no newline */
};

#define ERR_INIT ((struct err){ 0 })

/*
 * Records the first failure. Returns code, so that "return err_set(...)" both reports and fails.
 * err may be NULL when the caller needs only the code.
 */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the message already there. Returns err->code. */
int err_wrap(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
