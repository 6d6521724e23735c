# Of the processor: the file of this architecture, or that of those without one.
cpu-src := $(or $(wildcard daemon/base/cpu_$(arch).c),daemon/base/cpu_other.c)

libs += base
base-srcs := \
	daemon/base/base64.c \
	daemon/base/alloc_none.c \
	daemon/base/backend.c \
	daemon/base/budget.c \
	daemon/base/budget_memory.c \
	daemon/base/cancel.c \
	daemon/base/chars.c \
	daemon/base/clock.c \
	daemon/base/cli/cli.c \
	daemon/base/cli/cli_help.c \
	daemon/base/cli/cli_value.c \
	daemon/base/cpu.c \
	$(cpu-src) \
	daemon/base/err.c \
	daemon/base/file.c \
	daemon/base/file_write.c \
	daemon/base/folder_lock.c \
	daemon/base/hist.c \
	daemon/base/json_out.c \
	daemon/base/log.c \
	daemon/base/memory.c \
	daemon/base/pidfile.c \
	daemon/base/png_out.c \
	daemon/base/proc_maps.c \
	daemon/base/rng.c \
	daemon/base/sock.c \
	daemon/base/sock_io.c \
	daemon/base/strbuf.c \
	daemon/base/thread.c \
	daemon/base/thread_slots.c \
	daemon/base/version.c

# Counted allocations (alloc.h): list alloccount in -libs and add the flags to -ldflags. Assign
# those with "=", not ":=": folders that sort before this one are read earlier.
libs += alloccount
alloccount-srcs := daemon/base/alloc_count.c
comma := ,
alloc-wrap-ldflags := $(patsubst %,-Wl$(comma)--wrap=%,malloc calloc realloc reallocarray \
    aligned_alloc posix_memalign strdup strndup free)

base-tests := alloc alloc_none budget cancel cli cli_out clock err file hist json_out log memory pidfile rng sock sock_io strbuf thread_slots
tests += $(addprefix test_,$(base-tests))
$(foreach t,$(base-tests),$(eval test_$t-srcs := daemon/test/test_$t.c) \
    $(eval test_$t-libs := base) $(eval test_$t-ldlibs := -lcmocka -lm))
test_alloc-libs += alloccount
test_alloc-ldflags = $(alloc-wrap-ldflags)
test_cli-srcs += daemon/test/cli_util.c
test_cli_out-srcs += daemon/test/cli_util.c
test_file-ldflags := -Wl,--wrap=fsync,--wrap=umask,--wrap=openat
test_json_out-ldlibs += -ljansson

fuzz += fuzz_base
fuzz_base-srcs := daemon/fuzz/fuzz_base.c
fuzz_base-libs := base
fuzz_base-ldlibs := -ljansson -lm
