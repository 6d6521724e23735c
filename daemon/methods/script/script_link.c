#include "daemon/methods/script/script_link.h"

#include <sys/socket.h>
#include <unistd.h>

void script_link_init(struct script_link *l, int fd)
{
	*l = (struct script_link){ .fd = fd, .memory_granted_bytes = SCRIPT_MEMORY_BYTES_FIRST };
}

size_t script_link_receive(struct script_link *l, void *out, size_t cap)
{
	ssize_t len = recv(l->fd, out, cap, 0);

	if (len <= 0)
		_exit(1);
	return (size_t)len;
}

void script_link_send(struct script_link *l, const void *bytes, size_t len)
{
	if (send(l->fd, bytes, len, MSG_NOSIGNAL) != (ssize_t)len)
		_exit(1);
}

size_t script_link_ask(struct script_link *l, const struct script_ask *ask, void *reply, size_t cap)
{
	script_link_send(l, ask, sizeof(*ask));
	return script_link_receive(l, reply, cap);
}

bool script_link_take_memory(struct script_link *l, size_t bytes)
{
	uint64_t need = l->memory_bytes + bytes;
	struct script_ask ask = { .kind = SCRIPT_ASK_MEMORY };
	char yes;

	if (need > l->memory_granted_bytes) {
		uint64_t more = need - l->memory_granted_bytes;

		ask.value =
			more > SCRIPT_MEMORY_BYTES_STEP ? (uint32_t)more : SCRIPT_MEMORY_BYTES_STEP;
		if (script_link_ask(l, &ask, &yes, 1) != 1 || !yes)
			return false;
		l->memory_granted_bytes += ask.value;
	}
	l->memory_bytes = need;
	return true;
}
