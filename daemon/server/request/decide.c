#include "daemon/server/request/decide.h"

#include "daemon/rpc/fault.h"
#include "daemon/server/request/watch.h"

enum decision decide_for_worker(const struct worker *w, struct message *m)
{
	/* A batch that was started is stopped by its watch. */
	if (m->answered_count || !watch_is_drained(w->cfg->rules))
		return RUN_HERE;
	m->refusal = "Server busy: the daemon is stopping";
	m->refusal_code = RPC_SERVER_BUSY;
	return REFUSE;
}
