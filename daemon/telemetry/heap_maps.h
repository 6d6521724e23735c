/* heap_maps.h - the executable mappings of this process, with build ids, for symbolizing a profile.
 */
#ifndef DAEMON_TELEMETRY_HEAP_MAPS_H
#define DAEMON_TELEMETRY_HEAP_MAPS_H

struct err;
struct json_out;

/*
 * [{"start","limit","offset","path","build_id"}]: hexadecimal texts; build_id is "" when the file
 * has none. Errors: of opening /proc/self/maps.
 */
int heap_maps_write(struct json_out *j, const char *key, struct err *err);

#endif
