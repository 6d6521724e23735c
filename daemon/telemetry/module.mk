libs += telemetry
telemetry-srcs := \
	daemon/telemetry/metrics.c \
	daemon/telemetry/slots.c \
	daemon/telemetry/stages.c \
	daemon/telemetry/startup.c
