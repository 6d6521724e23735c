#include "daemon/server/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/log.h"
#include "daemon/base/sock.h"
#include "daemon/server/options.h"
#include "daemon/server/places.h"
#include "daemon/server/process.h"
#include "daemon/telemetry/startup.h"

enum {
	BACKLOG = 511, /* connections that the kernel keeps until they are accepted */
	TOKEN_BYTES_MAX = 4096,
};

static int read_token(struct listen *l, const struct options *o, struct err *err)
{
	size_t len;
	int rc = file_read_regular(o->token_file, TOKEN_BYTES_MAX, &l->token, &len, err);

	if (rc < 0)
		return rc;
	l->token[strcspn(l->token, "\r\n")] = '\0';
	if (!l->token[0])
		return err_set(err, -EINVAL, "token file %s is empty", o->token_file);
	return 0;
}

/* The port that the kernel chose for port 0. */
static uint16_t bound_port(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} addr = { .v6 = { 0 } };
	socklen_t len = sizeof(addr);

	if (getsockname(fd, &addr.any, &len) < 0)
		return 0;
	return ntohs(addr.any.sa_family == AF_INET ? addr.v4.sin_port : addr.v6.sin6_port);
}

static int listen_tcp(struct listen *l, const struct options *o, struct err *err)
{
	struct sock_addr addr;
	char name[128];
	int rc = sock_parse_tcp(o->tcp, &addr, err);

	if (rc < 0)
		return rc;
	if (!sock_is_loopback(&addr) && !l->token)
		return err_set(err, -EINVAL,
			       "--tcp %s is open to other machines: that needs --token-file",
			       o->tcp);
	rc = sock_listen(&addr, BACKLOG, 0, err);
	if (rc < 0)
		return rc;
	l->fds[l->count++] = rc;
	addr.port = bound_port(rc);
	sock_format(&addr, name, sizeof(name));
	log_info("server", "listening on %s", name);
	return 0;
}

static int listen_unix(struct listen *l, const struct options *o, struct err *err)
{
	struct sock_addr addr;
	char *end;
	unsigned long mode = strtoul(o->socket_mode, &end, 8);
	int rc;

	if (end == o->socket_mode || *end || mode > 0777)
		return err_set(err, -EINVAL, "--socket-mode '%s' is not an octal mode",
			       o->socket_mode);
	rc = sock_parse_unix(o->socket, &addr, err);
	if (rc == 0)
		rc = sock_listen(&addr, BACKLOG, (unsigned)mode, err);
	if (rc < 0)
		return rc;
	l->fds[l->count++] = rc;
	rc = file_id_of(o->socket, &l->socket_id);
	if (rc < 0)
		return err_set(err, rc, "%s: %s", o->socket, strerrordesc_np(-rc));
	l->socket_path = places_absolute(o->socket);
	return l->socket_path ? 0 : err_set(err, -ENOMEM, "out of memory");
}

int listen_open(struct listen *l, const struct options *o, struct err *err)
{
	int inherited = process_inherited_sockets();
	int phase = startup_begin("sockets");
	int rc = 0;

	if (o->token_file)
		rc = read_token(l, o, err);
	for (int fd = 3; rc == 0 && fd < 3 + inherited; fd++) {
		sock_set_nonblocking(fd, true);
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		l->fds[l->count++] = fd;
	}
	if (rc == 0 && !inherited)
		rc = listen_unix(l, o, err);
	if (rc == 0 && o->tcp)
		rc = listen_tcp(l, o, err);
	startup_end(phase);
	return rc;
}

int listen_open_file(const struct listen *l, struct err *err)
{
	int fd = open(l->socket_path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return err_set(err, -errno, "%s: %s", l->socket_path, strerrordesc_np(errno));
	if (fstat(fd, &st) == 0 && st.st_dev == l->socket_id.dev && st.st_ino == l->socket_id.ino)
		return fd;
	close(fd);
	return err_set(err, -ESTALE, "%s: not our socket any more", l->socket_path);
}

void listen_close(struct listen *l)
{
	while (l->count)
		close(l->fds[--l->count]);
	if (l->socket_path)
		sock_remove(l->socket_path, &l->socket_id);
	free(l->socket_path);
	free(l->token);
	*l = (struct listen){ 0 };
}
