#include "daemon/parser/parser.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"

const struct parser_ops *const parser_backends[] = {
	&parser_dom_ops,
	&parser_scalar_ops,
	&parser_simd_ops,
	NULL,
};

static const struct backend *at(size_t i)
{
	return parser_backends[i] ? &parser_backends[i]->head : NULL;
}

const struct backend_axis parser_axis = { .name = "parser", .at = at };

int parser_open(const char *name, struct parser **out, struct err *err)
{
	const struct backend *which;
	struct parser *p;
	void *object;
	int rc = backend_new(&parser_axis, name, &which, &object, err);

	if (rc < 0)
		return rc;
	p = object;
	p->ops = (const struct parser_ops *)which;
	rc = p->ops->init(p, err);
	if (rc < 0) {
		free(p);
		return err_wrap(err, rc, "open parser '%s'", name);
	}
	*out = p;
	return 0;
}

void parser_close(struct parser *p)
{
	if (!p)
		return;
	p->ops->deinit(p);
	free(p);
}

int parser_reply_open(const struct parser *p, struct reply **out, struct err *err)
{
	const struct reply_ops *ops = p->ops->reply;
	struct reply *r = calloc(1, ops->size);
	int rc;

	if (!r)
		return err_set(err, -ENOMEM, "open reply builder '%s': out of memory", ops->name);
	r->ops = ops;
	rc = ops->init(r);
	if (rc < 0) {
		free(r);
		return err_set(err, rc, "open reply builder '%s'", ops->name);
	}
	*out = r;
	return 0;
}

void parser_reply_close(struct reply *r)
{
	if (!r)
		return;
	r->ops->deinit(r);
	free(r);
}
