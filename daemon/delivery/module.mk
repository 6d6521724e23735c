libs += delivery
delivery-srcs := \
	daemon/delivery/delivery.c \
	daemon/delivery/delivery_copied.c \
	daemon/delivery/delivery_whole.c

tests += test_delivery
test_delivery-srcs := daemon/test/test_delivery.c daemon/test/parser_util.c
test_delivery-libs := delivery transport parser buffers telemetry rpc base
test_delivery-ldlibs = $(transport-ldlibs) -lcmocka -lcjson -lm
