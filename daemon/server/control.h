/*
 * control.h - the commands that speak to a running daemon through its pid file: --status, --stop,
 * --reload.
 *
 * pid_file NULL: the one of the default places that a daemon holds. They print their answer and
 * return an exit code. Nobody but the process that holds the file is ever signalled.
 */
#ifndef DAEMON_SERVER_CONTROL_H
#define DAEMON_SERVER_CONTROL_H

int control_status(const char *pid_file);
int control_stop(const char *pid_file);
int control_reload(const char *pid_file);

#endif
