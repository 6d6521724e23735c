/* A list of files in order of age, and a thread that deletes expired ones. */
#include "daemon/render/renders.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/budget.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/hash.h"
#include "daemon/base/log.h"
#include "daemon/base/thread.h"
#include "daemon/render/render_folder.h"

struct entry {
	TAILQ_ENTRY(entry) at;
	struct render_file file;
};

TAILQ_HEAD(entries, entry);

struct renders {
	struct renders_cfg cfg;
	pthread_mutex_t lock; /* protects what follows */
	pthread_cond_t closing;
	bool is_closing;
	bool has_thread;
	pthread_t thread;
	struct render_folder folder;
	struct entries files; /* oldest first */
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

	cfg->has_other_folder = !folder || !*folder;
	cfg->folder = cfg->has_other_folder ? "/tmp/goxel_renders" : folder;
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
	TAILQ_INIT(&r->files);
	render_folder_init(&r->folder, cfg->folder, cfg->has_other_folder);
	pthread_mutex_init(&r->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&r->closing, &attr);
	pthread_condattr_destroy(&attr);
	*out = r;
	return 0;
}

/* With the lock held: removes the entry from the list. delete_files deletes the file later without
 * the lock, since that can take long for thousands of files. */
static void take(struct renders *r, struct entry *e, struct entries *taken)
{
	TAILQ_REMOVE(&r->files, e, at);
	TAILQ_INSERT_TAIL(taken, e, at);
	r->stats.files_count--;
	r->stats.files_bytes -= e->file.size_bytes;
	r->stats.cleaned_count++;
	r->stats.freed_bytes += e->file.size_bytes;
}

/* With the lock held. All files have the same lifetime, so the oldest expires first. */
static void take_old(struct renders *r, struct entries *taken)
{
	uint64_t now = now_s();
	struct entry *e;

	while ((e = TAILQ_FIRST(&r->files)) &&
	       (e->file.expires_s <= now || r->stats.files_bytes > r->cfg.bytes_max ||
		r->stats.files_count > RENDERS_FILES_MAX))
		take(r, e, taken);
	r->stats.last_cleaning_s = now;
}

/* A file that somebody else deleted counts as deleted. */
static size_t delete_files(struct entries *taken)
{
	struct entry *e;
	size_t count = 0;

	while ((e = TAILQ_FIRST(taken))) {
		TAILQ_REMOVE(taken, e, at);
		if (unlink(e->file.path) < 0 && errno != ENOENT)
			log_warn("renders", "cannot delete %s: %s", e->file.path,
				 strerrordesc_np(errno));
		budget_free(e);
		count++;
	}
	return count;
}

static void *clean_from_time_to_time(void *arg)
{
	struct renders *r = arg;
	struct entries taken = TAILQ_HEAD_INITIALIZER(taken);

	pthread_mutex_lock(&r->lock);
	while (!r->is_closing) {
		struct timespec ts = clock_timespec(clock_ns() + r->cfg.interval_s * NSEC_PER_SEC);

		r->stats.next_cleaning_s = now_s() + r->cfg.interval_s;
		if (pthread_cond_timedwait(&r->closing, &r->lock, &ts) != ETIMEDOUT)
			continue;
		take_old(r, &taken);
		pthread_mutex_unlock(&r->lock);
		delete_files(&taken);
		pthread_mutex_lock(&r->lock);
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
	delete_files(&r->files);
	render_folder_deinit(&r->folder);
	pthread_cond_destroy(&r->closing);
	pthread_mutex_destroy(&r->lock);
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

/* With the lock held; the folder is open, its path and tag are known. */
static int name_file(const struct renders *r, struct render_file *f, struct span session,
		     struct err *err)
{
	uint32_t random = 0;
	int len;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return err_set(err, -EIO, "random bytes for a file name");
	if (session.len)
		snprintf(f->session, sizeof(f->session), "%.*s", SPAN_ARG(session));
	else
		snprintf(f->session, sizeof(f->session), "auto%" PRIu64, f->created_s);
	len = snprintf(f->path, sizeof(f->path), "%s/render_%" PRIu64 "_%s_%s%08" PRIx32 ".png",
		       r->folder.path, f->created_s, f->session, r->folder.tag, random);
	if (len < 0 || (size_t)len >= sizeof(f->path))
		return err_set(err, -ENAMETOOLONG, "render folder '%s': its name is too long",
			       r->folder.path);
	return 0;
}

/* With the lock held: starts the cleaning thread unless it runs. */
static int ensure_thread(struct renders *r, struct err *err)
{
	int rc;

	if (r->has_thread)
		return 0;
	rc = thread_start(&r->thread, "renders", 64 << 10, clean_from_time_to_time, r, err);
	r->has_thread = rc == 0;
	return rc;
}

/* Returns a descriptor of the folder, and the file's name in f. */
static int prepare(struct renders *r, struct render_file *f, struct span session, struct err *err)
{
	int fd;
	int rc;

	pthread_mutex_lock(&r->lock);
	rc = ensure_thread(r, err);
	fd = rc < 0 ? rc : render_folder_open(&r->folder, err);
	if (fd >= 0)
		rc = name_file(r, f, session, err);
	pthread_mutex_unlock(&r->lock);
	if (fd < 0 || rc == 0)
		return fd;
	close(fd);
	return rc;
}

static int write_file(struct renders *r, struct render_file *f, const struct render_new *picture,
		      struct err *err)
{
	int fd = prepare(r, f, picture->session, err);
	int rc;

	if (fd < 0)
		return fd;
	rc = file_write_atomic_at(fd, strrchr(f->path, '/') + 1, picture->png, NULL);
	close(fd);
	if (rc < 0)
		return err_set(err, rc, "%.180s: cannot write: %s", f->path, strerrordesc_np(-rc));
	return 0;
}

static void keep(struct renders *r, struct entry *e, struct render_file *out)
{
	struct entries taken = TAILQ_HEAD_INITIALIZER(taken);

	*out = e->file;
	pthread_mutex_lock(&r->lock);
	TAILQ_INSERT_TAIL(&r->files, e, at);
	r->stats.files_count++;
	r->stats.files_bytes += e->file.size_bytes;
	r->stats.total_count++;
	take_old(r, &taken);
	pthread_mutex_unlock(&r->lock);
	delete_files(&taken);
}

int renders_add(struct renders *r, const struct render_new *picture, struct render_file *out,
		struct err *err)
{
	struct span png = picture->png;
	struct entry *e;
	int rc;

	if (!is_name(picture->session))
		return err_set(err, -EINVAL,
			       "session: only letters, digits, '-' and '_', fewer than %d",
			       RENDERS_SESSION_MAX);
	if (png.len > r->cfg.bytes_max)
		return err_set(err, -ENOSPC,
			       "a picture of %zu bytes exceeds the folder's limit of %" PRIu64,
			       png.len, r->cfg.bytes_max);
	e = budget_calloc(BUDGET_PICTURES, 1, sizeof(*e));
	if (!e)
		return err_set(err, -ENOMEM, "list of render files: %s", budget_why());
	e->file = (struct render_file){ .width = picture->width,
					.height = picture->height,
					.size_bytes = png.len,
					.checksum = hash_bytes(png),
					.created_s = now_s() };
	e->file.expires_s = e->file.created_s + r->cfg.ttl_s;
	rc = write_file(r, &e->file, picture, err);
	if (rc == 0)
		keep(r, e, out);
	else
		budget_free(e);
	return rc;
}

/* With the lock held; NULL when there is none. */
static struct entry *entry_of(const struct renders *r, struct span path)
{
	struct entry *e;

	TAILQ_FOREACH(e, &r->files, at)
		if (span_is(path, e->file.path))
			break;
	return e;
}

int renders_find(struct renders *r, struct span path, struct render_file *out)
{
	const struct entry *e;

	pthread_mutex_lock(&r->lock);
	e = entry_of(r, path);
	if (e)
		*out = e->file;
	pthread_mutex_unlock(&r->lock);
	return e ? 0 : -ENOENT;
}

int renders_remove(struct renders *r, struct span path, uint64_t *freed_bytes)
{
	struct entries taken = TAILQ_HEAD_INITIALIZER(taken);
	struct entry *e;

	pthread_mutex_lock(&r->lock);
	e = entry_of(r, path);
	if (e) {
		if (freed_bytes)
			*freed_bytes = e->file.size_bytes;
		take(r, e, &taken);
	}
	pthread_mutex_unlock(&r->lock);
	return delete_files(&taken) ? 0 : -ENOENT;
}

size_t renders_clean(struct renders *r)
{
	struct entries taken = TAILQ_HEAD_INITIALIZER(taken);

	pthread_mutex_lock(&r->lock);
	take_old(r, &taken);
	pthread_mutex_unlock(&r->lock);
	return delete_files(&taken);
}

size_t renders_list(struct renders *r, struct render_file *out, size_t max)
{
	const struct entry *e;
	size_t i = 0;
	size_t count;

	pthread_mutex_lock(&r->lock);
	count = r->stats.files_count;
	TAILQ_FOREACH(e, &r->files, at) {
		if (i == max)
			break;
		out[i++] = e->file;
	}
	pthread_mutex_unlock(&r->lock);
	return count;
}

void renders_stats(struct renders *r, struct renders_stats *out)
{
	pthread_mutex_lock(&r->lock);
	*out = r->stats;
	out->bytes_max = r->cfg.bytes_max;
	pthread_mutex_unlock(&r->lock);
}
