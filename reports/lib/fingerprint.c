/* fingerprint.c - machine facts from /proc and /sys; see fingerprint.h. */
#include "reports/lib/fingerprint.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define VULNERABILITIES "/sys/devices/system/cpu/vulnerabilities"

/* First line of a file without its newline; empty when unreadable. */
static void read_line(const char *path, char *out, size_t cap)
{
	FILE *file = fopen(path, "re");

	out[0] = '\0';
	if (!file)
		return;
	if (!fgets(out, (int)cap, file))
		out[0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	fclose(file);
}

static void copy_text(char *out, size_t cap, const char *text)
{
	snprintf(out, cap, "%s", text);
}

/* The value of the first line "KEY : value" in /proc/cpuinfo. */
static void read_cpuinfo(const char *key, char *out, size_t cap)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[512];
	size_t key_len = strlen(key);

	out[0] = '\0';
	while (file && fgets(line, sizeof(line), file)) {
		char *colon = strchr(line, ':');

		if (strncmp(line, key, key_len) != 0 || !colon)
			continue;
		line[strcspn(line, "\n")] = '\0';
		copy_text(out, cap, colon[1] == ' ' ? colon + 2 : colon + 1);
		break;
	}
	if (file)
		fclose(file);
}

/* "always [madvise] never" -> "madvise" */
static void keep_bracketed(char *text)
{
	char *open = strchr(text, '['), *close = open ? strchr(open, ']') : NULL;

	if (!close)
		return;
	memmove(text, open + 1, (size_t)(close - open - 1));
	text[close - open - 1] = '\0';
}

static void read_turbo(char *out, size_t cap)
{
	char text[16];

	read_line("/sys/devices/system/cpu/intel_pstate/no_turbo", text, sizeof(text));
	if (text[0]) {
		copy_text(out, cap, text[0] == '1' ? "off" : "on");
		return;
	}
	read_line("/sys/devices/system/cpu/cpufreq/boost", text, sizeof(text));
	copy_text(out, cap, text[0] == '1' ? "on" : text[0] ? "off" : "");
}

static int is_not_dot(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void read_mitigations(char *out, size_t cap)
{
	struct dirent **names = NULL;
	int count = scandir(VULNERABILITIES, &names, is_not_dot, alphasort);
	size_t len = 0;

	out[0] = '\0';
	for (int i = 0; i < count; i++) {
		char path[512], state[256];

		snprintf(path, sizeof(path), VULNERABILITIES "/%s", names[i]->d_name);
		read_line(path, state, sizeof(state));
		/* Most are "Not affected": only the others distinguish machines. */
		if (state[0] && strcmp(state, "Not affected") != 0 && len < cap)
			len += (size_t)snprintf(out + len, cap - len, "%s%s=%s", len ? "; " : "",
						names[i]->d_name, state);
		free(names[i]);
	}
	free(names);
}

static void read_virtualised(char *out, size_t cap)
{
	char flags[4096], vendor[64], product[64];

	read_cpuinfo("flags", flags, sizeof(flags));
	if (!strstr(flags, " hypervisor")) {
		copy_text(out, cap, flags[0] ? "no" : "");
		return;
	}
	read_line("/sys/class/dmi/id/sys_vendor", vendor, sizeof(vendor));
	read_line("/sys/class/dmi/id/product_name", product, sizeof(product));
	if (vendor[0] || product[0])
		snprintf(out, cap, "%s %s", vendor, product);
	else
		copy_text(out, cap, "yes");
}

/* "some avg10=1.23 ..." */
static double read_pressure(const char *path)
{
	char line[128];
	double pct;

	read_line(path, line, sizeof(line));
	return sscanf(line, "some avg10=%lf", &pct) == 1 ? pct : NAN; // NOLINT(cert-err34-c)
}

/* A limit of our cgroup (v2), or of the root group as a container sees it. */
static void read_cgroup(const char *name, char *out, size_t cap)
{
	char self[300], path[512];
	const char *group;

	read_line("/proc/self/cgroup", self, sizeof(self));
	group = strncmp(self, "0::", 3) == 0 ? self + 3 : "";
	snprintf(path, sizeof(path), "/sys/fs/cgroup%s/%s", group, name);
	read_line(path, out, cap);
	if (!out[0]) {
		snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", name);
		read_line(path, out, cap);
	}
}

static void take_cpu(struct fingerprint *f)
{
	const char *cpu = "/sys/devices/system/cpu";
	char path[128];

	read_cpuinfo("model name", f->cpu_model, sizeof(f->cpu_model));
	read_cpuinfo("microcode", f->microcode, sizeof(f->microcode));
	f->cores_count = (int)sysconf(_SC_NPROCESSORS_ONLN);
	snprintf(path, sizeof(path), "%s/smt/control", cpu);
	read_line(path, f->smt, sizeof(f->smt));
	snprintf(path, sizeof(path), "%s/cpu0/cpufreq/scaling_governor", cpu);
	read_line(path, f->governor, sizeof(f->governor));
	read_turbo(f->turbo, sizeof(f->turbo));
	read_mitigations(f->mitigations, sizeof(f->mitigations));
	read_virtualised(f->virtualised, sizeof(f->virtualised));
}

void fingerprint_take(struct fingerprint *f)
{
	struct utsname uts;
	struct cpu_ticks boot = { 0 }, now;
	double load[3] = { NAN, NAN, NAN };
	long pages = sysconf(_SC_PHYS_PAGES);

	*f = (struct fingerprint){ 0 };
	take_cpu(f);
	if (uname(&uts) == 0)
		snprintf(f->kernel, sizeof(f->kernel), "%.60s %.60s", uts.release, uts.machine);
	read_line("/sys/kernel/mm/transparent_hugepage/enabled", f->thp, sizeof(f->thp));
	keep_bracketed(f->thp);
	read_line("/proc/sys/kernel/randomize_va_space", f->aslr, sizeof(f->aslr));
	read_line("/sys/devices/system/clocksource/clocksource0/current_clocksource",
		  f->clocksource, sizeof(f->clocksource));
	read_line("/proc/sys/kernel/perf_event_paranoid", f->perf_event_paranoid,
		  sizeof(f->perf_event_paranoid));
	read_cgroup("cpu.max", f->cgroup_cpu_max, sizeof(f->cgroup_cpu_max));
	read_cgroup("memory.max", f->cgroup_memory_max, sizeof(f->cgroup_memory_max));
	f->memory_bytes = pages > 0 ? (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
	getloadavg(load, 3);
	f->load_1m = load[0];
	f->load_5m = load[1];
	f->load_15m = load[2];
	f->pressure_cpu_pct = read_pressure("/proc/pressure/cpu");
	f->pressure_memory_pct = read_pressure("/proc/pressure/memory");
	f->pressure_io_pct = read_pressure("/proc/pressure/io");
	cpu_ticks_read(&now);
	f->steal_pct = fingerprint_steal_pct(&boot, &now);
}

static void write_text(struct json_out *j, const char *key, const char *text)
{
	json_str(j, key, text[0] ? text : NULL);
}

void fingerprint_write(struct json_out *j, const char *key, const struct fingerprint *f)
{
	json_object_open(j, key);
	write_text(j, "cpu_model", f->cpu_model);
	write_text(j, "microcode", f->microcode);
	json_i64(j, "cores_count", f->cores_count);
	write_text(j, "smt", f->smt);
	write_text(j, "governor", f->governor);
	write_text(j, "turbo", f->turbo);
	write_text(j, "mitigations", f->mitigations);
	write_text(j, "kernel", f->kernel);
	write_text(j, "thp", f->thp);
	write_text(j, "aslr", f->aslr);
	write_text(j, "clocksource", f->clocksource);
	write_text(j, "virtualised", f->virtualised);
	write_text(j, "cgroup_cpu_max", f->cgroup_cpu_max);
	write_text(j, "cgroup_memory_max", f->cgroup_memory_max);
	write_text(j, "perf_event_paranoid", f->perf_event_paranoid);
	json_u64(j, "memory_bytes", f->memory_bytes);
	json_f64(j, "load_1m", f->load_1m);
	json_f64(j, "load_5m", f->load_5m);
	json_f64(j, "load_15m", f->load_15m);
	json_f64(j, "pressure_cpu_pct", f->pressure_cpu_pct);
	json_f64(j, "pressure_memory_pct", f->pressure_memory_pct);
	json_f64(j, "pressure_io_pct", f->pressure_io_pct);
	json_f64(j, "steal_pct", f->steal_pct);
	json_close(j);
}

void cpu_ticks_read(struct cpu_ticks *t)
{
	unsigned long long v[8] = { 0 }; /* user nice system idle iowait irq softirq steal */
	FILE *file = fopen("/proc/stat", "re");

	*t = (struct cpu_ticks){ 0 };
	if (!file)
		return;
	/* The kernel's numbers fit. NOLINTNEXTLINE(cert-err34-c) */
	if (fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1], &v[2], &v[3],
		   &v[4], &v[5], &v[6], &v[7]) == 8) {
		for (int i = 0; i < 8; i++)
			t->total += v[i];
		t->idle = v[3] + v[4];
		t->steal = v[7];
	}
	fclose(file);
}

double fingerprint_steal_pct(const struct cpu_ticks *before, const struct cpu_ticks *after)
{
	if (after->total <= before->total)
		return NAN;
	return 100.0 * (double)(after->steal - before->steal) /
	       (double)(after->total - before->total);
}
