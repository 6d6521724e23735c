/*
 * perfdata.h - reads perf.data, the file that perf record writes.
 *
 * Reads the file directly, not through the text of `perf script`, whose format changes between
 * versions and which shows file offsets instead of addresses. The file's records are the kernel's
 * own ABI (perf_event_open(2), PERF_RECORD_*); its header is described in perf's
 * Documentation/perf.data-file-format.txt. Not supported: compressed (-z) and pipe-mode files, and
 * hardware trace data.
 */
#ifndef PROFILES_PROFILE_PERFDATA_H
#define PROFILES_PROFILE_PERFDATA_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"

struct err;

#define PERFDATA_BYTES_MAX (2048ull << 20)

struct perfdata_sample {
	uint32_t pid, tid;
	uint64_t time_ns; /* perf's clock */
	uint64_t period;
	bool has_kernel;       /* the innermost frames are in the kernel */
	size_t depth;          /* 0: a sample without an address */
	const uint64_t *addrs; /* innermost first; all but the first of each half are one less than
				  the return address */
};

struct perfdata_mmap {
	uint32_t pid;
	uint64_t start, limit, offset;
	const char *path;
	char build_id[41]; /* "" = unknown */
	bool is_executable;
};

/* Called for each record; arguments are borrowed for the call. 0 continues; any other value ends
 * reading and is its result. */
struct perfdata_visitor {
	int (*sample)(void *arg, const struct perfdata_sample *sample);
	int (*mmap)(void *arg, const struct perfdata_mmap *mmap);
	int (*comm)(void *arg, uint32_t pid, uint32_t tid, const char *name);
};

struct perfdata_info {
	struct perf_event_attr attr; /* of the first event: what perf really recorded */
	uint64_t samples_count;
	uint64_t lost_count; /* samples that the kernel dropped */
	bool is_truncated;   /* perf did not finish the file */
};

/* The name of the event that attr counts: "cpu-clock", "cycles", ... */
const char *perfdata_event_name(const struct perf_event_attr *attr);

/* Errors: -EPROTO: damaged or not perf.data; -EOPNOTSUPP: an unsupported kind. */
int perfdata_parse(struct span file, const struct perfdata_visitor *visitor, void *arg,
		   struct perfdata_info *info, struct err *err);

int perfdata_read(const char *path, const struct perfdata_visitor *visitor, void *arg,
		  struct perfdata_info *info, struct err *err);

#endif
