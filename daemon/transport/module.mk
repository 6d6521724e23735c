libs += transport
transport-srcs := \
	daemon/transport/chunk.c \
	daemon/transport/sockets.c \
	daemon/transport/transport.c \
	daemon/transport/transport_epoll.c \
	daemon/transport/transport_inproc.c \
	daemon/transport/transport_poll.c \
	daemon/transport/transport_threads.c
