/* Arrival schedules: the exact rate, the right spread, the same again for the same seed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/base/clock.h"
#include "loadgen/engine/arrival.h"

static struct arrival_cfg cfg_of(enum arrival_kind kind, double rate_per_s, uint64_t seconds)
{
	return (struct arrival_cfg){
		.kind = kind,
		.rate_per_s = rate_per_s,
		.start_ns = 12345,
		.end_ns = 12345 + seconds * NSEC_PER_SEC,
		.shares_count = 1,
		.seed = 1,
	};
}

static uint64_t drain(struct arrival *a)
{
	uint64_t n = 0;

	for (; arrival_peek(a) != ARRIVAL_NEVER; arrival_take(a))
		n++;
	return n;
}

static void test_constant_is_exact_to_the_nanosecond(void **state)
{
	/* 3 does not divide a second: the error must not add up. */
	struct arrival_cfg cfg = cfg_of(ARRIVAL_CONSTANT, 3, 1000);
	struct arrival a;

	(void)state;
	arrival_init(&a, &cfg);
	for (uint64_t i = 0; i < 3000; i++) {
		assert_int_equal(arrival_peek(&a), cfg.start_ns + i * NSEC_PER_SEC / 3);
		arrival_take(&a);
	}
	assert_int_equal(arrival_peek(&a), ARRIVAL_NEVER);
}

static void test_constant_shares_interleave(void **state)
{
	struct arrival_cfg cfg = cfg_of(ARRIVAL_CONSTANT, 1000, 1);
	uint64_t count = 0;

	(void)state;
	cfg.shares_count = 3;
	for (cfg.share = 0; cfg.share < 3; cfg.share++) {
		struct arrival a;

		arrival_init(&a, &cfg);
		for (uint64_t i = 0; arrival_peek(&a) != ARRIVAL_NEVER; i++, count++) {
			assert_int_equal(arrival_peek(&a),
					 cfg.start_ns + (cfg.share + 3 * i) * NSEC_PER_MSEC);
			arrival_take(&a);
		}
	}
	assert_int_equal(count, 1000);
}

/* Gaps of a Poisson process: mean 1/rate and, being exponential, standard deviation the same. */
static void test_poisson_gaps_are_exponential(void **state)
{
	struct arrival_cfg cfg = cfg_of(ARRIVAL_POISSON, 10000, 20);
	struct arrival a;
	double sum = 0, squares = 0, mean, cv;
	uint64_t last, n = 0, longer = 0;

	(void)state;
	arrival_init(&a, &cfg);
	last = cfg.start_ns;
	for (; arrival_peek(&a) != ARRIVAL_NEVER; arrival_take(&a)) {
		double gap = (double)(arrival_peek(&a) - last);

		last = arrival_peek(&a);
		sum += gap;
		squares += gap * gap;
		longer += gap > 200000;
		n++;
	}
	mean = sum / (double)n;
	cv = sqrt(squares / (double)n - mean * mean) / mean;
	/* 200,000 gaps: five standard errors are 1.1 %. */
	assert_true(fabs(mean / 100000 - 1) < 0.0115);
	assert_true(fabs(cv - 1) < 0.0125);
	/* exp(-2) of the gaps are longer than twice the mean. */
	assert_true(fabs((double)longer / (double)n - exp(-2)) < 0.004);
}

static void test_poisson_shares_sum_to_the_rate(void **state)
{
	struct arrival_cfg cfg = cfg_of(ARRIVAL_POISSON, 10000, 10);
	double count = 0;

	(void)state;
	cfg.shares_count = 4;
	for (cfg.share = 0; cfg.share < 4; cfg.share++) {
		struct arrival a;

		arrival_init(&a, &cfg);
		count += (double)drain(&a);
	}
	/* The count is Poisson: standard deviation 316. */
	assert_true(fabs(count - 100000) < 5 * 316);
}

static void test_poisson_repeats_with_its_seed(void **state)
{
	struct arrival_cfg cfg = cfg_of(ARRIVAL_POISSON, 1000, 1);
	struct arrival a, b, other;
	int differ = 0;

	(void)state;
	arrival_init(&a, &cfg);
	arrival_init(&b, &cfg);
	cfg.seed = 2;
	arrival_init(&other, &cfg);
	for (int i = 0; i < 500; i++) {
		assert_int_equal(arrival_peek(&a), arrival_peek(&b));
		differ += arrival_peek(&a) != arrival_peek(&other);
		arrival_take(&a);
		arrival_take(&b);
		arrival_take(&other);
	}
	assert_true(differ > 490);
}

static void test_no_rate_no_arrivals(void **state)
{
	struct arrival_cfg cfg = cfg_of(ARRIVAL_CONSTANT, 0, 1);
	struct arrival a;

	(void)state;
	arrival_init(&a, &cfg);
	assert_int_equal(arrival_peek(&a), ARRIVAL_NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_constant_is_exact_to_the_nanosecond),
		cmocka_unit_test(test_constant_shares_interleave),
		cmocka_unit_test(test_poisson_gaps_are_exponential),
		cmocka_unit_test(test_poisson_shares_sum_to_the_rate),
		cmocka_unit_test(test_poisson_repeats_with_its_seed),
		cmocka_unit_test(test_no_rate_no_arrivals),
	};

	return cmocka_run_group_tests_name("arrival", tests, NULL, NULL);
}
