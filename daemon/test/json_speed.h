/* json_speed.h - measures the parsers (json_speed.c says against what). */
#ifndef DAEMON_TEST_JSON_SPEED_H
#define DAEMON_TEST_JSON_SPEED_H

/* Prints nanoseconds and ratios; returns an exit code. rounds 1..2000. */
int json_speed(int rounds);

#endif
