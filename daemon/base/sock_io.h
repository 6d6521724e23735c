/*
 * sock_io.h - a client's half of a conversation: a whole request out, a reply in, each by a
 * deadline.
 *
 * For connected stream sockets, blocking ones and others. Deadlines are of clock_ns(). All return a
 * negative errno: -ETIMEDOUT at the deadline, else what the system call said.
 */
#ifndef DAEMON_BASE_SOCK_IO_H
#define DAEMON_BASE_SOCK_IO_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"

struct strbuf;

int sock_send_all(int fd, struct span bytes, uint64_t deadline_ns);

/*
 * Waits for bytes and appends those that are there. Returns 0.
 * Errors: -EINTR a signal came while waiting; -ECONNRESET the peer has closed its side; -EMSGSIZE
 * in has bytes_max already; -ENOMEM.
 */
int sock_receive(int fd, uint64_t deadline_ns, size_t bytes_max, struct strbuf *in);

/*
 * Reads the next line that is not empty: in is emptied first, and holds the line without its end
 * afterwards. What the peer sent after the line is dropped: one request is under way at a time.
 * Errors: those of sock_receive but -EINTR.
 */
int sock_receive_line(int fd, uint64_t deadline_ns, size_t bytes_max, struct strbuf *in);

#endif
