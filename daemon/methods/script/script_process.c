#include "daemon/methods/script/script_process.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MORE_BYTES = SCRIPT_STACK_BYTES + (32 << 20) }; /* used by the stack and the C library */

/* Memory that is allocated when touched. Small pages, since most scripts need few. NULL: none. */
static void *map(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	(void)madvise(p, bytes, MADV_NOHUGEPAGE);
	return p;
}

/* The engine recurses deeper than the default stack allows. */
static void allow_stack(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_STACK, &r) < 0)
		return;
	r.rlim_cur = r.rlim_max < SCRIPT_STACK_BYTES ? r.rlim_max : SCRIPT_STACK_BYTES;
	(void)setrlimit(RLIMIT_STACK, &r);
}

int script_process_open(struct script_process *p)
{
	void *heap = map(SCRIPT_HEAP_BYTES);
	struct script_op *ops = map(SCRIPT_OPS_MAX * sizeof(*ops));
	uint32_t *slots = map(SCRIPT_SLOTS_MAX * sizeof(*slots));
	script_voxels *voxels = map(SCRIPT_VIEW_PLACES * sizeof(*voxels));

	p->source = map(SCRIPT_SOURCE_BYTES_MAX);
	if (!heap || !ops || !slots || !voxels || !p->source)
		return -ENOMEM;
	allow_stack();
	script_link_init(&p->link, SCRIPT_FD);
	script_view_init(&p->view, &p->link, voxels);
	script_edits_init(&p->engine.edits, &p->view, ops, slots);
	script_heap_init(&p->engine.heap, heap, SCRIPT_HEAP_BYTES, &p->link);
	if (!script_engine_open(&p->engine))
		return -ENOMEM;
	script_sandbox_init(&p->sandbox, SCRIPT_FD, MORE_BYTES);
	return 0;
}

/* The buffers of the messages read and written; static, since there is one per process. */
static struct {
	char bytes[SCRIPT_MESSAGE_BYTES_MAX];
	size_t len;
	size_t at;  /* read up to here */
	size_t cap; /* of the message that is written */
} message;

static void read_text(struct script_process *p, void *out, size_t len)
{
	char *to = out;

	while (len) {
		size_t n;

		if (message.at == message.len) {
			message.len =
				script_link_receive(&p->link, message.bytes, sizeof(message.bytes));
			message.at = 0;
		}
		n = message.len - message.at < len ? message.len - message.at : len;
		memcpy(to, message.bytes + message.at, n);
		message.at += n;
		to += n;
		len -= n;
	}
}

static void flush(struct script_process *p)
{
	if (message.len)
		script_link_send(&p->link, message.bytes, message.len);
	message.len = 0;
	message.cap = sizeof(message.bytes);
}

static void write_text(struct script_process *p, const void *bytes, size_t len)
{
	const char *from = bytes;

	while (len) {
		size_t n = message.cap - message.len < len ? message.cap - message.len : len;

		memcpy(message.bytes + message.len, from, n);
		message.len += n;
		from += n;
		len -= n;
		if (message.len == message.cap)
			flush(p);
	}
}

/* The source stays in p->source; the name is copied, since its place is reused. */
static void take_job(struct script_process *p, char name[SCRIPT_NAME_BYTES_MAX],
		     struct span *source_out, struct span *name_out)
{
	struct script_job job;

	read_text(p, &job, sizeof(job));
	p->view.active_id = job.active_id;
	p->view.next_layer_id = job.next_layer_id;
	p->view.layers_count = job.layers_count;
	read_text(p, name, job.name_bytes);
	read_text(p, p->view.layers, job.layers_count * sizeof(p->view.layers[0]));
	read_text(p, p->source, job.source_bytes);
	rng_init(&p->engine.random, job.seed, 0);
	*name_out = span_of(name, job.name_bytes);
	*source_out = span_of(p->source, job.source_bytes);
}

static void send_end(struct script_process *p)
{
	const struct script_engine *e = &p->engine;
	const struct script_edits *edits = &e->edits;
	struct script_end end = {
		.kind = SCRIPT_ASK_END,
		.is_done = e->is_done,
		.error_bytes = (uint32_t)strlen(e->error),
		.output_bytes = e->output.bytes,
		.is_output_cut = e->output.is_cut,
	};

	if (e->is_done) {
		end.value_bytes = e->value.bytes;
		end.names_count = edits->names_count;
		end.ops_count = edits->ops_count;
	}
	message.len = 0;
	message.cap = SCRIPT_ASK_BYTES_MAX;
	write_text(p, &end, sizeof(end));
	write_text(p, edits->ops, end.ops_count * sizeof(edits->ops[0]));
	write_text(p, edits->names, end.names_count * sizeof(edits->names[0]));
	write_text(p, e->error, end.error_bytes);
	write_text(p, e->value.text, end.value_bytes);
	write_text(p, e->output.text, end.output_bytes);
	flush(p);
}

_Noreturn void script_process_run(struct script_process *p)
{
	struct script_ask hello = { .kind = SCRIPT_ASK_HELLO };
	char name_bytes[SCRIPT_NAME_BYTES_MAX];
	struct span source;
	struct span name;

	hello.value = (uint32_t)-script_sandbox_enter(&p->sandbox);
	script_link_send(&p->link, &hello, sizeof(hello));
	take_job(p, name_bytes, &source, &name);
	script_edits_begin(&p->engine.edits);
	script_engine_run(&p->engine, source, name);
	send_end(p);
	_exit(0);
}
