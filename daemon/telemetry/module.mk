libs += telemetry
telemetry-srcs := \
	daemon/telemetry/heap_maps.c \
	daemon/telemetry/heap_sampler.c \
	daemon/telemetry/heap_table.c \
	daemon/telemetry/metrics.c \
	daemon/telemetry/slots.c \
	daemon/telemetry/stages.c \
	daemon/telemetry/startup.c
