/*
 * transport_util.h - an echo server on any backend of the transport axis, and a client for it. The
 * server echoes lines; it answers "big N" with N bytes and a newline, "bye" with "bye" and a
 * hang-up, and lines that start with "@" in another thread.
 */
#ifndef DAEMON_TEST_TRANSPORT_UTIL_H
#define DAEMON_TEST_TRANSPORT_UTIL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/clock.h"
#include "daemon/base/sock.h"
#include "daemon/transport/transport.h"

struct conn;

#define DEADLINE_NS (20 * NSEC_PER_SEC)

enum { JOBS_MAX = 1024, CONNS = 256 };

struct job {
	struct conn *conn;
	char line[256];
	size_t len;
};

struct echo {
	struct transport *transport;
	const char *backend;
	char dir[64];
	struct sock_addr addr;
	pthread_t runner;
	bool is_joined; /* the test has joined the runner */
	int run_rc;

	pthread_t worker;
	pthread_mutex_t lock;
	pthread_cond_t change;
	struct job jobs[JOBS_MAX]; /* under lock, like what follows */
	size_t jobs_first;
	size_t jobs_last;
	bool is_over;
	bool is_paused;

	atomic_int opened;
	atomic_int closed;
	atomic_int refuse_from; /* connections beyond this many are refused */
	atomic_int refused;
	atomic_int given_up[TRANSPORT_STOPPING + 1];
	atomic_int unkept;
	atomic_bool does_skip; /* skip bytes that cannot be kept; else hang up */
	atomic_int buffers_out;
	atomic_int gets_left; /* until allocations fail */
	atomic_size_t rest_bytes;
	atomic_int woken;

	/* Threads that allocated memory; each counts its end in a thread-local destructor, which
	 * takes thread_end_ms. */
	pthread_key_t thread_key;
	atomic_int threads_begun;
	atomic_int threads_ended;
	atomic_int thread_end_ms;

	/* Duplicates the descriptor of each new connection, as a fork would; echo_finish closes
	 * them. */
	atomic_bool do_copy_fds;
	int copied_fds[CONNS];
	size_t copied_count;
};

/* Starts it on a new Unix socket, with one more thread for "@" lines. */
struct echo *echo_start(const char *backend, uint64_t drain_ns);
/* With time limits; NULL: none. */
struct echo *echo_start_limited(const char *backend, uint64_t drain_ns,
				const struct transport_limits *limits);
/* Waits for its threads after transport_stop. */
void echo_join(struct echo *f);
/* Stops it, and checks that every connection and every buffer was returned. */
void echo_finish(struct echo *f);
/* Pauses the thread that answers "@" lines, or lets it continue. */
void echo_pause(struct echo *f, bool is_paused);

/* Waits until that many "@" lines have been passed to the thread since the start. */
void wait_for_jobs(struct echo *f, size_t count);

/* Connects; the caller closes the descriptor. */
int echo_dial(struct echo *f);
void peer_say(int fd, const char *text);
/* Waits until the other side of a Unix socket has received everything. */
void peer_await_read(int fd);
/* Reads until that many bytes have arrived, the peer closes, or the deadline passes. */
size_t peer_hear(int fd, char *out, size_t bytes);
void peer_expect(int fd, const char *text);
void peer_expect_end(int fd);

/* Runs the test with the name of each backend that serves sockets. */
void for_each_backend(void (*test)(const char *backend));

/* test_x(state) for a function x(backend). */
#define EACH_BACKEND(what)                    \
	static void test_##what(void **state) \
	{                                     \
		(void)state;                  \
		for_each_backend(what);       \
	}

/* Sets the soft limit of descriptors, as far as the hard limit allows. Returns the previous one. */
unsigned long allow_files(unsigned long count);

/* Fails when the counter is below value at the deadline. */
void wait_for_count(const atomic_int *counter, int value);

#endif
