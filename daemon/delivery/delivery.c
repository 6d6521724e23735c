#include "daemon/delivery/delivery.h"

#include <stdlib.h>

#include "daemon/base/err.h"
#include "daemon/parser/parser.h"

const struct delivery_ops *const delivery_backends[] = {
	&delivery_copied_ops,
	&delivery_whole_ops,
	NULL,
};

static const struct backend *at(size_t i)
{
	return delivery_backends[i] ? &delivery_backends[i]->head : NULL;
}

const struct backend_axis delivery_axis = { .name = "delivery", .at = at };

int delivery_open(const char *name, struct buffers *buffers, struct delivery **out, struct err *err)
{
	const struct backend *which;
	struct delivery *d;
	void *object;
	int rc = backend_new(&delivery_axis, name, &which, &object, err);

	if (rc < 0)
		return rc;
	d = object;
	d->ops = (const struct delivery_ops *)which;
	d->buffers = buffers;
	*out = d;
	return 0;
}

void delivery_close(struct delivery *d)
{
	free(d);
}

void delivery_move(struct message *m, const char *to)
{
	struct span from = m->text;

	if (to == from.ptr)
		return;
	m->text.ptr = to;
	if (!m->parser)
		return;
	parser_move(m->parser, from, to);
	m->request.method = span_moved(m->request.method, from, to);
	m->request.id = span_moved(m->request.id, from, to);
}
