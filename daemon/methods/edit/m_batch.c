/*
 * add_voxels: many voxels in one request. Elements that cannot be read are counted, the others are
 * written together as one edit: all of them or, when the engine fails, none. The last element of a
 * position wins.
 */
#include <string.h>

#include "daemon/base/budget.h"
#include "daemon/base/cancel.h"
#include "daemon/context/workspace.h"
#include "daemon/methods/scope.h"
#include "daemon/methods/table.h"

enum { BATCH_VOXELS, BATCH_LAYER, BATCH_COLOR, BATCH_PROJECT };

enum {
	/* One less than the memory holds: decoders may write an element without counting it. */
	BATCH_VOXELS_MAX = WORKSPACE_VOXELS_MAX - 1,
	CHECK_ELEMENTS = 1024, /* read between two calls of cancel_check */
	PART_ROWS = 1024,      /* decoded together, then written */
};

static const struct param batch_params[] = {
	[BATCH_VOXELS] = { .name = "voxels",
			   .type = PARAM_ARRAY,
			   .required = true,
			   .doc = "{x,y,z,r,g,b,a}, {x,y,z,color}, {position,color} or "
				  "[x,y,z,r,g,b,a]; channels must be 0..255, alpha is 255 when "
				  "absent" },
	[BATCH_LAYER] = PARAM_LAYER,
	[BATCH_COLOR] = { .name = "color",
			  .type = PARAM_ANY,
			  .preset = "[255,255,255,255]",
			  .doc = "of elements without one" },
	[BATCH_PROJECT] = PARAM_PROJECT,
	PARAM_END,
};

/* The columns of x, y, z, r, g, b, a in a row; -1: absent. */
struct columns {
	int of[7];
	bool is_usual; /* exactly x, y, z, r, g, b, a in this order */
};

struct batch {
	struct voxel_source from; /* of rows */
	struct value_records rows;
	struct columns columns;
	uint32_t row; /* the next one to read */
	struct voxel *voxels;
	size_t count; /* read so far */
	size_t failed_count;
	rgba fallback;
};

static bool find_columns(const struct value_records *recs, struct columns *c)
{
	static const char letters[] = "xyzrgba";

	for (int i = 0; i < 7; i++)
		c->of[i] = !recs->keys && (uint32_t)i < recs->column_count ? i : -1;
	if (!recs->keys && recs->column_count > 7)
		return false;
	for (uint32_t i = 0; recs->keys && i < recs->column_count; i++) {
		const char *found =
			recs->keys[i].len == 1 ? strchr(letters, recs->keys[i].ptr[0]) : NULL;

		if (found && *found)
			c->of[found - letters] = (int)i;
		else if (decode_is_voxel_key(recs->keys[i]))
			return false; /* a color or position that is a number: reading each row
					 fails */
	}
	c->is_usual = recs->column_count == 7;
	for (int i = 0; i < 7; i++)
		c->is_usual &= c->of[i] == i;
	return c->of[0] >= 0 && c->of[1] >= 0 && c->of[2] >= 0;
}

/* Rows of exactly x, y, z, r, g, b, a: no branch except the range check of the channels. Returns
 * how many of n could be read. */
static size_t decode_usual(const struct batch *b, const int32_t *row, uint32_t n)
{
	size_t count = 0;

	for (uint32_t i = 0; i < n; i++, row += 7) {
		uint32_t over = (uint32_t)(row[3] | row[4] | row[5] | row[6]) & ~255u;

		b->voxels[count] =
			(struct voxel){ row[0], row[1], row[2],
					(rgba)row[3] | (rgba)row[4] << 8 | (rgba)row[5] << 16 |
						(rgba)row[6] << 24 };
		count += !over;
	}
	return count;
}

static size_t decode_columns(const struct batch *b, const int32_t *row, uint32_t n)
{
	const int *of = b->columns.of;
	bool has_color = of[3] >= 0 || of[4] >= 0 || of[5] >= 0 || of[6] >= 0;
	size_t count = 0;

	for (uint32_t i = 0; i < n; i++, row += b->rows.column_count) {
		int32_t parts[4] = { 0, 0, 0, 255 };
		uint32_t over = 0;

		for (int k = 0; k < 4; k++) {
			if (of[3 + k] >= 0)
				parts[k] = row[of[3 + k]];
			over |= (uint32_t)parts[k] & ~255u;
		}
		b->voxels[count] =
			(struct voxel){ row[of[0]], row[of[1]], row[of[2]],
					has_color ? rgba_of((unsigned)parts[0], (unsigned)parts[1],
							    (unsigned)parts[2], (unsigned)parts[3])
						  : b->fallback };
		count += !over;
	}
	return count;
}

/* Decodes a part of the rows, small enough to stay in the level-1 cache until it is written. */
static size_t next_part(struct voxel_source *from, const struct voxel **voxels)
{
	struct batch *b = (struct batch *)from;
	size_t count = 0;

	while (!count && b->row < b->rows.row_count) {
		const int32_t *row = b->rows.values + (size_t)b->row * b->rows.column_count;
		uint32_t n = b->rows.row_count - b->row;

		if (n > PART_ROWS)
			n = PART_ROWS;
		count = b->columns.is_usual ? decode_usual(b, row, n) : decode_columns(b, row, n);
		b->row += n;
		b->failed_count += n - count;
	}
	b->count += count;
	*voxels = b->voxels;
	return count;
}

static int decode_elements(struct value array, struct batch *b)
{
	unsigned checks = 0;
	struct value child;

	if (!value_first(array, &child))
		return 0;
	do {
		int rc = cancel_check_nth(&checks, CHECK_ELEMENTS);

		if (rc < 0)
			return rc;
		if (decode_voxel(child, b->fallback, &b->voxels[b->count]) == 0)
			b->count++;
		else
			b->failed_count++;
	} while (value_next(child, &child));
	return 0;
}

/* Reads all voxels, or prepares reading them part by part if there are many rows. */
static int decode_batch(struct call *call, struct batch *b)
{
	struct value array = call->args[BATCH_VOXELS];
	bool has_rows = value_records(array, &b->rows);
	uint32_t count = has_rows ? b->rows.row_count : value_count(array);
	const struct voxel *voxels;

	if (count > BATCH_VOXELS_MAX)
		return fault_set(&call->fault, RPC_INVALID_PARAMS, "voxels: %u are more than %d",
				 count, BATCH_VOXELS_MAX);
	has_rows = has_rows && find_columns(&b->rows, &b->columns);
	if (has_rows && count > PART_ROWS)
		count = PART_ROWS;
	b->voxels = workspace_voxels(call->env->lease->workspace, (size_t)count + 1);
	if (!b->voxels)
		return fault_set(&call->fault, RPC_INTERNAL_ERROR, "Failed to add voxels: %s",
				 budget_why());
	if (!has_rows) {
		b->rows.row_count = 0;
		return scope_fault(call, APP_ADD_VOXEL, decode_elements(array, b), "add voxels");
	}
	if (count <= HISTORY_VOXELS_MAX)
		(void)next_part(&b->from, &voxels);
	return 0;
}

static int run_add_voxels(struct call *call)
{
	struct batch b = { .from = { next_part }, .fallback = RGBA_WHITE };
	struct reply *r = call->reply;
	struct project *p;
	struct layer *l;
	int rc = 0;

	if (arg_has(call, BATCH_COLOR))
		rc = arg_color_at(call, BATCH_COLOR, &b.fallback);
	if (!rc)
		rc = decode_batch(call, &b);
	if (!rc)
		rc = scope_enter(call, BATCH_PROJECT, BATCH_LAYER, APP_ADD_VOXEL, &p, &l);
	if (rc)
		return rc;
	if (b.row < b.rows.row_count)
		rc = project_set_voxels_from(p, l, &b.from);
	else
		rc = project_set_voxels(p, l, b.voxels, b.count);
	workspace_trim(call->env->lease->workspace);
	if (rc < 0)
		return scope_fault(call, APP_ADD_VOXEL, rc, "add voxels");
	reply_object(r);
	reply_key_bool(r, "success", b.failed_count == 0);
	reply_key_integer(r, "added", (int64_t)b.count);
	reply_key_integer(r, "failed", (int64_t)b.failed_count);
	reply_object_end(r);
	return 0;
}

static const char *const batch_aliases[] = { "add_voxel_batch", NULL };

const struct method method_add_voxels = {
	.name = "add_voxels",
	.aliases = batch_aliases,
	/* Short: it takes less time than parsing its text took. */
	.flags = METHOD_SHORT | METHOD_EDITS,
	.params = batch_params,
	.doc = "Sets many voxels as one edit; for equal positions the last one counts.",
	.result = "success (none failed), added, failed (elements that could not be read)",
	.run = run_add_voxels,
};
