#include "daemon/voxel/rgba.h"

#include "daemon/base/chars.h"

static bool near(unsigned a, unsigned b, unsigned tolerance)
{
	return (a > b ? a - b : b - a) <= tolerance;
}

bool rgba_near(rgba a, rgba b, rgba tolerance)
{
	if (a == b)
		return true;
	return near(rgba_r(a), rgba_r(b), rgba_r(tolerance)) &&
	       near(rgba_g(a), rgba_g(b), rgba_g(tolerance)) &&
	       near(rgba_b(a), rgba_b(b), rgba_b(tolerance)) &&
	       near(rgba_a(a), rgba_a(b), rgba_a(tolerance));
}

bool rgba_parse_hex(struct span digits, rgba *out)
{
	unsigned parts[4] = { 0, 0, 0, 255 };

	if (digits.len != 6 && digits.len != 8)
		return false;
	for (size_t i = 0; i < digits.len; i += 2) {
		int high = chars_hex(digits.ptr[i]);
		int low = chars_hex(digits.ptr[i + 1]);

		if (high < 0 || low < 0)
			return false;
		parts[i / 2] = (unsigned)(high << 4 | low);
	}
	*out = rgba_of(parts[0], parts[1], parts[2], parts[3]);
	return true;
}

/* One channel of source over target, weighted by the alphas, rounded to nearest. */
static unsigned mix(unsigned s, unsigned t, unsigned s_weight, unsigned t_weight)
{
	unsigned sum = s_weight + t_weight;

	return (s * s_weight + t * t_weight + sum / 2) / sum;
}

rgba rgba_over(rgba source, rgba target)
{
	unsigned sa = rgba_a(source);
	unsigned ta = rgba_a(target);
	unsigned s_weight = sa * 255; /* weights and alpha are in 1/255^2 */
	unsigned t_weight = ta * (255 - sa);

	if (sa == 255 || !ta)
		return rgba_stored(source);
	if (!sa)
		return target;
	return rgba_of(mix(rgba_r(source), rgba_r(target), s_weight, t_weight),
		       mix(rgba_g(source), rgba_g(target), s_weight, t_weight),
		       mix(rgba_b(source), rgba_b(target), s_weight, t_weight),
		       (s_weight + t_weight + 127) / 255);
}
