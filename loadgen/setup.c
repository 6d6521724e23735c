/* setup.c - sends setup requests, one at a time, blocking. */
#include "loadgen/setup.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/sock.h"
#include "daemon/base/sock_io.h"
#include "daemon/base/strbuf.h"
#include "loadgen/engine/verify.h"
#include "loadgen/options.h"
#include "loadgen/workload/workload.h"

enum { SETUP_REPLY_BYTES_MAX = 64 << 20 };

static int judge(const struct workload_op *op, struct span line, struct err *err)
{
	struct verifier v;
	struct reply reply;

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
	/* Streams other than those of the connections. */
	draw_init(&d, (uint64_t)o->seed, OPTIONS_CONNECTIONS_MAX + number, 1);
	d.turn = 0;
	len = template_render(&op->request, &d, REQUEST_ID_FIRST + (uint32_t)number, request,
			      &items);
	rc = sock_send_all(fd, span_of(request, len), deadline_ns);
	if (!rc)
		rc = sock_receive_line(fd, deadline_ns, SETUP_REPLY_BYTES_MAX, &in);
	if (rc < 0)
		err_set(err, rc, "no reply: %s", strerrordesc_np(-rc));
	else
		rc = judge(op, strbuf_span(&in), err);
	free(request);
	strbuf_deinit(&in);
	return rc;
}

static int run_all(const struct options *o, const struct workload *w, struct err *err)
{
	int fd, rc = 0;

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

int setup_run(const struct options *o, const struct workload *w, struct err *err)
{
	sigset_t none, before;
	int rc;

	if (!w->setup_count)
		return 0;
	/* Signals are blocked for the run to come; here, where nothing can be lost, they may end
	 * the program. */
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, &before);
	rc = run_all(o, w, err);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}
