/*
 * main.c - goxel-daemon: start, serve, end, in this order.
 *
 * The sockets come first, so that clients can connect while the rest starts.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/budget.h"
#include "daemon/base/cli/cli.h"
#include "daemon/base/cpu.h"
#include "daemon/base/err.h"
#include "daemon/base/log.h"
#include "daemon/base/memory.h"
#include "daemon/base/pidfile.h"
#include "daemon/base/strbuf.h"
#include "daemon/base/version.h"
#include "daemon/methods/script/script_pool.h"
#include "daemon/methods/script/script_server.h"
#include "daemon/server/control.h"
#include "daemon/server/listen.h"
#include "daemon/server/options.h"
#include "daemon/server/places.h"
#include "daemon/server/preset.h"
#include "daemon/server/process.h"
#include "daemon/server/selftest.h"
#include "daemon/server/server.h"
#include "daemon/server/signals.h"
#include "daemon/store/journal.h"
#include "daemon/store/root.h"
#include "daemon/telemetry/heap_sampler.h"
#include "daemon/telemetry/stages.h"
#include "daemon/telemetry/startup.h"

enum { FILES_SPARE = 128 }; /* descriptors in addition to those of connections */

struct daemon {
	struct options options;
	struct axes axes;
	struct server server;
	struct listen listen;
	struct root root;
	struct pidfile pid_file;
	/* Owned paths, absolute, since the working directory may change. */
	char *log_file;   /* NULL: stderr */
	char *config;     /* NULL: none */
	char *journal;    /* folder; NULL: none */
	bool has_started; /* past the steps that depend only on the options */
	int argc;
	char **argv;
};

static enum worker_protocol protocol_of(const char *name)
{
	if (!strcmp(name, "jsonrpc"))
		return PROTOCOL_JSONRPC;
	return strcmp(name, "mcp") == 0 ? PROTOCOL_MCP : PROTOCOL_AUTO;
}

static enum journal_sync sync_of(const char *name)
{
	int i = 0;

	while (strcmp(journal_sync_names[i], name) != 0)
		i++;
	return (enum journal_sync)i;
}

static int open_server(struct daemon *d, struct err *err)
{
	struct journal_cfg journal = {
		.dir = d->journal,
		.sync = sync_of(d->options.journal_sync),
		.interval_ns = d->options.journal_interval_ns,
		.segment_bytes = d->options.journal_segment_bytes,
		.is_repairing = d->options.is_journal_repairing,
	};
	struct server_cfg cfg = {
		.axes = &d->axes,
		.listen_fds = d->listen.fds,
		.listen_count = d->listen.count,
		.queue_size = (size_t)d->options.queue_size,
		.connections_max = (size_t)d->options.connections_max,
		.request_bytes_max = (size_t)d->options.request_bytes_max,
		.request_limit_ns = d->options.request_limit_ns,
		.idle_limit_ns = d->options.idle_limit_ns,
		.read_limit_ns = d->options.read_limit_ns,
		.write_limit_ns = d->options.write_limit_ns,
		.protocol = protocol_of(d->options.protocol),
		.token = d->listen.token,
		.woken = signals_serve,
		.root = &d->root,
		.journal = d->journal ? &journal : NULL,
	};
	int rc = process_allow_files((unsigned long)d->options.connections_max + FILES_SPARE, err);

	if (rc == 0)
		rc = server_open(&d->server, &cfg, err);
	if (rc == 0)
		d->listen.count = 0;
	return rc;
}

static void on_stop(void *ctx)
{
	struct daemon *d = ctx;

	server_stop(&d->server);
}

static void on_signal(void *ctx)
{
	struct daemon *d = ctx;

	server_wake(&d->server);
}

static void on_dump(void *ctx)
{
	struct daemon *d = ctx;

	server_log_statistics(&d->server);
}

/* Applies settings that can change while the daemon runs; the architecture and the sockets
 * cannot. */
static void apply_watching(const struct options *o)
{
	log_set_level(o->is_verbose ? LOG_DEBUG : LOG_INFO);
	stages_set_every((uint32_t)o->stages_every);
	if (o->heap_sample_bytes && heap_sampler_is_on())
		heap_sampler_set_mean(o->heap_sample_bytes);
}

static void apply_memory(const struct options *o)
{
	uint64_t bytes = o->memory_high_bytes;

	if (bytes == OPTIONS_MEMORY_AUTO)
		bytes = memory_total_bytes() / 4 * 3;
	budget_set_limit(bytes);
}

/* With this parser and these buffers, requests do not allocate in the normal case. */
static bool needs_one_arena(const struct axes *a)
{
	return strcmp(a->parser, "dom") != 0 && strcmp(a->buffers, "pool") == 0;
}

static void on_reload(void *ctx)
{
	struct daemon *d = ctx;
	struct options fresh;
	struct err err = ERR_INIT;

	if (options_read(&fresh, d->argc, d->argv, d->config, &err) == 0) {
		apply_watching(&fresh);
		apply_memory(&fresh);
		/* A rotated file has another name now: open a new one. */
		if (d->log_file && log_open(d->log_file, &err) < 0)
			log_error("server", "%s", err.msg);
		log_info("server", "configuration reloaded");
	} else {
		log_error("server", "configuration not changed: %s", err.msg);
	}
	options_free(&fresh);
}

static void log_start(const struct daemon *d)
{
	const struct axes *a = &d->axes;
	struct strbuf text = { 0 };
	char value[ARCH_TEXT_BYTES];

	for (int i = 0; i < ARCH_ROWS; i++)
		strbuf_addf(&text, " %s=%s", arch_rows[i].name, arch_show(a, &arch_rows[i], value));
	log_info("server",
		 "goxel-daemon %s (%s, %s): preset=%s%s memory-high=%" PRIu64 "MiB socket=%s",
		 GOXEL_DAEMON_VERSION, version_revision(), version_variant(), a->preset,
		 text.ptr ? text.ptr : "", budget_limit() >> 20, d->options.socket);
	strbuf_deinit(&text);
	if (a->cpus_count == 1)
		log_info("server", "affinity: all threads on processor %d", a->cpus[0]);
	else if (a->cpus_count)
		log_info("server",
			 "affinity: %u processors for all threads; the reading or accepting thread "
			 "is pinned to %d, each worker to one of the others",
			 a->cpus_count, a->cpus[0]);
}

/* asked NULL: the name in the default place, or none without a name. */
static int choose_path(char **out, const char *asked, const char *name, struct err *err)
{
	if (!asked && !name)
		return 0;
	*out = asked ? places_absolute(asked) : places_default(name);
	return *out ? 0 : err_set(err, -ENOMEM, "out of memory");
}

static int take_pid_file(struct daemon *d, struct err *err)
{
	char *path = NULL;
	int rc = choose_path(&path, d->options.pid_file,
			     d->options.is_daemonized ? OPTIONS_PID_FILE : NULL, err);

	if (rc == 0 && path)
		rc = pidfile_take(&d->pid_file, path, err);
	free(path);
	return rc;
}

static int open_log(struct daemon *d, struct err *err)
{
	int rc = choose_path(&d->log_file, d->options.log_file,
			     d->options.is_daemonized ? OPTIONS_LOG_FILE : NULL, err);

	return rc == 0 && d->log_file ? log_open(d->log_file, err) : rc;
}

static int change_user(const struct daemon *d, struct err *err)
{
	struct process_file files[3];
	size_t count = 0;
	int socket_fd = -1;
	int rc;

	if (d->listen.socket_path) {
		socket_fd = listen_open_file(&d->listen, err);
		if (socket_fd < 0)
			return socket_fd;
		files[count++] = (struct process_file){ socket_fd, d->listen.socket_path };
	}
	if (d->pid_file.path)
		files[count++] = (struct process_file){ d->pid_file.fd, d->pid_file.path };
	if (d->log_file)
		files[count++] = (struct process_file){ log_descriptor(), d->log_file };
	rc = process_become(d->options.user, d->options.group, files, count, err);
	if (socket_fd >= 0)
		close(socket_fd);
	return rc;
}

/* Steps between listening and serving: files, user rights, the terminal. */
static int prepare_process(struct daemon *d, struct err *err)
{
	struct options *o = &d->options;
	int rc = choose_path(&d->config, o->config, NULL, err);

	if (rc == 0)
		rc = choose_path(&d->journal, o->journal, NULL, err);
	if (o->is_daemonized)
		o->working_dir = o->working_dir ? o->working_dir : "/";
	if (rc == 0)
		rc = open_log(d, err);
	if (rc == 0)
		rc = take_pid_file(d, err);
	if (rc == 0 && o->working_dir && chdir(o->working_dir) < 0)
		rc = err_set(err, -errno, "--working-dir %s: %s", o->working_dir,
			     strerrordesc_np(errno));
	if (rc == 0 && (o->user || o->group))
		rc = change_user(d, err);
	return rc;
}

/* A full disk does not stop the daemon, but then the log is incomplete: print that to stderr. */
static void tell_lost_log(const struct daemon *d)
{
	int code;

	if (d->log_file && log_lost(&code))
		fprintf(stderr, "goxel-daemon: log file %s: cannot write: %s\n", d->log_file,
			strerrordesc_np(-code));
}

static int serve(struct daemon *d, int ready_fd, struct err *err)
{
	struct signals_cfg cfg = {
		.ctx = d,
		.stop = on_stop,
		.wake = on_signal,
		.reload = on_reload,
		.dump = on_dump,
	};
	int rc;

	if (d->options.heap_sample_bytes) {
		rc = heap_sampler_start(d->options.heap_sample_bytes, err);
		if (rc < 0)
			return rc;
	}
	apply_watching(&d->options);
	apply_memory(&d->options);
	if (needs_one_arena(&d->axes))
		memory_use_one_arena();
	rc = open_server(d, err);
	if (rc < 0)
		return rc;
	signals_start(&cfg);
	startup_ready();
	log_start(d);
	tell_lost_log(d);
	if (d->options.has_startup_trace)
		startup_print(stderr);
	if (ready_fd >= 0)
		process_detached(ready_fd);
	process_notify("READY=1");
	rc = server_run(&d->server, err);
	process_notify("STOPPING=1");
	signals_end();
	if (d->options.is_verbose)
		server_log_statistics(&d->server);
	server_close(&d->server);
	script_pool_stop();
	return rc;
}

static void release(struct daemon *d)
{
	free(d->log_file);
	free(d->config);
	free(d->journal);
	options_free(&d->options);
}

static int exit_code(const struct daemon *d, int rc)
{
	switch (rc) {
	case 0:
		return EXIT_OK;
	case -EINVAL:
		return EXIT_USAGE;
	case -ENOENT:
		/* Before the start, an option with an unknown name; later, a missing file. */
		return d->has_started ? EXIT_FAILED : EXIT_USAGE;
	case -EOPNOTSUPP:
		return EXIT_UNFIT;
	default:
		return EXIT_FAILED;
	}
}

/* root comes before the sockets, since a missing folder is a wrong option. */
static int run_steps(struct daemon *d, struct err *err)
{
	int ready_fd = -1;
	int rc = preset_resolve(&d->options, &d->axes, err);

	if (rc == 0)
		rc = root_init(&d->root, d->options.root, d->options.tcp, err);
	d->has_started = rc == 0;
	/* All threads, including those that draw, stay on the processors of the list. */
	if (rc == 0 && d->axes.cpus_count)
		rc = cpu_confine(d->axes.cpus, d->axes.cpus_count, err);
	if (rc == 0)
		rc = listen_open(&d->listen, &d->options, err);
	/* Fork before any thread is started, since threads do not survive it. */
	if (rc == 0 && d->options.is_daemonized && !d->options.is_foreground)
		rc = process_daemonize(&ready_fd, err);
	if (rc == 0)
		rc = prepare_process(d, err);
	if (rc == 0)
		rc = serve(d, ready_fd, err);
	return rc;
}

static int run(struct daemon *d)
{
	struct err err = ERR_INIT;
	int rc = run_steps(d, &err);

	listen_close(&d->listen);
	root_deinit(&d->root);
	if (rc < 0) {
		fprintf(stderr, "goxel-daemon: %s\n", err.msg);
		if (log_descriptor() != STDERR_FILENO)
			log_error("server", "%s", err.msg);
	} else {
		log_info("server", "stopped");
	}
	pidfile_release(&d->pid_file);
	return exit_code(d, rc);
}

int main(int argc, char **argv)
{
	static struct daemon d = { .pid_file = PIDFILE_NONE };
	struct err err = ERR_INIT;
	int rc;

	script_server_enter(argc, argv);
	startup_init();
	signals_block();
	d.argc = argc;
	d.argv = argv;
	rc = options_read(&d.options, argc, argv, NULL, &err);
	if (rc != 0) {
		if (rc < 0)
			fprintf(stderr, "goxel-daemon: %s\n", err.msg);
		options_free(&d.options);
		return rc < 0 ? EXIT_USAGE : EXIT_OK;
	}
	if (d.options.do_status)
		return control_status(d.options.pid_file);
	if (d.options.do_stop)
		return control_stop(d.options.pid_file);
	if (d.options.do_reload)
		return control_reload(d.options.pid_file);
	if (d.options.test_signals || d.options.test_lifecycle || d.options.test_concurrent)
		return selftest_run(&d.options);
	rc = run(&d);
	release(&d);
	return rc;
}
