#include "daemon/base/sock_io.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/base/clock.h"
#include "daemon/base/strbuf.h"

enum { READ_BYTES = 64 * 1024 };

static int wait_for(int fd, short events, uint64_t deadline_ns)
{
	struct pollfd p = { .fd = fd, .events = events };
	uint64_t now_ns = clock_ns();
	struct timespec left = clock_timespec(now_ns < deadline_ns ? deadline_ns - now_ns : 0);
	int n = ppoll(&p, 1, &left, NULL);

	if (n < 0)
		return -errno;
	return n == 0 ? -ETIMEDOUT : 0;
}

int sock_send_all(int fd, struct span bytes, uint64_t deadline_ns)
{
	while (bytes.len) {
		ssize_t n = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		int rc = n < 0 ? -errno : 0;

		if (n >= 0)
			bytes = span_of(bytes.ptr + n, bytes.len - (size_t)n);
		else if (rc == -EAGAIN)
			rc = wait_for(fd, POLLOUT, deadline_ns);
		if (rc < 0 && rc != -EINTR)
			return rc;
	}
	return 0;
}

int sock_receive(int fd, uint64_t deadline_ns, size_t bytes_max, struct strbuf *in)
{
	for (;;) {
		ssize_t n;
		int rc;

		if (in->len >= bytes_max)
			return -EMSGSIZE;
		if (strbuf_reserve(in, READ_BYTES) < 0)
			return -ENOMEM;
		rc = wait_for(fd, POLLIN, deadline_ns);
		if (rc < 0)
			return rc;
		n = recv(fd, in->ptr + in->len, READ_BYTES, MSG_DONTWAIT);
		if (n > 0) {
			in->len += (size_t)n;
			in->ptr[in->len] = '\0';
			return 0;
		}
		if (n == 0)
			return -ECONNRESET;
		if (errno != EAGAIN)
			return -errno;
	}
}

static bool is_line_end(char c)
{
	return c == '\n' || c == '\r';
}

/* Takes the line ends before the line away. */
static void skip_empty_lines(struct strbuf *in)
{
	size_t n = 0;

	while (n < in->len && is_line_end(in->ptr[n]))
		n++;
	in->len -= n;
	memmove(in->ptr, in->ptr + n, in->len + 1);
}

int sock_receive_line(int fd, uint64_t deadline_ns, size_t bytes_max, struct strbuf *in)
{
	size_t searched_bytes = 0;
	char *end;

	strbuf_clear(in);
	do {
		int rc = sock_receive(fd, deadline_ns, bytes_max, in);

		if (rc < 0 && rc != -EINTR)
			return rc;
		if (searched_bytes == 0 && in->len > 0)
			skip_empty_lines(in);
		end = in->len > searched_bytes
			      ? memchr(in->ptr + searched_bytes, '\n', in->len - searched_bytes)
			      : NULL;
		searched_bytes = in->len;
	} while (!end);
	if (end[-1] == '\r')
		end--;
	in->len = (size_t)(end - in->ptr);
	*end = '\0';
	return 0;
}
