/* The phases of a capture: prepare, measure, stop; capture_analyze.c and capture_json.c follow. */
#include "profiles/capture/capture_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "profiles/profile/symbols.h"

#define INTERVAL_NS_MIN (100 * NSEC_PER_MSEC)
#define INTERVAL_NS_MAX NSEC_PER_SEC

void capture_miss(struct capture *c, const char *name, const char *reason)
{
	if (c->missing_count == CAPTURE_MISSING_MAX)
		return;
	snprintf(c->missing[c->missing_count].name, sizeof(c->missing[0].name), "%s", name);
	snprintf(c->missing[c->missing_count].reason, sizeof(c->missing[0].reason), "%s", reason);
	c->missing_count++;
}

void capture_path(const struct capture *c, enum runfile file, char *out, size_t cap)
{
	snprintf(out, cap, "%s/%s", c->cfg.out_dir, runfile_name(file));
}

void capture_add_file(struct capture *c, enum runfile file)
{
	if (c->files_count < CAPTURE_FILES_MAX)
		c->files[c->files_count++] = runfile_name(file);
}

int capture_put(struct capture *c, enum runfile file, const struct strbuf *text, struct err *err)
{
	char path[4096];
	int rc;

	if (text->failed)
		return err_set(err, -ENOMEM, "%s: out of memory", runfile_name(file));
	capture_path(c, file, path, sizeof(path));
	rc = file_write_atomic(path, strbuf_span(text), err);
	if (rc == 0)
		capture_add_file(c, file);
	return rc;
}

/* ---- preparation ---------------------------------------------------------- */

static int64_t ask_requests(struct capture *c)
{
	json_t *status = NULL, *count;
	int64_t requests = -1;

	if (c->control.fd < 0 || control_call(&c->control, "status", &status, NULL) < 0)
		return -1;
	count = json_object_get(status, "requests_count");
	if (json_is_integer(count))
		requests = json_integer_value(count);
	json_decref(status);
	return requests;
}

/* A daemon named by an option must exist; one that is searched for may be missing. */
static int open_control(struct capture *c, struct err *err)
{
	int rc;

	if (c->cfg.control) {
		rc = control_open(c->cfg.control, &c->control, err);
		return rc < 0 ? err_wrap(err, rc, "--control") : 0;
	}
	if (control_find(&c->target, &c->control, err) < 0) {
		snprintf(c->control_why, sizeof(c->control_why), "%s", err->msg);
		capture_miss(c, "request counts", err->msg);
	}
	return 0;
}

static bool take_heap(struct capture *c, struct heap_profile *out, struct err *err)
{
	json_t *json = NULL;
	int rc = control_call(&c->control, "goxel.heap_profile", &json, err);

	if (rc == 0)
		rc = heap_parse(json, c->symbols, out, err);
	json_decref(json);
	return rc == 0;
}

static void take_heap_before(struct capture *c)
{
	struct err err = ERR_INIT;

	if (c->cfg.no_heap)
		return;
	if (c->control_why[0]) {
		capture_miss(c, "heap profile", c->control_why);
		return;
	}
	c->has_heap[0] = take_heap(c, &c->heap_before, &err);
	if (!c->has_heap[0])
		capture_miss(c, "heap profile", err.msg);
}

static void start_sampler(struct capture *c)
{
	char path[4096];
	struct err err = ERR_INIT;
	struct sampler_cfg cfg = {
		.perf_path = c->permit.perf_path,
		.pid = c->target.pid,
		.rate_hz = (unsigned)c->cfg.rate_hz,
		.event = c->cfg.sample_event,
		.with_kernel = c->permit.items[PERMIT_COUNT_KERNEL].is_ok,
		.is_machine_wide = strcmp(c->cfg.scope, "machine") == 0,
		.out_path = path,
	};

	c->sampler = (struct sampler){ .control_fd = -1, .ack_fd = -1, .message_fd = -1 };
	if (c->cfg.no_cpu)
		return;
	if (!c->permit.items[PERMIT_SAMPLE].is_ok) {
		capture_miss(c, "cpu profile", c->permit.items[PERMIT_SAMPLE].why);
		return;
	}
	/*
	 * A sampling clock that follows threads is set again at each of their switches (0.5 us
	 * each); a clock per processor costs only its samples.
	 */
	if (strcmp(c->cfg.scope, "auto") == 0)
		cfg.is_machine_wide = c->permit.items[PERMIT_MACHINE].is_ok;
	c->is_machine_wide = cfg.is_machine_wide;
	capture_path(c, RUNFILE_CPU_PERF, path, sizeof(path));
	if (sampler_start(&cfg, &c->sampler, &err) < 0)
		capture_miss(c, "cpu profile", err.msg);
	else
		c->has_samples = true;
}

static void begin_samples(struct capture *c)
{
	struct err err = ERR_INIT;

	if (c->has_samples && sampler_begin(&c->sampler, &err) < 0) {
		capture_miss(c, "cpu profile", err.msg);
		c->has_samples = false;
	}
}

static void start_counters(struct capture *c)
{
	struct err err = ERR_INIT;
	const struct counters_cfg cfg = {
		.pid = c->target.pid,
		.events = c->events,
		.count = c->events_count,
		.with_kernel = c->permit.items[PERMIT_COUNT_KERNEL].is_ok,
		.is_windowed = c->cfg.count_share < 100,
	};

	if (c->cfg.no_counters)
		return;
	if (!c->permit.items[PERMIT_COUNT_USER].is_ok)
		capture_miss(c, "counters", c->permit.items[PERMIT_COUNT_USER].why);
	else if (counters_open(&cfg, &c->counters, &err) < 0)
		capture_miss(c, "counters", err.msg);
	if (c->counters)
		counters_read(c->counters, c->first);
	memcpy(c->last, c->first, sizeof(c->last));
	for (size_t i = 0; i < c->events_count; i++) {
		if (c->events[i].missing[0])
			capture_miss(c, c->events[i].name, c->events[i].missing);
	}
}

static int prepare(struct capture *c, struct err *err)
{
	int rc = target_open((pid_t)c->cfg.pid, &c->target, err);

	if (rc < 0)
		return rc;
	rc = events_parse(c->cfg.events, c->permit.tracefs, c->events, EVENTS_MAX, err);
	if (rc < 0)
		return rc;
	c->events_count = (size_t)rc;
	rc = file_make_dirs(c->cfg.out_dir, err);
	if (rc < 0)
		return rc;
	c->symbols = symbols_new();
	if (!c->symbols)
		return err_set(err, -ENOMEM, "out of memory");
	if (c->cfg.interval_ns == 0) {
		c->cfg.interval_ns = c->cfg.duration_ns / 20;
		if (c->cfg.interval_ns < INTERVAL_NS_MIN)
			c->cfg.interval_ns = INTERVAL_NS_MIN;
		if (c->cfg.interval_ns > INTERVAL_NS_MAX)
			c->cfg.interval_ns = INTERVAL_NS_MAX;
	}
	return 0;
}

/* ---- the end ---------------------------------------------------------------- */

static void take_heap_after(struct capture *c)
{
	struct err err = ERR_INIT;

	if (!c->has_heap[0])
		return;
	if (c->state == CAPTURE_TARGET_DIED)
		err_set(&err, -ESRCH, "the process died during the capture");
	else
		c->has_heap[1] = take_heap(c, &c->heap_after, &err);
	if (!c->has_heap[1])
		capture_miss(c, "heap profile after", err.msg);
}

static void finish(struct capture *c)
{
	struct err err = ERR_INIT;

	if (target_cpu_ns(c->target.pid, &c->user_ns[1], &c->kernel_ns[1]) < 0) {
		c->user_ns[1] = c->user_ns[0];
		c->kernel_ns[1] = c->kernel_ns[0];
	}
	take_heap_after(c);
	c->requests[1] = c->state == CAPTURE_TARGET_DIED ? -1 : ask_requests(c);
	/* Mappings added meanwhile; perf.data has those that came and went. */
	symbols_map_process(c->symbols, c->target.pid);
	if (c->has_samples && sampler_stop(&c->sampler, &err) < 0)
		capture_miss(c, "cpu profile, complete", err.msg);
	control_close(&c->control);
}

static int exit_code(const struct capture *c, struct err *err)
{
	if (c->state == CAPTURE_TARGET_DIED) {
		err_set(err, -ESRCH,
			"%s (pid %d) died %.1f s into the capture; %s holds what was "
			"captured until then",
			c->target.comm, (int)c->target.pid,
			capture_seconds(c->end_ns - c->start_ns), c->cfg.out_dir);
		return EXIT_FAILED;
	}
	if (c->state == CAPTURE_INTERRUPTED) {
		err_set(err, -EINTR,
			"interrupted after %.1f s; %s holds what was captured until then",
			capture_seconds(c->end_ns - c->start_ns), c->cfg.out_dir);
		return EXIT_FAILED;
	}
	if (!c->counters && !c->has_samples && !c->has_heap[0] && c->memory.count == 0) {
		err_set(err, -EPERM, "nothing can be captured here; %s/%s says why", c->cfg.out_dir,
			runfile_name(RUNFILE_PROFILE));
		return EXIT_UNFIT;
	}
	return EXIT_OK;
}

static int run(struct capture *c, const struct capture_cfg *cfg, const volatile sig_atomic_t *stop,
	       struct err *err)
{
	int rc;

	c->cfg = *cfg;
	c->begin_ns = clock_ns() + cfg->delay_ns;
	c->control.fd = -1;
	c->target.pidfd = -1;
	c->requests[0] = c->requests[1] = -1;
	rng_init(&c->rng, clock_ns(), 0);
	permit_probe(&c->permit);
	rc = prepare(c, err);
	if (rc < 0)
		return rc == -EINVAL || rc == -ESRCH || rc == -ENOSPC ? EXIT_USAGE : EXIT_FAILED;
	symbols_map_process(c->symbols, c->target.pid);
	rc = open_control(c, err);
	if (rc < 0)
		return rc == -EINVAL ? EXIT_USAGE : rc == -EINTR ? EXIT_FAILED : EXIT_UNFIT;
	start_sampler(c);
	if (cfg->delay_ns > 0)
		capture_wait(c, c->begin_ns, stop);
	begin_samples(c);
	/* Innermost: both sides must cover the same period. `status` allocates, so it stays
	 * outside. */
	c->requests[0] = ask_requests(c);
	take_heap_before(c);
	target_cpu_ns(c->target.pid, &c->user_ns[0], &c->kernel_ns[0]);
	c->start_wall_ns = clock_wall_ns();
	start_counters(c);
	rc = capture_measure(c, stop, err);
	finish(c);
	if (rc == 0)
		rc = capture_analyze(c, err);
	if (rc == 0)
		rc = capture_write_profile(c, err);
	return rc < 0 ? EXIT_FAILED : exit_code(c, err);
}

int capture_run(const struct capture_cfg *cfg, const volatile sig_atomic_t *stop,
		struct capture **out, struct err *err)
{
	*out = calloc(1, sizeof(**out));
	if (!*out) {
		err_set(err, -ENOMEM, "out of memory");
		return EXIT_FAILED;
	}
	return run(*out, cfg, stop, err);
}

struct span capture_document(const struct capture *c)
{
	return strbuf_span(&c->document);
}

void capture_free(struct capture *c)
{
	if (!c)
		return;
	if (c->sampler.perf_pid > 0)
		sampler_stop(&c->sampler, NULL);
	control_close(&c->control);
	counters_close(c->counters);
	target_close(&c->target);
	heap_deinit(&c->heap_before);
	heap_deinit(&c->heap_after);
	stacks_deinit(&c->cpu_stacks);
	procstat_deinit(&c->memory);
	waits_deinit(&c->waits);
	symbols_free(c->symbols);
	strbuf_deinit(&c->summary);
	strbuf_deinit(&c->document);
	free(c->intervals);
	free(c);
}
