/*
 * main.c - goxel-daemon: the steps of its life, in order.
 *
 * The sockets come first: whoever waits for the daemon can connect while the rest is made.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cli.h"
#include "daemon/base/err.h"
#include "daemon/base/log.h"
#include "daemon/base/version.h"
#include "daemon/server/listen.h"
#include "daemon/server/options.h"
#include "daemon/server/preset.h"
#include "daemon/server/process.h"
#include "daemon/server/selftest.h"
#include "daemon/server/server.h"
#include "daemon/server/signals.h"
#include "daemon/store/root.h"
#include "daemon/telemetry/heap_sampler.h"
#include "daemon/telemetry/stages.h"
#include "daemon/telemetry/startup.h"

enum { FILES_SPARE = 128 }; /* descriptors beside those of connections */

struct daemon {
	struct options options;
	struct axes axes;
	struct server server;
	struct listen listen;
	struct root root;
	/* Owned paths, absolute, since the working directory may change. */
	char *pid_file; /* written; NULL: none */
	char *log_file; /* NULL: stderr */
	char *config;   /* NULL: none */
	int argc;
	char **argv;
};

static enum worker_protocol protocol_of(const char *name)
{
	if (!strcmp(name, "jsonrpc"))
		return PROTOCOL_JSONRPC;
	return strcmp(name, "mcp") == 0 ? PROTOCOL_MCP : PROTOCOL_AUTO;
}

static int open_server(struct daemon *d, struct err *err)
{
	struct server_cfg cfg = {
		.axes = &d->axes,
		.listen_fds = d->listen.fds,
		.listen_count = d->listen.count,
		.queue_size = (size_t)d->options.queue_size,
		.connections_max = (size_t)d->options.connections_max,
		.request_bytes_max = (size_t)d->options.request_bytes_max,
		.request_limit_ns = d->options.request_limit_ns,
		.protocol = protocol_of(d->options.protocol),
		.token = d->listen.token,
		.woken = signals_serve,
		.root = &d->root,
	};
	int rc;

	process_allow_files((unsigned long)d->options.connections_max + FILES_SPARE);
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

/* What can change while running does; the architecture and the sockets stay. */
static void apply_watching(const struct options *o)
{
	log_set_level(o->is_verbose ? LOG_DEBUG : LOG_INFO);
	stages_set_every((uint32_t)o->stages_every);
	if (o->heap_sample_bytes && heap_sampler_is_on())
		heap_sampler_set_mean(o->heap_sample_bytes);
}

static void on_reload(void *ctx)
{
	struct daemon *d = ctx;
	struct options fresh;
	struct err err = ERR_INIT;

	if (options_read(&fresh, d->argc, d->argv, d->config, &err) == 0) {
		apply_watching(&fresh);
		/* A rotated file has another name now: start the new one. */
		if (d->log_file && log_open(d->log_file, &err) < 0)
			log_error("server", "%s", err.msg);
		log_info("server", "configuration read again");
	} else {
		log_error("server", "configuration stays as it was: %s", err.msg);
	}
	options_free(&fresh);
}

static void log_start(const struct daemon *d)
{
	const struct axes *a = &d->axes;

	log_info("server",
		 "goxel-daemon %s (%s, %s): preset=%s transport=%s queue=%s parser=%s dispatch=%s "
		 "buffers=%s context=%s workers=%u:%u stack-kib=%u fast-path=%s zero-copy=%s "
		 "start=%s affinity=%s socket=%s",
		 GOXEL_DAEMON_VERSION, version_revision(), version_variant(), a->preset,
		 a->transport, a->queue, a->parser, a->dispatch, a->buffers, a->context,
		 a->workers_min, a->workers_max, a->stack_kib, a->has_fast_path ? "on" : "off",
		 a->has_zero_copy ? "on" : "off", a->is_lazy ? "lazy" : "eager", a->affinity,
		 d->options.socket);
}

static int make_absolute(char **out, const char *path, struct err *err)
{
	if (!path)
		return 0;
	*out = process_absolute(path);
	return *out ? 0 : err_set(err, -ENOMEM, "out of memory");
}

static int write_pid(struct daemon *d, struct err *err)
{
	char *path = NULL;
	int rc = make_absolute(&path, d->options.pid_file, err);

	if (rc == 0 && path)
		rc = process_write_pid(path, err);
	if (rc == 0)
		d->pid_file = path;
	else
		free(path);
	return rc;
}

static int change_user(const struct daemon *d, struct err *err)
{
	const char *files[4] = { NULL };
	int count = 0;

	if (d->listen.socket_path)
		files[count++] = d->listen.socket_path;
	if (d->pid_file)
		files[count++] = d->pid_file;
	if (d->log_file)
		files[count++] = d->log_file;
	return process_become(d->options.user, d->options.group, files, err);
}

/* Between listening and serving: files, rights, the terminal. */
static int settle(struct daemon *d, struct err *err)
{
	struct options *o = &d->options;
	int rc;

	if (o->is_daemonized) {
		o->pid_file = o->pid_file ? o->pid_file : OPTIONS_PID_FILE_DEFAULT;
		o->log_file = o->log_file ? o->log_file : OPTIONS_LOG_FILE_DEFAULT;
		o->working_dir = o->working_dir ? o->working_dir : "/";
	}
	rc = make_absolute(&d->log_file, o->log_file, err);
	if (rc == 0)
		rc = make_absolute(&d->config, o->config, err);
	if (rc == 0 && d->log_file)
		rc = log_open(d->log_file, err);
	if (rc == 0)
		rc = write_pid(d, err);
	if (rc == 0 && o->working_dir && chdir(o->working_dir) < 0)
		rc = err_set(err, -errno, "--working-dir %s: %s", o->working_dir,
			     strerrordesc_np(errno));
	if (rc == 0 && (o->user || o->group))
		rc = change_user(d, err);
	return rc;
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
	rc = open_server(d, err);
	if (rc < 0)
		return rc;
	signals_start(&cfg);
	startup_ready();
	log_start(d);
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
	return rc;
}

static void release(struct daemon *d)
{
	free(d->pid_file);
	free(d->log_file);
	free(d->config);
	options_free(&d->options);
}

static int exit_code(int rc)
{
	switch (rc) {
	case 0:
		return EXIT_OK;
	case -EINVAL:
	case -ENOENT:
		return EXIT_USAGE;
	case -EOPNOTSUPP:
		return EXIT_UNFIT;
	default:
		return EXIT_FAILED;
	}
}

static int run(struct daemon *d)
{
	struct err err = ERR_INIT;
	int ready_fd = -1;
	int rc = preset_resolve(&d->options, &d->axes, &err);

	if (rc == 0)
		rc = listen_open(&d->listen, &d->options, &err);
	if (rc == 0)
		rc = root_init(&d->root, d->options.root, d->options.tcp, &err);
	/* Threads do not survive a fork: before any is started. */
	if (rc == 0 && d->options.is_daemonized && !d->options.is_foreground)
		rc = process_daemonize(&ready_fd, &err);
	if (rc == 0)
		rc = settle(d, &err);
	if (rc == 0)
		rc = serve(d, ready_fd, &err);
	listen_close(&d->listen);
	root_deinit(&d->root);
	if (d->pid_file)
		process_remove_pid(d->pid_file);
	if (rc < 0) {
		fprintf(stderr, "goxel-daemon: %s\n", err.msg);
		if (d->log_file)
			log_error("server", "%s", err.msg);
	} else {
		log_info("server", "stopped");
	}
	return exit_code(rc);
}

int main(int argc, char **argv)
{
	static struct daemon d;
	struct err err = ERR_INIT;
	const char *pid_file;
	int rc;

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
	pid_file = d.options.pid_file ? d.options.pid_file : OPTIONS_PID_FILE_DEFAULT;
	if (d.options.do_status)
		return process_status(pid_file);
	if (d.options.do_stop)
		return process_stop(pid_file);
	if (d.options.do_reload)
		return process_reload(pid_file);
	if (d.options.test_signals || d.options.test_lifecycle || d.options.test_concurrent)
		return selftest_run(&d.options);
	rc = run(&d);
	release(&d);
	return rc;
}
