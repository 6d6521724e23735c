#include "profiles/capture/events.h"

#include <ctype.h>
#include <errno.h>
#include <perfmon/pfmlib.h>
#include <perfmon/pfmlib_perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"

const char *event_kind_name(enum event_kind kind)
{
	static const char *const names[] = { "hardware", "software", "tracepoint" };

	return names[kind];
}

const char *events_default(void)
{
	/* At most four hardware events per group, which fit the generic counters of x86. */
	return "{cycles,instructions,branches,branch-misses},"
	       "{cache-references,cache-misses,L1-dcache-load-misses,dTLB-load-misses},"
	       "task-clock,context-switches,cpu-migrations,page-faults,minor-faults,major-faults,"
	       "raw_syscalls:sys_enter";
}

/* The number of a tracepoint, from tracefs. */
static int tracepoint_id(const char *tracefs, const char *group, size_t group_len, const char *name,
			 unsigned long long *id)
{
	char path[256], text[32];
	FILE *in;
	int n;
	bool is_number;

	if (!tracefs[0])
		return -EACCES;
	n = snprintf(path, sizeof(path), "%s/events/%.*s/%s/id", tracefs, (int)group_len, group,
		     name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -EINVAL;
	in = fopen(path, "re");
	if (!in)
		return -errno;
	is_number = fgets(text, sizeof(text), in) && isdigit((unsigned char)text[0]);
	fclose(in);
	*id = is_number ? strtoull(text, NULL, 10) : 0;
	return is_number ? 0 : -EPROTO;
}

/* Whether it is "group:name", and not a libpfm4 table ("perf::...") or a modifier ("cycles:u"). */
static bool is_tracepoint(const char *name)
{
	const char *colon = strchr(name, ':');

	return colon && colon != name && colon[1] != ':' && strlen(colon + 1) > 3 &&
	       !strchr(colon + 1, ':') && !strchr(name, '=') && !strchr(name, '/') &&
	       !strstr(name, "..");
}

static void resolve_tracepoint(const char *tracefs, struct event *e)
{
	const char *colon = strchr(e->name, ':');
	unsigned long long id = 0;
	int rc = tracepoint_id(tracefs, e->name, (size_t)(colon - e->name), colon + 1, &id);

	e->kind = EVENT_TRACEPOINT;
	if (rc == -EACCES)
		snprintf(e->missing, sizeof(e->missing),
			 "tracefs is not mounted or may not be read");
	else if (rc < 0)
		snprintf(e->missing, sizeof(e->missing), "no such tracepoint in %s", tracefs);
	else {
		e->attr.type = PERF_TYPE_TRACEPOINT;
		e->attr.config = id;
	}
}

static int init_pfm(void)
{
	static int rc = -1;

	if (rc < 0)
		rc = pfm_initialize();
	return rc;
}

static void resolve_pfm(struct event *e)
{
	pfm_perf_encode_arg_t arg = { .attr = &e->attr, .size = sizeof(arg) };
	int rc = init_pfm();

	/* Both halves in one encoding: opening a split event opens it twice. */
	if (rc == PFM_SUCCESS)
		rc = pfm_get_os_event_encoding(e->name, PFM_PLM0 | PFM_PLM3, PFM_OS_PERF_EVENT,
					       &arg);
	e->kind = EVENT_HARDWARE;
	if (rc != PFM_SUCCESS) {
		snprintf(e->missing, sizeof(e->missing), "libpfm4: %s", pfm_strerror(rc));
		return;
	}
	if (e->attr.type == PERF_TYPE_SOFTWARE)
		e->kind = EVENT_SOFTWARE;
	/* A modifier in the name selects one half; of software events only faults know the mode. */
	e->is_split = !e->attr.exclude_user && !e->attr.exclude_kernel &&
		      (e->kind == EVENT_HARDWARE || e->attr.config == PERF_COUNT_SW_PAGE_FAULTS ||
		       e->attr.config == PERF_COUNT_SW_PAGE_FAULTS_MIN ||
		       e->attr.config == PERF_COUNT_SW_PAGE_FAULTS_MAJ);
}

static int add_event(const char *name, size_t len, const char *tracefs, struct event *e,
		     struct err *err)
{
	if (len == 0)
		return err_set(err, -EINVAL, "events: an empty name in the list");
	if (len >= sizeof(e->name))
		return err_set(err, -EINVAL, "events: '%.40s...' is longer than %d characters",
			       name, EVENT_NAME_MAX - 1);
	memcpy(e->name, name, len);
	e->name[len] = '\0';
	if (is_tracepoint(e->name))
		resolve_tracepoint(tracefs, e);
	else
		resolve_pfm(e);
	return 0;
}

int events_parse(const char *list, const char *tracefs, struct event *events, size_t cap,
		 struct err *err)
{
	size_t count = 0;
	unsigned groups_count = 0;
	bool in_group = false;
	const char *at = list;

	for (;;) {
		size_t len;
		int rc;

		if (*at == '{' && in_group)
			return err_set(err, -EINVAL, "events: a brace inside a brace");
		if (*at == '{') {
			in_group = true;
			groups_count++;
			at++;
		}
		len = strcspn(at, ",{}");
		if (count == cap)
			return err_set(err, -ENOSPC, "events: more than %zu", cap);
		memset(&events[count], 0, sizeof(events[count]));
		events[count].attr.size = sizeof(events[count].attr);
		events[count].group = in_group ? groups_count : 0;
		rc = add_event(at, len, tracefs, &events[count], err);
		if (rc < 0)
			return rc;
		count++;
		at += len;
		if (*at == '}' && in_group) {
			in_group = false;
			at++;
		}
		if (*at == '\0')
			break;
		if (*at != ',')
			return err_set(err, -EINVAL, "events: expected ',' at '%.20s'", at);
		at++;
	}
	if (in_group)
		return err_set(err, -EINVAL, "events: a brace is not closed");
	return (int)count;
}
