#include "reports/doc/fmt.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static struct fmt text(const char *s)
{
	struct fmt out;

	snprintf(out.s, sizeof(out.s), "%s", s);
	return out;
}

/* Three significant digits, no exponent below 10,000. */
static struct fmt three(double v, const char *unit)
{
	struct fmt out;
	double size = fabs(v);
	int digits = size >= 99.95 || v == 0 ? 0 : size >= 9.995 ? 1 : 2;

	snprintf(out.s, sizeof(out.s), "%s%.*f%s", v < 0 ? "−" : "", digits, size, unit);
	return out;
}

struct fmt fmt_ns(double ns)
{
	double size = fabs(ns);
	struct fmt out;

	if (isnan(ns))
		return text("–");
	if (size > 0 && size < 0.0995) {
		snprintf(out.s, sizeof(out.s), "%s%.3f ns", ns < 0 ? "−" : "", size);
		return out;
	}
	if (size < 999.5)
		return three(ns, " ns");
	if (size < 999.5e3)
		return three(ns / 1e3, " µs");
	if (size < 999.5e6)
		return three(ns / 1e6, " ms");
	return three(ns / 1e9, " s");
}

struct fmt fmt_bytes(double bytes)
{
	static const char *const units[] = { " B", " kB", " MB", " GB", " TB" };
	int unit = 0;

	if (isnan(bytes))
		return text("–");
	while (fabs(bytes) >= 999.5 && unit < 4) {
		bytes /= 1000;
		unit++;
	}
	return three(bytes, units[unit]);
}

struct fmt fmt_count(double count)
{
	struct fmt out;
	char plain[32];
	size_t len, at = 0;

	if (isnan(count))
		return text("–");
	if (count > 0 && count < 0.005)
		return text("<0.01");
	if (fabs(count) < 99.95 && count != floor(count))
		return three(count, "");
	snprintf(plain, sizeof(plain), "%.0f", count);
	len = strlen(plain);
	for (size_t i = 0; i < len && at + 2 < sizeof(out.s); i++) {
		out.s[at++] = plain[i];
		if (plain[i] != '-' && i + 1 < len && (len - 1 - i) % 3 == 0)
			out.s[at++] = ',';
	}
	out.s[at] = '\0';
	return out;
}

struct fmt fmt_rate(double per_s)
{
	struct fmt out = fmt_count(per_s);

	if (!isnan(per_s))
		strncat(out.s, "/s", sizeof(out.s) - strlen(out.s) - 1);
	return out;
}

struct fmt fmt_pct(double pct)
{
	return isnan(pct) ? text("–") : three(pct, " %");
}

struct fmt fmt_effect(double pct)
{
	return pct >= 300 ? fmt_ratio(1 + pct / 100) : fmt_pct(pct);
}

struct fmt fmt_signed_pct(double pct)
{
	struct fmt out;

	if (isnan(pct))
		return text("–");
	if (isinf(pct))
		return text(pct > 0 ? "+∞" : "−∞");
	if (fabs(pct) < 0.05)
		return text("±0.0 %");
	snprintf(out.s, sizeof(out.s), "%s%.*f %%", pct > 0 ? "+" : "−", fabs(pct) < 99.95 ? 1 : 0,
		 fabs(pct));
	return out;
}

struct fmt fmt_ratio(double ratio)
{
	return isnan(ratio) ? text("–") : three(ratio, "×");
}

struct fmt fmt_change(double a, double b)
{
	if (isnan(a) || isnan(b))
		return text("–");
	if (a == b)
		return text("equal");
	if (a == 0 || b == 0)
		return text(b == 0 ? "−100 %" : "new");
	if (b / a >= 2)
		return fmt_ratio(b / a);
	return fmt_signed_pct(100 * (b / a - 1));
}
