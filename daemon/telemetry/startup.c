#include "daemon/telemetry/startup.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/json_out.h"

static struct {
	pthread_mutex_t lock; /* protects what follows */
	struct startup_trace trace;
	bool is_init;
} state = { .lock = PTHREAD_MUTEX_INITIALIZER };

static uint64_t boottime_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

/*
 * The tick since boot in which this process started: field 22 of /proc/self/stat, counted from the
 * last ')' because the name in field 2 may contain anything. -1 when it is unavailable.
 */
static long long start_tick(void)
{
	char text[1024];
	const char *at;
	ssize_t len;
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return -1;
	text[len] = '\0';
	at = strrchr(text, ')');
	for (int field = 3; at && field <= 22; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoll(at + 1, NULL, 10) : -1;
}

/* Upper bound of the time since exec: the time since the tick in which the process was forked. */
static uint64_t age_ns_max(uint64_t now_boot_ns)
{
	long ticks_per_s = sysconf(_SC_CLK_TCK);
	long long tick = start_tick();
	uint64_t start_ns;

	if (tick < 0 || ticks_per_s <= 0)
		return 0;
	start_ns = (uint64_t)tick * (NSEC_PER_SEC / (uint64_t)ticks_per_s);
	return start_ns <= now_boot_ns ? now_boot_ns - start_ns : 0;
}

/* Takes the launcher's stamp; one from before this process was forked was meant for another. */
static bool take_stamp(struct startup_trace *t, uint64_t now_ns)
{
	const char *text = getenv("GOXEL_EXEC_NS"); /* NOLINT(concurrency-mt-unsafe): at start */
	uint64_t stamp_ns = text ? strtoull(text, NULL, 10) : 0;

	if (stamp_ns == 0 || stamp_ns > now_ns ||
	    (t->main_ns_max && now_ns - stamp_ns > t->main_ns_max))
		return false;
	t->main_ns = now_ns - stamp_ns;
	return true;
}

void startup_init(void)
{
	uint64_t now_ns = clock_ns();
	uint64_t now_boot_ns = boottime_ns();
	uint64_t cpu_ns = clock_process_cpu_ns();
	struct startup_trace *t = &state.trace;

	pthread_mutex_lock(&state.lock);
	if (!state.is_init) {
		state.is_init = true;
		t->main_cpu_ns = cpu_ns;
		t->main_ns_max = age_ns_max(now_boot_ns);
		t->is_exact = take_stamp(t, now_ns);
		if (!t->is_exact)
			t->main_ns =
				t->main_ns_max && cpu_ns > t->main_ns_max ? t->main_ns_max : cpu_ns;
		t->exec_ns = now_ns - t->main_ns;
		t->phases[0] = (struct startup_phase){ .name = "exec", .duration_ns = t->main_ns };
		t->count = 1;
	}
	pthread_mutex_unlock(&state.lock);
}

int startup_begin(const char *name)
{
	struct startup_trace *t = &state.trace;
	int phase = -1;

	pthread_mutex_lock(&state.lock);
	if (t->count < STARTUP_PHASES_MAX) {
		phase = (int)t->count++;
		t->phases[phase] = (struct startup_phase){
			.name = name,
			.start_ns = clock_ns() - t->exec_ns,
			.is_open = true,
		};
	} else {
		t->lost_count++;
	}
	pthread_mutex_unlock(&state.lock);
	return phase;
}

void startup_end(int phase)
{
	uint64_t now_ns = clock_ns();

	if (phase < 0)
		return;
	pthread_mutex_lock(&state.lock);
	if ((unsigned)phase < state.trace.count && state.trace.phases[phase].is_open) {
		struct startup_phase *p = &state.trace.phases[phase];

		p->duration_ns = now_ns - state.trace.exec_ns - p->start_ns;
		p->is_open = false;
	}
	pthread_mutex_unlock(&state.lock);
}

void startup_ready(void)
{
	uint64_t now_ns = clock_ns();

	pthread_mutex_lock(&state.lock);
	if (state.trace.ready_ns == 0)
		state.trace.ready_ns = now_ns - state.trace.exec_ns;
	pthread_mutex_unlock(&state.lock);
}

void startup_read(struct startup_trace *out)
{
	uint64_t now_ns = clock_ns();

	pthread_mutex_lock(&state.lock);
	*out = state.trace;
	pthread_mutex_unlock(&state.lock);
	for (unsigned i = 0; i < out->count; i++) {
		struct startup_phase *p = &out->phases[i];

		/* Another thread may have begun it after now_ns was read. */
		if (p->is_open && now_ns - out->exec_ns > p->start_ns)
			p->duration_ns = now_ns - out->exec_ns - p->start_ns;
	}
}

void startup_write(struct json_out *j, const char *key)
{
	struct startup_trace t;

	startup_read(&t);
	json_object_open(j, key);
	json_u64(j, "ready_ns", t.ready_ns);
	json_object_open(j, "exec_to_main");
	json_u64(j, "duration_ns", t.main_ns);
	json_bool(j, "is_exact", t.is_exact);
	json_u64(j, "cpu_ns", t.main_cpu_ns);
	json_u64(j, "max_ns", t.main_ns_max);
	json_close(j);
	json_u64(j, "lost_count", t.lost_count);
	json_array_open(j, "phases");
	for (unsigned i = 0; i < t.count; i++) {
		json_object_open(j, NULL);
		json_str(j, "name", t.phases[i].name);
		json_u64(j, "start_ns", t.phases[i].start_ns);
		json_u64(j, "duration_ns", t.phases[i].duration_ns);
		if (t.phases[i].is_open)
			json_bool(j, "is_open", true);
		json_close(j);
	}
	json_close(j);
	json_close(j);
}

static double ms(uint64_t ns)
{
	return (double)ns / (double)NSEC_PER_MSEC;
}

void startup_print(FILE *out)
{
	struct startup_trace t;

	startup_read(&t);
	fprintf(out, "start-up, ms since exec:\n  %-16s %10s %10s\n", "phase", "begin", "took");
	for (unsigned i = 0; i < t.count; i++)
		fprintf(out, "  %-16s %10.3f %10.3f%s\n", t.phases[i].name,
			ms(t.phases[i].start_ns), ms(t.phases[i].duration_ns),
			t.phases[i].is_open ? " (running)" : "");
	if (t.ready_ns)
		fprintf(out, "  %-16s %10.3f\n", "ready", ms(t.ready_ns));
	if (!t.is_exact)
		fprintf(out, "  (exec to main is estimated by the CPU time used until then)\n");
}
