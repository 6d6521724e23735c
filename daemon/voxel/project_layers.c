/* Operations on the list of layers, each a whole edit. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/voxel/merge.h"
#include "daemon/voxel/project.h"

/* Begins an edit of the layer list. */
static int begin(struct project *p, const char *label)
{
	int rc = project_begin(p, label);

	if (rc < 0)
		return rc;
	rc = project_edit_layers(p);
	return rc < 0 ? project_end(p, rc) : 0;
}

int project_layer_create_as(struct project *p, const char *name, size_t name_len, rgba color,
			    bool visible, struct layer **out)
{
	char copy[VOXEL_NAME_MAX];
	int rc = begin(p, "create layer");

	if (rc < 0)
		return rc;
	voxel_name_copy(copy, name, name_len);
	rc = document_add_layer(&p->doc, 0, copy, out);
	if (!rc) {
		(*out)->meta.color = color;
		(*out)->meta.visible = visible;
	}
	return project_end(p, rc);
}

int project_layer_create(struct project *p, const char *name, size_t name_len, struct layer **out)
{
	return project_layer_create_as(p, name, name_len, RGBA_WHITE, true, out);
}

int project_layer_delete(struct project *p, int32_t id)
{
	size_t index = document_layer_index(&p->doc, id);
	int rc;

	if (index == p->doc.layers_count)
		return -ENOENT;
	rc = begin(p, "delete layer");
	if (rc < 0)
		return rc;
	if (p->doc.layers_count == 1) {
		struct layer *fresh;

		rc = document_add_layer(&p->doc, 0, NULL, &fresh);
	}
	if (!rc)
		document_remove_layer(&p->doc, index);
	return project_end(p, rc);
}

static int duplicate(struct project *p, int32_t id, struct layer **out)
{
	size_t index = document_layer_index(&p->doc, id);
	struct layer *from = p->doc.layers[index];
	int32_t new_id = p->doc.next_layer_id;
	struct layer *copy = layer_new(new_id, "", &p->doc.budget);
	int rc;

	if (!copy)
		return -ENOMEM;
	copy->meta = from->meta;
	copy->meta.id = new_id;
	/* Room for the suffix is kept when the name has to be cut. */
	snprintf(copy->meta.name, VOXEL_NAME_MAX, "%.*s copy", VOXEL_NAME_MAX - 6, from->meta.name);
	rc = volume_share(&copy->volume, &from->volume);
	if (!rc)
		rc = document_insert_layer(&p->doc, copy, index + 1);
	if (rc < 0) {
		layer_put(copy);
		return rc;
	}
	p->doc.next_layer_id++;
	p->doc.active_id = new_id;
	*out = copy;
	return 0;
}

int project_layer_duplicate_as(struct project *p, int32_t id, const char *name, size_t name_len,
			       struct layer **out)
{
	int rc;

	if (!document_layer(&p->doc, id))
		return -ENOENT;
	if (p->doc.next_layer_id == INT32_MAX)
		return -ENOSPC;
	rc = begin(p, "duplicate layer");
	if (rc < 0)
		return rc;
	rc = duplicate(p, id, out);
	if (!rc && name)
		layer_set_name(&(*out)->meta, name, name_len);
	return project_end(p, rc);
}

int project_layer_duplicate(struct project *p, int32_t id, struct layer **out)
{
	return project_layer_duplicate_as(p, id, NULL, 0, out);
}

int project_layer_merge(struct project *p, int32_t source_id, int32_t target_id)
{
	struct layer *source = document_layer(&p->doc, source_id);
	struct layer *target = document_layer(&p->doc, target_id);
	int rc;

	if (!source || !target)
		return -ENOENT;
	if (source == target)
		return -EINVAL;
	rc = begin(p, "merge layers");
	if (rc < 0)
		return rc;
	rc = project_edit_layer(p, target);
	if (!rc)
		rc = merge_volume(&target->volume, &source->volume, source->meta.mode,
				  source->meta.opacity);
	if (!rc) {
		if (p->doc.active_id == source_id)
			p->doc.active_id = target_id;
		document_remove_layer(&p->doc, document_layer_index(&p->doc, source_id));
	}
	return project_end(p, rc);
}

int project_layer_move(struct project *p, int32_t id, size_t index)
{
	struct document *d = &p->doc;
	size_t from = document_layer_index(d, id);
	struct layer *l;
	int rc;

	if (from == d->layers_count)
		return -ENOENT;
	if (index >= d->layers_count)
		return -EINVAL;
	if (from == index)
		return 0;
	rc = begin(p, "reorder layers");
	if (rc < 0)
		return rc;
	l = d->layers[from];
	if (from < index)
		memmove(d->layers + from, d->layers + from + 1,
			(index - from) * sizeof(struct layer *));
	else
		memmove(d->layers + index + 1, d->layers + index,
			(from - index) * sizeof(struct layer *));
	d->layers[index] = l;
	return project_end(p, 0);
}

int project_layer_clear(struct project *p, int32_t id)
{
	struct layer *l = document_layer(&p->doc, id);
	int rc;

	if (!l)
		return -ENOENT;
	rc = project_begin(p, "clear layer");
	if (rc < 0)
		return rc;
	rc = project_edit_layer(p, l);
	if (!rc)
		rc = volume_clear(&l->volume);
	return project_end(p, rc);
}

int project_layer_activate(struct project *p, int32_t id)
{
	int rc;

	if (!document_layer(&p->doc, id))
		return -ENOENT;
	if (p->doc.active_id == id)
		return 0;
	rc = begin(p, "activate layer");
	if (rc < 0)
		return rc;
	p->doc.active_id = id;
	return project_end(p, 0);
}
