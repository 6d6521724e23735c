/*
 * echo.h - a minimal server: the upper bound that results of other servers are compared with.
 *
 * One thread, epoll, one read and one write per readiness. Each request line gets the same short
 * reply with the request's id copied in; nothing is parsed. So it costs hardly more than the
 * kernel's sockets.
 */
#ifndef LOADGEN_ECHO_H
#define LOADGEN_ECHO_H

struct err;
struct sock_addr;

/*
 * Serves until SIGINT or SIGTERM (which the caller need not have blocked); prints the address to
 * stderr. Removes its Unix socket at the end. cpu: where to run, -1 = anywhere.
 */
int echo_serve(const struct sock_addr *addr, int cpu, struct err *err);

#endif
