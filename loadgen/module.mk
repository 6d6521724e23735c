libs += load
load-srcs := \
	loadgen/affinity.c \
	loadgen/arrival.c \
	loadgen/builtin.c \
	loadgen/collect.c \
	loadgen/conn.c \
	loadgen/echo.c \
	loadgen/nearest.c \
	loadgen/options.c \
	loadgen/outcome.c \
	loadgen/plan.c \
	loadgen/progress.c \
	loadgen/protocol.c \
	loadgen/record.c \
	loadgen/results.c \
	loadgen/run.c \
	loadgen/sections.c \
	loadgen/self_check.c \
	loadgen/setup.c \
	loadgen/summary.c \
	loadgen/template.c \
	loadgen/timers.c \
	loadgen/variable.c \
	loadgen/verify.c \
	loadgen/worker.c \
	loadgen/worker_receive.c \
	loadgen/worker_send.c \
	loadgen/workload.c \
	loadgen/workload_keys.c
load-ldlibs := -ljansson -lz -lm

progs += goxel-load
goxel-load-srcs := loadgen/main.c
goxel-load-libs := load resultlib base
goxel-load-ldlibs := $(load-ldlibs)

# The built-in workloads as initialisers: { "name", "line\n" "line\n" },
load-workloads := $(sort $(wildcard loadgen/workloads/*.wl))
generated += build/gen/workloads_builtin.h
build/gen/workloads_builtin.h: $(load-workloads) loadgen/module.mk
	@mkdir -p $(@D)
	$(q)for f in $(load-workloads); do n=$${f##*/}; printf '\t{ "%s",\n' "$${n%.wl}"; \
	    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/\t  "&\\n"/' "$$f"; printf '\t},\n'; done > $@
