libs += delivery
delivery-srcs := \
	daemon/delivery/delivery.c \
	daemon/delivery/delivery_copied.c \
	daemon/delivery/delivery_whole.c
