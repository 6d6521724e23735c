libs += queue
queue-srcs := \
	daemon/queue/park.c \
	daemon/queue/queue.c \
	daemon/queue/queue_lock.c \
	daemon/queue/queue_mutex.c \
	daemon/queue/queue_priority.c \
	daemon/queue/queue_ring.c

tests += test_queue
test_queue-srcs   := daemon/test/test_queue.c
test_queue-libs   := queue base
test_queue-ldlibs := -lcmocka
