#include "daemon/methods/script/script_server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/methods/script/script_process.h"

static bool can_start;

static void ignore(int signo)
{
	(void)signo; /* only interrupts ppoll */
}

/*
 * Signals for the process group (Ctrl-C, a service manager) are for the daemon: it drains, and
 * scripts go on meanwhile. SIGCHLD is received in ppoll only.
 */
static void set_signals(sigset_t *while_waiting)
{
	static const int ignored[] = { SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,
				       SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM };
	struct sigaction ended = { .sa_handler = ignore };
	struct sigaction none = { .sa_handler = SIG_IGN };
	sigset_t set;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		sigaction(ignored[i], &none, NULL);
	sigaction(SIGCHLD, &ended, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	sigemptyset(while_waiting);
}

/* When memory runs out, the kernel should kill scripts first. */
static void be_expendable(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, "1000", 4);
	close(fd);
}

_Noreturn static void become_process(struct script_process *p, int fd, pid_t server)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != server)
		_exit(1);
	if (dup2(fd, SCRIPT_FD) < 0)
		_exit(1);
	close_range(0, SCRIPT_FD - 1, 0);
	close_range(SCRIPT_FD + 1, ~0u, 0);
	script_process_run(p);
}

/* fds NULL: no descriptors. */
static int send_reply(int code, pid_t pid, const int *fds)
{
	struct script_server_reply text = { code, pid };
	struct iovec part = { &text, sizeof(text) };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} control = { .head = { .cmsg_len = CMSG_LEN(2 * sizeof(int)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS } };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };

	if (fds) {
		memcpy(CMSG_DATA(&control.head), fds, 2 * sizeof(int));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control.room);
	}
	return sendmsg(SCRIPT_FD, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* fds: the daemon's end of the socket, and the process. Returns its pid or an error. */
static pid_t start_process(struct script_process *p, int fds[2])
{
	pid_t server = getpid();
	int ends[2];
	pid_t pid;
	int rc = 0;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	tzset(); /* the sandboxed process cannot read the time zone file */
	pid = fork();
	if (pid == 0)
		become_process(p, ends[1], server);
	fds[0] = ends[0];
	fds[1] = pid < 0 ? -1 : pidfd_open(pid, 0);
	if (fds[1] < 0)
		rc = -errno; /* of fork, or of pidfd_open: then the process ends, since its socket
				closes */
	close(ends[1]);
	if (rc < 0)
		close(ends[0]);
	return rc < 0 ? rc : pid;
}

static void start_one(struct script_process *p)
{
	int fds[2] = { -1, -1 };
	pid_t pid = start_process(p, fds);
	int rc = pid < 0 ? pid : 0;

	if (rc == 0) {
		rc = send_reply(0, pid, fds); /* fails when too many descriptors are in flight */
		close(fds[0]);
		close(fds[1]);
	}
	if (rc < 0 && send_reply(rc, 0, NULL) < 0)
		_exit(0); /* the daemon has ended or dropped this server */
}

/* Resets the priority, since the thread that started this process may have lowered its own. */
static void take_priority_of_daemon(void)
{
	int nice;

	errno = 0;
	nice = getpriority(PRIO_PROCESS, (id_t)getppid());
	if (!errno)
		(void)setpriority(PRIO_PROCESS, 0, nice);
}

_Noreturn static void serve(void)
{
	static struct script_process process;
	struct pollfd daemon = { .fd = SCRIPT_FD, .events = POLLIN };
	sigset_t while_waiting;

	close_range(SCRIPT_FD + 1, ~0u, 0);
	prctl(PR_SET_NAME, "goxel-script");
	set_signals(&while_waiting);
	be_expendable();
	take_priority_of_daemon();
	if (chdir("/") < 0 || script_process_open(&process) < 0)
		_exit(1);
	for (;;) {
		char word;

		if (ppoll(&daemon, 1, NULL, &while_waiting) > 0) {
			if (recv(SCRIPT_FD, &word, 1, 0) <= 0)
				_exit(0); /* the daemon has ended; children end with this one */
			start_one(&process);
		}
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

/* False when a user starts the program with this argument by hand. */
static bool is_socket(int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET;
}

void script_server_enter(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], SCRIPT_SERVER_WORD) && is_socket(SCRIPT_FD))
		serve();
	can_start = true;
}

bool script_server_can_start(void)
{
	return can_start;
}
