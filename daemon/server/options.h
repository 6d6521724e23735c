/*
 * options.h - the options of goxel-daemon, from the command line and the configuration file.
 *
 * Fields that belong to the architecture stay NULL or 0 while unset: the preset fills them.
 */
#ifndef DAEMON_SERVER_OPTIONS_H
#define DAEMON_SERVER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/server/arch.h"
#include "daemon/server/config.h"

struct err;

struct options {
	/* the architecture */
	const char *preset;
	const char *arch[ARCH_ROWS]; /* as typed, in the order of arch_rows; NULL: the preset's */
	bool priority_queue;
	const char *zero_copy; /* the older name of --delivery; NULL: not given */

	/* where and what is served */
	const char *socket;
	const char *socket_mode; /* octal */
	const char *tcp;
	const char *token_file;
	const char *protocol;
	const char *root;
	uint64_t request_bytes_max;
	int64_t queue_size;
	int64_t connections_max;
	uint64_t request_limit_ns;
	uint64_t idle_limit_ns;
	uint64_t read_limit_ns;
	uint64_t write_limit_ns;
	uint64_t memory_high_bytes; /* 0: no limit; OPTIONS_MEMORY_AUTO */

	/* edits that survive */
	const char *journal; /* NULL: no journal */
	const char *journal_sync;
	uint64_t journal_interval_ns;
	uint64_t journal_segment_bytes;
	bool is_journal_repairing;

	/* watching */
	bool is_verbose;
	bool has_startup_trace;
	int64_t stages_every;
	uint64_t heap_sample_bytes;

	/* the process */
	bool is_daemonized;
	bool is_foreground;
	const char *pid_file;
	const char *log_file;
	const char *working_dir;
	const char *user;
	const char *group;
	const char *config;

	/* instead of serving */
	bool do_status;
	bool do_stop;
	bool do_reload;
	bool test_signals;
	bool test_lifecycle;
	bool test_concurrent;

	struct config_texts texts; /* texts that fields from the file point to */

	bool ignored; /* --headless, --daemon: options of other programs */
};

#define OPTIONS_MEMORY_AUTO UINT64_MAX /* three quarters of the available memory */

#define OPTIONS_SOCKET_DEFAULT "/tmp/goxel-daemon.sock"

/* Names in the default places (places.h). */
#define OPTIONS_PID_FILE "goxel-daemon.pid"
#define OPTIONS_LOG_FILE "goxel-daemon.log"

/*
 * Applies the defaults, then the configuration file (config; NULL: the one named on the command
 * line), then the command line. Returns 0; 1 when --help or --version was printed; -EINVAL and
 * others. argv is permuted. Call options_free afterwards in any case.
 */
int options_read(struct options *out, int argc, char **argv, const char *config, struct err *err);
void options_free(struct options *o);

#endif
