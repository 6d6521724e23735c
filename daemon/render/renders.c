/* A list of files in order of age, and a thread that looks through it. */
#include "daemon/render/renders.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/log.h"
#include "daemon/base/thread.h"

struct renders {
	struct renders_cfg cfg;
	pthread_mutex_t lock; /* protects what follows */
	pthread_cond_t closing;
	bool is_closing;
	bool has_thread;
	pthread_t thread;
	struct render_file *files; /* [files_cap], oldest first */
	size_t files_count;
	size_t files_cap;
	struct renders_stats stats;
};

static uint64_t now_s(void)
{
	return clock_wall_ns() / NSEC_PER_SEC;
}

static uint64_t env_number(const char *name, uint64_t preset)
{
	const char *text = getenv(name); /* NOLINT(concurrency-mt-unsafe): read at start */
	char *end;
	unsigned long long value;

	if (!text || *text < '0' || *text > '9')
		return preset;
	value = strtoull(text, &end, 10);
	return *end || !value ? preset : value;
}

void renders_cfg_from_env(struct renders_cfg *cfg)
{
	const char *folder =
		getenv("GOXEL_RENDER_DIR"); /* NOLINT(concurrency-mt-unsafe): at start */

	cfg->folder = folder && *folder ? folder : "/tmp/goxel_renders";
	cfg->ttl_s = env_number("GOXEL_RENDER_TTL", 3600);
	cfg->bytes_max = env_number("GOXEL_RENDER_MAX_SIZE", 1ull << 30);
	cfg->interval_s = env_number("GOXEL_RENDER_CLEANUP_INTERVAL", 300);
}

int renders_open(const struct renders_cfg *cfg, struct renders **out, struct err *err)
{
	struct renders *r = calloc(1, sizeof(*r));
	pthread_condattr_t attr;

	if (!r)
		return err_set(err, -ENOMEM, "list of render files");
	r->cfg = *cfg;
	pthread_mutex_init(&r->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&r->closing, &attr);
	pthread_condattr_destroy(&attr);
	*out = r;
	return 0;
}

/* Under the lock. A file that somebody else deleted is as gone as one we delete. */
static uint64_t drop(struct renders *r, size_t index)
{
	struct render_file *f = &r->files[index];
	uint64_t bytes = f->size_bytes;

	if (unlink(f->path) < 0 && errno != ENOENT)
		log_warn("renders", "cannot delete %s: %s", f->path,
			 strerror(errno)); /* NOLINT(concurrency-mt-unsafe) */
	memmove(f, f + 1, (r->files_count - index - 1) * sizeof(*f));
	r->files_count--;
	r->stats.files_bytes -= bytes;
	r->stats.cleaned_count++;
	r->stats.freed_bytes += bytes;
	return bytes;
}

/* Under the lock. All files live equally long, so the oldest expires first. */
static size_t clean(struct renders *r)
{
	uint64_t now = now_s();
	size_t count = 0;

	while (r->files_count && r->files[0].expires_s <= now) {
		drop(r, 0);
		count++;
	}
	while (r->stats.files_bytes > r->cfg.bytes_max && r->files_count) {
		drop(r, 0);
		count++;
	}
	r->stats.last_cleaning_s = now;
	return count;
}

static void *clean_from_time_to_time(void *arg)
{
	struct renders *r = arg;

	pthread_mutex_lock(&r->lock);
	while (!r->is_closing) {
		uint64_t deadline = clock_ns() + r->cfg.interval_s * NSEC_PER_SEC;
		struct timespec ts = { (time_t)(deadline / NSEC_PER_SEC),
				       (long)(deadline % NSEC_PER_SEC) };

		r->stats.next_cleaning_s = now_s() + r->cfg.interval_s;
		if (pthread_cond_timedwait(&r->closing, &r->lock, &ts) == ETIMEDOUT)
			clean(r);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

void renders_close(struct renders *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->is_closing = true;
	pthread_cond_signal(&r->closing);
	pthread_mutex_unlock(&r->lock);
	if (r->has_thread)
		pthread_join(r->thread, NULL);
	while (r->files_count)
		drop(r, r->files_count - 1);
	pthread_cond_destroy(&r->closing);
	pthread_mutex_destroy(&r->lock);
	free(r->files);
	free(r);
}

static bool is_name(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '-' || c == '_'))
			return false;
	}
	return s.len < RENDERS_SESSION_MAX;
}

static uint64_t fnv1a(struct span bytes)
{
	uint64_t h = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < bytes.len; i++)
		h = (h ^ (unsigned char)bytes.ptr[i]) * 0x100000001b3ull;
	return h;
}

static int name_file(const struct renders *r, struct render_file *f, struct span session,
		     struct err *err)
{
	uint32_t random = 0;
	int len;

	if (!is_name(session))
		return err_set(err, -EINVAL,
			       "session: only letters, digits, '-' and '_', fewer than %d",
			       RENDERS_SESSION_MAX);
	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return err_set(err, -EIO, "random bytes for a file name");
	if (session.len)
		snprintf(f->session, sizeof(f->session), "%.*s", SPAN_ARG(session));
	else
		snprintf(f->session, sizeof(f->session), "auto%" PRIu64, f->created_s);
	len = snprintf(f->path, sizeof(f->path), "%s/render_%" PRIu64 "_%s_%08" PRIx32 ".png",
		       r->cfg.folder, f->created_s, f->session, random);
	if (len < 0 || (size_t)len >= sizeof(f->path))
		return err_set(err, -ENAMETOOLONG, "render folder '%s': its name is too long",
			       r->cfg.folder);
	return 0;
}

/* Under the lock: room for one more, the cleaning thread running. */
static int prepare(struct renders *r, struct err *err)
{
	if (r->files_count == RENDERS_FILES_MAX)
		drop(r, 0);
	if (r->files_count == r->files_cap) {
		size_t cap = r->files_cap ? 2 * r->files_cap : 16;
		struct render_file *files = realloc(r->files, cap * sizeof(*files));

		if (!files)
			return err_set(err, -ENOMEM, "list of %zu render files", cap);
		r->files = files;
		r->files_cap = cap;
	}
	if (!r->has_thread) {
		int rc = thread_start(&r->thread, "renders", 64 << 10, clean_from_time_to_time, r,
				      err);

		if (rc < 0)
			return rc;
		r->has_thread = true;
	}
	return 0;
}

/* In the folder, which is made if it is not there. */
static int write_file(const struct renders *r, const struct render_file *f, struct span png,
		      struct err *err)
{
	if (mkdir(r->cfg.folder, 0700) < 0 && errno != EEXIST)
		return err_set(err, -errno, "make the render folder %s: %s", r->cfg.folder,
			       strerror(errno)); /* NOLINT(concurrency-mt-unsafe) */
	return file_write_atomic(f->path, png, err);
}

int renders_add(struct renders *r, const struct render_new *picture, struct render_file *out,
		struct err *err)
{
	struct span png = picture->png;
	struct render_file f = { .width = picture->width,
				 .height = picture->height,
				 .size_bytes = png.len,
				 .checksum = fnv1a(png),
				 .created_s = now_s() };
	int rc;

	f.expires_s = f.created_s + r->cfg.ttl_s;
	if (png.len > r->cfg.bytes_max)
		return err_set(err, -ENOSPC,
			       "a picture of %zu bytes is over the folder's limit of %" PRIu64,
			       png.len, r->cfg.bytes_max);
	rc = name_file(r, &f, picture->session, err);
	if (rc == 0)
		rc = write_file(r, &f, png, err);
	if (rc < 0)
		return rc;
	pthread_mutex_lock(&r->lock);
	rc = prepare(r, err);
	if (rc == 0) {
		r->files[r->files_count++] = f;
		r->stats.files_bytes += f.size_bytes;
		r->stats.total_count++;
		clean(r);
		*out = f;
	}
	pthread_mutex_unlock(&r->lock);
	if (rc < 0)
		unlink(f.path);
	return rc;
}

/* Under the lock; files_count when there is none. */
static size_t index_of(const struct renders *r, struct span path)
{
	size_t i = 0;

	while (i < r->files_count && !span_is(path, r->files[i].path))
		i++;
	return i;
}

int renders_find(struct renders *r, struct span path, struct render_file *out)
{
	size_t i;
	int rc = -ENOENT;

	pthread_mutex_lock(&r->lock);
	i = index_of(r, path);
	if (i < r->files_count) {
		*out = r->files[i];
		rc = 0;
	}
	pthread_mutex_unlock(&r->lock);
	return rc;
}

int renders_remove(struct renders *r, struct span path, uint64_t *freed_bytes)
{
	size_t i;
	int rc = -ENOENT;

	pthread_mutex_lock(&r->lock);
	i = index_of(r, path);
	if (i < r->files_count) {
		uint64_t bytes = drop(r, i);

		if (freed_bytes)
			*freed_bytes = bytes;
		rc = 0;
	}
	pthread_mutex_unlock(&r->lock);
	return rc;
}

size_t renders_clean(struct renders *r)
{
	size_t count;

	pthread_mutex_lock(&r->lock);
	count = clean(r);
	pthread_mutex_unlock(&r->lock);
	return count;
}

size_t renders_list(struct renders *r, struct render_file *out, size_t max)
{
	size_t count;

	pthread_mutex_lock(&r->lock);
	count = r->files_count;
	for (size_t i = 0; i < count && i < max; i++)
		out[i] = r->files[i];
	pthread_mutex_unlock(&r->lock);
	return count;
}

void renders_stats(struct renders *r, struct renders_stats *out)
{
	pthread_mutex_lock(&r->lock);
	*out = r->stats;
	out->files_count = r->files_count;
	out->bytes_max = r->cfg.bytes_max;
	pthread_mutex_unlock(&r->lock);
}
