libs += resultlib
resultlib-srcs := \
	reports/lib/envelope.c \
	reports/lib/fingerprint.c \
	reports/lib/hdr_decode.c \
	reports/lib/hdr_encode.c \
	reports/lib/hgrm.c \
	reports/lib/hlog_read.c \
	reports/lib/hlog_write.c \
	reports/lib/quantiles.c \
	reports/lib/rundir.c \
	reports/lib/runfile.c \
	reports/lib/stats.c \
	reports/lib/stats_family.c \
	reports/lib/target_file.c

tests += test_hlog test_stats test_rundir test_calibration
lib-test-libs := resultlib base
lib-test-ldlibs := -lcmocka -ljansson -lz -lm
test_hlog-srcs := reports/test/test_hlog.c reports/test/fixture.c
test_hlog-libs := $(lib-test-libs)
test_hlog-ldlibs := $(lib-test-ldlibs)
test_stats-srcs := reports/test/test_stats.c
test_stats-libs := $(lib-test-libs)
test_stats-ldlibs := $(lib-test-ldlibs)
test_rundir-srcs := reports/test/test_rundir.c reports/test/fixture.c
test_rundir-libs := $(lib-test-libs)
test_rundir-ldlibs := $(lib-test-ldlibs)
test_calibration-srcs := reports/test/test_calibration.c reports/test/fixture.c
test_calibration-libs := $(lib-test-libs)
test_calibration-ldlibs := $(lib-test-ldlibs)
