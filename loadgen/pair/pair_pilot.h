/* pair_pilot.h - what the arms can do at most, to choose a rate that all of them hold. */
#ifndef LOADGEN_PAIR_PAIR_PILOT_H
#define LOADGEN_PAIR_PAIR_PILOT_H

#include "loadgen/pair/pair_block.h"

/*
 * A generator of one thread that gives each request its own write and read is late for some of them
 * above this rate: at 20,000/s p99 of its lag is a tenth of a fast server's response time there, at
 * 90,000/s a third.
 */
#define PAIR_PILOT_RATE_MAX 20000.0

/*
 * Drives each arm's server in a closed loop for a moment and gives the throughput of the slowest.
 * Errors: as pair_server_start; -EPROTO no request succeeded.
 */
int pair_pilot(const struct pair_setup *setup, double *slowest_per_s, struct err *err);

/* Two significant digits, so that a figure in a command can be typed. */
double pair_pilot_round(double rate_per_s);

#endif
