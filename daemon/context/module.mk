libs += context
context-srcs := \
	daemon/context/context.c \
	daemon/context/context_per_worker.c \
	daemon/context/context_shared.c \
	daemon/context/workspace.c

tests += test_context
test_context-srcs    := daemon/test/test_context.c
test_context-libs    := context voxel alloccount base
test_context-ldlibs  := -lcmocka -lm
test_context-ldflags = $(alloc-wrap-ldflags)
