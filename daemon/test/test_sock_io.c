/* sock_io: requests and replies that come in pieces, or not at all. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/base/clock.h"
#include "daemon/base/sock_io.h"
#include "daemon/base/strbuf.h"

enum { BYTES_MAX = 1 << 20 };

static int pair[2]; /* the client's end and the server's */

static int set_up(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
}

static int tear_down(void **state)
{
	(void)state;
	close(pair[0]);
	if (pair[1] >= 0)
		close(pair[1]);
	return 0;
}

static uint64_t soon(void)
{
	return clock_ns() + 10 * NSEC_PER_SEC;
}

static void serve(const char *text)
{
	assert_int_equal(write(pair[1], text, strlen(text)), strlen(text));
}

static void test_line_is_read_without_its_end(void **state)
{
	static const char *const replies[] = { "{\"id\":1}\n", "{\"id\":1}\r\n",
					       "\r\n\n{\"id\":1}\nmore" };
	struct strbuf in = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		serve(replies[i]);
		assert_int_equal(sock_receive_line(pair[0], soon(), BYTES_MAX, &in), 0);
		assert_string_equal(in.ptr, "{\"id\":1}");
		assert_int_equal(in.len, 8);
	}
	strbuf_deinit(&in);
}

/* Reads and throws away, and answers in pieces once a whole request is there. */
static void *answer_in_pieces(void *arg)
{
	size_t request_bytes = *(const size_t *)arg;
	char bytes[4096];

	while (request_bytes) {
		ssize_t n = read(pair[1], bytes, sizeof(bytes));

		if (n <= 0)
			return NULL;
		request_bytes -= (size_t)n;
	}
	for (const char *c = "\nabcdefgh\n"; *c; c++)
		if (write(pair[1], c, 1) != 1)
			return NULL;
	return arg;
}

static void test_large_request_and_reply_in_pieces(void **state)
{
	size_t bytes = 4 << 20; /* more than the socket holds */
	char *request = calloc(1, bytes);
	struct strbuf in = { 0 };
	pthread_t server;
	void *result;

	(void)state;
	assert_non_null(request);
	assert_int_equal(pthread_create(&server, NULL, answer_in_pieces, &bytes), 0);
	assert_int_equal(sock_send_all(pair[0], span_of(request, bytes), soon()), 0);
	assert_int_equal(sock_receive_line(pair[0], soon(), BYTES_MAX, &in), 0);
	assert_string_equal(in.ptr, "abcdefgh");
	assert_int_equal(pthread_join(server, &result), 0);
	assert_non_null(result);
	strbuf_deinit(&in);
	free(request);
}

static void test_deadline_ends_the_wait(void **state)
{
	size_t bytes = 4 << 20;
	char *request = calloc(1, bytes);
	struct strbuf in = { 0 };

	(void)state;
	assert_non_null(request);
	assert_int_equal(sock_receive_line(pair[0], 0, BYTES_MAX, &in), -ETIMEDOUT);
	serve("no line end");
	assert_int_equal(sock_receive_line(pair[0], clock_ns() + NSEC_PER_MSEC, BYTES_MAX, &in),
			 -ETIMEDOUT);
	/* Nobody reads: what does not fit into the socket is not sent. */
	assert_int_equal(sock_send_all(pair[0], span_of(request, bytes), 0), -ETIMEDOUT);
	strbuf_deinit(&in);
	free(request);
}

static void test_closed_peer_is_an_error(void **state)
{
	struct strbuf in = { 0 };

	(void)state;
	serve("half a line");
	close(pair[1]);
	pair[1] = -1;
	assert_int_equal(sock_receive_line(pair[0], soon(), BYTES_MAX, &in), -ECONNRESET);
	assert_int_equal(sock_send_all(pair[0], SPAN_LIT("x"), soon()), -EPIPE);
	strbuf_deinit(&in);
}

static void test_reply_has_a_limit(void **state)
{
	struct strbuf in = { 0 };

	(void)state;
	serve("0123456789");
	assert_int_equal(sock_receive_line(pair[0], soon(), 10, &in), -EMSGSIZE);
	serve("012345678\n");
	assert_int_equal(sock_receive_line(pair[0], soon(), 10, &in), 0);
	strbuf_deinit(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_line_is_read_without_its_end, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_large_request_and_reply_in_pieces, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_deadline_ends_the_wait, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_closed_peer_is_an_error, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reply_has_a_limit, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
