/*
 * sock.h - sockets: listening, connecting, options. All descriptors are close-on-exec.
 * Functions return a descriptor or 0, or a negative errno with its message in err.
 */
#ifndef DAEMON_BASE_SOCK_H
#define DAEMON_BASE_SOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct err;
struct file_id;

/* Where a server listens. */
struct sock_addr {
	bool is_unix;
	char path[108]; /* of a Unix socket, NUL-terminated */
	char host[64];  /* of TCP: numeric IPv4/IPv6 or "localhost" */
	uint16_t port;  /* 0 = any when listening */
};

/* "H:P", "[::1]:P" or ":P" (loopback). -EINVAL names the fault. */
int sock_parse_tcp(const char *text, struct sock_addr *out, struct err *err);
int sock_parse_unix(const char *path, struct sock_addr *out, struct err *err);

/* "unix:/path" or "127.0.0.1:80"; cap at least 128. */
void sock_format(const struct sock_addr *addr, char *out, int cap);

/* True for 127/8, ::1 and Unix sockets. */
bool sock_is_loopback(const struct sock_addr *addr);

/*
 * Binds and listens, non-blocking. A Unix path on which a server listens gives -EADDRINUSE; a stale
 * socket file is replaced, any other file is refused (-EEXIST). mode is set on the socket file
 * before listening. -ETIMEDOUT: another process keeps the file's folder locked. -EINTR: TERM or
 * INT, which the caller has blocked, arrived while waiting for that lock.
 */
int sock_listen(const struct sock_addr *addr, int backlog, unsigned mode, struct err *err);

/* Removes our own socket file; another file of that name stays. */
void sock_remove(const char *path, const struct file_id *id);

/* Connects, waiting up to timeout_ns; the returned descriptor is blocking. */
int sock_connect(const struct sock_addr *addr, uint64_t timeout_ns, struct err *err);

int sock_set_nonblocking(int fd, bool on);
int sock_set_nodelay(int fd); /* no-op on a Unix socket */

/*
 * Makes the kernel check from 15 s on whether a silent peer still has the connection. A peer that
 * closed looks like one that has only finished sending, until its kernel has forgotten the
 * connection (after a minute) and answers the check with a reset. No-op on a Unix socket.
 */
int sock_set_keepalive(int fd);

/* False for a Unix socket, and for anything that is not a socket. */
bool sock_is_tcp(int fd);

#endif
