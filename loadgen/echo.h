/*
 * echo.h - a bare server: the ceiling that every server's figures are quoted against.
 *
 * One thread, epoll, one read and one write per readiness. Each request line gets the same short
 * reply with the request's id copied in; nothing is parsed. So it costs what the kernel's sockets
 * cost, and about nothing else.
 */
#ifndef LOADGEN_ECHO_H
#define LOADGEN_ECHO_H

struct err;
struct sock_addr;

/*
 * Serves until SIGINT or SIGTERM (which the caller need not have blocked); says on stderr where it
 * listens. A Unix socket's file is removed at the end. cpu: where to run, -1 = anywhere.
 */
int echo_serve(const struct sock_addr *addr, int cpu, struct err *err);

#endif
