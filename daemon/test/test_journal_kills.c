/*
 * kill -9 at a random moment under load, again and again. Clients edit projects of their own
 * over sockets and count the replies; after each kill the next daemon must have, of each project,
 * exactly the state after some number of its edits, no fewer than were answered.
 *
 *	GOXEL_JOURNAL_KILLS=200 build/release/test/test_journal_kills       how many kills (40)
 *	GOXEL_JOURNAL_SYNC=always ...                  one policy; else always, and now and then
 *others
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/log.h"
#include "daemon/base/sock.h"
#include "daemon/server/options.h"
#include "daemon/server/server.h"
#include "daemon/store/journal.h"
#include "daemon/test/journal_model.h"
#include "daemon/test/temp_dir.h"

enum {
	KILLS = 40,
	CLIENTS = 4,
	EDITS_MAX = 4096, /* of one client between two kills */
	DEPTH_MAX = 12,   /* requests on their way */
	LOAD_US_MAX = 30000,
	SEGMENT_BYTES = 48 * 1024, /* so that snapshots are under way at any time */
	CALL_LIMIT_S = 60,
};

struct client {
	int fd;
	int32_t project_id;
	struct model sure;  /* as the last look found it */
	struct model ahead; /* after all that was sent */
	struct model_edit edits[EDITS_MAX];
	size_t sent_count; /* since the last look */
	size_t answered_count;
	size_t depth;
	struct strbuf out; /* not sent yet */
	char line[4096];   /* of the reply being read */
	size_t line_len;
};

static struct temp_dir folder;
static struct sock_addr addr;
static struct client clients[CLIENTS];
static struct rng rng;
static uint64_t answered_total;

/* ---- the daemon ----------------------------------------------------------- */

static void serve(int listen_fd, const char *preset, enum journal_sync sync)
{
	struct options o = { .preset = preset };
	struct axes axes;
	struct err err = ERR_INIT;
	char dir[96];
	struct journal_cfg journal = {
		.dir = temp_dir_path(&folder, "j", dir, sizeof(dir)),
		.sync = sync,
		.interval_ns = 5 * NSEC_PER_MSEC,
		.segment_bytes = SEGMENT_BYTES,
	};
	struct server_cfg cfg = {
		.axes = &axes,
		.listen_fds = &listen_fd,
		.listen_count = 1,
		.queue_size = 64,
		.connections_max = 16,
		.request_bytes_max = 1 << 20,
		.journal = &journal,
	};
	static struct server s;
	int rc = preset_resolve(&o, &axes, &err);

	axes.workers.min = 2;
	axes.workers.max = 4;
	if (rc == 0)
		rc = server_open(&s, &cfg, &err);
	if (rc == 0)
		rc = server_run(&s, &err);
	fprintf(stderr, "daemon: %s\n", rc < 0 ? err.msg : "ended");
	_exit(99);
}

static pid_t start(const char *preset, enum journal_sync sync)
{
	struct err err = ERR_INIT;
	int fd = sock_listen(&addr, 16, 0600, &err);
	pid_t pid;

	if (fd < 0)
		fail_msg("%s", err.msg);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(fd, preset, sync);
	}
	close(fd);
	return pid;
}

/* It must not have ended by itself. */
static void end(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		fail_msg("the daemon ended by itself: status %x", status);
}

static int connect_client(void)
{
	struct err err = ERR_INIT;
	int fd = sock_connect(&addr, 10 * NSEC_PER_SEC, &err);

	if (fd < 0)
		fail_msg("%s", err.msg);
	return fd;
}

/* ---- one question --------------------------------------------------------- */

/* The result; json_decref it. */
static json_t *call(int fd, const char *method, const char *params)
{
	struct timeval limit = { .tv_sec = CALL_LIMIT_S };
	struct strbuf text = { 0 };
	json_error_t why;
	json_t *reply;
	json_t *result;
	char buf[65536];

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	strbuf_addf(&text, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}\n",
		    method, params);
	assert_int_equal(send(fd, text.ptr, text.len, MSG_NOSIGNAL), text.len);
	strbuf_clear(&text);
	do {
		ssize_t got = recv(fd, buf, sizeof(buf), 0);

		if (got <= 0)
			fail_msg("%s: no reply", method);
		strbuf_add(&text, buf, (size_t)got);
	} while (text.ptr[text.len - 1] != '\n');
	reply = json_loads(text.ptr, 0, &why);
	result = reply ? json_object_get(reply, "result") : NULL;
	if (!result)
		fail_msg("%s: %.200s", method, text.ptr);
	json_incref(result);
	json_decref(reply);
	strbuf_deinit(&text);
	return result;
}

static int64_t integer(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	if (!json_is_integer(value))
		fail_msg("no integer '%s'", key);
	return json_integer_value(value);
}

/* ---- looking -------------------------------------------------------------- */

static void compare_layer(int fd, const struct client *c, const struct model_layer *l)
{
	static rgba found[MODEL_CELLS];
	char params[96];
	json_t *result;
	json_t *voxel;
	size_t i;

	snprintf(params, sizeof(params), "{\"project_id\":%d,\"layer_id\":%d,\"limit\":0}",
		 c->project_id, l->id);
	result = call(fd, "get_layer_voxels", params);
	memset(found, 0, sizeof(found));
	json_array_foreach(json_object_get(result, "voxels"), i, voxel)
	{
		json_t *color = json_object_get(voxel, "color");
		int64_t cell = integer(voxel, "x") + MODEL_EDGE * integer(voxel, "y") +
			       (int64_t)MODEL_EDGE * MODEL_EDGE * integer(voxel, "z");

		assert_true(cell >= 0 && cell < MODEL_CELLS);
		found[cell] = rgba_of((unsigned)json_integer_value(json_array_get(color, 0)),
				      (unsigned)json_integer_value(json_array_get(color, 1)),
				      (unsigned)json_integer_value(json_array_get(color, 2)),
				      (unsigned)json_integer_value(json_array_get(color, 3)));
	}
	json_decref(result);
	assert_memory_equal(found, l->at, sizeof(found));
}

static void compare_project(int fd, const struct client *c)
{
	const struct model_state *s = &c->sure.now;
	char params[64];
	json_t *result;
	json_t *list;

	snprintf(params, sizeof(params), "{\"project_id\":%d}", c->project_id);
	result = call(fd, "list_layers", params);
	list = json_object_get(result, "layers");
	assert_int_equal(json_array_size(list), s->count);
	assert_int_equal(integer(result, "active_layer"), s->active_id);
	for (int i = 0; i < s->count; i++)
		assert_int_equal(integer(json_array_get(list, (size_t)i), "id"), s->layers[i].id);
	json_decref(result);
	for (int i = 0; i < s->count; i++)
		compare_layer(fd, c, &s->layers[i]);
}

/* How many edits survived, and whether the project is what it should be after them. */
static void look_at(int fd, struct client *c)
{
	char params[64];
	json_t *result;
	uint64_t version;
	size_t count;

	snprintf(params, sizeof(params), "{\"project_id\":%d}", c->project_id);
	result = call(fd, "get_project_info", params);
	version = (uint64_t)integer(result, "version");
	json_decref(result);
	count = (size_t)(version - c->sure.version);
	if (version < c->sure.version + c->answered_count)
		fail_msg("project %d: %zu edits were answered, %lld are there", c->project_id,
			 c->answered_count, (long long)(version - c->sure.version));
	assert_true(count <= c->sent_count);
	for (size_t i = 0; i < count; i++)
		model_apply(&c->sure, &c->edits[i]);
	model_forget_undo(&c->sure);
	compare_project(fd, c);
	c->ahead = c->sure;
	answered_total += c->answered_count;
	c->sent_count = c->answered_count = 0;
}

/* Ids of layers that were given out and lost are given out again. */
static void adopt_next_id(struct client *c)
{
	int32_t newest = 0;

	for (int i = 0; i < c->sure.now.count; i++)
		if (c->sure.now.layers[i].id > newest)
			newest = c->sure.now.layers[i].id;
	assert_true(c->sure.next_id > newest);
}

/* ---- load ----------------------------------------------------------------- */

static void choose_edits(struct client *c)
{
	while (c->sent_count - c->answered_count < c->depth && c->sent_count < EDITS_MAX) {
		struct model_edit *e = &c->edits[c->sent_count++];

		*e = model_choose(&c->ahead, &rng);
		model_apply(&c->ahead, e);
		model_request(e, c->project_id, &c->out);
	}
}

static void send_some(struct client *c)
{
	ssize_t put = send(c->fd, c->out.ptr, c->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (put <= 0)
		return;
	memmove(c->out.ptr, c->out.ptr + put, c->out.len - (size_t)put);
	c->out.len -= (size_t)put;
}

static void take_reply(struct client *c)
{
	c->line[c->line_len] = 0;
	c->line_len = 0;
	if (!strstr(c->line, "\"success\":true"))
		fail_msg("edit of kind %d: %.300s", c->edits[c->answered_count].kind, c->line);
	assert_true(c->answered_count < c->sent_count);
	c->answered_count++;
}

/* False at the end of the connection. */
static bool receive_some(struct client *c)
{
	char buf[16384];
	ssize_t got = recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (got < 0 && errno == EAGAIN)
		return true;
	for (ssize_t i = 0; i < got; i++) {
		if (buf[i] == '\n') {
			take_reply(c);
			continue;
		}
		assert_true(c->line_len < sizeof(c->line) - 1);
		c->line[c->line_len++] = buf[i];
	}
	return got > 0;
}

static void load(uint64_t for_ns)
{
	uint64_t end_ns = clock_ns() + for_ns;

	for (uint64_t now_ns = clock_ns(); now_ns < end_ns; now_ns = clock_ns()) {
		struct pollfd fds[CLIENTS];
		struct timespec wait = { .tv_nsec = (long)(end_ns - now_ns) };

		for (int i = 0; i < CLIENTS; i++) {
			choose_edits(&clients[i]);
			fds[i] = (struct pollfd){
				.fd = clients[i].fd,
				.events = (short)(POLLIN | (clients[i].out.len ? POLLOUT : 0)),
			};
		}
		if (ppoll(fds, CLIENTS, &wait, NULL) <= 0)
			continue;
		for (int i = 0; i < CLIENTS; i++) {
			if (fds[i].revents & POLLOUT)
				send_some(&clients[i]);
			if ((fds[i].revents & (POLLIN | POLLHUP)) && !receive_some(&clients[i]))
				fail_msg("client %d was hung up on", i);
		}
	}
}

/* ---- rounds --------------------------------------------------------------- */

static const char *setting(const char *name, const char *preset)
{
	const char *value = getenv(name); /* NOLINT(concurrency-mt-unsafe): only read */

	return value && *value ? value : preset;
}

static enum journal_sync choose_sync(int round)
{
	const char *name = setting("GOXEL_JOURNAL_SYNC", "");

	for (int i = 0; journal_sync_names[i]; i++)
		if (!strcmp(journal_sync_names[i], name))
			return (enum journal_sync)i;
	if (round % 8 == 3)
		return JOURNAL_SYNC_INTERVAL;
	return round % 8 == 7 ? JOURNAL_SYNC_OFF : JOURNAL_SYNC_ALWAYS;
}

static void create_projects(void)
{
	int fd = connect_client();

	for (int i = 0; i < CLIENTS; i++) {
		json_t *result = call(fd, "create_project", "[\"p\"]");

		clients[i].project_id = (int32_t)integer(result, "project_id");
		json_decref(result);
		model_init(&clients[i].sure);
		clients[i].ahead = clients[i].sure;
	}
	close(fd);
}

static void look(void)
{
	int fd = connect_client();

	for (int i = 0; i < CLIENTS; i++) {
		look_at(fd, &clients[i]);
		adopt_next_id(&clients[i]);
	}
	close(fd);
}

static void load_and_kill(pid_t pid)
{
	for (int i = 0; i < CLIENTS; i++) {
		clients[i].fd = connect_client();
		clients[i].depth = 1 + (size_t)rng_below(&rng, DEPTH_MAX);
		clients[i].line_len = 0;
		strbuf_clear(&clients[i].out);
	}
	load((1 + rng_below(&rng, LOAD_US_MAX)) * NSEC_PER_USEC);
	end(pid);
	for (int i = 0; i < CLIENTS; i++) {
		while (receive_some(&clients[i])) /* what was answered before the end */
			;
		close(clients[i].fd);
	}
}

static void test_what_was_answered_survives_kills(void **state)
{
	int kills = (int)strtol(setting("GOXEL_JOURNAL_KILLS", "0"), NULL, 10);
	uint64_t seed = clock_ns();
	char path[96];

	(void)state;
	if (kills <= 0)
		kills = KILLS;
	log_open("/dev/null", NULL);
	rng_init(&rng, seed, 0);
	print_message("seed %llu\n",
		      (unsigned long long)seed); /* what follows also depends on time */
	assert_int_equal(temp_dir_open(&folder), 0);
	assert_int_equal(
		sock_parse_unix(temp_dir_path(&folder, "s", path, sizeof(path)), &addr, NULL), 0);
	for (int round = 0; round <= kills; round++) {
		pid_t pid = start(round % 3 == 2 ? "v14" : "v15", choose_sync(round));

		if (round == 0)
			create_projects();
		look();
		if (round < kills)
			load_and_kill(pid);
		else
			end(pid);
	}
	printf("%d kills, %llu edits were answered, none lost\n", kills,
	       (unsigned long long)answered_total);
	for (int i = 0; i < CLIENTS; i++)
		strbuf_deinit(&clients[i].out);
	temp_dir_close(&folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_answered_survives_kills),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
