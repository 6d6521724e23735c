/*
 * view_parts.h - the parts of a run that have their own reader. A failure becomes a sentence in
 * v->missing.
 */
#ifndef REPORTS_READ_VIEW_PARTS_H
#define REPORTS_READ_VIEW_PARTS_H

struct view;

void view_hlog_read(struct view *v); /* tags, response, service, spread */
void view_hlog_drop(struct view *v);
void view_memory_read(struct view *v); /* memory */

#endif
