#include "daemon/methods/scope.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/base/budget.h"

/* A number, or a text that contains one. */
static bool id_of(struct value v, int32_t *out)
{
	struct span text;
	char copy[16];
	char *end;
	long n;

	if (decode_is_number(v))
		return decode_i32(v, out) == 0;
	if (value_kind(v) != VALUE_STRING)
		return false;
	text = value_string(v);
	if (!text.len || text.len >= sizeof(copy))
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = 0;
	errno = 0;
	n = strtol(copy, &end, 10);
	if (*end || errno || n < INT32_MIN || n > INT32_MAX)
		return false;
	*out = (int32_t)n;
	return true;
}

int scope_project_id(struct call *call, int i, int32_t *id)
{
	*id = 0;
	if (i < 0 || !arg_has(call, i))
		return 0;
	if (!id_of(call->args[i], id) || *id < 0)
		return arg_fault(call, i, "must be the number of a project");
	return 0;
}

static int no_project(struct call *call, int i, int code, int32_t id)
{
	if (id)
		return fault_set(&call->fault, RPC_INVALID_PARAMS, "%s: no project %d is open",
				 call->method->params[i].name, id);
	return fault_set(&call->fault, code, "Failed to %s: no project is open",
			 call->method->name);
}

int scope_project(struct call *call, int i, int code, struct project **out)
{
	int32_t id;
	int rc = scope_project_id(call, i, &id);

	if (rc)
		return rc;
	rc = context_enter(call->env->lease, id, out);
	return rc == -ENOENT ? no_project(call, i, code, id) : rc;
}

/* A name that looks like a number is taken as a number. */
static struct layer *find_layer(struct value v, struct document *d, int32_t *id)
{
	struct span name;

	if (id_of(v, id))
		return *id <= 0 ? NULL : document_layer(d, *id);
	*id = 1; /* a name, not one of the special numbers */
	if (value_kind(v) != VALUE_STRING)
		return NULL;
	name = value_string(v);
	return document_layer_named(d, name.ptr, name.len);
}

int scope_layer(struct call *call, int i, int code, struct document *d, struct layer **out)
{
	int32_t id = 0;
	struct layer *l = NULL;

	if (i >= 0 && arg_has(call, i))
		l = find_layer(call->args[i], d, &id);
	if (!l && (id == 0 || id == -1))
		l = document_active(d);
	if (!l) {
		fault_set(&call->fault, code, "%s: there is no such layer",
			  call->method->params[i].name);
		return -EPROTO;
	}
	*out = l;
	return 0;
}

int scope_layer_or_all(struct call *call, int i, int code, struct document *d, int32_t *id)
{
	struct layer *l;
	int rc;

	if (arg_has(call, i) && id_of(call->args[i], id) && *id == SCOPE_LAYERS_ALL)
		return 0;
	rc = scope_layer(call, i, code, d, &l);
	if (!rc)
		*id = l->meta.id;
	return rc;
}

int scope_enter(struct call *call, int project_index, int layer_index, int code, struct project **p,
		struct layer **l)
{
	int rc = scope_project(call, project_index, code, p);

	return rc ? rc : scope_layer(call, layer_index, code, &(*p)->doc, l);
}

int scope_read(struct call *call, int i, int code, struct reading *r)
{
	struct project *p;
	int rc = scope_project(call, i, code, &p);

	if (rc)
		return rc;
	*r = (struct reading){ .doc = &p->doc };
	if (p->doc.budget.blocks_count <= SCOPE_LOCKED_BLOCKS_MAX)
		return 0;
	rc = context_snapshot(call->env->lease, p->id, &r->snapshot);
	if (rc < 0)
		return scope_fault(call, RPC_INTERNAL_ERROR, rc, "read the project");
	r->doc = &r->snapshot->doc;
	return 0;
}

void scope_read_end(struct reading *r)
{
	snapshot_put(r->snapshot);
}

static_assert(PROJECTS_MAX == 64, "a message below says 64");

static const char *reason(int rc)
{
	switch (rc) {
	case -ENOMEM:
		return budget_why();
	case -ENOSPC:
		return "the project is full";
	case -EMSGSIZE:
		return "the limit was reached, nothing was changed";
	case -ENOENT:
		return "there is no such layer";
	case -EBUSY:
		return "64 projects are open and all have unsaved changes: close one";
	case -EDQUOT:
		return "the journal's disk is full, nothing was changed";
	case -EIO:
		return "the journal cannot be written, nothing was changed";
	case -ERANGE:
		return "it would exceed the 32-bit coordinates";
	case -ECANCELED:
		return "stopped: the client has disconnected or the daemon is stopping";
	case -ETIMEDOUT:
		return "stopped: the request took longer than its time limit";
	default:
		return "invalid arguments";
	}
}

bool scope_is_stopped(int rc)
{
	return rc == -ECANCELED || rc == -ETIMEDOUT;
}

int scope_fault(struct call *call, int code, int rc, const char *what)
{
	if (!rc || rc == -EAGAIN || rc == -EPROTO)
		return rc;
	return fault_set(&call->fault, code, "Failed to %s: %s", what, reason(rc));
}

void reply_rgba(struct reply *r, rgba color)
{
	reply_array(r);
	reply_integer(r, rgba_r(color));
	reply_integer(r, rgba_g(color));
	reply_integer(r, rgba_b(color));
	reply_integer(r, rgba_a(color));
	reply_array_end(r);
}

void reply_triple(struct reply *r, const int32_t v[3])
{
	reply_array(r);
	for (int i = 0; i < 3; i++)
		reply_integer(r, v[i]);
	reply_array_end(r);
}

void reply_box(struct reply *r, const struct box *b)
{
	reply_key(r, SPAN_LIT("min"));
	reply_triple(r, b->min);
	reply_key(r, SPAN_LIT("max"));
	reply_triple(r, b->max);
}

void reply_hex(struct reply *r, rgba color)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "#%02X%02X%02X%02X", rgba_r(color), rgba_g(color),
			   rgba_b(color), rgba_a(color));

	reply_string(r, span_of(text, (size_t)len));
}
