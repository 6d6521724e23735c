#include "daemon/methods/edit/edits.h"

#include <errno.h>

static void reply_edit(struct call *call, const struct edit *edit, const struct edit_data *data,
		       uint64_t count)
{
	struct reply *r = call->reply;

	reply_object(r);
	reply_key_bool(r, "success", true);
	if (edit == &edit_shape)
		reply_key_string(r, "shape_type", span_str(shape_kind_name(data->shape.kind)));
	reply_key(r, span_str(edit->count_key));
	reply_integer(r, (int64_t)count);
	reply_object_end(r);
}

int edit_run(struct call *call, const struct edit *edit)
{
	uint64_t brush_work = 0;
	struct edit_data data = { .brush_work = &brush_work };
	uint64_t count = 0;
	struct project *p;
	struct layer *l;
	int rc = scope_fault(call, edit->code, edit->check(call, &data), edit->what);

	if (!rc)
		rc = scope_enter(call, edit->project_index, edit->layer_index, edit->code, &p, &l);
	if (rc)
		return rc;
	rc = project_begin(p, edit->what);
	if (!rc) {
		rc = project_edit_layer(p, l);
		if (!rc)
			rc = edit->apply(call, &data, &p->doc, l, &count);
		rc = project_end(p, rc);
	}
	if (rc < 0)
		return call->fault.code ? -EPROTO : scope_fault(call, edit->code, rc, edit->what);
	reply_edit(call, edit, &data, count);
	return 0;
}
