#include "daemon/store/root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/base/budget.h"
#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/strbuf.h"

/* A path given by a client: its text, and the path to open. */
struct target {
	char text[PATH_MAX];
	const char *rest; /* part of text after the root's own path */
};

static const struct root any_root = { .kind = ROOT_ANY, .fd = AT_FDCWD };

int root_init(struct root *r, const char *dir, bool is_needed, struct err *err)
{
	*r = any_root;
	if (!dir) {
		r->kind = is_needed ? ROOT_REFUSES : ROOT_ANY;
		return 0;
	}
	r->path = realpath(dir, NULL);
	if (!r->path)
		return err_set(err, -errno, "--root %s: %s", dir, strerrordesc_np(errno));
	r->fd = open(r->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r->fd < 0) {
		int rc = err_set(err, -errno, "--root %s: %s", dir, strerrordesc_np(errno));

		free(r->path);
		*r = any_root;
		return rc;
	}
	r->kind = ROOT_DIR;
	return 0;
}

void root_deinit(struct root *r)
{
	if (r->kind == ROOT_DIR)
		close(r->fd);
	free(r->path);
	*r = any_root;
}

static int outside(const struct root *r, const struct target *t, struct err *err)
{
	return err_set(err, -EACCES, "%.100s: outside the root %.100s", t->text, r->path);
}

/* The rest of an absolute path inside the root; NULL: it is not inside. */
static const char *below_root(const struct root *r, const char *path)
{
	size_t len = strlen(r->path);

	if (len == 1)
		len = 0; /* the root is "/" */
	if (strncmp(path, r->path, len) != 0 || (path[len] && path[len] != '/'))
		return NULL;
	path += len;
	while (*path == '/')
		path++;
	return path;
}

static int target_init(struct target *t, const struct root *r, struct span path, struct err *err)
{
	t->text[0] = 0;
	t->rest = t->text;
	if (r->kind == ROOT_REFUSES)
		return err_set(err, -EACCES,
			       "files are not served over TCP unless the daemon was started with "
			       "--root DIR");
	if (!path.len)
		return err_set(err, -EINVAL, "the path is empty");
	if (path.len >= sizeof(t->text))
		return err_set(err, -ENAMETOOLONG, "the path has more than %zu bytes",
			       sizeof(t->text) - 1);
	if (memchr(path.ptr, 0, path.len))
		return err_set(err, -EINVAL, "the path contains a zero byte");
	memcpy(t->text, path.ptr, path.len);
	t->text[path.len] = 0;
	if (r->kind == ROOT_DIR && t->text[0] == '/') {
		t->rest = below_root(r, t->text);
		if (!t->rest)
			return outside(r, t, err);
	}
	return 0;
}

/* Used without openat2: opens component by component, without links and "..". Returns as
 * open_inside. */
static int open_by_walk(int fd, const char *path, int flags)
{
	char name[NAME_MAX + 1];
	int at = openat(fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int rc = at < 0 ? -errno : 0;

	while (rc == 0) {
		size_t len = strcspn(path, "/");
		bool is_last = path[len + strspn(path + len, "/")] == '\0';
		int next = -1;

		if (len > NAME_MAX) {
			rc = -ENAMETOOLONG;
		} else {
			memcpy(name, path, len);
			name[len] = 0;
			path += len;
			path += strspn(path, "/");
			rc = strcmp(name, "..") == 0 ? -EXDEV : 0;
		}
		if (rc == 0) {
			next = openat(at, len ? name : ".",
				      O_NOFOLLOW | O_CLOEXEC |
					      (is_last ? flags : O_PATH | O_DIRECTORY));
			rc = next < 0 ? -errno : 0;
		}
		close(at);
		if (rc == 0 && is_last)
			return next;
		at = next;
	}
	return rc;
}

/* Returns a descriptor or a negative errno; -EXDEV means that the path leaves the root. */
static int open_inside(const struct root *r, const char *path, int flags)
{
	struct open_how how = { .flags = (unsigned)flags | O_CLOEXEC,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	long fd;

	if (r->kind == ROOT_ANY) {
		fd = open(path, flags | O_CLOEXEC);
		return fd < 0 ? -errno : (int)fd;
	}
	if (!r->is_walking) {
		fd = syscall(SYS_openat2, r->fd, path, &how, sizeof(how));
		if (fd >= 0)
			return (int)fd;
		/* Old kernels, and sandboxes that allow only older calls. */
		if (errno != ENOSYS && errno != EPERM)
			return -errno;
	}
	return open_by_walk(r->fd, path, flags);
}

static int open_fault(const struct root *r, const struct target *t, int code, struct err *err)
{
	if (code == -EXDEV)
		return outside(r, t, err);
	return err_set(err, code, "%.150s: cannot open: %s", t->text, strerrordesc_np(-code));
}

/* The /proc name of an open file, which always refers to the opened file. */
static void name_of(int fd, char out[64])
{
	snprintf(out, 64, "/proc/self/fd/%d", fd);
}

int root_read_into(const struct root *r, struct span path, size_t max_bytes, struct strbuf *out,
		   struct err *err)
{
	struct target t;
	struct stat st;
	char name[64];
	int fd;
	int rc;

	if (!r)
		r = &any_root;
	rc = target_init(&t, r, path, err);
	if (rc < 0)
		return rc;
	/* Opening a pipe would wait for its writer. */
	fd = open_inside(r, *t.rest ? t.rest : ".", O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return open_fault(r, &t, fd, err);
	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) {
		rc = err_set(err, -EINVAL, "%.150s: not a regular file", t.text);
	} else {
		name_of(fd, name);
		rc = file_read_into(name, max_bytes, out, NULL);
		if (rc == -EMSGSIZE)
			err_set(err, rc, "%.150s: larger than the limit of %zu bytes", t.text,
				max_bytes);
		else if (rc < 0)
			err_set(err, rc, "%.150s: cannot read: %s", t.text,
				rc == -ENOMEM ? budget_why() : strerrordesc_np(-rc));
	}
	close(fd);
	return rc;
}

int root_read(const struct root *r, struct span path, size_t max_bytes, char **out, size_t *len,
	      struct err *err)
{
	struct strbuf sb = { 0 };
	int rc = root_read_into(r, path, max_bytes, &sb, err);

	if (rc < 0) {
		strbuf_deinit(&sb);
		return rc;
	}
	*len = sb.len;
	*out = strbuf_take(&sb);
	return 0;
}

/* Splits off the last name: *folder is the path before it, "." or "/". NULL: there is no name. */
static const char *cut_name(struct target *t, const char **folder)
{
	char *rest = t->text + (t->rest - t->text);
	char *slash = strrchr(rest, '/');
	const char *name = slash ? slash + 1 : rest;

	*folder = slash ? rest : ".";
	if (slash == rest)
		*folder = "/";
	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return NULL;
	if (slash)
		*slash = 0;
	return name;
}

static int write_in_folder(int folder, const char *name, const struct span *shown,
			   struct span bytes, struct err *err)
{
	struct stat st;
	int rc;

	/* The new file replaces the old one, which must not be a device or pipe. */
	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode) &&
	    !S_ISLNK(st.st_mode))
		return err_set(err, -EINVAL, "%.*s: not a regular file", SPAN_ARG(*shown));
	rc = file_write_atomic_at(folder, name, bytes, NULL);
	if (rc < 0)
		return err_set(err, rc, "%.*s: cannot write: %s", SPAN_ARG(*shown),
			       strerrordesc_np(-rc));
	return 0;
}

int root_write(const struct root *r, struct span path, struct span bytes, struct err *err)
{
	struct span shown = span_of(path.ptr, path.len < 150 ? path.len : 150);
	struct target t;
	const char *name;
	const char *folder;
	int fd;
	int rc;

	if (!r)
		r = &any_root;
	rc = target_init(&t, r, path, err);
	if (rc < 0)
		return rc;
	name = cut_name(&t, &folder);
	if (!name)
		return err_set(err, -EINVAL, "%.*s: not the name of a file", SPAN_ARG(shown));
	fd = open_inside(r, folder, O_PATH | O_DIRECTORY);
	if (fd < 0)
		return open_fault(r, &t, fd, err);
	rc = write_in_folder(fd, name, &shown, bytes, err);
	close(fd);
	return rc;
}
