libs += rpc
rpc-srcs := \
	daemon/rpc/detect.c \
	daemon/rpc/fault.c \
	daemon/rpc/frame.c \
	daemon/rpc/number.c \
	daemon/rpc/outbuf.c \
	daemon/rpc/reply.c \
	daemon/rpc/text.c \
	daemon/rpc/value.c
