#include "daemon/render/set_work.h"

#include <errno.h>

#include "daemon/base/budget.h"
#include "daemon/base/err.h"

void set_work_init(struct set_work *w, const struct picture_set *set)
{
	*w = (struct set_work){ .set = set };
	for (size_t i = 0; i < set->count; i++) {
		const struct picture *p = &set->pictures[i];

		w->parts[i].width = p->width;
		w->parts[i].height = p->height;
		w->parts[i].rows_left = p->height;
		w->width_max = p->width > w->width_max ? p->width : w->width_max;
		w->pixels_left += (uint64_t)p->width * p->height;
	}
}

void set_work_fail(struct set_work *w, int rc)
{
	int none = 0;

	atomic_compare_exchange_strong_explicit(&w->rc, &none, rc, memory_order_relaxed,
						memory_order_relaxed);
}

int set_work_ask(void *ctx)
{
	return set_work_rc(ctx);
}

bool set_work_has_more(const struct set_work *w)
{
	return set_work_rc(w) == 0 && w->stage != SET_BEGINS && w->next_part < w->set->count;
}

size_t set_work_next_bytes(const struct set_work *w)
{
	const struct picture *p = &w->set->pictures[w->next_part];

	return p->pixels ? 0 : picture_bytes(p);
}

void set_work_begin(struct set_work *w)
{
	const struct picture_set *set = w->set;
	int rc = set->begin ? set->begin(set->begin_ctx) : 0;

	for (size_t i = 0; rc == 0 && i < set->count; i++)
		drawing_init(&w->parts[i].drawing, &set->pictures[i], &set->jobs[i]);
	if (rc < 0)
		set_work_fail(w, rc);
}

bool set_work_take(struct set_work *w, struct set_band *out)
{
	struct picture *p = &w->set->pictures[w->next_part];

	if (!p->pixels) {
		int rc = picture_open(p, p->width, p->height);

		if (rc < 0) {
			set_work_fail(w, rc);
			return false;
		}
		w->open_bytes += picture_bytes(p);
	}
	out->part = w->next_part;
	out->first = w->next_row;
	out->end = p->height - w->next_row > BAND_ROWS ? w->next_row + BAND_ROWS : p->height;
	w->pixels_left -= (uint64_t)p->width * (out->end - out->first);
	w->next_row = out->end;
	if (out->end == p->height) {
		w->next_part++;
		w->next_row = 0;
	}
	return true;
}

void set_work_draw(struct set_work *w, const struct set_band *band, struct band_scratch *scratch)
{
	int rc = draw_band(&w->parts[band->part].drawing, band->first, band->end, scratch);

	if (rc < 0)
		set_work_fail(w, rc);
}

bool set_work_end(struct set_work *w, const struct set_band *band)
{
	struct set_part *part = &w->parts[band->part];

	if (set_work_rc(w) < 0)
		return false;
	w->rows_done += band->end - band->first;
	part->rows_left -= band->end - band->first;
	return part->rows_left == 0;
}

void set_work_finish(struct set_work *w, size_t part)
{
	const struct picture_set *set = w->set;
	int rc = 0;

	if (set->finish)
		rc = set->finish(set->finish_ctx, part, &set->pictures[part]);
	if (rc < 0)
		set_work_fail(w, rc);
}

void set_work_finished(struct set_work *w, size_t part)
{
	size_t bytes = (size_t)w->parts[part].width * w->parts[part].height * sizeof(rgba);

	if (!w->set->pictures[part].pixels && w->open_bytes >= bytes)
		w->open_bytes -= bytes;
}

int set_work_result(const struct set_work *w, struct err *err)
{
	int rc = set_work_rc(w);

	if (rc == 0)
		return 0;
	return err_set(err, rc, "render of %u x %u: %s", w->parts[0].width, w->parts[0].height,
		       rc == -ECANCELED || rc == -ETIMEDOUT ? "stopped"
		       : rc == -ENOMEM                      ? budget_why()
							    : "a picture could not be encoded");
}
