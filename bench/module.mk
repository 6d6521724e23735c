# The shim: what `make install` gives to other programs, and what goxel-bench is built on.
libs += benchshim
benchshim-srcs := \
	bench/shim/counters.c \
	bench/shim/shim.cc \
	bench/shim/shim_facts.cc \
	bench/shim/shim_measure.cc \
	bench/shim/shim_report.cc \
	bench/shim/shim_state.cc

# The installed library stands alone: what it needs of the suite is in it, and only bench_* is seen.
shim-objs := $(O)/libbenchshim.a $(addprefix $(O)/,profiles/capture/events.o profiles/capture/permit.o \
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
	bench/suite/bench_buffers.c \
	bench/suite/bench_context.c \
	bench/suite/bench_dispatch.c \
	bench/suite/bench_floor.c \
	bench/suite/bench_formats.c \
	bench/suite/bench_hist.c \
	bench/suite/bench_json.c \
	bench/suite/bench_protocol.c \
	bench/suite/bench_queue.c \
	bench/suite/bench_render.c \
	bench/suite/bench_reply.c \
	bench/suite/bench_request.c \
	bench/suite/bench_served.c \
	bench/suite/bench_shape.c \
	bench/suite/bench_start.c \
	bench/suite/bench_voxel.c \
	bench/suite/launch.c \
	bench/suite/oracle_loop.cc \
	bench/suite/suite.c \
	$(if $(bench-simdjson),daemon/test/oracle_simdjson.cc,bench/suite/oracle_none.c)

progs += goxel-bench
goxel-bench-srcs := \
	bench/bench_file.c \
	bench/child.c \
	bench/exact.c \
	bench/instructions.c \
	bench/main.c \
	bench/suite/memory.c \
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
test_shim_runs-srcs := bench/test/test_shim_runs.c bench/test/seen.c bench/suite/memory.c
test_shim_runs-libs := $(shim-test-libs) alloccount
test_shim_runs-ldlibs := $(shim-test-ldlibs)
test_shim_runs-ldflags = $(alloc-wrap-ldflags)
test_wrong_backend-srcs := bench/test/test_wrong_backend.c bench/test/seen.c
test_wrong_backend-libs = $(goxel-bench-libs)
test_wrong_backend-ldlibs = -lcmocka $(goxel-bench-ldlibs)
test_wrong_backend-ldflags = $(alloc-wrap-ldflags)

bats += bench/test/bench.bats
