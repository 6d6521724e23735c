/*
 * goxel_start.c - starts a server and measures the time to its first reply; or asks a running one.
 *
 * goxel-start --unix PATH --request TEXT --out FILE -- COMMAND...
 *	Becomes COMMAND (in the same process, so the caller's pid is the server's), while a detached
 *	process connects until it gets a reply, writes FILE and ends. FILE appears when the server
 *	replies, or says why it never did.
 * goxel-start --end-with PID [--remove DIR] [the same --out ...] -- COMMAND...
 *	Becomes COMMAND in its own process group, and leaves a guard (guard.h) that ends it when
 *	process PID, the caller, has ended in whatever way.
 * goxel-start --relay PID
 *	Sends process PID, the caller, a SIGUSR1 for each SIGINT (guard.h), until it ends.
 * goxel-start --unix PATH --request TEXT
 *	Sends one request and prints the reply's first line.
 *
 * The clock starts just before exec(2). Between attempts to connect the probe sleeps 50 us, which
 * limits the error of the time.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/json_out.h"
#include "daemon/base/sock.h"
#include "daemon/base/sock_io.h"
#include "daemon/base/strbuf.h"
#include "scripts/guard.h"

enum { RETRY_NS = 50000, REPLY_BYTES_MAX = 64 << 20 };

struct options {
	const char *unix_path;
	const char *tcp;
	const char *request;
	const char *out;
	int64_t caller; /* 0 = the command may outlive it */
	const char *folder;
	int64_t relay; /* 0 = none */
	uint64_t timeout_ns;
	struct sock_addr addr;
};

/* The result of one attempt to get a reply. */
struct probe {
	uint64_t connect_ns; /* since the start: when connect(2) first succeeded */
	uint64_t reply_ns;   /* since the start: when the reply's line was complete */
	struct strbuf reply; /* without the line's end */
};

#define FIELD(name) .offset = offsetof(struct options, name)

static const struct cli_opt opts[] = {
	{ .name = "Server", .type = CLI_GROUP },
	{ .name = "unix",
	  .type = CLI_TEXT,
	  FIELD(unix_path),
	  .arg = "PATH",
	  .help = "its Unix socket" },
	{ .name = "tcp",
	  .type = CLI_TEXT,
	  FIELD(tcp),
	  .arg = "HOST:PORT",
	  .help = "its TCP address" },
	{ .name = "Probe", .type = CLI_GROUP },
	{ .name = "request",
	  .type = CLI_TEXT,
	  FIELD(request),
	  .arg = "TEXT",
	  .preset = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}",
	  .help = "request to send; \\r and \\n are escapes, a line end is added; "
		  "@FILE sends a file" },
	{ .name = "timeout",
	  .type = CLI_DURATION,
	  FIELD(timeout_ns),
	  .preset = "10s",
	  .min = 1e6,
	  .max = 3.6e12,
	  .help = "time limit for everything" },
	{ .name = "out",
	  .type = CLI_TEXT,
	  FIELD(out),
	  .arg = "FILE",
	  .help = "write the timings here (needed with COMMAND)" },
	{ .name = "Guard", .type = CLI_GROUP },
	{ .name = "end-with",
	  .type = CLI_INT,
	  FIELD(caller),
	  .min = 1,
	  .max = INT_MAX,
	  .arg = "PID",
	  .help = "end COMMAND and its children when this process, the caller, has ended" },
	{ .name = "remove",
	  .type = CLI_TEXT,
	  FIELD(folder),
	  .arg = "DIR",
	  .help = "with --end-with: also remove this folder" },
	{ .name = "relay",
	  .type = CLI_INT,
	  FIELD(relay),
	  .min = 1,
	  .max = INT_MAX,
	  .arg = "PID",
	  .help = "send this process, the caller, a SIGUSR1 "
		  "for each SIGINT received here; ends with it" },
	{ 0 },
};

static const struct cli_prog prog = {
	.name = "goxel-start",
	.usage = "goxel-start (--unix PATH | --tcp HOST:PORT) [options] [-- COMMAND...]",
	.summary = "Starts a server and times its first reply, or asks a running one.",
	.opts = opts,
};

/* Converts "\r" and "
 * " as typed to bytes; "@FILE" is replaced by the file's content. */
static int add_request(struct strbuf *sb, const char *text, struct err *err)
{
	char *content = NULL;
	size_t len = 0;

	if (text[0] == '@') {
		int rc = file_read(text + 1, REPLY_BYTES_MAX, &content, &len, err);

		if (rc < 0)
			return rc;
		strbuf_add(sb, content, len);
		free(content);
		text = "";
	}
	for (; *text; text++) {
		if (text[0] == '\\' && (text[1] == 'r' || text[1] == 'n'))
			strbuf_add_char(sb, *++text == 'r' ? '\r' : '\n');
		else
			strbuf_add_char(sb, *text);
	}
	if (!sb->len || sb->ptr[sb->len - 1] != '\n')
		strbuf_add_char(sb, '\n');
	return sb->failed ? err_set(err, -ENOMEM, "request of %zu bytes", len) : 0;
}

static int exchange(const struct options *o, int fd, uint64_t deadline_ns, struct probe *out,
		    struct err *err)
{
	struct strbuf request = { 0 };
	int rc;

	rc = add_request(&request, o->request, err);
	if (rc < 0) {
		strbuf_deinit(&request);
		return rc;
	}
	rc = sock_send_all(fd, strbuf_span(&request), deadline_ns);
	strbuf_deinit(&request);
	if (!rc)
		rc = sock_receive_line(fd, deadline_ns, REPLY_BYTES_MAX, &out->reply);
	return rc < 0 ? err_set(err, rc, "no reply from the server: %s", strerrordesc_np(-rc)) : 0;
}

/* pidfd is readable when the server has ended; -1 when there is none to watch. */
static int probe(const struct options *o, int pidfd, uint64_t start_ns, struct probe *out,
		 struct err *err)
{
	uint64_t deadline_ns = clock_ns() + o->timeout_ns;
	struct pollfd server = { .fd = pidfd, .events = POLLIN };
	int fd;
	int rc;

	for (;;) {
		fd = sock_connect(&o->addr, o->timeout_ns, err);
		if (fd >= 0)
			break;
		if (pidfd < 0)
			return fd;
		if (poll(&server, 1, 0) > 0)
			return err_set(err, -ECHILD, "the server ended before it answered");
		if (clock_ns() >= deadline_ns)
			return err_wrap(err, -ETIMEDOUT, "the server did not start in time");
		clock_sleep_until_ns(clock_ns() + RETRY_NS);
	}
	out->connect_ns = clock_ns() - start_ns;
	rc = exchange(o, fd, deadline_ns, out, err);
	out->reply_ns = clock_ns() - start_ns;
	close(fd);
	return rc;
}

/* A number in kB after a word in a file of /proc; 0 when it cannot be read. */
static uint64_t proc_bytes(pid_t pid, const char *file, const char *word)
{
	char path[64];
	char line[256];
	unsigned long long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	f = fopen(path, "re");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, word, strlen(word))) {
			kib = strtoull(line + strlen(word), NULL, 10);
			break;
		}
	fclose(f);
	return kib * 1024;
}

static void write_result(const struct options *o, pid_t pid, int rc, const struct probe *p,
			 const struct err *why)
{
	struct strbuf text = { 0 };
	struct json_out j = { .sb = &text, .indent = 2 };
	struct err err = ERR_INIT;

	json_object_open(&j, NULL);
	json_str(&j, "schema", "goxel-start/1");
	json_bool(&j, "answered", rc == 0);
	json_str(&j, "error", rc < 0 ? why->msg : NULL);
	json_i64(&j, "pid", pid);
	if (!rc) {
		json_u64(&j, "first_connect_ns", p->connect_ns);
		json_u64(&j, "first_reply_ns", p->reply_ns);
		json_u64(&j, "rss_bytes", proc_bytes(pid, "status", "VmRSS:"));
		json_u64(&j, "pss_bytes", proc_bytes(pid, "smaps_rollup", "Pss:"));
	}
	json_close(&j);
	if (file_write_atomic(o->out, strbuf_span(&text), &err) < 0)
		fprintf(stderr, "goxel-start: %s\n", err.msg);
	strbuf_deinit(&text);
}

static void run_prober(const struct options *o, pid_t server, int pidfd,
		       const _Atomic uint64_t *start_ns)
{
	struct err err = ERR_INIT;
	struct probe p = { 0 };
	int rc;

	/* The clock starts when the server's process says so. */
	while (!atomic_load(start_ns))
		sched_yield();
	rc = probe(o, pidfd, atomic_load(start_ns), &p, &err);
	write_result(o, server, rc, &p, &err);
	strbuf_deinit(&p.reply);
}

/*
 * Starts a grandchild, so that the command does not find a child that it did not start. Returns 1
 * in the grandchild, 0 here.
 */
static int detach(struct err *err)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		return err_set(err, -errno, "start a process: %s", strerrordesc_np(errno));
	if (!child) {
		pid_t grandchild = fork();

		if (!grandchild)
			return 1;
		_exit(grandchild < 0);
	}
	if (waitpid(child, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status))
		return err_set(err, -EAGAIN, "cannot start a second process");
	return 0;
}

static int start_guard(const struct options *o, struct err *err)
{
	struct guard guard;
	int rc = guard_open(&guard, (pid_t)o->caller, o->folder, err);

	if (rc == 0)
		rc = detach(err);
	if (rc == 1) {
		guard_run(&guard);
		_exit(0);
	}
	return rc;
}

static int start_prober(const struct options *o, const _Atomic uint64_t *start_ns, struct err *err)
{
	pid_t server = getpid();
	/* Before the second process exists: a server that ends at once could not be opened any
	 * more. */
	int pidfd = (int)syscall(SYS_pidfd_open, server, 0);
	int rc;

	if (pidfd < 0)
		return err_set(err, -errno, "watch process %d: %s", (int)server,
			       strerrordesc_np(errno));
	rc = detach(err);
	if (rc == 1) {
		run_prober(o, server, pidfd, start_ns);
		_exit(0);
	}
	return rc;
}

/* Starts the probe process and the clock. */
static int start_timing(const struct options *o, struct err *err)
{
	_Atomic uint64_t *start_ns = mmap(NULL, sizeof(*start_ns), PROT_READ | PROT_WRITE,
					  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t now_ns;
	char stamp[24];
	int rc;

	if (start_ns == MAP_FAILED)
		return err_set(err, -errno, "shared memory: %s", strerrordesc_np(errno));
	rc = start_prober(o, start_ns, err);
	if (rc < 0)
		return rc;
	now_ns = clock_ns();
	atomic_store(start_ns, now_ns);
	/* For the command's own start-up trace (daemon/telemetry/startup.h). */
	snprintf(stamp, sizeof(stamp), "%" PRIu64, now_ns);
	setenv("GOXEL_EXEC_NS", stamp, 1); /* NOLINT(concurrency-mt-unsafe): one thread */
	return 0;
}

static int become(const struct options *o, char **command, struct err *err)
{
	int rc = 0;

	/* Closes the caller's descriptors (locks, pipes), which belong neither to the command nor
	 * to this program. */
	close_range(STDERR_FILENO + 1, UINT_MAX, 0);
	if (o->caller)
		rc = start_guard(o, err);
	if (!rc && o->out)
		rc = start_timing(o, err);
	if (rc < 0)
		return rc;
	execvp(command[0], command);
	return err_set(err, -errno, "run %s: %s", command[0], strerrordesc_np(errno));
}

static int ask(const struct options *o, struct err *err)
{
	struct probe p = { 0 };
	int rc = probe(o, -1, clock_ns(), &p, err);

	if (!rc)
		puts(p.reply.ptr);
	strbuf_deinit(&p.reply);
	return rc;
}

static int check(struct options *o, bool has_command, struct err *err)
{
	if (o->relay)
		return has_command ? err_set(err, -EINVAL, "--relay takes no command") : 0;
	if (!has_command && (o->out || o->caller))
		return err_set(err, -EINVAL, "%s needs a command", o->out ? "--out" : "--end-with");
	if (has_command && !o->out && !o->caller)
		return err_set(err, -EINVAL, "a command needs --out FILE or --end-with PID");
	if (o->folder && !o->caller)
		return err_set(err, -EINVAL, "--remove needs --end-with");
	if (has_command && !o->out)
		return 0;
	if (!o->unix_path == !o->tcp)
		return err_set(err, -EINVAL, "exactly one of --unix and --tcp is needed");
	return o->tcp ? sock_parse_tcp(o->tcp, &o->addr, err)
		      : sock_parse_unix(o->unix_path, &o->addr, err);
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	struct err err = ERR_INIT;
	int operand = argc;
	int rc = cli_defaults(&prog, &o, &err);

	if (!rc)
		rc = cli_parse(&prog, &o, argc, argv, &operand, &err);
	if (rc == 1)
		return EXIT_OK;
	if (!rc)
		rc = check(&o, operand < argc, &err);
	if (rc < 0) {
		fprintf(stderr, "goxel-start: %s\n", err.msg);
		return EXIT_USAGE;
	}
	if (o.relay)
		rc = guard_relay_interrupts((pid_t)o.relay, &err);
	else
		rc = operand < argc ? become(&o, argv + operand, &err) : ask(&o, &err);
	if (rc < 0)
		fprintf(stderr, "goxel-start: %s\n", err.msg);
	return rc < 0 ? EXIT_FAILED : EXIT_OK;
}
