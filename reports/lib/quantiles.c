#include "reports/lib/quantiles.h"

#include <math.h>

const struct quantile quantiles[QUANTILES_COUNT] = {
#define QUANTILE(key, q, name, uses) { #key, name, q, uses },
#define QUANTILE_METRIC              QUANTILE
#include "reports/lib/quantiles.def"
};

const struct quantile *quantile_find(double q)
{
	for (size_t i = 0; i < QUANTILES_COUNT; i++)
		if (fabs(quantiles[i].q - q) < 1e-9)
			return &quantiles[i];
	return NULL;
}
