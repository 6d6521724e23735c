#include "daemon/store/journal_read.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/base/err.h"
#include "daemon/store/journal_items.h"

enum {
	/* While a change is applied, the blocks before and after it may both exist. */
	REPLAY_BLOCKS_MAX = 2 * DOCUMENT_BLOCKS_MAX,
	SLOTS_MAX =
		4 *
		PROJECTS_MAX, /* including projects that closed before the snapshot reached them */
};

/* ---- slots ---------------------------------------------------------------- */

static void drop_blocks(struct journal_slot *slot)
{
	while (slot->blocks_count)
		block_put(slot->blocks[--slot->blocks_count]);
}

/* Drops an incomplete change. */
static void drop_change(struct journal_slot *slot)
{
	if (slot->is_editing)
		project_rollback(slot->p);
	slot->is_editing = false;
	project_free(slot->making);
	slot->making = NULL;
	drop_blocks(slot);
}

static void slot_deinit(struct journal_slot *slot)
{
	drop_change(slot);
	project_free(slot->p);
	free(slot->blocks);
}

static struct journal_slot *find_slot(struct journal_state *s, int32_t id)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->slots[i].id == id)
			return &s->slots[i];
	return NULL;
}

static struct journal_slot *add_slot(struct journal_state *s, int32_t id)
{
	if (!s->slots)
		s->slots = calloc(SLOTS_MAX, sizeof(*s->slots));
	if (!s->slots || s->count == SLOTS_MAX)
		return NULL;
	s->slots[s->count] = (struct journal_slot){ .id = id };
	return &s->slots[s->count++];
}

static void remove_slot(struct journal_state *s, struct journal_slot *slot)
{
	slot_deinit(slot);
	s->count--;
	memmove(slot, slot + 1, (size_t)(s->slots + s->count - slot) * sizeof(*slot));
}

static void raise_next_id(struct journal_state *s, int32_t id)
{
	if (id >= s->next_id)
		s->next_id = id == INT32_MAX ? 1 : id + 1;
}

/* ---- changes -------------------------------------------------------------- */

/* An empty project, to be filled by items. */
static int new_empty(int32_t id, struct project **out)
{
	const int32_t size[3] = { 1, 1, 1 };
	int rc = project_new(id, "", 0, size, out);

	if (rc < 0)
		return rc;
	document_deinit(&(*out)->doc);
	document_init(&(*out)->doc);
	(*out)->doc.budget.blocks_max = REPLAY_BLOCKS_MAX;
	return 0;
}

static int apply_whole(struct applying *a, uint64_t version, unsigned flags)
{
	struct journal_slot *slot = a->slot;
	int rc = 0;

	if (flags & JOURNAL_FIRST) {
		drop_change(slot);
		rc = new_empty(slot->id, &slot->making);
	} else if (!slot->making) {
		return journal_bad(a, "a part has no first part");
	}
	a->p = slot->making;
	if (rc == 0)
		rc = journal_get_items(a);
	if (rc < 0 || !(flags & JOURNAL_LAST))
		return rc;
	if (!slot->making->doc.layers_count)
		return journal_bad(a, "a project has no layer");
	slot->making->doc.version = version;
	project_free(slot->p);
	slot->p = slot->making;
	slot->making = NULL;
	drop_blocks(slot);
	return 0;
}

static int apply_edit(struct applying *a, uint64_t version, unsigned flags)
{
	struct journal_slot *slot = a->slot;
	int rc = 0;

	if (!slot->p)
		return 0; /* closed before the snapshot was made; journal_state_finish handles it */
	a->p = slot->p;
	if (flags & JOURNAL_FIRST) {
		drop_change(slot);
		if (version != a->p->doc.version && version != a->p->doc.version + 1)
			return journal_bad(a, "an edit before it is missing");
		/* A change of one part is complete: it need not be undone. */
		if (!(flags & JOURNAL_LAST))
			rc = project_begin(a->p, "replay");
		slot->is_editing = rc == 0 && !(flags & JOURNAL_LAST);
	} else if (!slot->is_editing) {
		return journal_bad(a, "a part has no first part");
	}
	if (rc == 0)
		rc = journal_get_items(a);
	if (rc < 0 || !(flags & JOURNAL_LAST))
		return rc;
	if (slot->is_editing)
		rc = project_commit(a->p);
	slot->is_editing = false;
	history_clear(&a->p->history);
	a->p->doc.version = version;
	drop_blocks(slot);
	return rc;
}

static int apply_trailer(struct applying *a)
{
	struct journal_state *s = a->state;
	int32_t next_id;

	if (get_u8(&a->in) != TAG_END)
		return journal_bad(a, "an item has an unknown kind");
	next_id = get_i32(&a->in);
	if (get_u32(&a->in) != s->count)
		return journal_bad(a, "the number of projects is wrong");
	s->trailer_lsn = get_u64(&a->in);
	if (a->in.failed || a->in.ptr != a->in.end)
		return journal_bad(a, "an item is cut off");
	if (next_id < 1)
		return journal_bad(a, "the next project's number is out of range");
	s->next_id = next_id;
	s->has_trailer = true;
	return 0;
}

/* The slot of the payload's project; added when allowed. */
static int find_or_add(struct applying *a, enum journal_kind kind, int32_t id)
{
	a->slot = find_slot(a->state, id);
	if (a->slot || kind == JOURNAL_CLOSE)
		return 0;
	if (id < 1)
		return journal_bad(a, "a project's number is out of range");
	a->slot = add_slot(a->state, id);
	raise_next_id(a->state, id);
	return a->slot ? 0 : journal_bad(a, "too many projects");
}

static int apply(struct applying *a, uint64_t lsn)
{
	enum journal_kind kind = (enum journal_kind)get_u8(&a->in);
	unsigned flags = get_u8(&a->in);
	int32_t id = get_i32(&a->in);
	uint64_t version = get_u64(&a->in);
	int rc;

	if (a->in.failed)
		return journal_bad(a, "the record is too short");
	if (kind == JOURNAL_TRAILER)
		return apply_trailer(a);
	if (kind != JOURNAL_WHOLE && kind != JOURNAL_EDIT && kind != JOURNAL_CLOSE)
		return journal_bad(a, "the record has an unknown kind");
	rc = find_or_add(a, kind, id);
	if (rc < 0)
		return rc;
	/* The snapshot includes this record. */
	if (a->slot && a->state->has_trailer && lsn <= a->slot->lsn)
		return 0;
	if (kind == JOURNAL_CLOSE) {
		if (a->slot)
			remove_slot(a->state, a->slot);
		return 0;
	}
	rc = kind == JOURNAL_WHOLE ? apply_whole(a, version, flags) : apply_edit(a, version, flags);
	if (rc == 0 && (flags & JOURNAL_LAST))
		a->slot->lsn = lsn;
	return rc;
}

int journal_apply(struct journal_state *s, uint64_t lsn, struct span payload, struct err *err)
{
	struct applying a = {
		.state = s,
		.in = { .ptr = payload.ptr, .end = payload.ptr + payload.len },
	};
	int rc = apply(&a, lsn);

	if (rc == -EBADMSG)
		return err_set(err, rc, "record %llu: %s", (unsigned long long)lsn, a.why);
	if (rc < 0)
		return err_set(err, rc, "record %llu: %s", (unsigned long long)lsn,
			       strerrordesc_np(-rc));
	return 0;
}

int journal_state_finish(struct journal_state *s, struct err *err)
{
	size_t open_count = 0;

	for (size_t i = s->count; i-- > 0;) {
		struct journal_slot *slot = &s->slots[i];
		bool is_nothing = !slot->p && slot->making;

		drop_change(slot);
		if (is_nothing) { /* it was not opened completely */
			remove_slot(s, slot);
			continue;
		}
		if (!slot->p)
			return err_set(err, -EBADMSG, "project %d is edited but was never opened",
				       slot->id);
		slot->p->doc.budget.blocks_max = DOCUMENT_BLOCKS_MAX;
		open_count++;
	}
	if (open_count > PROJECTS_MAX)
		return err_set(err, -EBADMSG, "%zu projects are open, at most %d can be",
			       open_count, PROJECTS_MAX);
	return 0;
}

struct project *journal_state_take(struct journal_state *s, size_t i)
{
	struct project *p = s->slots[i].p;

	s->slots[i].p = NULL;
	return p;
}

void journal_state_deinit(struct journal_state *s)
{
	for (size_t i = 0; i < s->count; i++)
		slot_deinit(&s->slots[i]);
	free(s->slots);
	*s = (struct journal_state){ 0 };
}
