/* fake_server.h - small servers that misbehave on purpose, for runs of the load generator. */
#ifndef LOADGEN_TEST_FAKE_SERVER_H
#define LOADGEN_TEST_FAKE_SERVER_H

#include <pthread.h>
#include <stdint.h>

#include "daemon/base/sock.h"

/* A server for one connection at a time; serve returns when the connection is done with. */
struct server {
	char dir[64];
	struct sock_addr addr;
	int listen_fd;
	int stop_fd; /* eventfd: readable once the server must stop */
	void (*serve)(struct server *s, int fd);
	int served_count;
	pthread_t thread;
	uint64_t stall_after_ns; /* the first request; 0 = never */
	uint64_t stall_ns;
};

/* Serves on a fresh Unix socket until server_stop. */
void server_start(struct server *s, void (*serve)(struct server *s, int fd));
void server_stop(struct server *s);

/* Answers every ping; silent for stall_ns, beginning stall_after_ns after the first request. */
void serve_ping(struct server *s, int fd);
/* Collects eight requests and answers the last first, each reply in two pieces. */
void serve_backwards(struct server *s, int fd);
/* Reads and never answers. */
void serve_silence(struct server *s, int fd);
/* Answers with what is no JSON. */
void serve_nonsense(struct server *s, int fd);
/* Replies of 3 MiB, in many pieces. */
void serve_large(struct server *s, int fd);
/* Answers every ping twice. */
void serve_twice(struct server *s, int fd);
/* Answers with errors of code -32601. */
void serve_errors(struct server *s, int fd);
/* Reads nothing until the socket is full; takes long requests. */
void serve_slow_reader(struct server *s, int fd);
/* One line without an end. */
void serve_endless(struct server *s, int fd);
/* Answers three requests and hangs up. */
void serve_three(struct server *s, int fd);
/* Answers some requests, then none, and takes no connections any more. */
void serve_and_die(struct server *s, int fd);
/* Answers every ping, and after some interrupts this process. */
void serve_and_interrupt(struct server *s, int fd);

#endif
