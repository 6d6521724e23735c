libs += transport
transport-srcs := \
	daemon/transport/accept.c \
	daemon/transport/chunk.c \
	daemon/transport/conn.c \
	daemon/transport/late.c \
	daemon/transport/sockets.c \
	daemon/transport/tick.c \
	daemon/transport/transport.c \
	daemon/transport/transport_epoll.c \
	daemon/transport/transport_inproc.c \
	daemon/transport/transport_poll.c \
	daemon/transport/transport_threads.c \
	daemon/transport/transport_uring.c
# The static archive: one library less to load at start.
transport-ldlibs := -l:liburing.a

tests += test_transport test_transport_limits
test_transport-srcs := daemon/test/test_transport.c daemon/test/transport_util.c
test_transport-libs := transport base
test_transport-ldlibs = -lcmocka $(transport-ldlibs)
test_transport_limits-srcs := daemon/test/test_transport_limits.c daemon/test/transport_util.c
test_transport_limits-libs := transport base
test_transport_limits-ldlibs = -lcmocka $(transport-ldlibs)
