/*
 * What the process of a script can still do: each try is made by a process of its own that has
 * confined itself. Calls by the numbers of i386 (int 0x80) mean other things than those of x86-64:
 * the first filter let them pass, and chmod, link and execve worked.
 */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/methods/script/script_sandbox.h"
#include "daemon/test/int80.h"
#include "daemon/test/skip.h"
#include "daemon/test/temp_dir.h"

enum {
	I386_LINK = 9,
	I386_EXECVE = 11,
	I386_CHMOD = 15,
	I386_GETPID = 20,
	X32_CHMOD = 90,
	FD = 3, /* the one that is left */
	SKIPPED = 77,
};

static struct temp_dir dir;
static char *file;  /* below 4 GiB, as i386 calls want it */
static char *other; /* a name that does not exist */
static int ends[2]; /* of a socket; ends[1] is FD in each try */

static int set_up(void **state)
{
	char *low = mmap((void *)0x10000000, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd;

	(void)state;
	if (low == MAP_FAILED || temp_dir_open(&dir) < 0)
		return -1;
	file = low;
	other = low + 512;
	temp_dir_path(&dir, "file", file, 512);
	temp_dir_path(&dir, "other", other, 512);
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	close(fd);
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}

static int tear_down(void **state)
{
	(void)state;
	close(ends[0]);
	close(ends[1]);
	temp_dir_close(&dir);
	return 0;
}

/* 0: it cannot; 1: it can. Runs confined. */
typedef int(attempt)(void);

/* The wait status of a process that tries; SKIPPED: no filter can be installed here. */
static int outcome(attempt *try)
{
	pid_t pid = fork();
	int status = 0;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct script_sandbox sandbox;

		dup2(ends[1], FD);
		script_sandbox_init(&sandbox, FD, 32 << 20);
		if (script_sandbox_enter(&sandbox) < 0)
			_exit(SKIPPED);
		_exit(try());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static bool was_killed(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

#define NO_FILTER "no system call filter can be installed here"

static void want_refused(attempt *try)
{
	int status = outcome(try);

	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		skip_because(NO_FILTER);
	assert_true(was_killed(status) || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
}

static int try_int80_chmod(void)
{
	return int80(I386_CHMOD, (long)file, 0777, 0) == 0;
}

static int try_int80_link(void)
{
	return int80(I386_LINK, (long)file, (long)other, 0) == 0;
}

static int try_int80_execve(void)
{
	memcpy(other, "/bin/true", sizeof("/bin/true"));
	int80(I386_EXECVE, (long)other, 0, 0);
	return 0; /* as /bin/true: only being killed says that it did not work */
}

static int try_int80_getpid(void)
{
	return int80(I386_GETPID, 0, 0, 0) > 0;
}

static int try_x32_chmod(void)
{
	return x32_call(X32_CHMOD, (long)file, 0777) == 0;
}

/* This kernel runs such calls at all: a process that is not confined may make one. */
static bool has_i386_calls(void)
{
	pid_t pid = HAS_INT80 ? fork() : -1;
	int status = 0;

	if (pid == 0)
		_exit(int80(I386_GETPID, 0, 0, 0) == getpid() ? 0 : 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

static void test_calls_of_another_architecture_end_the_process(void **state)
{
	static attempt *const tries[] = { try_int80_chmod, try_int80_link, try_int80_execve,
					  try_int80_getpid };
	struct stat st;

	(void)state;
	if (!has_i386_calls())
		skip_because("this kernel has no system calls of i386");
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		int status = outcome(tries[i]);

		if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
			skip_because(NO_FILTER);
		assert_true(was_killed(status));
	}
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_nlink, 1);
}

static void test_x32_numbers_do_nothing(void **state)
{
	struct stat st;

	(void)state;
	if (!HAS_INT80)
		skip_because("this architecture has no numbers of x32");
	want_refused(try_x32_chmod);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static int try_open(void)
{
	return open(file, O_RDONLY) >= 0; /* NOLINT(android-cloexec-open) */
}

static int try_chmod(void)
{
	return chmod(file, 0777) == 0;
}

static int try_fork(void)
{
	return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) >= 0;
}

static int try_execve(void)
{
	char *argv[] = { file, NULL };

	return execve("/bin/true", argv, NULL) == 0 || errno != EPERM;
}

static int try_kill(void)
{
	return kill(getppid(), 0) == 0;
}

static int try_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0; /* NOLINT(android-cloexec-socket) */
}

static int try_executable_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	       MAP_FAILED;
}

static int try_mprotect(void)
{
	void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page != MAP_FAILED && mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
}

static int try_write(void)
{
	return write(ends[1], "x", 1) == 1;
}

static int try_other_socket(void)
{
	return send(ends[1], "x", 1, 0) == 1;
}

static int try_sending_a_descriptor(void)
{
	struct msghdr msg = { 0 };

	return sendmsg(FD, &msg, 0) >= 0;
}

static int try_ptrace(void)
{
	return syscall(SYS_ptrace, 0, 0, 0, 0) == 0;
}

static int try_lifting_a_limit(void)
{
	struct rlimit r = { 16, 16 };

	return setrlimit(RLIMIT_NOFILE, &r) == 0;
}

static void test_nothing_opens_starts_or_signals(void **state)
{
	static attempt *const tries[] = {
		try_open,
		try_chmod,
		try_fork,
		try_execve,
		try_kill,
		try_socket,
		try_executable_memory,
		try_mprotect,
		try_write,
		try_other_socket,
		try_sending_a_descriptor,
		try_ptrace,
		try_lifting_a_limit,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++)
		want_refused(tries[i]);
}

static int talk(void)
{
	char got[2];

	return send(FD, "x", 1, MSG_NOSIGNAL) == 1 && recv(FD, got, sizeof(got), 0) == 1;
}

static void test_it_can_talk_over_its_descriptor(void **state)
{
	char got[2];
	int status;

	(void)state;
	assert_int_equal(send(ends[0], "y", 1, 0), 1);
	status = outcome(talk);
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		skip_because(NO_FILTER);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_int_equal(recv(ends[0], got, sizeof(got), MSG_DONTWAIT), 1);
}

/* As a container may have it: nobody installs filters. */
static void forbid_filters(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (!filter || seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(seccomp), 0) < 0 ||
	    seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prctl), 1,
			     SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP, 0)) < 0 ||
	    seccomp_load(filter) < 0)
		_exit(SKIPPED);
	seccomp_release(filter);
}

/* 1: no filter, said so, and the limits hold. */
static int enter_without_filters(void)
{
	struct script_sandbox sandbox;
	struct rlimit core;

	forbid_filters();
	script_sandbox_init(&sandbox, FD, 32 << 20);
	if (script_sandbox_enter(&sandbox) != -EPERM || getrlimit(RLIMIT_CORE, &core) < 0)
		return 0;
	return core.rlim_max == 0 && open(file, O_RDONLY | O_CLOEXEC) < 0 && errno == EMFILE &&
	       mmap(NULL, (size_t)1 << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
		       MAP_FAILED;
}

static void test_without_filters_it_says_so_and_keeps_the_limits(void **state)
{
	pid_t pid = fork();
	int status = 0;

	(void)state;
	if (pid == 0)
		_exit(enter_without_filters());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == SKIPPED)
		skip_because(NO_FILTER);
	assert_int_equal(WEXITSTATUS(status), 1);
}

/* "--without-filters COMMAND...": for tests of whole programs. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls_of_another_architecture_end_the_process),
		cmocka_unit_test(test_x32_numbers_do_nothing),
		cmocka_unit_test(test_nothing_opens_starts_or_signals),
		cmocka_unit_test(test_it_can_talk_over_its_descriptor),
		cmocka_unit_test(test_without_filters_it_says_so_and_keeps_the_limits),
	};

	if (argc > 2 && !strcmp(argv[1], "--without-filters")) {
		forbid_filters();
		execvp(argv[2], argv + 2);
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
