/* journal_scene.h - private to journal_*.c: the items of a project other than voxels. */
#ifndef DAEMON_STORE_JOURNAL_SCENE_H
#define DAEMON_STORE_JOURNAL_SCENE_H

#include "daemon/store/journal_format.h"
#include "daemon/store/journal_write.h"

struct history_step;
struct kept_meta;

void journal_put_project(struct strbuf *sb, const struct journal_identity *id,
			 const struct document *d);
void journal_put_saved(struct strbuf *sb, uint64_t saved_version, const char *path);
void journal_put_cameras(struct strbuf *sb, const struct document *d);
void journal_put_materials(struct strbuf *sb, const struct document *d);

/* The list as it is now, with the changes of each layer; step NULL: everything is new. */
void journal_put_layers(struct strbuf *sb, const struct document *d,
			const struct history_step *step);

/* The state of a layer kept by the step; NULL: it was not in the list. hint: its likely
 * position. */
const struct kept_meta *journal_kept_of(const struct history_step *step, const struct layer *l,
					size_t hint);

#endif
