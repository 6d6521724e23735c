# goxel-stress and the library that makes allocations fail: built for `make check-stress` and
# `make soak`, not run with the unit tests.
stress += goxel-stress
goxel-stress-srcs := \
	daemon/test/stress/actor.c \
	daemon/test/stress/actors_batch.c \
	daemon/test/stress/actors_file.c \
	daemon/test/stress/actors_host.c \
	daemon/test/stress/actors_net.c \
	daemon/test/stress/actors_picture.c \
	daemon/test/stress/actors_script.c \
	daemon/test/stress/actors_voxel.c \
	daemon/test/stress/arena.c \
	daemon/test/stress/attack.c \
	daemon/test/stress/bystander.c \
	daemon/test/stress/calm.c \
	daemon/test/stress/crowd.c \
	daemon/test/stress/fault.c \
	daemon/test/stress/link.c \
	daemon/test/stress/main.c \
	daemon/test/stress/proc_sample.c \
	daemon/test/stress/report.c \
	daemon/test/stress/rounds.c \
	daemon/test/stress/run.c \
	daemon/test/stress/soak.c \
	daemon/test/stress/soak_out.c \
	daemon/test/stress/target.c \
	daemon/test/stress/target_end.c \
	daemon/test/stress/target_place.c
goxel-stress-libs := resultlib base
goxel-stress-ldlibs := -ljansson -lz -lm

# Loaded before everything else, so without a sanitizer's runtime of its own.
$(O)/test/fail_alloc.so: daemon/test/stress/fail_alloc.c daemon/test/stress/fail_alloc.h $(O)/.flags
	@mkdir -p $(@D)
	$(call say,CC,$@) $(CC) $(filter-out -MMD -MP,$(base-cppflags)) -std=c11 $(warn) -O2 -g -fPIC -shared \
	    -o $@ $< -ldl
