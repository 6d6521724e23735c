/* All slices in one picture, in a row: depth slices of width x height, the lowest z at the left. */
#include <errno.h>

#include "daemon/base/budget.h"
#include "daemon/base/err.h"
#include "daemon/formats/registry.h"
#include "daemon/formats/tile_png.h"

enum {
	SLICES_WIDTH_MAX = 1000000, /* the default limit of libpng and of other readers */
	SLICES_PIXELS_MAX = 64 << 20,
};

struct slices {
	struct box box;
	int64_t width; /* of the picture */
	int64_t height;
	uint32_t *pixels;
};

static void draw_block(const struct slices *s, const struct volume_slot *slot)
{
	int64_t size = box_size(&s->box, 0);

	for (int i = 0; i < BLOCK_VOXELS; i++) {
		rgba c = slot->block->voxels[i];
		int64_t x = (int64_t)slot->pos.x * BLOCK_EDGE + (i & BLOCK_MASK) - s->box.min[0];
		int64_t y = (int64_t)slot->pos.y * BLOCK_EDGE + (i >> BLOCK_BITS & BLOCK_MASK) -
			    s->box.min[1];
		int64_t z =
			(int64_t)slot->pos.z * BLOCK_EDGE + (i >> (2 * BLOCK_BITS)) - s->box.min[2];

		if (c)
			s->pixels[y * s->width + z * size + x] = c;
	}
}

static int draw(struct slices *s, const struct volume *v, struct strbuf *out, struct err *err)
{
	struct volume_slot *slots = NULL;
	uint32_t count = 0;
	int rc = volume_sorted(v, NULL, &slots, &count);

	if (rc == 0) {
		s->pixels = budget_calloc(BUDGET_FILES, (size_t)(s->width * s->height),
					  sizeof(*s->pixels));
		rc = s->pixels ? 0 : -ENOMEM;
	}
	for (uint32_t i = 0; rc == 0 && i < count; i++) {
		rc = format_goes_on(err);
		draw_block(s, &slots[i]);
	}
	if (rc == 0)
		rc = tile_png_write(s->pixels, (uint32_t)s->width, (uint32_t)s->height, out);
	budget_free(slots);
	budget_free(s->pixels);
	return rc < 0 ? err_set(err, rc, "cannot draw the slices") : 0;
}

static int png_write_slices(struct document *doc, const struct format_options *options,
			    struct strbuf *out, struct err *err)
{
	struct volume v = { 0 };
	struct slices s = { .width = 0 };
	int rc = format_volume(doc, options, &v, err);

	if (rc == 0 && !volume_box(&v, &s.box))
		rc = err_set(err, -EINVAL, "there are no voxels to slice");
	if (rc == 0) {
		int64_t size_x = box_size(&s.box, 0);
		int64_t size_z = box_size(&s.box, 2);

		s.height = box_size(&s.box, 1);
		if (size_x > SLICES_WIDTH_MAX || size_z > SLICES_WIDTH_MAX / size_x ||
		    s.height > SLICES_PIXELS_MAX / (size_x * size_z) || s.height > SLICES_WIDTH_MAX)
			rc = err_set(err, -EINVAL,
				     "the voxels are spread too wide for slices: at most %d wide "
				     "and %d pixels",
				     SLICES_WIDTH_MAX, SLICES_PIXELS_MAX);
		s.width = size_x * size_z;
	}
	if (rc == 0)
		rc = draw(&s, &v, out, err);
	volume_deinit(&v);
	return rc;
}

const struct format format_png_slices = {
	.name = "png slices",
	.aliases = (const char *const[]){ "png", "png_slices", "png-slices", NULL },
	.extensions = (const char *const[]){ ".png", NULL },
	.summary = "slices along z, side by side",
	.write = png_write_slices,
};
