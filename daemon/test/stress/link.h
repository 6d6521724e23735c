/*
 * link.h - one connection of the stress program: requests with an id, replies checked.
 *
 * Every wait ends at its deadline or when the run stops, whichever comes first. A link belongs to
 * one thread.
 */
#ifndef DAEMON_TEST_STRESS_LINK_H
#define DAEMON_TEST_STRESS_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/base/strbuf.h"

struct sock_addr;

enum { LINK_LINE_BYTES_MAX = 64 << 20 }; /* longer replies: link_skip_line */

struct link {
	int fd;      /* -1: closed */
	int stop_fd; /* readable once the run stops; -1: none. Borrowed */
	uint64_t next_id;
	struct strbuf in; /* read and not used yet, from `used` on */
	size_t used;
};

enum link_kind {
	LINK_RESULT,
	LINK_ERROR,   /* an error object */
	LINK_GARBLED, /* not a reply to this request: wrong id, or no JSON-RPC reply at all */
};

struct link_reply {
	enum link_kind kind;
	int code;         /* of the error object */
	struct span text; /* the line; borrowed until the next call */
	struct span body; /* what follows "result": up to the id; of results only */
};

#define LINK_INIT ((struct link){ .fd = -1, .stop_fd = -1 })

/*
 * Functions return 0 or a negative errno: -ECANCELED the run stops, -ETIMEDOUT, -EPIPE the peer
 * closed the connection, others from system calls.
 */
int link_open(struct link *l, const struct sock_addr *addr, int stop_fd);
void link_close(struct link *l); /* a reply's text stays until link_open or link_deinit */
void link_deinit(struct link *l);
void link_reset(struct link *l); /* closes with RST on TCP, and with unread bytes thrown away */

int link_send(struct link *l, const void *bytes, size_t len, uint64_t timeout_ns);
int link_line(struct link *l, uint64_t timeout_ns, struct span *line);
/* Reads one line of any length and keeps nothing of it but its last bytes, in l->in. */
int link_skip_line(struct link *l, uint64_t timeout_ns, uint64_t *bytes);

/* One request and its reply. params is JSON text. 0 whatever the reply says. */
int link_call(struct link *l, const char *method, const char *params, uint64_t timeout_ns,
	      struct link_reply *reply);

/* "{...,"id":N}" into sb; returns N. */
uint64_t link_format(struct link *l, struct strbuf *sb, const char *method, const char *params);
void link_classify(struct span line, uint64_t id, struct link_reply *reply);

/* The number behind the first `key` ("\"project_id\":") in a reply; -1 without. */
int64_t link_number(struct span text, const char *key);

/* True when the connection was closed by the peer or by the system. */
bool link_is_cut(int rc);

#endif
