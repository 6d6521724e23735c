/*
 * probes.h - the USDT probes of the daemon, the only file that includes sys/sdt.h.
 *
 * A probe is one nop until a tracer (perf, bpftrace) attaches to goxel:request__<stage>.
 */
#ifndef DAEMON_TELEMETRY_PROBES_H
#define DAEMON_TELEMETRY_PROBES_H

#include <sys/sdt.h>

#define PROBE_REQUEST_READ(clk, on)      DTRACE_PROBE2(goxel, request__read, clk, on)
#define PROBE_REQUEST_PARSE(clk, on)     DTRACE_PROBE2(goxel, request__parse, clk, on)
#define PROBE_REQUEST_ENQUEUE(clk, on)   DTRACE_PROBE2(goxel, request__enqueue, clk, on)
#define PROBE_REQUEST_DEQUEUE(clk, on)   DTRACE_PROBE2(goxel, request__dequeue, clk, on)
#define PROBE_REQUEST_EXECUTE(clk, on)   DTRACE_PROBE2(goxel, request__execute, clk, on)
#define PROBE_REQUEST_SERIALIZE(clk, on) DTRACE_PROBE2(goxel, request__serialize, clk, on)
#define PROBE_REQUEST_WRITE(clk, on)     DTRACE_PROBE2(goxel, request__write, clk, on)

#endif
