#include "daemon/server/options.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/err.h"
#include "daemon/base/version.h"
#include "daemon/rpc/limits.h"
#include "daemon/server/config.h"
#include "daemon/store/journal.h"

#define OLD_SOCKET_DIR "/opt/homebrew/var/run/goxel"

static const char *const protocols[] = { "auto", "jsonrpc", "mcp", NULL };

static const char *const off_on[] = { "off", "on", NULL };

enum {
	MEMORY_MIB_MIN = 16,
	MEMORY_MIB_MAX = 1 << 30, /* 1 PiB */
};

/* "auto", "none", "512" (MiB) or "2GiB". */
static int parse_memory(void *field, const char *value, struct err *err)
{
	uint64_t bytes = OPTIONS_MEMORY_AUTO;
	size_t digits = strspn(value, "0123456789");
	int rc = 0;

	if (strcmp(value, "none") == 0)
		bytes = 0;
	else if (digits && !value[digits] && digits < 12)
		bytes = strtoull(value, NULL, 10) << 20;
	else if (strcmp(value, "auto") != 0)
		rc = cli_parse_bytes(value, &bytes, err);
	if (rc < 0)
		return rc;
	if (bytes && bytes != OPTIONS_MEMORY_AUTO &&
	    (bytes < (uint64_t)MEMORY_MIB_MIN << 20 || bytes > (uint64_t)MEMORY_MIB_MAX << 20))
		return err_set(err, -EINVAL, "'%s' is not within %d MiB and %d GiB, nor 0 (none)",
			       value, MEMORY_MIB_MIN, MEMORY_MIB_MAX >> 10);
	memcpy(field, &bytes, sizeof(bytes));
	return 0;
}

#define AT(field) offsetof(struct options, field)

static const struct cli_opt first[] = {
	{ .name = "Architecture (defaults come from the preset)", .type = CLI_GROUP },
	{ .name = "preset",
	  .type = CLI_CHOICE,
	  .offset = AT(preset),
	  .preset = "v15",
	  .choices = preset_names,
	  .help = "a column of the table below" },
};

/* Between these two parts there is a row for each row of the architecture table. */
static const struct cli_opt rest[] = {
	{ .name = "priority-queue",
	  .type = CLI_FLAG,
	  .offset = AT(priority_queue),
	  .help = "short requests first; the same as --queue priority" },
	{ .name = "zero-copy",
	  .type = CLI_CHOICE,
	  .offset = AT(zero_copy),
	  .choices = off_on,
	  .help = "the same as --delivery whole (on) or copied (off)" },

	{ .name = "Serving", .type = CLI_GROUP },
	{ .name = "socket",
	  .letter = 's',
	  .type = CLI_TEXT,
	  .offset = AT(socket),
	  .arg = "PATH",
	  .preset = OPTIONS_SOCKET_DEFAULT,
	  .help = "path of the Unix socket" },
	{ .name = "socket-mode",
	  .type = CLI_TEXT,
	  .offset = AT(socket_mode),
	  .arg = "OCTAL",
	  .preset = "0600",
	  .help = "permissions of the socket file" },
	{ .name = "tcp",
	  .type = CLI_TEXT,
	  .offset = AT(tcp),
	  .arg = "ADDR:PORT",
	  .help = "also serve TCP; port 0 selects a free one and logs it" },
	{ .name = "token-file",
	  .type = CLI_TEXT,
	  .offset = AT(token_file),
	  .arg = "PATH",
	  .help = "TCP clients must first call authenticate with this token; required for any "
		  "address but loopback" },
	{ .name = "protocol",
	  .letter = 'P',
	  .type = CLI_CHOICE,
	  .offset = AT(protocol),
	  .preset = "auto",
	  .choices = protocols,
	  .help = "allowed forms of requests" },
	{ .name = "root",
	  .type = CLI_TEXT,
	  .offset = AT(root),
	  .arg = "DIR",
	  .help = "clients can only use files in this folder; required for file access with --tcp" },
	{ .name = "max-request",
	  .type = CLI_BYTES,
	  .offset = AT(request_bytes_max),
	  .preset = "16MiB",
	  .min = 1024,
	  .max = RPC_REQUEST_BYTES_MAX,
	  .help = "longest request" },
	{ .name = "queue-size",
	  .letter = 'q',
	  .type = CLI_INT,
	  .offset = AT(queue_size),
	  .preset = "1024",
	  .min = 1,
	  .max = 65536,
	  .help = "maximal number of waiting requests" },
	{ .name = "request-timeout",
	  .type = CLI_DURATION,
	  .offset = AT(request_limit_ns),
	  .preset = "5m",
	  .help = "stop work on a request, or on a batch, after this time; 0s = never" },
	{ .name = "idle-timeout",
	  .type = CLI_DURATION,
	  .offset = AT(idle_limit_ns),
	  .preset = "1h",
	  .help = "close a connection without requests for this time; 0s = never" },
	{ .name = "request-read-timeout",
	  .type = CLI_DURATION,
	  .offset = AT(read_limit_ns),
	  .preset = "30s",
	  .help = "close a connection that does not complete a request in this time; a long one "
		  "gets it again for each MiB; 0s = never" },
	{ .name = "write-timeout",
	  .type = CLI_DURATION,
	  .offset = AT(write_limit_ns),
	  .preset = "60s",
	  .help = "close a connection that does not read its replies for this time; 0s = never" },
	{ .name = "max-connections",
	  .letter = 'm',
	  .type = CLI_INT,
	  .offset = AT(connections_max),
	  .preset = "256",
	  .min = 1,
	  .max = 65536,
	  .help = "connections open at once; a new one replaces the one that has waited longest "
		  "(1 s at least), or gets 'server busy'" },
	{ .name = "memory-high",
	  .type = CLI_CALL,
	  .offset = AT(memory_high_bytes),
	  .arg = "MIB",
	  .preset = "auto",
	  .parse = parse_memory,
	  .help = "limit for projects, requests, pictures and files together (or SIZE with a "
		  "unit); requests that need more fail; auto: 3/4 of the machine's or control "
		  "group's memory, 0: no limit" },

	{ .name = "Durable edits", .type = CLI_GROUP },
	{ .name = "journal",
	  .type = CLI_TEXT,
	  .offset = AT(journal),
	  .arg = "DIR",
	  .help = "write every edit to files in DIR before answering it, and start with the "
		  "projects stored there; they survive the end of the process, also kill -9" },
	{ .name = "journal-sync",
	  .type = CLI_CHOICE,
	  .offset = AT(journal_sync),
	  .preset = "interval",
	  .choices = journal_sync_names,
	  .help = "what survives loss of power: always: all edits, since each is on the disk "
		  "before its answer; interval: all but those of the last --journal-interval; "
		  "off: what the kernel has written by itself, often all but the last 30 s" },
	{ .name = "journal-interval",
	  .type = CLI_DURATION,
	  .offset = AT(journal_interval_ns),
	  .preset = "1s",
	  .min = 1e6,
	  .max = 3600e9,
	  .help = "longest time from an edit to the disk" },
	{ .name = "journal-segment",
	  .type = CLI_BYTES,
	  .offset = AT(journal_segment_bytes),
	  .preset = "64MiB",
	  .min = 65536,
	  .max = 1ull << 40,
	  .help = "write a new snapshot when the files have grown by SIZE, and at least by the "
		  "size of the last snapshot" },
	{ .name = "journal-repair",
	  .type = CLI_FLAG,
	  .offset = AT(is_journal_repairing),
	  .help = "start even if a file in DIR is damaged, dropping all edits from there on" },

	{ .name = "Watching", .type = CLI_GROUP },
	{ .name = "verbose",
	  .letter = 'V',
	  .type = CLI_FLAG,
	  .offset = AT(is_verbose),
	  .help = "log requests, and statistics at the end" },
	{ .name = "startup-trace",
	  .type = CLI_FLAG,
	  .offset = AT(has_startup_trace),
	  .help = "print the phases of the start to stderr" },
	{ .name = "stages",
	  .type = CLI_INT,
	  .offset = AT(stages_every),
	  .preset = "0",
	  .min = 0,
	  .max = 1e9,
	  .help = "time the stages of one request in N; 0 = none" },
	{ .name = "heap-sample",
	  .type = CLI_BYTES,
	  .offset = AT(heap_sample_bytes),
	  .preset = "0",
	  .help = "sample one allocation per SIZE bytes; 0 = none" },

	{ .name = "Process", .type = CLI_GROUP },
	{ .name = "daemonize",
	  .letter = 'D',
	  .type = CLI_FLAG,
	  .offset = AT(is_daemonized),
	  .help = "run in the background when the sockets listen" },
	{ .name = "foreground",
	  .letter = 'f',
	  .type = CLI_FLAG,
	  .offset = AT(is_foreground),
	  .help = "run in the foreground (the default)" },
	{ .name = "pid-file",
	  .letter = 'p',
	  .type = CLI_TEXT,
	  .offset = AT(pid_file),
	  .arg = "PATH",
	  .help = "write the process id here, and hold a lock on it; with --daemonize and the "
		  "commands below the default is " OPTIONS_PID_FILE
		  " in $XDG_RUNTIME_DIR, or in /tmp" },
	{ .name = "log-file",
	  .letter = 'l',
	  .type = CLI_TEXT,
	  .offset = AT(log_file),
	  .arg = "PATH",
	  .help = "write the log here instead of stderr; with --daemonize the default is " OPTIONS_LOG_FILE
		  " in $XDG_RUNTIME_DIR, or in /tmp" },
	{ .name = "working-dir",
	  .letter = 'w',
	  .type = CLI_TEXT,
	  .offset = AT(working_dir),
	  .arg = "DIR",
	  .help = "change to this directory; with --daemonize the default is /" },
	{ .name = "user",
	  .letter = 'u',
	  .type = CLI_TEXT,
	  .offset = AT(user),
	  .arg = "NAME",
	  .help = "switch to this user when the sockets listen" },
	{ .name = "group",
	  .letter = 'g',
	  .type = CLI_TEXT,
	  .offset = AT(group),
	  .arg = "NAME",
	  .help = "and to this group" },
	{ .name = "config",
	  .letter = 'c',
	  .type = CLI_TEXT,
	  .offset = AT(config),
	  .arg = "FILE",
	  .help = "JSON configuration file; options override it" },
	{ .name = "headless",
	  .type = CLI_FLAG,
	  .offset = AT(ignored),
	  .help = "accepted, no effect" },
	{ .name = "daemon",
	  .type = CLI_FLAG,
	  .offset = AT(ignored),
	  .help = "accepted, no effect" },

	{ .name = "Instead of serving", .type = CLI_GROUP },
	{ .name = "status",
	  .type = CLI_FLAG,
	  .offset = AT(do_status),
	  .help = "print whether a daemon holds the pid file (exit 0) or not (exit 1)" },
	{ .name = "stop",
	  .type = CLI_FLAG,
	  .offset = AT(do_stop),
	  .help = "end the daemon: TERM, and KILL after 30 s" },
	{ .name = "reload",
	  .type = CLI_FLAG,
	  .offset = AT(do_reload),
	  .help = "make the daemon reload its configuration" },
	{ .name = "test-signals",
	  .type = CLI_FLAG,
	  .offset = AT(test_signals),
	  .help = "run a daemon in a temporary directory and send it every signal" },
	{ .name = "test-lifecycle",
	  .type = CLI_FLAG,
	  .offset = AT(test_lifecycle),
	  .help = "the same: start, pid file, reload, stop" },
	{ .name = "test-concurrent",
	  .type = CLI_FLAG,
	  .offset = AT(test_concurrent),
	  .help = "the same: several clients at once" },
	{ 0 },
};

enum {
	FIRST_COUNT = sizeof(first) / sizeof(first[0]),
	REST_COUNT = sizeof(rest) / sizeof(rest[0]),
};

static struct cli_opt table[FIRST_COUNT + ARCH_ROWS + REST_COUNT];

/* Gives the same table each time; called before any thread is started. */
static void make_table(void)
{
	memcpy(table, first, sizeof(first));
	for (size_t i = 0; i < ARCH_ROWS; i++) {
		const struct arch_row *row = &arch_rows[i];

		table[FIRST_COUNT + i] = (struct cli_opt){
			.name = row->name,
			.letter = row->letter,
			.type = row->words ? CLI_CHOICE : CLI_TEXT,
			.choices = row->words,
			.offset = AT(arch) + i * sizeof(const char *),
			.arg = row->arg,
			.help = row->help,
		};
	}
	memcpy(table + FIRST_COUNT + ARCH_ROWS, rest, sizeof(rest));
}

static const struct cli_prog prog = {
	.name = "goxel-daemon",
	.usage = "goxel-daemon [options]",
	.summary = "Serves projects of voxels over a Unix socket and TCP, in the v14 or the v15 "
		   "architecture or any mixture of them.",
	.opts = table,
	.help_more = arch_print,
	.exit_codes = "0  served until asked to stop; --status: it runs\n"
		      "1  --status, --stop, --reload: it does not run; a --test failed\n"
		      "2  wrong option or configuration\n"
		      "3  something requested by name is unavailable here\n"
		      "4  could not start, or failed while running",
};

/* The configuration file's name, which is read before the options that override it. */
static const char *find_config(int argc, char **argv)
{
	struct options early = { 0 };
	char **copy = calloc((size_t)argc + 1, sizeof(*copy));
	int rc;

	if (!copy)
		return NULL;
	for (int i = 0; i < argc; i++)
		copy[i] = argv[i];
	rc = cli_parse(&prog, &early, argc, copy, NULL, NULL);
	free(copy);
	return rc == 0 ? early.config : NULL;
}

static void settle_socket(struct options *o)
{
	struct stat st;

	/* Other clients of this family rely on this for an empty --socket. */
	if (o->socket[0])
		return;
	o->socket = stat(OLD_SOCKET_DIR, &st) == 0 && S_ISDIR(st.st_mode) ? OLD_SOCKET_DIR
			    "/goxel.sock"
									  : OPTIONS_SOCKET_DEFAULT;
}

void options_free(struct options *o)
{
	config_free(&o->texts);
}

/* Scripts for this family of daemons parse the first line. */
static void print_version(void)
{
	printf("goxel-daemon version %s\nsuite %s, revision %s, %s, variant %s (%s)\n",
	       GOXEL_DAEMON_VERSION, GOXEL_PERF_VERSION, version_revision(), version_compiler(),
	       version_variant(), version_flags());
}

int options_read(struct options *out, int argc, char **argv, const char *config, struct err *err)
{
	bool has_config = false;
	int rc;

	make_table();
	*out = (struct options){ 0 };
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "-v") == 0 || strcmp(argv[i], "--version") == 0) {
			print_version();
			return 1;
		}
		has_config |= strncmp(argv[i], "--c", 3) == 0 || strncmp(argv[i], "-c", 2) == 0;
	}
	rc = cli_defaults(&prog, out, err);
	if (rc == 0 && has_config && !config)
		config = find_config(argc, argv);
	if (rc == 0 && config)
		rc = config_load(&prog, out, config, &out->texts, err);
	if (rc == 0)
		rc = cli_parse(&prog, out, argc, argv, NULL, err);
	if (rc == 0)
		settle_socket(out);
	return rc;
}
