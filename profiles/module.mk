libs += profilelib
profilelib-srcs := \
	build/gen/profile.pb-c.c \
	profiles/allocs.c \
	profiles/allocs_out.c \
	profiles/capture.c \
	profiles/capture_analyze.c \
	profiles/capture_json.c \
	profiles/control.c \
	profiles/counters.c \
	profiles/events.c \
	profiles/fold.c \
	profiles/heap.c \
	profiles/intern.c \
	profiles/kallsyms.c \
	profiles/legacy.c \
	profiles/list.c \
	profiles/perfdata.c \
	profiles/permit.c \
	profiles/pprof.c \
	profiles/pprof_read.c \
	profiles/procstat.c \
	profiles/sampler.c \
	profiles/show.c \
	profiles/stacks.c \
	profiles/symbols.c \
	profiles/symbols_elf.c \
	profiles/target.c
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
