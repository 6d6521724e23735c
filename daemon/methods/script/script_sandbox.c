#include "daemon/methods/script/script_sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { CPU_S_MAX = 310 }; /* slightly more than the longest time limit of a script */

/*
 * Allows: to end; to talk over fd (send and recv are sendto and recvfrom, without addresses); to
 * read the clock; and what the C library and sanitizers do with their own memory, none of it
 * executable. No call that opens, starts or signals anything.
 */
static int add_rules(scmp_filter_ctx filter, int fd)
{
	static const int calls[] = {
		SCMP_SYS(exit_group), SCMP_SYS(exit),         SCMP_SYS(clock_gettime),
		SCMP_SYS(munmap),     SCMP_SYS(gettimeofday), SCMP_SYS(madvise),
		SCMP_SYS(brk),        SCMP_SYS(sigaltstack),  SCMP_SYS(rt_sigreturn),
		SCMP_SYS(futex),
	};
	static const int talk[] = { SCMP_SYS(sendto), SCMP_SYS(recvfrom) };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(calls) / sizeof(calls[0]); i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	for (size_t i = 0; rc == 0 && i < sizeof(talk) / sizeof(talk[0]); i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, talk[i], 2,
				      SCMP_A0(SCMP_CMP_EQ, (unsigned)fd, 0),
				      SCMP_A4(SCMP_CMP_EQ, 0, 0));
	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				      SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return rc;
}

/* The filter program, which libseccomp can only write to a file. */
static int read_program(struct script_sandbox *s, scmp_filter_ctx filter)
{
	int file = memfd_create("filter", MFD_CLOEXEC);
	int rc = file < 0 ? -errno : seccomp_export_bpf(filter, file);
	off_t bytes = 0;

	if (rc == 0) {
		bytes = lseek(file, 0, SEEK_END);
		s->filter = malloc((size_t)bytes);
		s->filter_count = (unsigned short)((size_t)bytes / sizeof(*s->filter));
		if (!s->filter)
			rc = -ENOMEM;
		else if (pread(file, s->filter, (size_t)bytes, 0) != bytes)
			rc = -EIO;
	}
	if (file >= 0)
		close(file);
	return rc;
}

static int make_filter(struct script_sandbox *s, int fd)
{
	scmp_filter_ctx filter;
	int rc;

	/* Unknown calls fail with EPERM: the C library then uses another way or gives up. Calls of
	 * another architecture (int 0x80, x32) can only be malicious: they kill the process. */
	filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!filter)
		return -ENOMEM;
	/* If this attribute fails, such a call ends only the calling thread, which is the
	 * only one. */
	(void)seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	rc = add_rules(filter, fd);
	if (rc == 0)
		rc = read_program(s, filter);
	seccomp_release(filter);
	return rc;
}

/* 0: unknown. */
static uint64_t address_space_bytes(void)
{
	char text[64]; /* the pages of address space, then of memory, ... */
	int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t len = file < 0 ? -1 : read(file, text, sizeof(text) - 1);

	if (file >= 0)
		close(file);
	if (len <= 0)
		return 0;
	text[len] = '\0';
	return strtoull(text, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

void script_sandbox_init(struct script_sandbox *s, int fd, size_t more_bytes)
{
	uint64_t now_bytes = address_space_bytes();

	*s = (struct script_sandbox){ .memory_bytes_max = now_bytes ? now_bytes + more_bytes : 0 };
	s->code = make_filter(s, fd);
}

static void limit(__rlimit_resource_t what, rlim_t most)
{
	struct rlimit r = { most, most };

	(void)setrlimit(what, &r);
}

/* Loads the filter directly, since libseccomp does not report why loading failed. */
static int install(const struct script_sandbox *s)
{
	struct sock_fprog program = { s->filter_count, s->filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return -errno;
	return 0;
}

int script_sandbox_enter(const struct script_sandbox *s)
{
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, 0);
	limit(RLIMIT_NPROC, 0);
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_CPU, CPU_S_MAX);
	if (s->memory_bytes_max)
		limit(RLIMIT_AS, s->memory_bytes_max);
	return s->code < 0 ? s->code : install(s);
}
