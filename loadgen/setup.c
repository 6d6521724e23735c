/* setup.c - one request at a time, blocking. */
#include "loadgen/setup.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/sock.h"
#include "daemon/base/strbuf.h"
#include "loadgen/options.h"
#include "loadgen/verify.h"
#include "loadgen/workload.h"

enum { SETUP_REPLY_BYTES_MAX = 64 << 20, SETUP_READ_BYTES = 64 * 1024 };

static int wait_for(int fd, short events, uint64_t deadline_ns, struct err *err)
{
	struct pollfd p = { .fd = fd, .events = events };
	uint64_t now = clock_ns();
	uint64_t left_ns = now < deadline_ns ? deadline_ns - now : 0;
	struct timespec ts = {
		.tv_sec = (time_t)(left_ns / NSEC_PER_SEC),
		.tv_nsec = (long)(left_ns % NSEC_PER_SEC),
	};
	sigset_t none;
	int n;

	/* Signals are blocked for the run to come; here, where nothing can be lost, they may end
	 * us. */
	sigemptyset(&none);
	n = ppoll(&p, 1, &ts, &none);

	if (n < 0 && errno != EINTR)
		return err_set(err, -errno, "wait for the server");
	return clock_ns() < deadline_ns ? 0 : err_set(err, -ETIMEDOUT, "no answer in time");
}

static int send_all(int fd, struct span bytes, uint64_t deadline_ns, struct err *err)
{
	while (bytes.len) {
		ssize_t n = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		int rc;

		if (n >= 0) {
			bytes = span_of(bytes.ptr + n, bytes.len - (size_t)n);
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return err_set(err, -errno, "the server closed the connection");
		rc = wait_for(fd, POLLOUT, deadline_ns, err);
		if (rc)
			return rc;
	}
	return 0;
}

/* Reads up to the first newline that has something before it. */
static int read_line(int fd, struct strbuf *in, uint64_t deadline_ns, struct err *err)
{
	strbuf_clear(in);
	while (in->len < 2 || in->ptr[in->len - 1] != '\n') {
		char bytes[SETUP_READ_BYTES];
		ssize_t n;
		int rc = wait_for(fd, POLLIN, deadline_ns, err);

		if (rc)
			return rc;
		n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return err_set(err, -ECONNRESET, "the server closed the connection");
		strbuf_add(in, bytes, (size_t)n);
		if (in->failed || in->len > SETUP_REPLY_BYTES_MAX)
			return err_set(err, -EMSGSIZE, "the reply is too large");
	}
	return 0;
}

static int judge(const struct workload_op *op, struct span line, struct err *err)
{
	struct verifier v;
	struct reply reply;

	while (line.len && (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r'))
		line.len--;
	while (line.len && (*line.ptr == '\n' || *line.ptr == '\r'))
		line = span_of(line.ptr + 1, line.len - 1);
	verifier_init(&v, VERIFY_FULL);
	if (protocol_read_reply(line, &reply) == 0 &&
	    verify_reply(&v, op, 0, line, &reply) == VERIFY_OK)
		return 0;
	return err_set(err, -EPROTO, "unexpected reply %.*s", line.len > 150 ? 150 : (int)line.len,
		       line.ptr);
}

static int run_one(int fd, const struct options *o, const struct workload_op *op, uint64_t number,
		   struct err *err)
{
	uint64_t deadline_ns = clock_ns() + o->timeout_ns;
	struct strbuf in = { 0 };
	struct draw d;
	uint32_t items;
	size_t len;
	int rc;
	char *request = malloc(op->request.bytes_max);

	if (!request)
		return err_set(err, -ENOMEM, "out of memory");
	/* Streams beyond those of the connections. */
	draw_init(&d, (uint64_t)o->seed, OPTIONS_CONNECTIONS_MAX + number, 1);
	d.turn = 0;
	len = template_render(&op->request, &d, REQUEST_ID_FIRST + (uint32_t)number, request,
			      &items);
	rc = send_all(fd, span_of(request, len), deadline_ns, err);
	if (!rc)
		rc = read_line(fd, &in, deadline_ns, err);
	if (!rc)
		rc = judge(op, strbuf_span(&in), err);
	free(request);
	strbuf_deinit(&in);
	return rc;
}

int setup_run(const struct options *o, const struct workload *w, struct err *err)
{
	int fd, rc = 0;

	if (!w->setup_count)
		return 0;
	fd = sock_connect(&o->addr, o->timeout_ns, err);
	if (fd < 0)
		return fd;
	for (size_t i = 0; i < w->setup_count && !rc; i++) {
		rc = run_one(fd, o, &w->setup[i], i, err);
		if (rc)
			err_wrap(err, rc, "setup request '%s'", w->setup[i].name);
	}
	close(fd);
	return rc;
}
