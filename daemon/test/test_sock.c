/* sock: addresses, and what a server finds at the path it wants. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/sock.h"
#include "daemon/test/temp_dir.h"

static struct temp_dir dir;

static int set_up(void **state)
{
	(void)state;
	return temp_dir_open(&dir);
}

static int tear_down(void **state)
{
	(void)state;
	temp_dir_close(&dir);
	return 0;
}

static struct sock_addr unix_addr(const char *name)
{
	struct sock_addr addr;
	char path[108];

	temp_dir_path(&dir, name, path, sizeof(path));
	assert_int_equal(sock_parse_unix(path, &addr, NULL), 0);
	return addr;
}

static void test_tcp_addresses(void **state)
{
	static const struct {
		const char *text;
		const char *shown; /* NULL: refused */
		bool is_loopback;
	} cases[] = {
		{ "127.0.0.1:80", "127.0.0.1:80", true },
		{ "127.9.9.9:65535", "127.9.9.9:65535", true },
		{ "localhost:0", "localhost:0", true },
		{ "[::1]:7", "[::1]:7", true },
		{ ":7", "127.0.0.1:7", true },
		{ "0.0.0.0:7", "0.0.0.0:7", false },
		{ "[::]:7", "[::]:7", false },
		{ "10.0.0.1:7", "10.0.0.1:7", false },
		{ "127.0.0.1", NULL, false },
		{ "127.0.0.1:", NULL, false },
		{ "127.0.0.1:65536", NULL, false },
		{ "127.0.0.1:-1", NULL, false },
		{ "127.0.0.1:7x", NULL, false },
		{ "127.0.0.1: 7", NULL, false },
		{ "::1:7", NULL, false },
		{ "[::1:7", NULL, false },
		{ "[]:7", NULL, false },
		{ "example.com:7", NULL, false },
		{ "127.0.0.1.127.0.0.1.127.0.0.1.127.0.0.1.127.0.0.1.127.0.0.1.127.0.0.1:7", NULL,
		  false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sock_addr addr;
		struct err err = ERR_INIT;
		char shown[128];
		int rc = sock_parse_tcp(cases[i].text, &addr, &err);

		if (!cases[i].shown) {
			assert_int_equal(rc, -EINVAL);
			assert_true(strlen(err.msg) > 0);
			continue;
		}
		assert_int_equal(rc, 0);
		sock_format(&addr, shown, sizeof(shown));
		assert_string_equal(shown, cases[i].shown);
		assert_int_equal(sock_is_loopback(&addr), cases[i].is_loopback);
	}
}

static void test_unix_path_limit(void **state)
{
	char path[109];
	struct sock_addr addr;
	char shown[128];

	(void)state;
	memset(path, 'a', sizeof(path));
	path[108] = '\0';
	assert_int_equal(sock_parse_unix(path, &addr, NULL), -EINVAL);
	path[107] = '\0';
	assert_int_equal(sock_parse_unix(path, &addr, NULL), 0);
	sock_format(&addr, shown, sizeof(shown));
	assert_int_equal(strlen(shown), 5 + 107);
	assert_true(sock_is_loopback(&addr));
	assert_int_equal(sock_parse_unix("", &addr, NULL), -EINVAL);
}

static void expect_talk(const struct sock_addr *addr, int listen_fd)
{
	struct err err = ERR_INIT;
	int client = sock_connect(addr, NSEC_PER_SEC, &err);
	int server;
	char c = 0;

	assert_true(client >= 0);
	assert_int_equal(fcntl(client, F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(fcntl(client, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	server = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
	assert_true(server >= 0);
	assert_int_equal(sock_set_nodelay(client), 0);
	assert_int_equal(sock_set_keepalive(client), 0);
	assert_int_equal(write(client, "x", 1), 1);
	assert_int_equal(read(server, &c, 1), 1);
	assert_int_equal(c, 'x');
	close(client);
	close(server);
}

static void test_unix_listen_and_connect(void **state)
{
	struct sock_addr addr = unix_addr("s");
	struct err err = ERR_INIT;
	int fd = sock_listen(&addr, 8, 0600, &err);
	struct stat st;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	assert_int_equal(stat(addr.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	expect_talk(&addr, fd);
	assert_false(sock_is_tcp(fd));
	close(fd);
	assert_false(sock_is_tcp(-1));
}

static void test_tcp_listen_on_any_port(void **state)
{
	struct sock_addr addr;
	struct sockaddr_in bound = { 0 };
	socklen_t len = sizeof(bound);
	int fd;

	(void)state;
	assert_int_equal(sock_parse_tcp(":0", &addr, NULL), 0);
	fd = sock_listen(&addr, 8, 0, NULL);
	assert_true(fd >= 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&bound, &len), 0);
	addr.port = ntohs(bound.sin_port);
	assert_true(addr.port > 0);
	assert_true(sock_is_tcp(fd));
	expect_talk(&addr, fd);
	assert_int_equal(sock_listen(&addr, 8, 0, NULL), -EADDRINUSE);
	close(fd);
	assert_int_equal(sock_connect(&addr, NSEC_PER_SEC, NULL), -ECONNREFUSED);
}

static void test_living_server_keeps_its_path(void **state)
{
	struct sock_addr addr = unix_addr("s");
	struct err err = ERR_INIT;
	int fd = sock_listen(&addr, 8, 0600, NULL);

	(void)state;
	assert_int_equal(sock_listen(&addr, 8, 0600, &err), -EADDRINUSE);
	assert_non_null(strstr(err.msg, addr.path));
	close(accept4(fd, NULL, NULL, SOCK_CLOEXEC)); /* the question it was asked */
	expect_talk(&addr, fd);
	close(fd);
}

static void test_stale_socket_is_replaced(void **state)
{
	struct sock_addr addr = unix_addr("s");
	int fd = sock_listen(&addr, 8, 0600, NULL);

	(void)state;
	close(fd);
	assert_true(file_exists(addr.path));
	assert_int_equal(sock_connect(&addr, NSEC_PER_SEC, NULL), -ECONNREFUSED);
	fd = sock_listen(&addr, 8, 0600, NULL);
	assert_true(fd >= 0);
	expect_talk(&addr, fd);
	close(fd);
}

static void test_other_files_are_refused(void **state)
{
	struct sock_addr addr = unix_addr("s");
	struct sock_addr link_addr = unix_addr("link");

	(void)state;
	assert_int_equal(file_write_atomic(addr.path, SPAN_LIT("precious"), NULL), 0);
	assert_int_equal(sock_listen(&addr, 8, 0600, NULL), -EEXIST);
	assert_int_equal(symlink(addr.path, link_addr.path), 0);
	assert_int_equal(sock_listen(&link_addr, 8, 0600, NULL), -EEXIST);
	assert_true(file_exists(addr.path));
}

/* After rm and another server's start the name is that server's. */
static void test_only_the_own_socket_is_removed(void **state)
{
	struct sock_addr addr = unix_addr("s");
	struct file_id id, other;
	int first, second;

	(void)state;
	first = sock_listen(&addr, 4, 0600, NULL);
	assert_true(first >= 0);
	assert_int_equal(file_id_of(addr.path, &id), 0);
	assert_int_equal(unlink(addr.path), 0);
	second = sock_listen(&addr, 4, 0600, NULL);
	assert_true(second >= 0);
	assert_int_equal(file_id_of(addr.path, &other), 0);
	close(first);
	sock_remove(addr.path, &id);
	assert_true(file_exists(addr.path));
	close(second);
	sock_remove(addr.path, &other);
	assert_false(file_exists(addr.path));
}

static void test_the_mode_is_as_asked_whatever_the_umask(void **state)
{
	static const mode_t masks[] = { 0, 022, 077 };
	struct sock_addr addr = unix_addr("s");
	struct stat st;
	mode_t before = umask(0);

	(void)state;
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		int fd;

		umask(masks[i]);
		fd = sock_listen(&addr, 4, 0660, NULL);
		assert_true(fd >= 0);
		assert_int_equal(stat(addr.path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0660);
		close(fd);
	}
	umask(before);
}

/* TERM, which a starting daemon has blocked, must not wait for whoever has the folder locked. */
static void test_a_locked_folder_does_not_hold_up_a_signal(void **state)
{
	struct sock_addr addr = unix_addr("s");
	struct err err = ERR_INIT;
	sigset_t term, before;
	int signo;
	int fd = open(dir.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(flock(fd, LOCK_EX), 0);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &term, &before);
	raise(SIGTERM);
	assert_int_equal(sock_listen(&addr, 4, 0600, &err), -EINTR);
	assert_non_null(strstr(err.msg, dir.path));
	assert_int_equal(sigwait(&term, &signo), 0);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	close(fd);
	fd = sock_listen(&addr, 4, 0600, &err);
	assert_true(fd >= 0);
	close(fd);
}

static void test_missing_folder_and_server(void **state)
{
	struct sock_addr addr = unix_addr("none/s");

	(void)state;
	assert_int_equal(sock_listen(&addr, 8, 0600, NULL), -ENOENT);
	assert_int_equal(sock_connect(&addr, NSEC_PER_SEC, NULL), -ENOENT);
}

/* Nobody accepts: the backlog fills, and the next one has to give up in time. */
static void test_connect_gives_up_in_time(void **state)
{
	enum { CLIENTS = 8 };
	struct sock_addr addr = unix_addr("s");
	int fd = sock_listen(&addr, 0, 0600, NULL);
	int clients[CLIENTS];
	int n = 0;
	uint64_t start_ns;

	(void)state;
	do {
		start_ns = clock_ns();
		clients[n] = sock_connect(&addr, 20 * NSEC_PER_MSEC, NULL);
	} while (clients[n] >= 0 && ++n < CLIENTS);
	assert_true(n < CLIENTS);
	assert_int_equal(clients[n], -ETIMEDOUT);
	assert_true(clock_ns() - start_ns >= 20 * NSEC_PER_MSEC);
	while (n--)
		close(clients[n]);
	close(fd);
}

struct racer {
	const struct sock_addr *addr;
	pthread_barrier_t *start;
	int fd;
};

static void *race(void *arg)
{
	struct racer *r = arg;

	pthread_barrier_wait(r->start);
	r->fd = sock_listen(r->addr, 8, 0600, NULL);
	return NULL;
}

/* Of two servers that start over one stale socket exactly one wins, and it can be reached. */
static void test_race_for_a_stale_socket_has_one_winner(void **state)
{
	struct sock_addr addr = unix_addr("s");

	(void)state;
	for (int round = 0; round < 50; round++) {
		pthread_barrier_t start;
		struct racer racers[2] = { { &addr, &start, -1 }, { &addr, &start, -1 } };
		pthread_t threads[2];
		int winner;

		pthread_barrier_init(&start, NULL, 2);
		for (int i = 0; i < 2; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
		for (int i = 0; i < 2; i++)
			pthread_join(threads[i], NULL);
		pthread_barrier_destroy(&start);
		winner = racers[0].fd >= 0 ? 0 : 1;
		assert_true(racers[winner].fd >= 0);
		assert_int_equal(racers[!winner].fd, -EADDRINUSE);
		close(sock_connect(&addr, NSEC_PER_SEC, NULL));
		close(racers[winner].fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp_addresses),
		cmocka_unit_test(test_unix_path_limit),
		cmocka_unit_test_setup_teardown(test_unix_listen_and_connect, set_up, tear_down),
		cmocka_unit_test(test_tcp_listen_on_any_port),
		cmocka_unit_test_setup_teardown(test_living_server_keeps_its_path, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_stale_socket_is_replaced, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_files_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_only_the_own_socket_is_removed, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_the_mode_is_as_asked_whatever_the_umask,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_locked_folder_does_not_hold_up_a_signal,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_missing_folder_and_server, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_connect_gives_up_in_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_race_for_a_stale_socket_has_one_winner, set_up,
						tear_down),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
