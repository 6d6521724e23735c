#include "reports/judge/unit.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = { [UNIT_NS] = "ns",
				     [UNIT_BYTES] = "bytes",
				     [UNIT_RATE] = "per_s",
				     [UNIT_COUNT] = "count",
				     [UNIT_RATIO] = "ratio" };

static struct fmt plain_ratio(double value)
{
	struct fmt out;

	snprintf(out.s, sizeof(out.s), isnan(value) ? "–" : "%.4g", value);
	return out;
}

struct fmt unit_fmt(enum unit unit, double value)
{
	switch (unit) {
	case UNIT_NS:
		return fmt_ns(value);
	case UNIT_BYTES:
		return fmt_bytes(value);
	case UNIT_RATE:
		return fmt_rate(value);
	case UNIT_RATIO:
		return plain_ratio(value);
	case UNIT_COUNT:
		break;
	}
	return fmt_count(value);
}

const char *unit_name(enum unit unit)
{
	return names[unit];
}

bool unit_find(const char *name, enum unit *out)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0) {
			*out = (enum unit)i;
			return true;
		}
	return false;
}
