/* table.h - the entry of every method; each is defined in the m_*.c of its group. */
#ifndef DAEMON_METHODS_TABLE_H
#define DAEMON_METHODS_TABLE_H

#include "daemon/rpc/method.h"

#define METHOD(name) extern const struct method method_##name;
#define ALIAS(other, name)
#include "daemon/rpc/method_names.def"
#undef METHOD
#undef ALIAS

#endif
