/*
 * Scripts of some clients while others connect, ask and hang up: on every transport everybody gets
 * the own reply, and nothing is left over. Scripts were once forks of the daemon, with copies of
 * all connections; a connection closed meanwhile stayed in epoll and was served again after its
 * end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/sock.h"
#include "daemon/methods/script/script_pool.h"
#include "daemon/methods/script/script_server.h"
#include "daemon/server/options.h"
#include "daemon/server/preset.h"
#include "daemon/server/server.h"
#include "daemon/test/temp_dir.h"

enum { SCRIPTS = 150, VISITS = 600, CLIENTS = 4 };

/* gcc 12's TSan ends the program when many detached threads come and go ("dup thread with used
 * id"). */
#if defined(__SANITIZE_THREAD__)
enum { HAS_THREADS = false };
#else
enum { HAS_THREADS = true };
#endif

static struct temp_dir dir;
static struct sock_addr addr;
static atomic_int wrong;

static int set_up(void **state)
{
	char path[108];

	(void)state;
	return temp_dir_open(&dir) < 0 ||
	       sock_parse_unix(temp_dir_path(&dir, "s", path, sizeof(path)), &addr, NULL) < 0;
}

static int tear_down(void **state)
{
	(void)state;
	script_pool_stop();
	temp_dir_close(&dir);
	return 0;
}

/* One line there and one back; false: not the one that was expected. */
static bool ask(int fd, const char *line, const char *part)
{
	char got[4096];
	size_t len = 0;

	if (send(fd, line, strlen(line), MSG_NOSIGNAL) != (ssize_t)strlen(line))
		return false;
	do {
		ssize_t n = recv(fd, got + len, sizeof(got) - 1 - len, 0);

		if (n <= 0)
			return false;
		len += (size_t)n;
	} while (got[len - 1] != '\n');
	got[len] = '\0';
	return strstr(got, part) && strchr(got, '\n') == got + len - 1;
}

static void *run_scripts(void *arg)
{
	int fd = sock_connect(&addr, 20 * NSEC_PER_SEC, NULL);

	for (int i = 0; fd >= 0 && i < SCRIPTS; i++) {
		int id = (int)(intptr_t)arg * SCRIPTS + i;
		char line[160];
		char part[64];

		snprintf(
			line, sizeof(line),
			"{\"jsonrpc\":\"2.0\",\"method\":\"execute_script\",\"params\":{\"script\":"
			"\"%d+1\"},\"id\":%d}\n",
			id, id);
		snprintf(part, sizeof(part), "\"value\":%d,", id + 1);
		if (!ask(fd, line, part))
			atomic_fetch_add(&wrong, 1);
	}
	if (fd < 0)
		atomic_fetch_add(&wrong, 1);
	else
		close(fd);
	return NULL;
}

static void *visit(void *arg)
{
	for (int i = 0; i < VISITS; i++) {
		int id = (int)(intptr_t)arg * VISITS + i;
		int fd = sock_connect(&addr, 20 * NSEC_PER_SEC, NULL);
		char line[96];
		char part[32];

		snprintf(line, sizeof(line),
			 "{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":%d}\n", id);
		snprintf(part, sizeof(part), "\"id\":%d}", id);
		if (fd < 0 || !ask(fd, line, part))
			atomic_fetch_add(&wrong, 1);
		if (fd >= 0)
			close(fd);
	}
	return NULL;
}

static void *serve(void *server)
{
	struct err err = ERR_INIT;

	if (server_run(server, &err) < 0)
		atomic_fetch_add(&wrong, 1);
	return NULL;
}

/* False: this machine does not have the transport. */
static bool open_on(const char *transport, struct server *s)
{
	struct options o = { .preset = "v15" };
	struct axes axes;
	int fd;
	struct server_cfg cfg = {
		.axes = &axes,
		.listen_fds = &fd,
		.listen_count = 1,
		.queue_size = 64,
		.connections_max = 64,
		.request_bytes_max = 65536,
	};

	assert_int_equal(preset_resolve(&o, &axes, NULL), 0);
	axes.transport = transport;
	fd = sock_listen(&addr, 64, 0600, NULL);
	assert_true(fd >= 0);
	if (server_open(s, &cfg, NULL) == 0)
		return true;
	close(fd);
	unlink(addr.path);
	return false;
}

static void create_project(void)
{
	int fd = sock_connect(&addr, 20 * NSEC_PER_SEC, NULL);

	assert_true(fd >= 0);
	assert_true(ask(
		fd,
		"{\"jsonrpc\":\"2.0\",\"method\":\"create_project\",\"params\":[\"p\"],\"id\":1}\n",
		"true"));
	close(fd);
}

static void crowd(const char *transport)
{
	static struct server server;
	struct script_status status;
	pthread_t threads[CLIENTS];
	pthread_t main_thread;

	if (!open_on(transport, &server)) {
		print_message("no transport %s here\n", transport);
		return;
	}
	atomic_store(&wrong, 0);
	assert_int_equal(pthread_create(&main_thread, NULL, serve, &server), 0);
	create_project();
	for (intptr_t i = 0; i < CLIENTS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, i % 2 ? visit : run_scripts, (void *)i),
			0);
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(threads[i], NULL);
	server_stop(&server);
	pthread_join(main_thread, NULL);
	assert_int_equal(atomic_load(&server.connections_count), 0);
	server_close(&server);
	unlink(addr.path);
	assert_int_equal(atomic_load(&wrong), 0);
	script_pool_status(&status);
	assert_int_equal(status.running_count, 0);
}

static void test_scripts_while_others_come_and_go(void **state)
{
	static const char *const transports[] = { "epoll", "uring", "poll", "threads" };

	(void)state;
	for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++)
		if (HAS_THREADS || strcmp(transports[i], "threads") != 0)
			crowd(transports[i]);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scripts_while_others_come_and_go),
	};

	script_server_enter(argc, argv);
	alarm(300); /* a thread that never comes back ends the test */
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
