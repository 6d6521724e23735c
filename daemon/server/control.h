/*
 * control.h - the commands that address a running daemon through its pid file: --status, --stop,
 * --reload.
 *
 * pid_file NULL: the default place in which a daemon holds one. They print their result and return
 * an exit code. Only the process that holds the file is ever signalled.
 */
#ifndef DAEMON_SERVER_CONTROL_H
#define DAEMON_SERVER_CONTROL_H

int control_status(const char *pid_file);
int control_stop(const char *pid_file);
int control_reload(const char *pid_file);

#endif
