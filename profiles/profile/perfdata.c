#include "profiles/profile/perfdata.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/err.h"
#include "profiles/profile/stacks.h"

/* The file begins with this; little-endian, as the machine is. */
#define MAGIC "PERFILE2"

struct section {
	uint64_t offset, size;
};

struct file_header {
	char magic[8];
	uint64_t size;
	uint64_t attr_size; /* a perf_event_attr and the section of its ids */
	struct section attrs, data, event_types;
};

/* Types that perf adds above the kernel's own. */
enum { RECORD_COMPRESSED = 81 };

enum { MIN_ATTR_BYTES = PERF_ATTR_SIZE_VER0 };

struct reader {
	struct span file;
	uint64_t sample_type;
	const struct perfdata_visitor *visitor;
	void *arg;
	struct perfdata_info *info;
	struct err *err;
};

/* A record's body, read from front to back; reading past the end is noted in it, not fatal. */
struct cursor {
	const char *at;
	size_t left;
	bool is_short;
};

static uint64_t take_u64(struct cursor *c)
{
	uint64_t value = 0;

	if (c->left < sizeof(value)) {
		c->is_short = true;
		return 0;
	}
	memcpy(&value, c->at, sizeof(value));
	c->at += sizeof(value);
	c->left -= sizeof(value);
	return value;
}

static uint32_t low_half(uint64_t pair)
{
	return (uint32_t)pair;
}

static uint32_t high_half(uint64_t pair)
{
	return (uint32_t)(pair >> 32);
}

const char *perfdata_event_name(const struct perf_event_attr *attr)
{
	if (attr->type == PERF_TYPE_HARDWARE && attr->config == PERF_COUNT_HW_CPU_CYCLES)
		return "cycles";
	if (attr->type == PERF_TYPE_SOFTWARE && attr->config == PERF_COUNT_SW_CPU_CLOCK)
		return "cpu-clock";
	if (attr->type == PERF_TYPE_SOFTWARE && attr->config == PERF_COUNT_SW_TASK_CLOCK)
		return "task-clock";
	return "other";
}

/*
 * A call chain mixes addresses with markers that say whose addresses follow. The first address of
 * each half is the current one, the others are return addresses. addrs[STACKS_DEPTH_MAX].
 */
static size_t read_chain(struct cursor *c, uint64_t *addrs, bool *has_kernel)
{
	uint64_t entries = take_u64(c);
	bool is_first = true;
	size_t depth = 0;

	if (entries > c->left / sizeof(uint64_t)) {
		c->is_short = true;
		return 0;
	}
	for (uint64_t i = 0; i < entries; i++) {
		uint64_t addr = take_u64(c);

		if (addr >= PERF_CONTEXT_MAX) {
			*has_kernel |= addr == PERF_CONTEXT_KERNEL;
			is_first = true;
		} else if (depth < STACKS_DEPTH_MAX) {
			addrs[depth++] = is_first || addr == 0 ? addr : addr - 1;
			is_first = false;
		}
	}
	return depth;
}

/* The fields come in the order of the bits (perf_event_open(2), PERF_RECORD_SAMPLE). */
static int read_sample(struct reader *r, struct cursor c)
{
	struct perfdata_sample s = { 0 };
	uint64_t addrs[STACKS_DEPTH_MAX], pair, ip = 0;

	if (r->sample_type & PERF_SAMPLE_IDENTIFIER)
		take_u64(&c);
	if (r->sample_type & PERF_SAMPLE_IP)
		ip = take_u64(&c);
	if (r->sample_type & PERF_SAMPLE_TID) {
		pair = take_u64(&c);
		s.pid = low_half(pair);
		s.tid = high_half(pair);
	}
	if (r->sample_type & PERF_SAMPLE_TIME)
		s.time_ns = take_u64(&c);
	if (r->sample_type & PERF_SAMPLE_ADDR)
		take_u64(&c);
	if (r->sample_type & PERF_SAMPLE_ID)
		take_u64(&c);
	if (r->sample_type & PERF_SAMPLE_STREAM_ID)
		take_u64(&c);
	if (r->sample_type & PERF_SAMPLE_CPU)
		take_u64(&c);
	s.period = r->sample_type & PERF_SAMPLE_PERIOD ? take_u64(&c) : 1;
	if (r->sample_type & PERF_SAMPLE_CALLCHAIN) {
		s.depth = read_chain(&c, addrs, &s.has_kernel);
	} else if (r->sample_type & PERF_SAMPLE_IP) {
		addrs[0] = ip;
		s.depth = 1;
	}
	if (c.is_short)
		return err_set(r->err, -EPROTO, "perf.data: a sample is truncated");
	s.addrs = addrs;
	r->info->samples_count++;
	return r->visitor->sample(r->arg, &s);
}

/* The text at the end of a record; NULL when its NUL is missing. */
static const char *text_of(const struct cursor *c)
{
	return c->left && memchr(c->at, '\0', c->left) ? c->at : NULL;
}

static int read_mmap(struct reader *r, const struct perf_event_header *h, struct cursor c)
{
	struct perfdata_mmap m = { 0 };
	uint64_t pair = take_u64(&c);

	m.pid = low_half(pair);
	m.start = take_u64(&c);
	m.limit = m.start + take_u64(&c);
	m.offset = take_u64(&c);
	m.is_executable = !(h->misc & PERF_RECORD_MISC_MMAP_DATA);
	if (h->type == PERF_RECORD_MMAP2) {
		/* Either maj, min, ino and ino_generation, or the length of the build id and its
		 * bytes. */
		const unsigned char *id = (const unsigned char *)c.at;

		take_u64(&c);
		take_u64(&c);
		take_u64(&c);
		m.is_executable = low_half(take_u64(&c)) & PROT_EXEC; /* prot, flags */
		for (size_t i = 0;
		     h->misc & PERF_RECORD_MISC_MMAP_BUILD_ID && !c.is_short && i < id[0] && i < 20;
		     i++)
			snprintf(m.build_id + 2 * i, 3, "%02x", id[4 + i]);
	}
	m.path = text_of(&c);
	if (c.is_short || !m.path || m.limit < m.start)
		return err_set(r->err, -EPROTO, "perf.data: a mapping is truncated");
	return r->visitor->mmap(r->arg, &m);
}

static int read_comm(struct reader *r, struct cursor c)
{
	uint64_t pair = take_u64(&c);
	const char *name = text_of(&c);

	if (c.is_short || !name)
		return err_set(r->err, -EPROTO, "perf.data: a name is truncated");
	return r->visitor->comm(r->arg, low_half(pair), high_half(pair), name);
}

static int read_record(struct reader *r, const struct perf_event_header *h, struct cursor c)
{
	switch (h->type) {
	case PERF_RECORD_SAMPLE:
		return read_sample(r, c);
	case PERF_RECORD_MMAP:
	case PERF_RECORD_MMAP2:
		return read_mmap(r, h, c);
	case PERF_RECORD_COMM:
		return read_comm(r, c);
	case PERF_RECORD_LOST:
		take_u64(&c); /* id */
		r->info->lost_count += take_u64(&c);
		return 0;
	case PERF_RECORD_LOST_SAMPLES:
		r->info->lost_count += take_u64(&c);
		return 0;
	case RECORD_COMPRESSED:
		return err_set(r->err, -EOPNOTSUPP, "perf.data: compressed (perf record -z)");
	default:
		return 0;
	}
}

static bool is_inside(struct span file, struct section s)
{
	return s.offset <= file.len && s.size <= file.len - s.offset;
}

/*
 * The samples of all events must have the same layout, since otherwise a record's event is unknown
 * before it is read. perf adds PERF_SAMPLE_IDENTIFIER when layouts differ, which is not supported
 * here.
 */
static int read_attrs(struct reader *r, const struct file_header *h)
{
	uint64_t entry_bytes = h->attr_size;
	size_t attr_bytes;

	if (entry_bytes < MIN_ATTR_BYTES + sizeof(struct section) ||
	    !is_inside(r->file, h->attrs) || h->attrs.size < entry_bytes)
		return err_set(r->err, -EPROTO, "perf.data: it describes no event");
	attr_bytes = (size_t)entry_bytes - sizeof(struct section);
	for (uint64_t at = 0; at + entry_bytes <= h->attrs.size; at += entry_bytes) {
		struct perf_event_attr attr = { 0 };

		memcpy(&attr, r->file.ptr + h->attrs.offset + at,
		       attr_bytes < sizeof(attr) ? attr_bytes : sizeof(attr));
		if (at == 0) {
			r->info->attr = attr;
			r->sample_type = attr.sample_type;
		} else if (attr.sample_type != r->sample_type) {
			return err_set(r->err, -EOPNOTSUPP, "perf.data: events of several layouts");
		}
	}
	if (r->sample_type & PERF_SAMPLE_READ)
		return err_set(r->err, -EOPNOTSUPP, "perf.data: samples that carry counters");
	return 0;
}

int perfdata_parse(struct span file, const struct perfdata_visitor *visitor, void *arg,
		   struct perfdata_info *info, struct err *err)
{
	struct reader r = {
		.file = file, .visitor = visitor, .arg = arg, .info = info, .err = err
	};
	struct file_header h;
	uint64_t at, end;
	int rc;

	*info = (struct perfdata_info){ 0 };
	if (file.len < sizeof(h) || memcmp(file.ptr, MAGIC, 8) != 0)
		return err_set(err, -EPROTO, "not a perf.data file of this byte order");
	memcpy(&h, file.ptr, sizeof(h));
	rc = read_attrs(&r, &h);
	if (rc < 0)
		return rc;
	/* perf writes the size of the data when it ends; a perf that was killed leaves 0. */
	info->is_truncated = h.data.size == 0 || !is_inside(file, h.data);
	at = h.data.offset;
	end = info->is_truncated ? file.len : h.data.offset + h.data.size;
	while (rc == 0 && at <= end && end - at >= sizeof(struct perf_event_header)) {
		struct perf_event_header record;

		memcpy(&record, file.ptr + at, sizeof(record));
		if (record.size < sizeof(record) || record.size > end - at) {
			if (info->is_truncated)
				break;
			return err_set(err, -EPROTO, "perf.data: a record of %u bytes at %llu",
				       record.size, (unsigned long long)at);
		}
		rc = read_record(&r, &record,
				 (struct cursor){ .at = file.ptr + at + sizeof(record),
						  .left = record.size - sizeof(record) });
		at += record.size;
	}
	return rc;
}

int perfdata_read(const char *path, const struct perfdata_visitor *visitor, void *arg,
		  struct perfdata_info *info, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;
	struct stat st;
	void *map;

	if (fd < 0)
		return err_set(err, -errno, "open %s: %s", path, strerrordesc_np(errno));
	if (fstat(fd, &st) < 0 || st.st_size <= 0 || (uint64_t)st.st_size > PERFDATA_BYTES_MAX) {
		close(fd);
		return err_set(err, -EPROTO, "%s: empty, or larger than %llu MiB", path,
			       PERFDATA_BYTES_MAX >> 20);
	}
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return err_set(err, -errno, "map %s: %s", path, strerrordesc_np(errno));
	rc = perfdata_parse(span_of(map, (size_t)st.st_size), visitor, arg, info, err);
	munmap(map, (size_t)st.st_size);
	return rc < 0 ? err_wrap(err, rc, "%s", path) : rc;
}
