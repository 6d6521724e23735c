/* near.h - comparing doubles in tests: cmocka's assert_float_equal rounds to float first. */
#ifndef REPORTS_TEST_NEAR_H
#define REPORTS_TEST_NEAR_H

#include <math.h>

#define assert_near(a, b, tolerance) assert_true(fabs((a) - (b)) <= (tolerance))

#endif
