/* target_place.c - the folder that a run's daemons work in; see target.h. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/err.h"
#include "daemon/test/stress/fail_alloc.h"
#include "daemon/test/stress/target.h"

static int write_file(const char *path, const char *text, size_t bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int rc = fd < 0 ? -errno : 0;

	if (rc == 0 && write(fd, text, bytes) != (ssize_t)bytes)
		rc = -EIO;
	if (fd >= 0)
		close(fd);
	return rc;
}

/* Of this process alone: as root, or with a user namespace where those are allowed. */
static bool enter_mount_namespace(void)
{
	char map[64];
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWNS) == 0)
		return true;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return false;
	write_file("/proc/self/setgroups", "deny", 4);
	snprintf(map, sizeof(map), "%u %u 1", uid, uid);
	if (write_file("/proc/self/uid_map", map, strlen(map)) < 0)
		return false;
	snprintf(map, sizeof(map), "%u %u 1", gid, gid);
	return write_file("/proc/self/gid_map", map, strlen(map)) == 0;
}

static bool mount_disk(const char *path)
{
	return enter_mount_namespace() &&
	       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("none", path, "tmpfs", MS_NOSUID | MS_NODEV, "size=4m,mode=0700") == 0;
}

/* Next to this program. NULL: not built. */
static const char *find_library(void)
{
	static char path[512];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 32);
	char *slash;

	if (n < 0)
		return NULL;
	path[n] = '\0';
	slash = strrchr(path, '/');
	memcpy(slash + 1, "fail_alloc.so", sizeof("fail_alloc.so"));
	return access(path, R_OK) == 0 ? path : NULL;
}

static int map_fail_alloc(struct target_place *p, struct err *err)
{
	struct fail_alloc none = { 0 };
	void *map;
	int fd;

	if (write_file(p->fail_file, (const char *)&none, sizeof(none)) < 0)
		return err_set(err, -EIO, "write %s", p->fail_file);
	fd = open(p->fail_file, O_RDWR | O_CLOEXEC);
	map = fd < 0 ? MAP_FAILED
		     : mmap(NULL, sizeof(none), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	if (map == MAP_FAILED)
		return err_set(err, -errno, "map %s", p->fail_file);
	p->fail = map;
	p->fail_library = find_library();
	return 0;
}

int target_place_open(struct target_place *p, struct err *err)
{
	*p = (struct target_place){ .dir = "/tmp/goxel-stress.XXXXXX" };
	if (!mkdtemp(p->dir)) {
		p->dir[0] = '\0';
		return err_set(err, -errno, "make a folder in /tmp");
	}
	snprintf(p->files, sizeof(p->files), "%s/files", p->dir);
	snprintf(p->disk, sizeof(p->disk), "%s/disk", p->dir);
	snprintf(p->renders, sizeof(p->renders), "%s/renders", p->dir);
	snprintf(p->token_file, sizeof(p->token_file), "%s/token", p->dir);
	snprintf(p->fail_file, sizeof(p->fail_file), "%s/fail", p->dir);
	if (mkdir(p->files, 0700) < 0 || mkdir(p->disk, 0700) < 0 || mkdir(p->renders, 0700) < 0)
		return err_set(err, -errno, "make folders in %s", p->dir);
	if (write_file(p->token_file, TARGET_TOKEN "\n", strlen(TARGET_TOKEN) + 1) < 0)
		return err_set(err, -EIO, "write %s", p->token_file);
	p->has_disk = mount_disk(p->disk);
	return map_fail_alloc(p, err);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

void target_place_close(struct target_place *p)
{
	if (p->fail)
		munmap(p->fail, sizeof(*p->fail));
	if (p->has_disk)
		umount2(p->disk, MNT_DETACH);
	/* One thread is left. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	if (*p->dir && nftw(p->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0)
		fprintf(stderr, "%s is not removed\n", p->dir);
	p->dir[0] = '\0';
}
