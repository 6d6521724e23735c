/* renders_reply.h - a managed picture file as JSON. */
#ifndef DAEMON_METHODS_PICTURE_RENDERS_REPLY_H
#define DAEMON_METHODS_PICTURE_RENDERS_REPLY_H

#include "daemon/render/renders.h"
#include "daemon/rpc/reply.h"

/* Writes an object as the next value. */
void reply_render_file(struct reply *r, const struct render_file *f);

#endif
