/* pair_run.c - from the command line to the table, block by block. */
#include "loadgen/pair/pair_run.h"

#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/hist.h"
#include "loadgen/pair/pair_fitness.h"
#include "loadgen/pair/pair_pilot.h"
#include "loadgen/pair/pair_sitting.h"
#include "loadgen/report/progress.h"

/* So many blocks that failed one after the other end the sitting. */
enum { FAILED_MAX = 3 };
/* Above what usually runs at 1, below the kernel's own threads. */
enum { REALTIME_PRIORITY = 20 };

struct pair_job {
	const struct pair_options *o;
	const struct pair_observer *observer; /* NULL = none */
	struct pair_setup setup;
	struct workload *workload; /* owned */
	struct pair_sitting sitting;
	struct strbuf slices; /* of the block under way */
	FILE *slices_file;    /* owned; NULL = none */
	uint32_t failed_in_row;
	bool has_sitting;
};

/* ---- preparation ------------------------------------------------------------ */

static int open_arms(struct pair_job *job, struct err *err)
{
	struct pair_setup *s = &job->setup;
	int rc = pair_home_find(job->o->bin, &s->home, err);

	for (uint32_t i = 0; i < PAIR_ARMS_MAX && !rc && job->o->arms[i]; i++) {
		rc = pair_arm_open(&s->home, (char)('A' + i), job->o->arms[i], &s->arms[i], err);
		if (!rc)
			s->design.arms_count++;
	}
	return rc;
}

static int open_workload(struct pair_job *job, struct err *err)
{
	const char *name = job->o->workload;

	if (!name)
		name = job->setup.arms[0].target.workload;
	if (!name)
		name = "mixed";
	job->setup.load.workload = name;
	return workload_open(name, &job->workload, err);
}

/* The generator gets one processor, the servers the others; with one processor they share it. */
static int choose_cpus(struct pair_job *job, struct err *err)
{
	struct pair_setup *s = &job->setup;
	const char *text = job->o->cpus;
	cpu_set_t allowed;
	long cpu = 0;
	char *end;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return err_set(err, -errno, "get the processors of this process");
	s->generator_cpus = s->server_cpus = allowed;
	if (CPU_COUNT(&allowed) < 2 || (text && !strcmp(text, "all")))
		return 0;
	while (!text && !CPU_ISSET((size_t)cpu, &allowed))
		cpu++;
	if (text) {
		cpu = strtol(text, &end, 10);
		if (end == text || *end || cpu < 0 || cpu >= CPU_SETSIZE ||
		    !CPU_ISSET((size_t)cpu, &allowed))
			return err_set(err, -EINVAL, "--cpus: this process may not use '%.20s'",
				       text);
	}
	CPU_ZERO(&s->generator_cpus);
	CPU_SET((size_t)cpu, &s->generator_cpus);
	CPU_CLR((size_t)cpu, &s->server_cpus);
	return 0;
}

static int prepare(struct pair_job *job, struct err *err)
{
	const struct pair_options *o = job->o;
	struct pair_setup *s = &job->setup;
	int rc;

	s->design = (struct pair_design){
		.seed = (uint64_t)o->seed,
		.slice_ns_min = o->slice_ns,
		.slice_ns_max = o->slice_ns_max,
		.block_ns = o->block_ns,
	};
	pair_options_load(o, &s->load);
	s->warmup_ns = o->warmup_ns;
	s->is_realtime = o->realtime;
	s->has_all_rules = o->validity == PAIR_VALIDITY_ALL;
	s->lag_limit_pct = o->lag_limit_pct;
	s->stop_fd = -1;
	rc = open_arms(job, err);
	if (!rc)
		rc = open_workload(job, err);
	if (!rc)
		rc = choose_cpus(job, err);
	s->workload = job->workload;
	return rc;
}

static int catch_signals(struct pair_job *job, struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	sigprocmask(SIG_BLOCK, &set, NULL);
	job->setup.stop_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return job->setup.stop_fd < 0 ? err_set(err, -errno, "catch signals") : 0;
}

static int make_base(struct pair_job *job, struct err *err)
{
	const char *tmp = getenv("TMPDIR"); /* NOLINT(concurrency-mt-unsafe): one thread */

	snprintf(job->setup.base, sizeof(job->setup.base), "%.200s/goxel-pair.XXXXXX",
		 tmp && *tmp ? tmp : "/tmp");
	if (mkdtemp(job->setup.base))
		return 0;
	job->setup.base[0] = '\0';
	return err_set(err, -errno, "make a folder for sockets: %s", strerrordesc_np(errno));
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	remove(path);
	return 0;
}

static void remove_base(const struct pair_job *job)
{
	if (job->setup.base[0])
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
		nftw(job->setup.base, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- fitness, rate, resumption ------------------------------------------------------ */

/* The servers inherit it. */
static int go_before_others(const struct pair_job *job, struct err *err)
{
	const struct sched_param param = { .sched_priority = REALTIME_PRIORITY };

	if (job->o->realtime && sched_setscheduler(0, SCHED_FIFO, &param) < 0)
		return err_set(err, -EPERM, "--realtime is not permitted here: %s",
			       strerrordesc_np(errno));
	return 0;
}

/* Returns 0, or EXIT_UNFIT after saying so. */
static int check_fitness(struct pair_job *job)
{
	struct pair_fitness *f = &job->sitting.fitness;
	struct pair_fitness_limits limits = pair_fitness_usual;

	if (job->o->fitness == PAIR_FITNESS_OFF)
		return 0;
	pair_fitness_take(&job->setup.server_cpus, f);
	/* Who waits is of no interest to those who go first. */
	if (job->o->realtime)
		limits.pressure_pct = INFINITY;
	pair_fitness_judge(f, &limits);
	if (f->is_fit)
		return 0;
	fprintf(stderr, "goxel-pair: this machine is not fit to measure: %s%s\n", f->why,
		job->o->realtime ? "" : " (--realtime goes before other processes)");
	return job->o->fitness == PAIR_FITNESS_REFUSE ? EXIT_UNFIT : 0;
}

static int choose_rate(struct pair_job *job, struct err *err)
{
	double slowest_per_s;
	int rc;

	if (job->setup.load.rate_per_s > 0)
		return 0;
	rc = pair_pilot(&job->setup, &slowest_per_s, err);
	if (!rc)
		job->setup.load.rate_per_s = pair_pilot_round(
			fmin(slowest_per_s * job->o->rate_share_pct / 100, PAIR_PILOT_RATE_MAX));
	return rc;
}

static int take_up(struct pair_job *job, struct err *err)
{
	int rc = pair_sitting_init(&job->sitting, &job->setup, (uint32_t)job->o->blocks_count, err);

	job->has_sitting = !rc;
	if (rc || !job->o->resume)
		return rc;
	return pair_sitting_resume(&job->sitting, job->o->out, &job->setup.load.rate_per_s, err);
}

static int open_slices(struct pair_job *job, struct err *err)
{
	const char *path = job->o->slices;
	bool is_new;

	if (!path)
		return 0;
	is_new = !job->o->resume || !file_exists(path);
	job->slices_file = fopen(path, is_new ? "we" : "ae");
	if (!job->slices_file)
		return err_set(err, -errno, "write %.150s: %s", path, strerrordesc_np(errno));
	if (is_new)
		fputs(pair_slices_head, job->slices_file);
	return 0;
}

/* ---- blocks ------------------------------------------------------------------------ */

static void show_block(const struct pair_job *job, const struct pair_block *b)
{
	char p50[PAIR_ARMS_MAX][16];
	bool is_terminal = job->o->progress == PROGRESS_AUTO && isatty(STDERR_FILENO);

	if (job->o->progress == PROGRESS_OFF)
		return;
	fprintf(stderr, "%sblock %u of %u", is_terminal ? "\r\033[K" : "", b->index + 1,
		job->sitting.blocks_planned);
	for (uint32_t i = 0; i < job->setup.design.arms_count; i++) {
		const struct pair_figures *f = &b->arms[i];

		fprintf(stderr, "  %c p50 %s, %.2f us CPU", job->setup.arms[i].name,
			format_time((uint64_t)hist_quantile_ns(f->response, 0.5), p50[i],
				    sizeof(p50[i])),
			f->requests_count
				? (double)f->usage.cpu_ns / (double)f->requests_count / 1e3
				: 0);
	}
	if (b->reasons_count)
		fprintf(stderr, "  does not count: %s", b->reasons[0]);
	if (!is_terminal || b->reasons_count)
		fputc('\n', stderr);
	fflush(stderr);
}

static int save_slices(struct pair_job *job, struct err *err)
{
	if (!job->slices_file)
		return 0;
	fwrite(job->slices.ptr, 1, job->slices.len, job->slices_file);
	strbuf_clear(&job->slices);
	return fflush(job->slices_file) ? err_set(err, -errno, "write %.150s", job->o->slices) : 0;
}

/* Three blocks in a row whose servers fail: nothing better is to be expected. */
static int give_up(struct pair_job *job, const struct pair_block *b, struct err *err)
{
	job->failed_in_row = b->has_failed ? job->failed_in_row + 1 : 0;
	if (job->failed_in_row < FAILED_MAX)
		return 0;
	return err_set(err, -ECHILD, "%d blocks in a row failed, the last one: %.180s", FAILED_MAX,
		       b->reasons[0]);
}

static int run_block(struct pair_job *job, struct err *err)
{
	struct pair_block b;
	int rc;

	strbuf_clear(&job->slices);
	rc = pair_block_run(&job->setup, (uint32_t)job->sitting.records_count, &b,
			    job->slices_file ? &job->slices : NULL, err);
	if (!rc)
		rc = pair_sitting_add(&job->sitting, &b, err);
	if (!rc)
		rc = save_slices(job, err);
	if (!rc)
		show_block(job, &b);
	if (!rc)
		rc = give_up(job, &b, err);
	if (!rc)
		rc = pair_sitting_write(&job->sitting, job->o->out, err);
	pair_block_deinit(&b);
	return rc;
}

static int run_blocks(struct pair_job *job, struct err *err)
{
	int rc = 0;

	while (!rc && job->sitting.records_count < job->sitting.blocks_planned) {
		rc = run_block(job, err);
		if (!rc && job->observer && job->observer->after_block)
			rc = job->observer->after_block(job->observer->arg, &job->sitting, err);
	}
	return rc < 0 ? rc : 0;
}

/* ---- the end ------------------------------------------------------------------------ */

static bool has_end(const struct pair_job *job)
{
	return job->observer && job->observer->at_end;
}

static int finish(struct pair_job *job, int rc, struct err *err)
{
	struct pair_sitting *s = &job->sitting;
	struct strbuf json = { 0 };
	struct err write_err = ERR_INIT;

	s->state = rc == -EINTR ? PAIR_INTERRUPTED : rc ? PAIR_FAILED : PAIR_COMPLETE;
	if (rc)
		snprintf(s->message, sizeof(s->message), "%.239s", err->msg);
	if (pair_sitting_write(s, job->o->out, &write_err) < 0) {
		fprintf(stderr, "goxel-pair: %s\n", write_err.msg);
		return EXIT_FAILED;
	}
	if (!has_end(job))
		pair_sitting_print(s, job->o->json ? stderr : stdout);
	if (job->o->json && pair_sitting_json(s, &json, NULL) == 0)
		fwrite(json.ptr, 1, json.len, stdout);
	strbuf_deinit(&json);
	if (rc) {
		fprintf(stderr, "goxel-pair: %s; %zu blocks are in %s\n", err->msg,
			s->records_count, job->o->out);
		return rc == -EINTR ? EXIT_INTERRUPTED : EXIT_FAILED;
	}
	if (!s->valid_count) {
		fprintf(stderr, "goxel-pair: no block counts; see \"reasons\" in %s\n",
			job->o->out);
		return EXIT_UNFIT;
	}
	return has_end(job) ? job->observer->at_end(job->observer->arg, s) : EXIT_OK;
}

static int dry_run(struct pair_job *job, struct err *err)
{
	struct pair_schedule schedule;
	struct strbuf text = { 0 };
	int rc = pair_schedule_draw(&job->setup.design, 0, &schedule, err);

	if (rc)
		return rc;
	cli_dump(&pair_prog, job->o, stdout);
	pair_schedule_write(&schedule, &text);
	fwrite(text.ptr, 1, text.len, stdout);
	strbuf_deinit(&text);
	pair_schedule_deinit(&schedule);
	return 0;
}

static int say(int code, const struct err *err)
{
	fprintf(stderr, "goxel-pair: %s\n", err->msg);
	return code;
}

/* All is found; measures. Returns the exit code. */
static int measure(struct pair_job *job)
{
	struct err err = ERR_INIT;
	int rc = catch_signals(job, &err);

	if (!rc)
		rc = take_up(job, &err);
	if (rc)
		return say(EXIT_USAGE, &err);
	rc = go_before_others(job, &err);
	if (rc)
		return say(EXIT_UNFIT, &err);
	if (check_fitness(job))
		return EXIT_UNFIT;
	rc = make_base(job, &err);
	if (!rc)
		rc = open_slices(job, &err);
	if (rc)
		return say(EXIT_FAILED, &err);
	sched_setaffinity(0, sizeof(job->setup.generator_cpus), &job->setup.generator_cpus);
	rc = choose_rate(job, &err);
	if (!rc)
		rc = run_blocks(job, &err);
	return finish(job, rc, &err);
}

int pair_run(const struct pair_options *o, const struct pair_observer *observer)
{
	struct pair_job job = { .o = o, .observer = observer };
	struct err err = ERR_INIT;
	cpu_set_t cpus;
	bool has_cpus = sched_getaffinity(0, sizeof(cpus), &cpus) == 0;
	int rc = prepare(&job, &err), code;

	if (!rc && o->dry_run)
		rc = dry_run(&job, &err);
	if (rc)
		code = say(EXIT_USAGE, &err);
	else
		code = o->dry_run ? EXIT_OK : measure(&job);
	/* A second sitting of the caller finds the processors of the first. */
	if (has_cpus)
		sched_setaffinity(0, sizeof(cpus), &cpus);
	remove_base(&job);
	if (job.has_sitting)
		pair_sitting_deinit(&job.sitting);
	if (job.slices_file)
		fclose(job.slices_file);
	strbuf_deinit(&job.slices);
	if (job.setup.stop_fd >= 0)
		close(job.setup.stop_fd);
	for (uint32_t i = 0; i < job.setup.design.arms_count; i++)
		pair_arm_close(&job.setup.arms[i]);
	workload_close(job.workload);
	return code;
}
