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
	reports/lib/stats_betting.c \
	reports/lib/stats_dist.c \
	reports/lib/stats_family.c \
	reports/lib/stats_flips.c \
	reports/lib/stats_hist.c \
	reports/lib/stats_looks.c \
	reports/lib/stats_multiple.c \
	reports/lib/stats_power.c \
	reports/lib/stats_rank.c \
	reports/lib/target_file.c \
	reports/lib/verdict.c \
	reports/lib/verdict_blocking.c \
	reports/lib/verdict_count.c \
	reports/lib/verdict_defaults.c \
	reports/lib/verdict_explaining.c \
	reports/lib/verdict_joint.c \
	reports/lib/verdict_row.c \
	reports/lib/verdict_words.c

tests += test_hlog test_stats test_stats_dist test_stats_family test_stats_hist test_stats_looks \
	test_rundir test_calibration test_verdict test_verdict_errors
lib-test-libs := resultlib base
lib-test-ldlibs := -lcmocka -ljansson -lz -lm
test_hlog-srcs := reports/test/test_hlog.c reports/test/fixture.c
test_hlog-libs := $(lib-test-libs)
test_hlog-ldlibs := $(lib-test-ldlibs)
test_stats-srcs := reports/test/test_stats.c reports/test/noise.c
test_stats-libs := $(lib-test-libs)
test_stats-ldlibs := $(lib-test-ldlibs)
test_rundir-srcs := reports/test/test_rundir.c reports/test/fixture.c
test_rundir-libs := $(lib-test-libs)
test_rundir-ldlibs := $(lib-test-ldlibs)
test_calibration-srcs := reports/test/test_calibration.c reports/test/blocks.c reports/test/fixture.c
test_calibration-libs := $(lib-test-libs)
test_calibration-ldlibs := $(lib-test-ldlibs)
test_stats_dist-srcs := reports/test/test_stats_dist.c
test_stats_dist-libs := $(lib-test-libs)
test_stats_dist-ldlibs := $(lib-test-ldlibs)
test_stats_family-srcs := reports/test/test_stats_family.c reports/test/noise.c
test_stats_family-libs := $(lib-test-libs)
test_stats_family-ldlibs := $(lib-test-ldlibs)
test_stats_hist-srcs := reports/test/test_stats_hist.c
test_stats_hist-libs := $(lib-test-libs)
test_stats_hist-ldlibs := $(lib-test-ldlibs)
test_stats_looks-srcs := reports/test/test_stats_looks.c reports/test/noise.c
test_stats_looks-libs := $(lib-test-libs)
test_stats_looks-ldlibs := $(lib-test-ldlibs)
test_verdict-srcs := reports/test/test_verdict.c
test_verdict-libs := $(lib-test-libs)
test_verdict-ldlibs := $(lib-test-ldlibs)
test_verdict_errors-srcs := reports/test/test_verdict_errors.c reports/test/gate.c reports/test/noise.c
test_verdict_errors-libs := $(lib-test-libs)
test_verdict_errors-ldlibs := $(lib-test-ldlibs)

# Experiments and measurements of the statistics, built by name; no part of any check.
stress += mde_choice verdict_certify verdict_time
mde_choice-srcs := reports/test/mde_choice.c reports/test/blocks.c reports/test/fixture.c \
	reports/test/noise.c
mde_choice-libs := $(lib-test-libs)
mde_choice-ldlibs := $(lib-test-ldlibs)
verdict_certify-srcs := reports/test/verdict_certify.c reports/test/gate.c reports/test/noise.c
verdict_certify-libs := $(lib-test-libs)
verdict_certify-ldlibs := $(lib-test-ldlibs)
verdict_time-srcs := reports/test/verdict_time.c reports/test/noise.c
verdict_time-libs := $(lib-test-libs)
verdict_time-ldlibs := $(lib-test-ldlibs)
