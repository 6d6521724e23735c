#include "daemon/methods/script/script_run.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "daemon/base/budget.h"
#include "daemon/base/cancel.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/methods/script/script_answer.h"
#include "daemon/methods/script/script_pool.h"
#include "daemon/voxel/document.h"

enum { LONG_MS = 50 }; /* the same limit as for requests in the server */

struct run {
	const struct script_job_cfg *cfg;
	struct script_runner runner;
	struct script_answers answers;
	uint64_t long_ns; /* when it counts as long-running; 0: already reported */
	uint64_t end_ns;
	struct script_reply reply;
};

/* Waits until the process has sent something, or can receive something. */
static int wait_for(struct run *r, short events)
{
	struct pollfd fd = { .fd = r->runner.fd, .events = events };

	for (;;) {
		uint64_t now_ns = clock_ns();
		int rc = cancel_check();
		uint64_t left_ms;

		if (rc < 0)
			return rc;
		if (now_ns >= r->end_ns)
			return -ETIME; /* the script's time limit, not that of cancel_check */
		if (r->long_ns && now_ns >= r->long_ns) {
			script_pool_lower(&r->runner);
			r->long_ns = 0;
		}
		left_ms = (r->end_ns - now_ns) / NSEC_PER_MSEC + 1;
		if (poll(&fd, 1, left_ms < CANCEL_ASK_MS ? (int)left_ms : CANCEL_ASK_MS) > 0)
			return 0;
	}
}

/* Sends one message. -EPIPE: the process has ended. */
static int send_message(struct run *r, const char *bytes, size_t len)
{
	int rc = 0;

	for (;;) {
		if (send(r->runner.fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			return -EPIPE;
		rc = wait_for(r, POLLOUT);
		if (rc < 0)
			return rc;
	}
}

/* Receives one message of at most cap bytes. -EPIPE: the process has ended; -EPROTO: it is
 * longer. */
static int receive_message(struct run *r, char *out, size_t cap, size_t *len)
{
	int rc = wait_for(r, POLLIN);
	ssize_t n;

	if (rc < 0)
		return rc;
	n = recv(r->runner.fd, out, cap, MSG_DONTWAIT | MSG_TRUNC);
	if (n <= 0)
		return -EPIPE;
	if ((size_t)n > cap)
		return -EPROTO;
	*len = (size_t)n;
	return 0;
}

static size_t name_bytes(struct span name)
{
	size_t len = name.len < SCRIPT_NAME_BYTES_MAX ? name.len : SCRIPT_NAME_BYTES_MAX;

	while (len < name.len && len && ((unsigned char)name.ptr[len] & 0xc0) == 0x80)
		len--;
	return len;
}

/* Builds the job without the source, which may be long: free() it. */
static char *make_head(const struct script_job_cfg *cfg, size_t *len)
{
	const struct document *doc = cfg->doc;
	struct script_job job = {
		.active_id = doc->active_id,
		.next_layer_id = doc->next_layer_id,
		.name_bytes = (uint32_t)name_bytes(cfg->name),
		.layers_count = (uint32_t)doc->layers_count,
		.source_bytes = (uint32_t)cfg->source.len,
	};
	char *head;
	char *to;

	*len = sizeof(job) + job.name_bytes + doc->layers_count * sizeof(struct script_layer);
	head = malloc(*len);
	if (!head)
		return NULL;
	if (getrandom(&job.seed, sizeof(job.seed), GRND_NONBLOCK) != sizeof(job.seed))
		job.seed = clock_ns();
	to = head;
	memcpy(to, &job, sizeof(job));
	to += sizeof(job);
	memcpy(to, cfg->name.ptr, job.name_bytes);
	to += job.name_bytes;
	for (size_t i = 0; i < doc->layers_count; i++) {
		struct script_layer layer = { .id = doc->layers[i]->meta.id };

		memcpy(layer.name, doc->layers[i]->meta.name, sizeof(layer.name));
		memcpy(to, &layer, sizeof(layer));
		to += sizeof(layer);
	}
	return head;
}

static int send_text(struct run *r, struct span text)
{
	int rc = 0;

	while (rc == 0 && text.len) {
		size_t n =
			text.len < SCRIPT_MESSAGE_BYTES_MAX ? text.len : SCRIPT_MESSAGE_BYTES_MAX;

		rc = send_message(r, text.ptr, n);
		text = span_of(text.ptr + n, text.len - n);
	}
	return rc;
}

static int send_job(struct run *r)
{
	size_t len;
	char *head = make_head(r->cfg, &len);
	int rc;

	if (!head)
		return -ENOMEM;
	rc = send_text(r, span_of(head, len));
	free(head);
	return rc < 0 ? rc : send_text(r, r->cfg->source);
}

/* Receives the rest of a result that starts with the message. */
static int receive_end(struct run *r, const char *message, size_t len, struct script_result **out)
{
	struct script_result *result;
	int rc = script_result_begin(message, len, &result);

	if (rc < 0)
		return rc;
	while (rc == 0 && result->received_bytes < result->text_bytes) {
		size_t cap;
		char *room = script_result_room(result, &cap);

		rc = receive_message(r, room, cap, &len);
		if (rc == 0)
			script_result_add(result, len);
	}
	if (rc == 0)
		rc = script_result_check(result);
	if (rc < 0)
		script_result_free(result);
	else
		*out = result;
	return rc;
}

/* Answers questions until the script ends. */
static int serve(struct run *r, struct script_result **out)
{
	char message[SCRIPT_ASK_BYTES_MAX];
	size_t len;
	int rc;

	for (;;) {
		rc = receive_message(r, message, sizeof(message), &len);
		if (rc < 0)
			return rc;
		if (script_is_end(message, len))
			return receive_end(r, message, len, out);
		rc = script_answer(&r->answers, message, len, &r->reply);
		if (rc == 0 && r->reply.bytes.len)
			rc = send_message(r, r->reply.bytes.ptr, r->reply.bytes.len);
		if (rc < 0)
			return rc;
	}
}

/* What the process could not report itself is a failure of the script; other errors fail
 * the call. */
static int explain(int rc, struct script_result **out, struct err *err)
{
	const char *why = rc == -EPIPE
				  ? "the script's process has ended: it was killed, or it exceeded "
				    "its memory or recursion limit"
				  : "the script's process violated the protocol";

	if (rc == -EPIPE || rc == -EPROTO) {
		*out = script_result_failed(why);
		rc = *out ? 0 : -ENOMEM;
	}
	if (rc == -ENOMEM)
		return err_set(err, rc, "Script execution failed: %s", budget_why());
	if (rc == -ETIME)
		return err_set(err, rc, "Script execution timeout");
	return rc < 0 ? err_set(err, rc, "Script execution was stopped") : 0;
}

static int run(struct run *r, struct script_result **out, struct err *err)
{
	uint64_t now_ns;
	int rc = script_pool_get(&r->runner, err);

	if (rc < 0)
		return err_wrap(err, rc, "Script execution failed to start");
	now_ns = clock_ns();
	r->long_ns = now_ns + LONG_MS * NSEC_PER_MSEC;
	r->end_ns = now_ns + r->cfg->timeout_ns;
	rc = send_job(r);
	if (rc == 0)
		rc = serve(r, out);
	script_pool_put(&r->runner);
	if (r->answers.has_hello)
		script_pool_note_sandbox(r->answers.sandbox_code);
	return rc < 0 ? explain(rc, out, err) : 0;
}

int script_run(const struct script_job_cfg *cfg, struct script_result **out, struct err *err)
{
	struct run *r;
	int rc = -ENOMEM;

	if (cfg->source.len > SCRIPT_SOURCE_BYTES_MAX)
		return err_set(err, -EMSGSIZE, "the script is longer than %d bytes",
			       SCRIPT_SOURCE_BYTES_MAX);
	r = malloc(sizeof(*r)); /* small; covered by the memory counted for the process */
	if (r && script_answers_init(&r->answers, cfg->doc, cfg->source.len)) {
		r->cfg = cfg;
		rc = run(r, out, err);
		script_answers_deinit(&r->answers);
	} else {
		rc = explain(-ENOMEM, out, err);
	}
	free(r);
	return rc;
}
