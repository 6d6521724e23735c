# The shim: what `make install` gives to other programs, and what goxel-bench is built on.
libs += benchshim
benchshim-srcs := \
	bench/counters.c \
	bench/shim.cc \
	bench/shim_facts.cc \
	bench/shim_measure.cc \
	bench/shim_report.cc \
	bench/shim_state.cc

# The installed library stands alone: what it needs of the suite is in it, and only bench_* is seen.
shim-objs := $(O)/libbenchshim.a $(addprefix $(O)/,profiles/events.o profiles/permit.o \
    daemon/base/err.o daemon/base/hist.o)
$(O)/install/libbenchshim.a: $(shim-objs)
	@mkdir -p $(@D)
	$(call say,AR,$@) $(LD) -r -o $(@D)/benchshim.o --whole-archive $^ && \
	    $(OBJCOPY) -w --keep-global-symbol='bench_*' $(@D)/benchshim.o && \
	    rm -f $@ && $(AR) rcsD $@ $(@D)/benchshim.o

# The benchmarks; simdjson is a peer to measure against where it is installed, nothing more.
bench-simdjson := $(wildcard /usr/include/simdjson.h)
libs += benchsuite
benchsuite-srcs := \
	bench/bench_buffers.c \
	bench/bench_context.c \
	bench/bench_dispatch.c \
	bench/bench_floor.c \
	bench/bench_formats.c \
	bench/bench_hist.c \
	bench/bench_json.c \
	bench/bench_protocol.c \
	bench/bench_queue.c \
	bench/bench_render.c \
	bench/bench_reply.c \
	bench/bench_request.c \
	bench/bench_served.c \
	bench/bench_shape.c \
	bench/bench_start.c \
	bench/bench_voxel.c \
	bench/launch.c \
	bench/oracle_loop.cc \
	bench/suite.c \
	$(if $(bench-simdjson),daemon/test/oracle_simdjson.cc,bench/oracle_none.c)

progs += goxel-bench
goxel-bench-srcs := \
	bench/bench_file.c \
	bench/child.c \
	bench/exact.c \
	bench/instructions.c \
	bench/main.c \
	bench/memory.c \
	bench/options.c \
	bench/presets.c \
	bench/profiled.c \
	bench/progress.c \
	bench/results.c \
	bench/until.c \
	bench/versus.c
# What the daemon links, and in its order.
goxel-bench-libs = benchsuite benchshim profilelib resultlib $(goxel-daemon-libs)
goxel-bench-ldlibs = $(goxel-daemon-ldlibs) -lbenchmark \
	$(if $(bench-simdjson),-lsimdjson) -lpfm -ljansson -lz -lstdc++ -lm
goxel-bench-ldflags = $(alloc-wrap-ldflags)

tests += test_shim test_shim_api test_shim_runs test_wrong_backend
shim-test-libs := benchshim profilelib resultlib base
shim-test-ldlibs := -lcmocka -lbenchmark -lpfm -lstdc++ -lm
test_shim-srcs := bench/test/test_shim.c bench/test/seen.c
test_shim-libs := $(shim-test-libs)
test_shim-ldlibs := $(shim-test-ldlibs)
test_shim_api-srcs := bench/test/test_shim_api.c bench/test/seen.c
test_shim_api-libs := $(shim-test-libs)
test_shim_api-ldlibs := $(shim-test-ldlibs)
test_shim_runs-srcs := bench/test/test_shim_runs.c bench/test/seen.c bench/memory.c
test_shim_runs-libs := $(shim-test-libs) alloccount
test_shim_runs-ldlibs := $(shim-test-ldlibs)
test_shim_runs-ldflags = $(alloc-wrap-ldflags)
test_wrong_backend-srcs := bench/test/test_wrong_backend.c bench/test/seen.c
test_wrong_backend-libs = $(goxel-bench-libs)
test_wrong_backend-ldlibs = -lcmocka $(goxel-bench-ldlibs)
test_wrong_backend-ldflags = $(alloc-wrap-ldflags)

bats += bench/test/bench.bats
