/* thread_slots: a block for each thread, kept and taken over when threads end. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/base/thread_slots.h"

enum { THREADS = 4, ROUNDS = 3 };

struct block {
	struct thread_slot slot;
	_Atomic int count;
};

static struct thread_slots list;
static _Atomic int ended_count;

static void count_end(struct thread_slot *slot)
{
	assert_ptr_equal(slot->list, &list);
	ended_count++;
}

static int set_up(void **state)
{
	(void)state;
	ended_count = 0;
	return thread_slots_init(&list, sizeof(struct block), count_end);
}

static int tear_down(void **state)
{
	(void)state;
	thread_slots_deinit(&list);
	return 0;
}

static void *count_up(void *all_are_here)
{
	struct block *mine = (struct block *)thread_slots_take(&list);

	if (!mine || thread_slots_mine(&list) != &mine->slot)
		return NULL;
	mine->count++;
	/* All live at once, so that none takes over another's block of this round. */
	pthread_barrier_wait(all_are_here);
	return mine;
}

static void sum(int *blocks, int *counted)
{
	*blocks = *counted = 0;
	for (struct thread_slot *s = thread_slots_first(&list); s; s = s->next) {
		++*blocks;
		*counted += ((struct block *)s)->count;
	}
}

static void test_blocks_are_kept_and_taken_over(void **state)
{
	pthread_barrier_t all_are_here;
	int blocks, counted;

	(void)state;
	assert_int_equal(pthread_barrier_init(&all_are_here, NULL, THREADS), 0);
	for (int round = 1; round <= ROUNDS; round++) {
		pthread_t threads[THREADS];

		for (int i = 0; i < THREADS; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, count_up, &all_are_here),
					 0);
		for (int i = 0; i < THREADS; i++) {
			void *block;

			pthread_join(threads[i], &block);
			assert_non_null(block);
			assert_int_equal((uintptr_t)block % 64, 0);
		}
		sum(&blocks, &counted);
		assert_int_equal(blocks, THREADS);
		assert_int_equal(counted, round * THREADS);
		assert_int_equal(ended_count, round * THREADS);
	}
	pthread_barrier_destroy(&all_are_here);
}

static void test_a_thread_without_a_block_has_none(void **state)
{
	(void)state;
	assert_null(thread_slots_mine(&list));
	assert_null(thread_slots_first(&list));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_blocks_are_kept_and_taken_over, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_a_thread_without_a_block_has_none, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
