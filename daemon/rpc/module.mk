libs += rpc
rpc-srcs := \
	daemon/rpc/detect.c \
	daemon/rpc/fault.c \
	daemon/rpc/frame.c \
	daemon/json/number.c \
	daemon/json/outbuf.c \
	daemon/rpc/reply.c \
	daemon/json/text.c \
	daemon/json/value.c
