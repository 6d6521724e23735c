libs += resultlib
resultlib-srcs := \
	reports/lib/base64.c \
	reports/lib/envelope.c \
	reports/lib/fingerprint.c \
	reports/lib/hdr_codec.c \
	reports/lib/hgrm.c \
	reports/lib/hlog_read.c \
	reports/lib/hlog_write.c \
	reports/lib/rundir.c \
	reports/lib/stats.c \
	reports/lib/stats_family.c
