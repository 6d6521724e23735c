#include "bench/child.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/results.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "reports/lib/rundir.h"

enum { NAMES_BYTES_MAX = 1 << 20 };

void command_add(struct command *c, const char *arg)
{
	assert(c->count < CHILD_ARGS_MAX);
	c->argv[c->count++] = arg;
}

static void open_as(int fd, const char *path, int flags)
{
	int opened = open(path, flags | O_CLOEXEC, 0644);

	if (opened >= 0)
		dup2(opened, fd);
}

/* Runs in the child; never returns. */
static void __attribute__((noreturn)) become(const struct command *c)
{
	static char *const bare[] = { (char *)(uintptr_t) "PATH=/usr/bin:/bin",
				      (char *)(uintptr_t) "LC_ALL=C", NULL };

	open_as(1, c->stdout_path ? c->stdout_path : "/dev/null", O_WRONLY | O_CREAT | O_TRUNC);
	open_as(2, "/dev/null", O_WRONLY);
	/* Memory layout and environment change the count by a few hundred instructions. */
	if (c->is_bare)
		personality(ADDR_NO_RANDOMIZE);
	execvpe(c->argv[0], (char *const *)(uintptr_t)c->argv, c->is_bare ? bare : environ);
	_exit(127);
}

pid_t child_start(const struct command *c, struct err *err)
{
	pid_t pid = fork();

	if (pid < 0)
		return err_set(err, -errno, "start %s: %s", c->argv[0], strerrordesc_np(errno));
	if (pid == 0)
		become(c);
	return pid;
}

int child_wait(pid_t pid, const char *what, uint64_t timeout_ns, struct err *err)
{
	struct pollfd p = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	int ready = p.fd < 0 ? 1 : poll(&p, 1, (int)(timeout_ns / NSEC_PER_MSEC));
	int status;

	if (p.fd >= 0)
		close(p.fd);
	if (ready == 0)
		kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) < 0)
		return err_set(err, -errno, "wait for %s: %s", what, strerrordesc_np(errno));
	if (ready == 0)
		return err_set(err, -ETIMEDOUT, "%s did not end within %.0f s", what,
			       (double)timeout_ns * 1e-9);
	if (WIFSIGNALED(status))
		return err_set(err, -ECHILD, "%s was ended by signal %d", what, WTERMSIG(status));
	if (WEXITSTATUS(status) == 127)
		return err_set(err, -ENOENT, "%s cannot be run: is it installed?", what);
	if (WEXITSTATUS(status))
		return err_set(err, -ECHILD, "%s ended with status %d", what, WEXITSTATUS(status));
	return 0;
}

int child_temp_dir(char out[CHILD_PATH_MAX], struct err *err)
{
	const char *tmp = getenv("TMPDIR"); /* NOLINT(concurrency-mt-unsafe): only read */

	snprintf(out, CHILD_PATH_MAX, "%s/goxel-bench.XXXXXX", tmp && tmp[0] ? tmp : "/tmp");
	if (!mkdtemp(out))
		return err_set(err, -errno, "make %s: %s", out, strerrordesc_np(errno));
	return 0;
}

void child_remove_dir(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) /* NOLINT(concurrency-mt-unsafe): a stream of our own */
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	rmdir(dir);
}

int child_beside(const char *name, char out[CHILD_PATH_MAX], struct err *err)
{
	ssize_t n = readlink("/proc/self/exe", out, CHILD_PATH_MAX - 1);
	size_t dir_bytes;
	char *slash;

	if (n < 0)
		return err_set(err, -errno, "read /proc/self/exe: %s", strerrordesc_np(errno));
	out[n] = '\0';
	if (!name)
		return 0;
	slash = strrchr(out, '/');
	dir_bytes = slash ? (size_t)(slash + 1 - out) : 0;
	snprintf(out + dir_bytes, CHILD_PATH_MAX - dir_bytes, "%s", name);
	if (access(out, X_OK) < 0)
		return err_set(err, -ENOENT, "there is no %s next to this program", name);
	return 0;
}

void child_filter(const char *name, char *out, size_t cap)
{
	size_t len = 0;

	out[len++] = '^';
	for (; *name && len + 4 < cap; name++) {
		if (strchr("\\^$.|?*+()[]{}", *name))
			out[len++] = '\\';
		out[len++] = *name;
	}
	out[len++] = '$';
	out[len] = '\0';
}

/* Runs c with stdout into a file of dir and reads it. */
static int read_output(struct command *c, const char *dir, char **out, struct err *err)
{
	char path[CHILD_PATH_MAX + 16];
	size_t len;
	pid_t pid;
	int rc;

	snprintf(path, sizeof(path), "%s/out", dir);
	c->stdout_path = path;
	pid = child_start(c, err);
	c->stdout_path = NULL;
	if (pid < 0)
		return pid;
	rc = child_wait(pid, c->argv[0], 60 * NSEC_PER_SEC, err);
	return rc < 0 ? rc : file_read(path, NAMES_BYTES_MAX, out, &len, err);
}

/* Its own message went to /dev/null. */
static int no_match(const char *program, const char *filter, struct err *err)
{
	*err = ERR_INIT;
	return err_set(err, -ENOENT, "no benchmark of %s matches '%s'", program,
		       filter ? filter : "");
}

int child_names(const char *program, const char *filter, json_t **out, struct err *err)
{
	struct command c = { 0 };
	char dir[CHILD_PATH_MAX], *text = NULL, *line, *rest;
	json_t *names;
	int rc = child_temp_dir(dir, err);

	if (rc < 0)
		return rc;
	command_add(&c, program);
	command_add(&c, "--list");
	command_add(&c, "--");
	command_add(&c, filter ? filter : ".");
	rc = read_output(&c, dir, &text, err);
	child_remove_dir(dir);
	if (rc == -ECHILD)
		return no_match(program, filter, err);
	if (rc < 0)
		return rc;
	names = json_array();
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		json_array_append_new(names, json_string(line));
	free(text);
	*out = names;
	return 0;
}

static int take_result(json_t *root, const char *name, json_t **out, json_t **context,
		       struct err *err)
{
	json_t *first = json_array_get(json_object_get(root, "benchmarks"), 0);
	const char *why = json_string_value(json_object_get(first, "error_message"));

	if (!first)
		return err_set(err, -ENOENT, "%s gave no result", name);
	if (why)
		return err_set(err, -EBADMSG, "%s: %s", name, why);
	*out = json_incref(first);
	if (context)
		*context = json_incref(json_object_get(root, "context"));
	return 0;
}

int child_run(const char *program, const char *name, uint64_t min_time_ns, json_t **out,
	      json_t **context, struct err *err)
{
	char dir[CHILD_PATH_MAX], path[CHILD_PATH_MAX + 16], filter[512], min_time[64];
	struct command c = { 0 };
	json_t *root = NULL;
	int rc = child_temp_dir(dir, err);
	pid_t pid;

	if (rc < 0)
		return rc;
	child_filter(name, filter, sizeof(filter));
	snprintf(path, sizeof(path), "%s/result.json", dir);
	snprintf(min_time, sizeof(min_time), "--min-time=%lluns", (unsigned long long)min_time_ns);
	command_add(&c, program);
	command_add(&c, min_time);
	command_add(&c, "--out");
	command_add(&c, path);
	command_add(&c, "--");
	command_add(&c, filter);
	pid = child_start(&c, err);
	rc = pid < 0 ? pid : child_wait(pid, name, 120 * NSEC_PER_SEC + 20 * min_time_ns, err);
	/* A failed check is reported in the file, with its message. */
	if (rc == 0 || rc == -ECHILD) {
		struct err unread = ERR_INIT;
		int read = result_json_read(path, NULL, 0, &root, rc ? &unread : err);

		if (read == 0)
			*err = ERR_INIT;
		if (read == 0 || rc == 0)
			rc = read;
	}
	if (rc == 0)
		rc = take_result(root, name, out, context, err);
	json_decref(root);
	child_remove_dir(dir);
	return rc;
}

double child_ns(const json_t *result)
{
	static const struct {
		const char *unit;
		double factor;
	} units[] = { { "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 } };
	const char *name = json_string_value(json_object_get(result, "name"));
	const json_t *time =
		json_object_get(result, name && results_is_real(name) ? "real_time" : "cpu_time");
	const char *unit = json_string_value(json_object_get(result, "time_unit"));

	for (size_t i = 0; unit && json_is_number(time) && i < 4; i++)
		if (strcmp(unit, units[i].unit) == 0)
			return json_number_value(time) * units[i].factor;
	return NAN;
}
