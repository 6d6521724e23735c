/* proc_sample.h - what /proc says of a process: memory, descriptors, threads, children. */
#ifndef DAEMON_TEST_STRESS_PROC_SAMPLE_H
#define DAEMON_TEST_STRESS_PROC_SAMPLE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct proc_sample {
	uint64_t rss_bytes;
	uint64_t pss_bytes;
	uint64_t cpu_ms; /* user and system, since its start */
	unsigned fds_count;
	unsigned threads_count;
	unsigned umask;          /* of new files */
	unsigned children_count; /* of all its threads; zombies included */
};

/* 0, or -ESRCH. */
int proc_sample_take(pid_t pid, struct proc_sample *out);

unsigned proc_count_fds(pid_t pid);
unsigned proc_count_children(pid_t pid);

/* Children of this process, into pids; returns how many. */
size_t proc_list_children(pid_t *pids, size_t cap);

/* "65 socket, 3 anon_inode, 4 others": what the descriptors are. */
void proc_describe_fds(pid_t pid, char *out, size_t cap);

#endif
