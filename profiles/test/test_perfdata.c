/* Reading perf.data: R-311. The files are put together here, record by record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "daemon/base/err.h"
#include "daemon/base/strbuf.h"
#include "profiles/profile/perfdata.h"

enum { HEADER_BYTES = 104, PID = 42, TID = 43 };

struct seen {
	unsigned samples, mmaps, comms;
	struct perfdata_sample sample;
	uint64_t addrs[8];
	struct perfdata_mmap mmap;
	char path[64], comm[32];
};

static int on_sample(void *arg, const struct perfdata_sample *s)
{
	struct seen *seen = arg;

	seen->samples++;
	seen->sample = *s;
	for (size_t i = 0; i < s->depth && i < 8; i++)
		seen->addrs[i] = s->addrs[i];
	return 0;
}

static int on_mmap(void *arg, const struct perfdata_mmap *m)
{
	struct seen *seen = arg;

	seen->mmaps++;
	seen->mmap = *m;
	snprintf(seen->path, sizeof(seen->path), "%s", m->path);
	return 0;
}

static int on_comm(void *arg, uint32_t pid, uint32_t tid, const char *name)
{
	struct seen *seen = arg;

	seen->comms++;
	assert_int_equal(pid, PID);
	assert_int_equal(tid, TID);
	snprintf(seen->comm, sizeof(seen->comm), "%s", name);
	return 0;
}

static const struct perfdata_visitor visitor = { on_sample, on_mmap, on_comm };

static void add_u64(struct strbuf *sb, uint64_t value)
{
	strbuf_add(sb, &value, sizeof(value));
}

static void add_pair(struct strbuf *sb, uint32_t low, uint32_t high)
{
	add_u64(sb, (uint64_t)high << 32 | low);
}

/* A record around a body. */
static void add_record(struct strbuf *sb, uint32_t type, uint16_t misc, const struct strbuf *body)
{
	struct perf_event_header h = { .type = type, .misc = misc };

	h.size = (uint16_t)(sizeof(h) + body->len);
	strbuf_add(sb, &h, sizeof(h));
	strbuf_add(sb, body->ptr, body->len);
}

static void add_comm(struct strbuf *sb)
{
	struct strbuf body = { 0 };

	add_pair(&body, PID, TID);
	strbuf_add(&body, "worker\0", 8);
	add_record(sb, PERF_RECORD_COMM, 0, &body);
	strbuf_deinit(&body);
}

static void add_mmap(struct strbuf *sb)
{
	static const unsigned char build_id[24] = { 4, 0, 0, 0, 0xde, 0xad, 0xbe, 0xef };
	struct strbuf body = { 0 };

	add_pair(&body, PID, PID);
	add_u64(&body, 0x1000);
	add_u64(&body, 0x2000);
	add_u64(&body, 0x500);
	strbuf_add(&body, build_id, sizeof(build_id));
	add_pair(&body, PROT_READ | PROT_EXEC, 0);
	strbuf_add(&body, "/bin/x\0", 8);
	add_record(sb, PERF_RECORD_MMAP2, PERF_RECORD_MISC_MMAP_BUILD_ID, &body);
	strbuf_deinit(&body);
}

static void add_sample(struct strbuf *sb, uint64_t entries)
{
	struct strbuf body = { 0 };

	add_u64(&body, 0xffffffff81000010); /* ip */
	add_pair(&body, PID, TID);
	add_u64(&body, 777);      /* time */
	add_u64(&body, 10101010); /* period */
	add_u64(&body, entries);
	add_u64(&body, PERF_CONTEXT_KERNEL);
	add_u64(&body, 0xffffffff81000010);
	add_u64(&body, 0xffffffff81000021);
	add_u64(&body, PERF_CONTEXT_USER);
	add_u64(&body, 0x1010);
	add_u64(&body, 0x1021);
	add_record(sb, PERF_RECORD_SAMPLE, 0, &body);
	strbuf_deinit(&body);
}

/* Puts header and one event's description before the records. data_bytes -1 = as they are. */
static struct strbuf file_of(const struct strbuf *records, uint64_t sample_type, int64_t data_bytes)
{
	struct strbuf sb = { 0 };
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.size = sizeof(attr),
		.sample_type = sample_type,
	};
	uint64_t attr_bytes = sizeof(attr) + 16;

	strbuf_add(&sb, "PERFILE2", 8);
	add_u64(&sb, HEADER_BYTES);
	add_u64(&sb, attr_bytes);
	add_u64(&sb, HEADER_BYTES);
	add_u64(&sb, attr_bytes);
	add_u64(&sb, HEADER_BYTES + attr_bytes);
	add_u64(&sb, data_bytes < 0 ? records->len : (uint64_t)data_bytes);
	while (sb.len < HEADER_BYTES)
		strbuf_add_char(&sb, '\0');
	strbuf_add(&sb, &attr, sizeof(attr));
	add_u64(&sb, 0);
	add_u64(&sb, 0);
	strbuf_add(&sb, records->ptr, records->len);
	return sb;
}

#define SAMPLE_TYPE                                                                 \
	(PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_PERIOD | \
	 PERF_SAMPLE_CALLCHAIN)

static int parse(const struct strbuf *file, struct seen *seen, struct perfdata_info *info)
{
	struct err err = ERR_INIT;

	memset(seen, 0, sizeof(*seen));
	return perfdata_parse(strbuf_span(file), &visitor, seen, info, &err);
}

static void test_records_are_read(void **state)
{
	struct strbuf records = { 0 }, file;
	struct perfdata_info info;
	struct seen seen;

	(void)state;
	add_comm(&records);
	add_mmap(&records);
	add_sample(&records, 6);
	file = file_of(&records, SAMPLE_TYPE, -1);
	assert_int_equal(parse(&file, &seen, &info), 0);
	assert_int_equal(seen.comms, 1);
	assert_string_equal(seen.comm, "worker");
	assert_int_equal(seen.mmaps, 1);
	assert_int_equal(seen.mmap.limit, 0x3000);
	assert_true(seen.mmap.is_executable);
	assert_string_equal(seen.mmap.build_id, "deadbeef");
	assert_string_equal(seen.path, "/bin/x");
	assert_int_equal(seen.samples, 1);
	assert_int_equal(seen.sample.period, 10101010);
	assert_int_equal(seen.sample.tid, TID);
	assert_true(seen.sample.has_kernel);
	assert_string_equal(perfdata_event_name(&info.attr), "cpu-clock");
	assert_false(info.is_truncated);
	strbuf_deinit(&file);
	strbuf_deinit(&records);
}

static void test_return_addresses_point_at_the_call(void **state)
{
	struct strbuf records = { 0 }, file;
	struct perfdata_info info;
	struct seen seen;

	(void)state;
	add_sample(&records, 6);
	file = file_of(&records, SAMPLE_TYPE, -1);
	assert_int_equal(parse(&file, &seen, &info), 0);
	assert_int_equal(seen.sample.depth, 4);
	assert_true(seen.addrs[0] == 0xffffffff81000010);
	assert_true(seen.addrs[1] == 0xffffffff81000020);
	assert_int_equal(seen.addrs[2], 0x1010);
	assert_int_equal(seen.addrs[3], 0x1020);
	strbuf_deinit(&file);
	strbuf_deinit(&records);
}

static void test_unfinished_file_is_read_to_its_end(void **state)
{
	struct strbuf records = { 0 }, file;
	struct perfdata_info info;
	struct seen seen;

	(void)state;
	add_comm(&records);
	add_sample(&records, 6);
	add_sample(&records, 6);
	file = file_of(&records, SAMPLE_TYPE, 0);
	file.len -= 4;
	assert_int_equal(parse(&file, &seen, &info), 0);
	assert_int_equal(seen.samples, 1);
	assert_true(info.is_truncated);
	strbuf_deinit(&file);
	strbuf_deinit(&records);
}

static void test_damage_is_an_error(void **state)
{
	struct strbuf records = { 0 }, file;
	struct perfdata_info info;
	struct seen seen;

	(void)state;
	add_sample(&records, 7); /* says one entry more than there is */
	file = file_of(&records, SAMPLE_TYPE, -1);
	assert_int_equal(parse(&file, &seen, &info), -EPROTO);
	strbuf_deinit(&file);
	strbuf_clear(&records);

	add_sample(&records, UINT64_MAX);
	file = file_of(&records, SAMPLE_TYPE, -1);
	assert_int_equal(parse(&file, &seen, &info), -EPROTO);
	file.ptr[0] = 'X';
	assert_int_equal(parse(&file, &seen, &info), -EPROTO);
	strbuf_deinit(&file);

	file = file_of(&records, SAMPLE_TYPE | PERF_SAMPLE_READ, -1);
	assert_int_equal(parse(&file, &seen, &info), -EOPNOTSUPP);
	strbuf_deinit(&file);
	strbuf_deinit(&records);
}

/* Whatever is missing at the end: an answer, and nothing read beyond it (asan looks). */
static void test_every_cut_is_survived(void **state)
{
	struct strbuf records = { 0 }, file;
	struct perfdata_info info;
	struct seen seen;

	(void)state;
	add_comm(&records);
	add_mmap(&records);
	add_sample(&records, 6);
	file = file_of(&records, SAMPLE_TYPE, -1);
	for (size_t len = 0; len < file.len; len++) {
		char *copy = malloc(len + 1);
		struct strbuf cut = { .ptr = copy, .len = len };
		int rc;

		assert_non_null(copy);
		memcpy(copy, file.ptr, len);
		rc = parse(&cut, &seen, &info);
		assert_true(rc == -EPROTO || (rc == 0 && info.is_truncated));
		free(copy);
	}
	strbuf_deinit(&file);
	strbuf_deinit(&records);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records_are_read),
		cmocka_unit_test(test_return_addresses_point_at_the_call),
		cmocka_unit_test(test_unfinished_file_is_read_to_its_end),
		cmocka_unit_test(test_damage_is_an_error),
		cmocka_unit_test(test_every_cut_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
