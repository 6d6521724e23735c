/*
 * script_server.h - a small process next to the daemon that starts the processes of scripts.
 *
 * Why not fork the daemon itself: that copies its page tables (milliseconds per GiB, in which
 * others wait), the locks that other threads hold, and its connections. Why not a new program for
 * each script: loading it takes longer than most scripts run. The server has one thread, one
 * descriptor and little memory; a fork of it is cheap and has the engine ready.
 *
 * It is the daemon's own program with a special argument, so nothing more needs to be installed. It
 * ends when the daemon does, since the socket between them closes; its children end with it.
 *
 * For each message (a count of one byte) it starts one process and answers with script_server_reply
 * and two descriptors: the socket to the process, and the process itself (pidfd).
 */
#ifndef DAEMON_METHODS_SCRIPT_SCRIPT_SERVER_H
#define DAEMON_METHODS_SCRIPT_SCRIPT_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#define SCRIPT_SERVER_WORD "script-server"

struct script_server_reply {
	int32_t code; /* 0, or a negative errno: no process, no descriptors */
	int32_t pid;
};

/*
 * Call first in main. In a process started as a script server it does not return. Otherwise, it
 * notes that this program can be started as one.
 */
void script_server_enter(int argc, char **argv);
bool script_server_can_start(void);

#endif
