#include "daemon/base/sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/folder_lock.h"

enum { FORMAT_BYTES = 128 };

/* For the folder's lock, which another server holds for less than 1 ms. */
#define LOCK_WAIT_NS   (5 * NSEC_PER_SEC)
#define REMOVE_WAIT_NS (100 * NSEC_PER_MSEC)

union any_addr {
	struct sockaddr any;
	struct sockaddr_un un;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Converts to the kernel's form. Returns its length; 0 when host is not a numeric address. */
static socklen_t to_kernel(const struct sock_addr *addr, union any_addr *out)
{
	const char *host = strcmp(addr->host, "localhost") == 0 ? "127.0.0.1" : addr->host;

	memset(out, 0, sizeof(*out));
	if (addr->is_unix) {
		out->un.sun_family = AF_UNIX;
		memcpy(out->un.sun_path, addr->path, sizeof(out->un.sun_path));
		return sizeof(out->un);
	}
	if (inet_pton(AF_INET, host, &out->v4.sin_addr) == 1) {
		out->v4.sin_family = AF_INET;
		out->v4.sin_port = htons(addr->port);
		return sizeof(out->v4);
	}
	if (inet_pton(AF_INET6, host, &out->v6.sin6_addr) == 1) {
		out->v6.sin6_family = AF_INET6;
		out->v6.sin6_port = htons(addr->port);
		return sizeof(out->v6);
	}
	return 0;
}

static int parse_port(const char *text, uint16_t *port)
{
	unsigned value = 0;
	size_t len = strlen(text);

	if (len < 1 || len > 5 || strspn(text, "0123456789") != len)
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		value = value * 10 + (unsigned)(text[i] - '0');
	if (value > UINT16_MAX)
		return -EINVAL;
	*port = (uint16_t)value;
	return 0;
}

int sock_parse_tcp(const char *text, struct sock_addr *out, struct err *err)
{
	struct sock_addr addr = { 0 };
	union any_addr kernel;
	const char *colon = strrchr(text, ':');
	const char *host = text;
	size_t len;

	if (!colon)
		return err_set(err, -EINVAL, "address '%s': no port; write HOST:PORT", text);
	len = (size_t)(colon - text);
	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	} else if (memchr(host, ':', len)) {
		return err_set(err, -EINVAL,
			       "address '%s': put the IPv6 address in brackets, [::1]:PORT", text);
	}
	if (len >= sizeof(addr.host))
		return err_set(err, -EINVAL, "address '%s': host too long", text);
	if (host == text && len == 0)
		snprintf(addr.host, sizeof(addr.host), "127.0.0.1");
	else
		memcpy(addr.host, host, len);
	if (parse_port(colon + 1, &addr.port))
		return err_set(err, -EINVAL, "address '%s': port '%s' is not in 0..65535", text,
			       colon + 1);
	if (!to_kernel(&addr, &kernel))
		return err_set(err, -EINVAL,
			       "address '%s': host is neither a numeric address nor localhost",
			       text);
	*out = addr;
	return 0;
}

int sock_parse_unix(const char *path, struct sock_addr *out, struct err *err)
{
	struct sock_addr addr = { .is_unix = true };
	size_t len = strlen(path);

	if (len == 0)
		return err_set(err, -EINVAL, "socket path is empty");
	if (len >= sizeof(addr.path))
		return err_set(err, -EINVAL, "socket path of %zu bytes: the limit is %zu", len,
			       sizeof(addr.path) - 1);
	memcpy(addr.path, path, len);
	*out = addr;
	return 0;
}

void sock_format(const struct sock_addr *addr, char *out, int cap)
{
	bool is_v6 = strchr(addr->host, ':') != NULL;

	if (addr->is_unix)
		snprintf(out, (size_t)cap, "unix:%s", addr->path);
	else
		snprintf(out, (size_t)cap, "%s%s%s:%u", is_v6 ? "[" : "", addr->host,
			 is_v6 ? "]" : "", (unsigned)addr->port);
}

bool sock_is_loopback(const struct sock_addr *addr)
{
	union any_addr kernel;

	if (addr->is_unix)
		return true;
	if (!to_kernel(addr, &kernel))
		return false;
	if (kernel.any.sa_family == AF_INET)
		return ntohl(kernel.v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(&kernel.v6.sin6_addr);
}

int sock_set_nonblocking(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -errno;
	if (fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK))
		return -errno;
	return 0;
}

int sock_set_nodelay(int fd)
{
	int one = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0 || errno == EOPNOTSUPP)
		return 0;
	return -errno;
}

int sock_set_keepalive(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{ IPPROTO_TCP, TCP_KEEPIDLE, 15 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 5 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 3 },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (setsockopt(fd, options[i].level, options[i].name, &options[i].value,
			       sizeof(options[i].value)) < 0)
			return errno == EOPNOTSUPP ? 0 : -errno;
	return 0;
}

bool sock_is_tcp(int fd)
{
	struct sockaddr_storage addr = { 0 };
	socklen_t len = sizeof(addr);

	return getsockname(fd, (struct sockaddr *)&addr, &len) == 0 && addr.ss_family != AF_UNIX;
}

static int fail(struct err *err, int code, const char *verb, const struct sock_addr *addr)
{
	char name[FORMAT_BYTES];

	sock_format(addr, name, sizeof(name));
	return err_set(err, code, "cannot %s %s: %s", verb, name, strerrordesc_np(-code));
}

/* A non-blocking stream socket for addr; *kernel and *len are filled too. */
static int open_for(const struct sock_addr *addr, union any_addr *kernel, socklen_t *len)
{
	int fd;

	*len = to_kernel(addr, kernel);
	if (!*len)
		return -EINVAL;
	fd = socket(kernel->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return fd < 0 ? -errno : fd;
}

/* Waits for a connection in progress. */
static int wait_connected(int fd, uint64_t deadline_ns)
{
	for (;;) {
		struct pollfd pfd = { .fd = fd, .events = POLLOUT };
		uint64_t now_ns = clock_ns();
		uint64_t left_ns = now_ns < deadline_ns ? deadline_ns - now_ns : 0;
		uint64_t left_ms = (left_ns + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC;
		int n = poll(&pfd, 1, left_ms > 1000000 ? 1000000 : (int)left_ms);
		int code = 0;
		socklen_t len = sizeof(code);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0 && left_ns == 0)
			return -ETIMEDOUT;
		if (n <= 0)
			continue;
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len))
			return -errno;
		return -code;
	}
}

static int connect_by(int fd, const union any_addr *kernel, socklen_t len, uint64_t deadline_ns)
{
	while (connect(fd, &kernel->any, len)) {
		if (errno == EINPROGRESS || errno == EINTR)
			return wait_connected(fd, deadline_ns);
		/* For a Unix socket whose backlog is full there is no event to wait for:
		 * try again. */
		if (errno != EAGAIN)
			return -errno;
		if (clock_ns() >= deadline_ns)
			return -ETIMEDOUT;
		clock_sleep_until_ns(clock_ns() + NSEC_PER_MSEC);
	}
	return 0;
}

int sock_connect(const struct sock_addr *addr, uint64_t timeout_ns, struct err *err)
{
	uint64_t now_ns = clock_ns();
	uint64_t deadline_ns = timeout_ns > UINT64_MAX - now_ns ? UINT64_MAX : now_ns + timeout_ns;
	union any_addr kernel;
	socklen_t len;
	int fd = open_for(addr, &kernel, &len);
	int rc;

	if (fd < 0)
		return fail(err, fd, "connect to", addr);
	rc = connect_by(fd, &kernel, len, deadline_ns);
	if (!rc)
		rc = sock_set_nonblocking(fd, false);
	if (rc) {
		close(fd);
		return fail(err, rc, "connect to", addr);
	}
	return fd;
}

/* Returns 0 when the path is free, possibly after removing the socket of a dead server. */
static int clear_path(const struct sock_addr *addr, struct err *err)
{
	union any_addr kernel;
	socklen_t len;
	struct stat st;
	int fd;
	int rc;

	if (lstat(addr->path, &st))
		return errno == ENOENT ? 0 : fail(err, -errno, "listen on", addr);
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, -EEXIST, "%s exists and is not a socket", addr->path);
	fd = open_for(addr, &kernel, &len);
	if (fd < 0)
		return fail(err, fd, "listen on", addr);
	/* EAGAIN means a full backlog, so there is a server. */
	rc = connect(fd, &kernel.any, len) == 0 || errno == EAGAIN ? -EADDRINUSE : -errno;
	close(fd);
	if (rc == -EADDRINUSE)
		return err_set(err, rc, "%s: a server is already listening on it", addr->path);
	if (rc != -ECONNREFUSED)
		return fail(err, rc, "listen on", addr);
	if (unlink(addr->path) && errno != ENOENT)
		return fail(err, -errno, "remove the stale", addr);
	return 0;
}

/* The socket gets its mode before it is bound; bits removed by the umask are set again. */
static int bind_with_mode(int fd, const struct sock_addr *addr, const union any_addr *kernel,
			  socklen_t len, mode_t mode)
{
	struct stat st;
	int rc;

	if (fchmod(fd, mode) || bind(fd, &kernel->any, len))
		return -errno;
	if ((lstat(addr->path, &st) == 0 && (st.st_mode & 07777) == mode) ||
	    fchmodat(AT_FDCWD, addr->path, mode, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	rc = -errno;
	unlink(addr->path);
	return rc;
}

/* With the lock held. Returns the socket, or a negative errno. */
static int make_unix(const struct sock_addr *addr, int backlog, unsigned mode, struct err *err)
{
	union any_addr kernel;
	socklen_t len;
	int rc = clear_path(addr, err);
	int fd;

	if (rc)
		return rc;
	fd = open_for(addr, &kernel, &len);
	if (fd < 0)
		return fail(err, fd, "listen on", addr);
	rc = bind_with_mode(fd, addr, &kernel, len, (mode_t)mode);
	if (!rc && listen(fd, backlog)) {
		rc = -errno;
		unlink(addr->path);
	}
	if (!rc)
		return fd;
	close(fd);
	return fail(err, rc, "listen on", addr);
}

/*
 * Two servers starting at once must not take each other's new socket for a stale one, so checking,
 * binding and listening happen under a lock on the folder. Without a lock the race remains.
 */
static int listen_unix(const struct sock_addr *addr, int backlog, unsigned mode, struct err *err)
{
	int lock_fd;
	int rc = folder_lock(addr->path, LOCK_WAIT_NS, &lock_fd, err);

	if (rc)
		return err_wrap(err, rc, "listen on %s", addr->path);
	rc = make_unix(addr, backlog, mode, err);
	if (lock_fd >= 0)
		close(lock_fd);
	return rc;
}

void sock_remove(const char *path, const struct file_id *id)
{
	int lock_fd;

	/* Another server may be replacing it. Nobody can keep the lock of our own folder
	 * for long. */
	(void)folder_lock(path, REMOVE_WAIT_NS, &lock_fd, NULL);
	if (file_is(path, id))
		unlink(path);
	if (lock_fd >= 0)
		close(lock_fd);
}

static int listen_tcp(const struct sock_addr *addr, int backlog, struct err *err)
{
	union any_addr kernel;
	socklen_t len;
	int one = 1;
	int fd = open_for(addr, &kernel, &len);
	int rc = 0;

	if (fd < 0)
		return fail(err, fd, "listen on", addr);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    (kernel.any.sa_family == AF_INET6 &&
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one))) ||
	    bind(fd, &kernel.any, len) || listen(fd, backlog))
		rc = fail(err, -errno, "listen on", addr);
	if (rc) {
		close(fd);
		return rc;
	}
	return fd;
}

int sock_listen(const struct sock_addr *addr, int backlog, unsigned mode, struct err *err)
{
	return addr->is_unix ? listen_unix(addr, backlog, mode, err)
			     : listen_tcp(addr, backlog, err);
}
