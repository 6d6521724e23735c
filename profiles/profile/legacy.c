#include "profiles/profile/legacy.h"

#include <errno.h>

#include "daemon/base/err.h"
#include "daemon/base/strbuf.h"
#include "profiles/profile/pprof_read.h"

/* Readers expect the form of /proc/self/maps; permissions and inodes do not matter to them. */
static void add_maps(const struct pprof_profile *p, struct strbuf *out)
{
	for (size_t i = 0; i < p->msg->n_mapping; i++) {
		const Pprof__Mapping *m = p->msg->mapping[i];

		strbuf_addf(out, "%08llx-%08llx r-xp %08llx 00:00 0 %s\n",
			    (unsigned long long)m->memory_start,
			    (unsigned long long)m->memory_limit, (unsigned long long)m->file_offset,
			    pprof_text(p, m->filename));
	}
}

static void add_word(struct strbuf *out, uint64_t word)
{
	strbuf_add(out, &word, sizeof(word));
}

/* Older readers treat every address but the first as a return address, one past the call. */
static uint64_t address(const struct pprof_profile *p, const Pprof__Sample *s, size_t i)
{
	return p->locations[s->location_id[i]]->address + (i > 0);
}

/*
 * Words: header (0, 3, 0, period in us, 0), per stack (count, depth, addresses), trailer (0, 1, 0);
 * then the mappings as text.
 */
static void write_cpu(const struct pprof_profile *p, int samples_type, struct strbuf *out)
{
	add_word(out, 0);
	add_word(out, 3);
	add_word(out, 0);
	add_word(out, (uint64_t)p->msg->period / 1000);
	add_word(out, 0);
	for (size_t i = 0; i < p->msg->n_sample; i++) {
		const Pprof__Sample *s = p->msg->sample[i];

		if (s->n_location_id == 0 || s->value[samples_type] <= 0)
			continue;
		add_word(out, (uint64_t)s->value[samples_type]);
		add_word(out, s->n_location_id);
		for (size_t k = 0; k < s->n_location_id; k++)
			add_word(out, address(p, s, k));
	}
	add_word(out, 0);
	add_word(out, 1);
	add_word(out, 0);
	add_maps(p, out);
}

static void add_heap_line(struct strbuf *out, const int64_t values[4])
{
	strbuf_addf(out, "%6lld: %8lld [%6lld: %8lld] @", (long long)values[2],
		    (long long)values[3], (long long)values[0], (long long)values[1]);
}

/* "in use objects: bytes [allocated objects: bytes] @ addresses"; all values are estimates
 * already. */
static void write_heap(const struct pprof_profile *p, const int types[4], struct strbuf *out)
{
	int64_t sums[4] = { 0 };

	for (size_t i = 0; i < p->msg->n_sample; i++) {
		for (int k = 0; k < 4; k++)
			sums[k] += p->msg->sample[i]->value[types[k]];
	}
	strbuf_add_str(out, "heap profile: ");
	add_heap_line(out, sums);
	strbuf_add_str(out, " heapprofile\n");
	for (size_t i = 0; i < p->msg->n_sample; i++) {
		const Pprof__Sample *s = p->msg->sample[i];
		int64_t values[4];

		for (int k = 0; k < 4; k++)
			values[k] = s->value[types[k]];
		add_heap_line(out, values);
		for (size_t k = 0; k < s->n_location_id; k++)
			strbuf_addf(out, " 0x%llx",
				    (unsigned long long)p->locations[s->location_id[k]]->address +
					    1);
		strbuf_add_char(out, '\n');
	}
	strbuf_add_str(out, "\nMAPPED_LIBRARIES:\n");
	add_maps(p, out);
}

int legacy_write(const struct pprof_profile *p, struct strbuf *out, struct err *err)
{
	const int heap[4] = {
		pprof_find_type(p, "alloc_objects"),
		pprof_find_type(p, "alloc_space"),
		pprof_find_type(p, "inuse_objects"),
		pprof_find_type(p, "inuse_space"),
	};
	int samples = pprof_find_type(p, "samples");

	if (heap[0] >= 0 && heap[1] >= 0 && heap[2] >= 0 && heap[3] >= 0)
		write_heap(p, heap, out);
	else if (samples >= 0 && p->msg->period > 0)
		write_cpu(p, samples, out);
	else
		return err_set(err, -EINVAL, "neither a CPU nor a heap profile");
	return out->failed ? err_set(err, -ENOMEM, "out of memory") : 0;
}
