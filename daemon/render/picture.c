#include "daemon/render/picture.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/base/budget.h"
#include "daemon/base/err.h"
#include "daemon/render/set_work.h"

int picture_open(struct picture *p, uint32_t width, uint32_t height)
{
	if (!width || !height || width > PICTURE_EDGE_MAX || height > PICTURE_EDGE_MAX)
		return -EINVAL;
	p->pixels = budget_malloc(BUDGET_PICTURES, (size_t)width * height * sizeof(*p->pixels));
	if (!p->pixels)
		return -ENOMEM;
	p->width = width;
	p->height = height;
	return 0;
}

void picture_close(struct picture *p)
{
	budget_free(p->pixels);
	*p = (struct picture){ 0 };
}

static void ask(struct set_work *w)
{
	const struct picture_set *set = w->set;
	int rc = set->go_on ? set->go_on(set->go_on_ctx, w->rows_done) : 0;

	if (rc < 0)
		set_work_fail(w, rc);
}

static void draw_all(struct set_work *w, struct band_scratch *scratch)
{
	struct set_band band;

	set_work_begin(w);
	w->stage = SET_DRAWS;
	while (set_work_has_more(w) && set_work_take(w, &band)) {
		set_work_draw(w, &band, scratch);
		if (set_work_end(w, &band)) {
			set_work_finish(w, band.part);
			set_work_finished(w, band.part);
		}
		ask(w);
	}
}

int picture_draw_set(const struct picture_set *set, struct err *err)
{
	struct set_work *w = malloc(sizeof(*w));
	struct band_scratch *scratch;
	int rc;

	if (!w)
		return err_set(err, -ENOMEM, "render: %s", budget_why());
	set_work_init(w, set);
	scratch = band_scratch_new(w->width_max);
	if (scratch)
		draw_all(w, scratch);
	else
		set_work_fail(w, -ENOMEM);
	rc = set_work_result(w, err);
	band_scratch_free(scratch);
	free(w);
	return rc;
}

int picture_draw(struct picture *p, const struct picture_job *job, struct err *err)
{
	const struct picture_set set = { .jobs = job, .pictures = p, .count = 1 };

	return picture_draw_set(&set, err);
}
