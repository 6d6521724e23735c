libs += telemetry
telemetry-srcs := \
	daemon/telemetry/heap_maps.c \
	daemon/telemetry/heap_sampler.c \
	daemon/telemetry/heap_table.c \
	daemon/telemetry/metrics.c \
	daemon/telemetry/stages.c \
	daemon/telemetry/startup.c

tests += test_telemetry test_heap_sampler
test_telemetry-srcs := daemon/test/test_telemetry.c
test_telemetry-libs := telemetry base
test_telemetry-ldlibs := -lcmocka -lm

test_heap_sampler-srcs := daemon/test/test_heap_sampler.c
test_heap_sampler-libs := telemetry alloccount base
test_heap_sampler-ldflags = $(alloc-wrap-ldflags)
test_heap_sampler-ldlibs := -lcmocka -ljansson -lm
