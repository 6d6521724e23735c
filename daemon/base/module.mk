libs += base
base-srcs := \
	daemon/base/clock.c \
	daemon/base/cli.c \
	daemon/base/cpu.c \
	daemon/base/err.c \
	daemon/base/file.c \
	daemon/base/hist.c \
	daemon/base/json_out.c \
	daemon/base/log.c \
	daemon/base/rng.c \
	daemon/base/sock.c \
	daemon/base/strbuf.c \
	daemon/base/thread.c \
	daemon/base/version.c
