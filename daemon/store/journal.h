/*
 * journal.h - edits that survive the daemon: every change of every project goes into a
 * folder of files before it is answered, and the next start has the projects again.
 *
 * What is kept is what the change did (voxels, blocks, layers, cameras), not the request, so that
 * any method, script or file may have done it. Kept are the projects that are open, with their ids,
 * documents, paths, and whether they have unsaved changes. Not kept, because no reply promises it:
 * steps of undo, selections and clipboards.
 *
 * What survives, of the edits that were answered:
 *
 *	           the end of the process, kill -9 included    loss of power
 *	always     all                                         all
 *	interval   all                                         but those of the last interval
 *	off        all                                         what the kernel had written by itself
 *
 * The files are bounded: when the log has grown by segment_bytes, and by as much as the last
 * snapshot has, a thread writes a snapshot of all projects while edits go on, and removes what it
 * replaces. See journal_format.h for the files, journal_replay.h for damage.
 *
 * An edit that finds no room fails, changes nothing, and later ones may succeed.
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

/* Calls visit for each open project with its lock held; *next_id: that of the next new one, no less
 * than was given out before the call. The first error of visit ends it. */
typedef int(journal_visit)(void *arg, struct project *p);
typedef int(journal_each)(void *ctx, journal_visit *visit, void *arg, int32_t *next_id);

struct journal_cfg {
	const char *dir; /* made when it is not there; its parent must be */
	enum journal_sync sync;
	uint64_t interval_ns;
	uint64_t segment_bytes;
	bool is_repairing; /* damage is cut off, and what is cut kept in a file */
	void *ctx;         /* of the functions */
	/* A project from before, in the order of opening. It is the callee's on success. */
	int (*adopt)(void *ctx, struct project *p);
	void (*adopted)(void *ctx, int32_t next_id); /* after the last; 0: none was ever open */
	journal_each *each;                          /* any thread, until journal_close */
};

/*
 * Opens the folder, hands the projects out and begins to keep them. Errors: -EBUSY: another process
 * has it; -EBADMSG: damage, the message names file and byte; those of files.
 */
int journal_open(const struct journal_cfg *cfg, struct journal **out, struct err *err);

/* Writes what is left. Projects may be freed afterwards, not changed. NULL is fine. */
void journal_close(struct journal *j);

/* A new project, before anybody can see it: sets p->log. -EDQUOT, -EIO, -ENOMEM. */
int journal_opens(struct journal *j, struct project *p);

/*
 * Before a reply leaves: what this thread changed since its last call is written, and with `always`
 * on the disk. -EIO: it is not, and must not be answered. Cheap when there was no change.
 */
int journal_settle(struct journal *j);

/* journal_settle waits for the disk. */
bool journal_is_slow(const struct journal *j);

/* One object. Any thread. */
void journal_write_status(struct journal *j, struct json_out *out, const char *key);

#endif
