/*
 * sock_io.h - the client side of a connection: sends a whole request and receives a reply, each
 * before a deadline.
 *
 * For connected stream sockets, blocking or not. Deadlines are times of clock_ns(). All functions
 * return a negative errno on failure: -ETIMEDOUT at the deadline, else that of the system call.
 */
#ifndef DAEMON_BASE_SOCK_IO_H
#define DAEMON_BASE_SOCK_IO_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"

struct strbuf;

int sock_send_all(int fd, struct span bytes, uint64_t deadline_ns);

/*
 * Waits for bytes and appends those that have arrived. Returns 0.
 * Errors: -EINTR a signal came while waiting; -ECONNRESET the peer has closed its side; -EMSGSIZE
 * in has bytes_max already; -ENOMEM.
 */
int sock_receive(int fd, uint64_t deadline_ns, size_t bytes_max, struct strbuf *in);

/*
 * Reads the next line that is not empty: empties in first and leaves the line there, without its
 * line end. Bytes that the peer sent after the line are dropped: there is one request at a time.
 * Errors: those of sock_receive except -EINTR.
 */
int sock_receive_line(int fd, uint64_t deadline_ns, size_t bytes_max, struct strbuf *in);

#endif
