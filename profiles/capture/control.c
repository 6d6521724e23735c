#include "profiles/capture/control.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/sock.h"
#include "daemon/base/sock_io.h"
#include "daemon/base/strbuf.h"

#define CONNECT_NS (2 * NSEC_PER_SEC)
#define REPLY_NS   (CONTROL_REPLY_MS * NSEC_PER_MSEC)

/* Finds where one JSON object ends in a stream that comes in pieces. */
struct object_scan {
	size_t at;
	int depth;
	bool in_string, is_escaped;
};

/* True once the object that text begins with is whole. */
static bool scan_object(struct object_scan *s, const char *text, size_t len)
{
	for (; s->at < len; s->at++) {
		char c = text[s->at];

		if (s->is_escaped) {
			s->is_escaped = false;
		} else if (s->in_string) {
			s->is_escaped = c == '\\';
			s->in_string = c != '"';
		} else if (c == '"') {
			s->in_string = true;
		} else if (c == '{' || c == '[') {
			s->depth++;
		} else if ((c == '}' || c == ']') && --s->depth == 0) {
			s->at++;
			return true;
		}
	}
	return false;
}

void control_close(struct control *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

/* Reads one JSON object into sb; what comes before its brace is skipped. */
static int receive_object(int fd, uint64_t deadline_ns, struct strbuf *sb)
{
	struct object_scan scan = { 0 };

	while (!scan_object(&scan, sb->ptr ? sb->ptr : "", sb->len)) {
		/* A signal while waiting for an answer ends the wait for it. */
		int rc = sock_receive(fd, deadline_ns, CONTROL_REPLY_BYTES_MAX, sb);

		if (rc < 0)
			return rc;
	}
	sb->len = scan.at;
	return 0;
}

/* -EPROTO when it is not a reply. */
static int take_result(json_t *reply, const char *method, json_t **result, struct err *err)
{
	json_t *error = json_object_get(reply, "error");
	json_t *value = json_object_get(reply, "result");

	if (json_is_object(error)) {
		bool is_unknown = json_integer_value(json_object_get(error, "code")) == -32601;
		const char *message = json_string_value(json_object_get(error, "message"));

		return err_set(err, is_unknown ? -ENOSYS : -EREMOTEIO, "%s: %s", method,
			       message ? message : "error without a message");
	}
	if (!value)
		return err_set(err, -EPROTO, "%s: a reply with neither result nor error", method);
	*result = json_incref(value);
	return 0;
}

/* Sends the request and reads one JSON object. */
static int exchange(struct control *c, const char *method, uint64_t deadline_ns, json_t **reply,
		    struct err *err)
{
	struct strbuf sb = { 0 };
	json_error_t where;
	int rc;

	strbuf_addf(&sb, "{\"jsonrpc\":\"2.0\",\"id\":%lld,\"method\":\"%s\"}\n",
		    (long long)++c->id, method);
	rc = sb.failed ? -ENOMEM : sock_send_all(c->fd, strbuf_span(&sb), deadline_ns);
	strbuf_clear(&sb);
	if (rc == 0)
		rc = receive_object(c->fd, deadline_ns, &sb);
	if (rc < 0) {
		strbuf_deinit(&sb);
		return err_set(err, rc, "%s at %s: %s", method, c->where,
			       rc == -ETIMEDOUT ? "no answer" : strerrordesc_np(-rc));
	}
	*reply = json_loadb(sb.ptr, sb.len, 0, &where);
	strbuf_deinit(&sb);
	return *reply ? 0
		      : err_set(err, -EPROTO, "%s at %s: the reply is not JSON: %s", method,
				c->where, where.text);
}

static int call_until(struct control *c, const char *method, uint64_t deadline_ns, json_t **result,
		      struct err *err)
{
	json_t *reply = NULL;
	int rc;

	if (c->fd < 0)
		return err_set(err, -ENOTCONN, "%s: %s did not answer before", method, c->where);
	rc = exchange(c, method, deadline_ns, &reply, err);
	if (rc == 0)
		rc = take_result(reply, method, result, err);
	json_decref(reply);
	if (rc < 0 && rc != -ENOSYS && rc != -EREMOTEIO)
		control_close(c);
	return rc;
}

int control_call(struct control *c, const char *method, json_t **result, struct err *err)
{
	return call_until(c, method, clock_ns() + REPLY_NS, result, err);
}

/* Connects and checks that it is a goxel daemon; otherwise closes the connection. */
static int open_daemon(const struct sock_addr *addr, uint64_t deadline_ns, struct control *out,
		       struct err *err)
{
	json_t *status = NULL;
	bool is_ours;
	int rc;

	*out = (struct control){ .fd = -1 };
	sock_format(addr, out->where, sizeof(out->where));
	out->fd = sock_connect(addr, CONNECT_NS, err);
	if (out->fd < 0)
		return out->fd;
	rc = call_until(out, "status", deadline_ns, &status, err);
	is_ours = json_object_get(status, "goxel_initialized") != NULL;
	json_decref(status);
	if (rc == 0 && !is_ours)
		rc = err_set(err, -EPROTO, "status at %s: not the reply of a goxel daemon",
			     out->where);
	if (rc < 0)
		control_close(out);
	return rc;
}

int control_open(const char *text, struct control *out, struct err *err)
{
	struct sock_addr addr;
	int rc;

	*out = (struct control){ .fd = -1 };
	if (strncmp(text, "tcp:", 4) == 0)
		rc = sock_parse_tcp(text + 4, &addr, err);
	else
		rc = sock_parse_unix(strncmp(text, "unix:", 5) == 0 ? text + 5 : text, &addr, err);
	return rc < 0 ? rc : open_daemon(&addr, clock_ns() + REPLY_NS, out, err);
}

int control_find(const struct target *target, struct control *out, struct err *err)
{
	enum { LISTENERS_MAX = 16 };
	struct sock_addr addrs[LISTENERS_MAX];
	const char *name = strrchr(target->exe, '/');
	/* The limit for all sockets together. */
	uint64_t deadline_ns = clock_ns() + REPLY_NS;
	int count;

	*out = (struct control){ .fd = -1 };
	/* An unknown server must not get requests that it does not know. */
	if (!strstr(target->comm, "goxel") && !(name && strstr(name, "goxel")))
		return err_set(err, -ENOENT, "%s (pid %d) is not a goxel daemon", target->comm,
			       (int)target->pid);
	count = target_listeners(target->pid, addrs, LISTENERS_MAX);
	if (count < 0)
		return err_set(err, count, "process %d: its descriptors may not be read",
			       (int)target->pid);
	for (int i = 0; i < count && clock_ns() < deadline_ns; i++) {
		if (open_daemon(&addrs[i], deadline_ns, out, NULL) == 0)
			return 0;
	}
	*out = (struct control){ .fd = -1 };
	return err_set(err, -ENOENT, "%s (pid %d) has %d listening sockets, none of a goxel daemon",
		       target->comm, (int)target->pid, count);
}
