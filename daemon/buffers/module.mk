libs += buffers
buffers-srcs := \
	daemon/buffers/buffers.c \
	daemon/buffers/buffers_malloc.c \
	daemon/buffers/buffers_pool.c \
	daemon/buffers/huge.c \
	daemon/buffers/per_thread.c

tests += test_buffers
test_buffers-srcs    := daemon/test/test_buffers.c
test_buffers-libs    := buffers base
test_buffers-ldlibs  := -lcmocka
test_buffers-ldflags := -Wl,--wrap=malloc,--wrap=aligned_alloc
