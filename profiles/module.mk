libs += profilelib
profilelib-srcs := \
	build/gen/profile.pb-c.c \
	profiles/profile/allocs.c \
	profiles/profile/allocs_out.c \
	profiles/capture/capture.c \
	profiles/capture/capture_analyze.c \
	profiles/capture/capture_json.c \
	profiles/capture/capture_measure.c \
	profiles/capture/capture_profile.c \
	profiles/capture/capture_report.c \
	profiles/capture/control.c \
	profiles/capture/counters.c \
	profiles/capture/events.c \
	profiles/profile/fold.c \
	profiles/profile/heap.c \
	profiles/profile/intern.c \
	profiles/profile/kallsyms.c \
	profiles/capture/kernel_counts.c \
	profiles/profile/legacy.c \
	profiles/capture/list.c \
	profiles/profile/perfdata.c \
	profiles/capture/permit.c \
	profiles/profile/pprof.c \
	profiles/profile/pprof_read.c \
	profiles/capture/procstat.c \
	profiles/capture/sampler.c \
	profiles/profile/show.c \
	profiles/profile/stacks.c \
	profiles/profile/symbols.c \
	profiles/profile/symbols_elf.c \
	profiles/capture/target.c \
	profiles/capture/waits.c
profilelib-ldlibs := -lpfm -ldw -lelf -lprotobuf-c -ljansson -lz -lm

generated += build/gen/profile.pb-c.h
build/gen/profile.pb-c.h: profiles/profile.proto
	@mkdir -p $(@D)
	$(call say,PROTOC,$@) protoc-c --c_out=$(@D) --proto_path=$(<D) $<
build/gen/profile.pb-c.c: build/gen/profile.pb-c.h ;

progs += goxel-profile
goxel-profile-srcs   := profiles/main.c
goxel-profile-libs   := profilelib resultlib base
goxel-profile-ldlibs := $(profilelib-ldlibs)

bats += profiles/test/profile.bats

tests += test_perfdata test_pprof test_counters test_allocs
test_perfdata-srcs   := profiles/test/test_perfdata.c
test_perfdata-libs   := profilelib resultlib base
test_perfdata-ldlibs := -lcmocka $(profilelib-ldlibs)
test_pprof-srcs   := profiles/test/test_pprof.c
test_pprof-libs   := profilelib resultlib base
test_pprof-ldlibs := -lcmocka $(profilelib-ldlibs)
test_counters-srcs   := profiles/test/test_counters.c
test_counters-libs   := profilelib resultlib base
test_counters-ldlibs := -lcmocka $(profilelib-ldlibs)
test_allocs-srcs   := profiles/test/test_allocs.c
test_allocs-libs   := profilelib resultlib base
test_allocs-ldlibs := -lcmocka $(profilelib-ldlibs)

fuzz += fuzz_perfdata fuzz_pprof fuzz_heap
fuzz_perfdata-srcs   := profiles/fuzz/fuzz_perfdata.c
fuzz_perfdata-libs   := profilelib resultlib base
fuzz_perfdata-ldlibs := $(profilelib-ldlibs)
fuzz_pprof-srcs   := profiles/fuzz/fuzz_pprof.c
fuzz_pprof-libs   := profilelib resultlib base
fuzz_pprof-ldlibs := $(profilelib-ldlibs)
fuzz_heap-srcs   := profiles/fuzz/fuzz_heap.c
fuzz_heap-libs   := profilelib resultlib base
fuzz_heap-ldlibs := $(profilelib-ldlibs)
