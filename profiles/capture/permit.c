#include "profiles/capture/permit.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const item_names[PERMIT_ITEMS_COUNT] = {
	[PERMIT_COUNT_USER] = "counting in user code",
	[PERMIT_COUNT_KERNEL] = "counting in the kernel",
	[PERMIT_HARDWARE] = "hardware counters",
	[PERMIT_TRACEPOINTS] = "tracepoints",
	[PERMIT_SAMPLE] = "sampling by perf",
	[PERMIT_MACHINE] = "sampling whole processors",
	[PERMIT_KALLSYMS] = "kernel function names",
};

const char *permit_name(enum permit_item item)
{
	return item_names[item];
}

static __attribute__((format(printf, 4, 5))) void answer(struct permit *p, enum permit_item item,
							 bool is_ok, const char *fmt, ...)
{
	va_list args;

	p->items[item].is_ok = is_ok;
	va_start(args, fmt);
	vsnprintf(p->items[item].why, sizeof(p->items[item].why), fmt, args);
	va_end(args);
}

static int read_paranoid(void)
{
	FILE *in = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
	char text[16];
	int value = 99;

	if (!in)
		return value;
	if (fgets(text, sizeof(text), in))
		value = (int)strtol(text, NULL, 10);
	fclose(in);
	return value;
}

/* Opens one event on this process (pid 0) or on processor 0 (pid -1) and closes it. 0 or -errno. */
static int try_event(unsigned type, unsigned long long config, bool with_kernel, pid_t pid)
{
	struct perf_event_attr attr = {
		.type = type,
		.size = sizeof(attr),
		.config = config,
		.disabled = 1,
		.exclude_kernel = !with_kernel,
		.exclude_hv = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, pid, pid < 0 ? 0 : -1, -1,
			      PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static void probe_counting(struct permit *p)
{
	int user = try_event(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK, false, 0);
	int kernel = try_event(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK, true, 0);
	int hardware = try_event(PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS, false, 0);

	if (user == 0)
		answer(p, PERMIT_COUNT_USER, true, "%s", "");
	else if (user == -ENOSYS)
		answer(p, PERMIT_COUNT_USER, false,
		       "perf_event_open is unavailable: kernel without it, or a seccomp filter");
	else
		answer(p, PERMIT_COUNT_USER, false,
		       "perf_event_open: %s (kernel.perf_event_paranoid is %d, "
		       "at most 2 is needed, or CAP_PERFMON)",
		       strerrordesc_np(-user), p->paranoid);
	if (kernel == 0)
		answer(p, PERMIT_COUNT_KERNEL, true, "%s", "");
	else
		answer(p, PERMIT_COUNT_KERNEL, false,
		       "perf_event_open: %s (kernel.perf_event_paranoid is %d, "
		       "at most 1 is needed, or CAP_PERFMON)",
		       strerrordesc_np(-kernel), p->paranoid);
	if (hardware == 0)
		answer(p, PERMIT_HARDWARE, true, "%s", "");
	else if (user < 0)
		answer(p, PERMIT_HARDWARE, false, "counting is not permitted at all");
	else
		answer(p, PERMIT_HARDWARE, false,
		       "the kernel sees no counters of the "
		       "processor (%s); common in virtual machines",
		       strerrordesc_np(-hardware));
}

static bool has_events(const char *dir)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/events/raw_syscalls/sys_enter/id", dir);
	return access(path, R_OK) == 0;
}

/* Mounts tracefs visibly for this process and its children only. */
static int mount_tracefs(const char *dir)
{
	if (unshare(CLONE_NEWNS) < 0)
		return -errno;
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	if (mount("tracefs", dir, "tracefs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL) <
	    0)
		return -errno;
	return 0;
}

static void probe_tracepoints(struct permit *p)
{
	static const char *const dirs[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	int rc;

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		if (has_events(dirs[i])) {
			snprintf(p->tracefs, sizeof(p->tracefs), "%s", dirs[i]);
			answer(p, PERMIT_TRACEPOINTS, true, "%s", "");
			return;
		}
	}
	rc = geteuid() == 0 ? mount_tracefs(dirs[0]) : -EPERM;
	if (rc == 0 && has_events(dirs[0])) {
		snprintf(p->tracefs, sizeof(p->tracefs), "%s", dirs[0]);
		answer(p, PERMIT_TRACEPOINTS, true, "tracefs mounted for this process only");
		return;
	}
	answer(p, PERMIT_TRACEPOINTS, false,
	       "no readable tracefs in %s (%s): mount -t tracefs tracefs %s, and root or read "
	       "permission on it",
	       dirs[0], strerrordesc_np(rc < 0 ? -rc : EACCES), dirs[0]);
}

static bool find_in_path(const char *name, char *out, size_t cap)
{
	const char *at = getenv("PATH"); /* NOLINT(concurrency-mt-unsafe): nobody sets it */

	while (at && *at) {
		size_t len = strcspn(at, ":");

		if (len > 0 && (size_t)snprintf(out, cap, "%.*s/%s", (int)len, at, name) < cap &&
		    access(out, X_OK) == 0)
			return true;
		at += len + (at[len] == ':');
	}
	out[0] = '\0';
	return false;
}

static void probe_sampling(struct permit *p)
{
	if (!find_in_path("perf", p->perf_path, sizeof(p->perf_path)))
		answer(p, PERMIT_SAMPLE, false, "no perf in PATH: apt install linux-perf");
	else if (!p->items[PERMIT_COUNT_USER].is_ok)
		answer(p, PERMIT_SAMPLE, false, "%s", p->items[PERMIT_COUNT_USER].why);
	else if (!p->items[PERMIT_COUNT_KERNEL].is_ok)
		answer(p, PERMIT_SAMPLE, true, "user code only");
	else
		answer(p, PERMIT_SAMPLE, true, "%s", "");
}

static void probe_machine(struct permit *p)
{
	int rc = try_event(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, true, -1);

	if (rc == 0)
		answer(p, PERMIT_MACHINE, true, "%s", "");
	else
		answer(p, PERMIT_MACHINE, false,
		       "perf_event_open: %s (kernel.perf_event_paranoid is %d, at most 0 is "
		       "needed, or CAP_PERFMON)",
		       strerrordesc_np(-rc), p->paranoid);
}

/* The kernel shows zeros to users who may not see its addresses. */
static void probe_kallsyms(struct permit *p)
{
	FILE *in = fopen("/proc/kallsyms", "re");
	unsigned long long addr = 0;
	char line[256];

	while (in && addr == 0 && fgets(line, sizeof(line), in)) {
		addr = strtoull(line, NULL, 16);
		/* The first symbols are per-processor offsets, small numbers even for root. */
		addr = addr >> 32 ? addr : 0;
	}
	if (in)
		fclose(in);
	if (addr)
		answer(p, PERMIT_KALLSYMS, true, "%s", "");
	else
		answer(p, PERMIT_KALLSYMS, false,
		       "/proc/kallsyms hides addresses "
		       "(kernel.kptr_restrict): kernel frames have no names");
}

void permit_probe(struct permit *p)
{
	memset(p, 0, sizeof(*p));
	p->paranoid = read_paranoid();
	probe_counting(p);
	probe_tracepoints(p);
	probe_sampling(p);
	probe_machine(p);
	probe_kallsyms(p);
}
