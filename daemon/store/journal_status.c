#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/base/json_out.h"
#include "daemon/store/journal_private.h"

static void write_snapshot_status(const struct journal_snapshot *s, struct json_out *out)
{
	char stamp[32];

	json_object_open(out, "snapshot");
	json_u64(out, "bytes", s->bytes);
	if (s->wall_ns)
		clock_format_iso(s->wall_ns, stamp, sizeof(stamp));
	json_str(out, "written_at", s->wall_ns ? stamp : NULL);
	json_f64(out, "elapsed_ms", (double)s->elapsed_ns / 1e6);
	json_u64(out, "count", s->count);
	json_u64(out, "failed_count", s->failed_count);
	json_close(out);
}

static void write_log_status(struct journal_log *l, struct json_out *out)
{
	pthread_mutex_lock(&l->lock);
	json_u64(out, "segment", l->number);
	json_u64(out, "segment_bytes", l->end_bytes + l->buf_bytes);
	json_u64(out, "log_bytes", l->log_bytes);
	json_u64(out, "bound_bytes", l->bound_bytes);
	json_u64(out, "records_count", l->lsn);
	json_u64(out, "unsynced_count", l->lsn - l->synced_lsn);
	json_u64(out, "syncs_count", l->syncs_count);
	json_u64(out, "refused_count", l->refused_count);
	json_str(out, "error",
		 l->broken    ? strerrordesc_np(l->broken)
		 : l->is_full ? "no room"
			      : NULL);
	pthread_mutex_unlock(&l->lock);
}

void journal_write_status(struct journal *j, struct json_out *out, const char *key)
{
	struct journal_snapshot snapshot;

	pthread_mutex_lock(&j->lock);
	snapshot = j->snapshot;
	pthread_mutex_unlock(&j->lock);
	json_object_open(out, key);
	json_str(out, "dir", j->dir);
	json_str(out, "sync", journal_sync_names[j->cfg.sync]);
	json_f64(out, "interval_ms", (double)j->cfg.interval_ns / 1e6);
	write_log_status(&j->log, out);
	write_snapshot_status(&snapshot, out);
	json_object_open(out, "replay");
	json_u64(out, "projects_count", j->start.projects_count);
	json_u64(out, "records_count", j->start.records_count);
	json_u64(out, "cut_bytes", j->start.cut_bytes);
	json_f64(out, "elapsed_ms", (double)j->start.elapsed_ns / 1e6);
	json_close(out);
	json_close(out);
}
