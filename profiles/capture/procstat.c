#include "profiles/capture/procstat.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/proc_maps.h"

enum {
	GUARD_BYTES = 4096, /* glibc's default guard below a thread's stack */
	/* Reading smaps may take this share of the time between two reads. */
	DETAIL_SHARE = 500,
	DETAIL_SKIP_MAX = 100,
};
#define PROC_TEXT_BYTES_MAX (64u << 20)

void procstat_init(struct procstat *p, pid_t pid)
{
	*p = (struct procstat){ .pid = pid, .start_ns = clock_ns() };
}

void procstat_deinit(struct procstat *p)
{
	free(p->rows);
	memset(p, 0, sizeof(*p));
}

/* Reads a whole file of /proc/PID, whose size is not known in advance. */
static int read_proc(pid_t pid, const char *name, struct strbuf *out)
{
	char path[64], piece[16384];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	while ((n = read(fd, piece, sizeof(piece))) > 0 && out->len < PROC_TEXT_BYTES_MAX)
		strbuf_add(out, piece, (size_t)n);
	if (n < 0)
		n = -errno;
	close(fd);
	return n < 0 ? (int)n : out->failed ? -ENOMEM : 0;
}

/* "Rss:      123 kB" */
static bool take_kb(const char *line, const char *key, uint64_t *bytes)
{
	size_t len = strlen(key);

	if (strncmp(line, key, len) != 0)
		return false;
	*bytes = strtoull(line + len, NULL, 10) * 1024;
	return true;
}

static void parse_rollup(const char *text, struct procstat_row *row)
{
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!take_kb(line, "Rss:", &row->rss_bytes) &&
		    !take_kb(line, "Pss:", &row->pss_bytes) &&
		    !take_kb(line, "Anonymous:", &row->anonymous_bytes))
			take_kb(line, "Private_Dirty:", &row->private_dirty_bytes);
	}
}

/* The kind of mapping that the current lines belong to. */
struct smaps_state {
	uint64_t start, limit;
	uint64_t below_limit; /* limit of the previous mapping if it was a guard page; else 0 */
	bool is_stack, is_file, is_anonymous;
};

static bool parse_mapping(const char *line, struct smaps_state *s)
{
	struct proc_mapping m;
	bool is_guard, is_named;

	if (!proc_maps_parse(line, &m))
		return false;
	is_named = m.path.len > 0;
	is_guard = !is_named && m.perms[0] == '-' && m.limit - m.start == GUARD_BYTES;
	s->is_file = span_starts(m.path, SPAN_LIT("/"));
	s->is_stack = span_starts(m.path, SPAN_LIT("[stack")) ||
		      (!is_named && m.perms[1] == 'w' && s->below_limit == m.start && m.start != 0);
	s->is_anonymous = !s->is_file && !s->is_stack;
	s->start = m.start;
	s->limit = m.limit;
	s->below_limit = is_guard ? m.limit : 0;
	return true;
}

void procstat_parse_smaps(const char *text, struct procstat_row *row)
{
	struct smaps_state s = { 0 };
	uint64_t bytes;

	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (take_kb(line, "Rss:", &bytes)) {
			if (s.is_stack)
				row->stacks_bytes += bytes;
			else if (s.is_file)
				row->files_bytes += bytes;
		} else if (take_kb(line, "Anonymous:", &bytes)) {
			if (s.is_anonymous)
				row->heap_bytes += bytes;
		} else if (*line && strchr("0123456789abcdef", *line) && parse_mapping(line, &s)) {
			if (s.is_stack)
				row->stacks_virtual_bytes += s.limit - s.start;
		}
	}
	row->has_detail = true;
}

static unsigned parse_threads(const char *text)
{
	const char *line = strstr(text, "\nThreads:");

	return line ? (unsigned)strtoul(line + 9, NULL, 10) : 0;
}

/* Reads smaps when it is due; the interval grows with the cost of the last read. */
static void take_detail(struct procstat *p, struct procstat_row *row, uint64_t since_last_ns)
{
	struct strbuf text = { 0 };
	uint64_t begin_ns = clock_ns();

	if (p->skip_count > 0) {
		p->skip_count--;
		return;
	}
	if (read_proc(p->pid, "smaps", &text) == 0 && text.ptr)
		procstat_parse_smaps(text.ptr, row);
	strbuf_deinit(&text);
	p->detail_cost_ns = clock_ns() - begin_ns;
	if (since_last_ns > 0) {
		uint64_t skip = p->detail_cost_ns * DETAIL_SHARE / since_last_ns;

		p->skip_count = (unsigned)(skip < DETAIL_SKIP_MAX ? skip : DETAIL_SKIP_MAX);
	}
}

static int append(struct procstat *p, const struct procstat_row *row)
{
	if (p->count == p->cap) {
		size_t cap = p->cap ? 2 * p->cap : 64;
		struct procstat_row *more = realloc(p->rows, cap * sizeof(*more));

		if (!more)
			return -ENOMEM;
		p->rows = more;
		p->cap = cap;
	}
	p->rows[p->count++] = *row;
	return 0;
}

int procstat_take(struct procstat *p, struct err *err)
{
	uint64_t begin_ns = clock_ns(), last_ns = 0;
	struct procstat_row row = { .time_s = (double)(begin_ns - p->start_ns) / 1e9 };
	struct strbuf text = { 0 };
	int rc = read_proc(p->pid, "smaps_rollup", &text);

	if (rc == 0)
		parse_rollup(text.ptr ? text.ptr : "", &row);
	if (rc == 0) {
		strbuf_clear(&text);
		rc = read_proc(p->pid, "status", &text);
		row.threads_count = parse_threads(text.ptr ? text.ptr : "");
	}
	strbuf_deinit(&text);
	if (p->count > 0)
		last_ns = (uint64_t)((row.time_s - p->rows[p->count - 1].time_s) * 1e9);
	if (rc == 0) {
		take_detail(p, &row, last_ns);
		rc = append(p, &row);
	}
	p->cost_ns += clock_ns() - begin_ns;
	if (rc < 0)
		return err_set(err, rc, "memory of process %d: %s", (int)p->pid,
			       strerrordesc_np(-rc));
	return 0;
}

static void add_field(struct strbuf *out, bool is_known, uint64_t value)
{
	strbuf_add_char(out, ',');
	if (is_known)
		strbuf_addf(out, "%llu", (unsigned long long)value);
}

void procstat_write_csv(const struct procstat *p, struct strbuf *out)
{
	strbuf_add_str(out, "time_s,rss_bytes,pss_bytes,anonymous_bytes,heap_bytes,stacks_bytes,"
			    "stacks_virtual_bytes,files_bytes,private_dirty_bytes,threads_count\n");
	for (size_t i = 0; i < p->count; i++) {
		const struct procstat_row *r = &p->rows[i];

		strbuf_addf(out, "%.3f,%llu,%llu,%llu", r->time_s, (unsigned long long)r->rss_bytes,
			    (unsigned long long)r->pss_bytes,
			    (unsigned long long)r->anonymous_bytes);
		add_field(out, r->has_detail, r->heap_bytes);
		add_field(out, r->has_detail, r->stacks_bytes);
		add_field(out, r->has_detail, r->stacks_virtual_bytes);
		add_field(out, r->has_detail, r->files_bytes);
		add_field(out, true, r->private_dirty_bytes);
		add_field(out, true, r->threads_count);
		strbuf_add_char(out, '\n');
	}
}
