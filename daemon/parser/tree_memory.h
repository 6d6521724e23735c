/*
 * tree_memory.h - the memory of cJSON's trees and prints, taken from the budget (base/budget.h).
 *
 * A tree has one allocation per value, so a thread takes from the budget in steps of
 * TREE_STEP_BYTES, and use below the first step is not counted. A tree must be freed by the thread
 * that made it.
 */
#ifndef DAEMON_PARSER_TREE_MEMORY_H
#define DAEMON_PARSER_TREE_MEMORY_H

enum { TREE_STEP_BYTES = 1 << 20 };

/* Makes cJSON allocate here from now on. Any thread, any number of times. */
void tree_memory_use(void);

#endif
