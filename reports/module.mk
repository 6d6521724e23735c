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
	reports/read/bench_json.c \
	reports/cmd_check.c \
	reports/cmd_compare.c \
	reports/cmd_flamegraph.c \
	reports/cmd_hlog.c \
	reports/cmd_machine.c \
	reports/cmd_newest.c \
	reports/cmd_targets.c \
	reports/compare_json.c \
	reports/doc/doc.c \
	reports/doc/doc_html.c \
	reports/doc/doc_text.c \
	reports/doc/files.c \
	reports/judge/figures.c \
	reports/doc/flame.c \
	reports/doc/fmt.c \
	reports/read/folded.c \
	reports/section/gnuplot.c \
	reports/judge/judge.c \
	reports/judge/judged_print.c \
	reports/judge/metric.c \
	reports/read/others.c \
	reports/doc/plot.c \
	reports/doc/plot_bars.c \
	reports/read/read_gbench.c \
	reports/read/read_hlog_file.c \
	reports/read/read_hyperfine.c \
	reports/read/read_k6.c \
	reports/section/repeats.c \
	reports/judge/rule.c \
	reports/section/section.c \
	reports/section/section_functions.c \
	reports/section/section_inside.c \
	reports/section/section_latency.c \
	reports/section/section_memory.c \
	reports/section/section_repeats.c \
	reports/section/section_setup.c \
	reports/section/section_summary.c \
	reports/judge/target.c \
	reports/judge/unit.c \
	reports/read/view.c \
	reports/read/view_hlog.c \
	reports/read/view_json.c \
	reports/read/view_memory.c

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
