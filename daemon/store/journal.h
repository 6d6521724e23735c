/*
 * journal.h - edits that survive the daemon: every change of every project is written to a
 * folder of files before it is answered, and the next start restores the projects.
 *
 * The journal keeps the effect of a change (voxels, blocks, layers, cameras), not the request, so
 *it works for any method, script or file. It keeps the open projects with their ids, documents,
 *paths, and whether they have unsaved changes. It does not keep undo steps, selections and
 *clipboards, since no reply promises that.
 *
 * Answered edits that survive:
 *
 *	           the end of the process, kill -9 included    loss of power
 *	always     all                                         all
 *	interval   all                                         all but those of the last interval
 *	off        all                                         what the kernel had written to disk
 *
 * The files are bounded: when the log has grown by segment_bytes, and at least by the size of the
 *last snapshot, a thread writes a snapshot of all projects while edits go on, and removes the files
 *that it replaces. See journal_format.h for the files, journal_replay.h for damage.
 *
 * An edit for which the disk has no room fails and changes nothing; later ones may succeed.
 */
#ifndef DAEMON_STORE_JOURNAL_H
#define DAEMON_STORE_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct journal;
struct json_out;
struct project;

enum journal_sync { JOURNAL_SYNC_ALWAYS, JOURNAL_SYNC_INTERVAL, JOURNAL_SYNC_OFF };

extern const char *const journal_sync_names[]; /* in the order of the enum; NULL ends them */

/* Calls visit for each open project with its lock held. *next_id is at least the id of the next new
 * project at the time of the call. The first error of visit ends it. */
typedef int(journal_visit)(void *arg, struct project *p);
typedef int(journal_each)(void *ctx, journal_visit *visit, void *arg, int32_t *next_id);

struct journal_cfg {
	const char *dir; /* created if missing; its parent must exist */
	enum journal_sync sync;
	uint64_t interval_ns;
	uint64_t segment_bytes;
	bool is_repairing; /* damaged parts are cut off and kept in a file */
	void *ctx;         /* of the functions */
	/* Receives a restored project, in order of opening. On success the callee owns it. */
	int (*adopt)(void *ctx, struct project *p);
	void (*adopted)(void *ctx, int32_t next_id); /* after the last; 0: none was ever open */
	journal_each *each;                          /* any thread, until journal_close */
};

/*
 * Opens the folder, passes on the restored projects and starts keeping changes. -EBUSY: another
 * process uses the folder; -EBADMSG: damage, the message names file and byte; errors of files.
 */
int journal_open(const struct journal_cfg *cfg, struct journal **out, struct err *err);

/* Writes what is left. Afterwards projects may be freed, but not changed. NULL is fine. */
void journal_close(struct journal *j);

/* Call for a new project before others can see it: sets p->log. -EDQUOT, -EIO, -ENOMEM. */
int journal_opens(struct journal *j, struct project *p);

/*
 * Call before a reply is sent: writes the changes of this thread since its last call, and with
 * `always` syncs them to disk. -EIO: that failed, and the change must not be confirmed. Cheap when
 * there was no change.
 */
int journal_flush(struct journal *j);

/* Whether journal_flush waits for the disk. */
bool journal_is_slow(const struct journal *j);

/* One object. Any thread. */
void journal_write_status(struct journal *j, struct json_out *out, const char *key);

#endif
