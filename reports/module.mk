# Files that programs carry inside, as C strings: NAME_SUFFIX in build/gen/name_suffix.h.
text-to-c = mkdir -p $(@D) && { echo '\#define $(1) \'; \
	sed 's/\\/\\\\/g; s/"/\\"/g; s/^/"/; s/$$/\\n" \\/' $<; echo; } > $@
generated += build/gen/report_css.h build/gen/flame_css.h build/gen/flame_js.h \
	build/gen/targets_speed.h build/gen/targets_v15.h
build/gen/report_css.h: reports/assets/report.css
	$(call say,GEN,$@) $(call text-to-c,REPORT_CSS)
build/gen/flame_css.h: reports/assets/flame.css
	$(call say,GEN,$@) $(call text-to-c,FLAME_CSS)
build/gen/flame_js.h: reports/assets/flame.js
	$(call say,GEN,$@) $(call text-to-c,FLAME_JS)
build/gen/targets_speed.h: reports/targets/speed.json
	$(call say,GEN,$@) $(call text-to-c,TARGETS_SPEED)
build/gen/targets_v15.h: reports/targets/v15.json
	$(call say,GEN,$@) $(call text-to-c,TARGETS_V15)

libs += reportparts
reportparts-srcs := \
	reports/bench_json.c \
	reports/cmd_check.c \
	reports/cmd_compare.c \
	reports/cmd_flamegraph.c \
	reports/cmd_hlog.c \
	reports/cmd_machine.c \
	reports/cmd_newest.c \
	reports/cmd_targets.c \
	reports/compare_json.c \
	reports/doc.c \
	reports/doc_html.c \
	reports/doc_text.c \
	reports/files.c \
	reports/figures.c \
	reports/flame.c \
	reports/fmt.c \
	reports/folded.c \
	reports/gnuplot.c \
	reports/judge.c \
	reports/judged_print.c \
	reports/metric.c \
	reports/others.c \
	reports/plot.c \
	reports/plot_bars.c \
	reports/read_gbench.c \
	reports/read_hlog_file.c \
	reports/read_hyperfine.c \
	reports/read_k6.c \
	reports/repeats.c \
	reports/rule.c \
	reports/section.c \
	reports/section_functions.c \
	reports/section_inside.c \
	reports/section_latency.c \
	reports/section_memory.c \
	reports/section_repeats.c \
	reports/section_setup.c \
	reports/section_summary.c \
	reports/target.c \
	reports/unit.c \
	reports/view.c \
	reports/view_hlog.c \
	reports/view_json.c \
	reports/view_memory.c

progs += goxel-report
goxel-report-srcs := reports/main.c
goxel-report-libs := reportparts resultlib base
goxel-report-ldlibs := -ljansson -lz -lm
bats += reports/test/report.bats

tests += test_report test_others
test_others-srcs := reports/test/test_others.c reports/test/fixture.c
test_others-libs := reportparts resultlib base
test_others-ldlibs := -lcmocka -ljansson -lz -lm
test_report-srcs := reports/test/test_report.c reports/test/fixture.c
test_report-libs := reportparts resultlib base
test_report-ldlibs := -lcmocka -ljansson -lz -lm

fuzz += fuzz_hlog fuzz_report
fuzz_hlog-srcs := reports/test/fuzz_hlog.c
fuzz_hlog-libs := resultlib base
fuzz_hlog-ldlibs := -lz -lm
fuzz_report-srcs := reports/test/fuzz_report.c
fuzz_report-libs := reportparts resultlib base
fuzz_report-ldlibs := -ljansson -lz -lm
