#include "daemon/voxel/snapshot.h"

#include <stdlib.h>

#include "daemon/voxel/project.h"

struct snapshot *snapshot_take(struct project *p)
{
	struct snapshot *s = malloc(sizeof(*s));

	if (!s)
		return NULL;
	atomic_init(&s->refs, 1);
	s->project_id = p->id;
	document_init(&s->doc);
	if (document_share(&s->doc, &p->doc) < 0) {
		free(s);
		return NULL;
	}
	return s;
}

void snapshot_put(struct snapshot *s)
{
	if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return;
	document_deinit(&s->doc);
	free(s);
}
