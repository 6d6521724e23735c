libs += load
load-srcs := \
	loadgen/engine/affinity.c \
	loadgen/engine/arrival.c \
	loadgen/workload/builtin.c \
	loadgen/report/collect.c \
	loadgen/engine/conn.c \
	loadgen/echo.c \
	loadgen/workload/nearest.c \
	loadgen/options.c \
	loadgen/report/outcome.c \
	loadgen/workload/plan.c \
	loadgen/report/progress.c \
	loadgen/protocol/protocol.c \
	loadgen/engine/record.c \
	loadgen/report/results.c \
	loadgen/report/run_result.c \
	loadgen/run.c \
	loadgen/workload/sections.c \
	loadgen/report/self_check.c \
	loadgen/setup.c \
	loadgen/report/summary.c \
	loadgen/workload/template.c \
	loadgen/engine/timers.c \
	loadgen/workload/variable.c \
	loadgen/engine/verify.c \
	loadgen/engine/worker.c \
	loadgen/engine/worker_clock.c \
	loadgen/engine/worker_loop.c \
	loadgen/engine/worker_receive.c \
	loadgen/engine/worker_record.c \
	loadgen/engine/worker_send.c \
	loadgen/engine/worker_slice.c \
	loadgen/engine/worker_connect.c \
	loadgen/workload/workload.c \
	loadgen/workload/workload_keys.c
load-ldlibs := -ljansson -lz -lm

progs += goxel-load
goxel-load-srcs := loadgen/main.c
goxel-load-libs := load resultlib base
goxel-load-ldlibs := $(load-ldlibs)

libs += pair
pair-srcs := \
	loadgen/pair/pair_arm.c \
	loadgen/pair/pair_block.c \
	loadgen/pair/pair_effect.c \
	loadgen/pair/pair_fitness.c \
	loadgen/pair/pair_json.c \
	loadgen/pair/pair_metric.c \
	loadgen/pair/pair_options.c \
	loadgen/pair/pair_pilot.c \
	loadgen/pair/pair_print.c \
	loadgen/pair/pair_run.c \
	loadgen/pair/pair_schedule.c \
	loadgen/pair/pair_server.c \
	loadgen/pair/pair_sitting.c \
	loadgen/pair/pair_validity.c \
	loadgen/pair/pair_watch.c

libs += gate
gate-srcs := \
	loadgen/gate/gate.c \
	loadgen/gate/gate_accept.c \
	loadgen/gate/gate_options.c \
	loadgen/gate/gate_report.c

progs += goxel-gate
goxel-gate-srcs := loadgen/gate/gate_main.c
goxel-gate-libs := gate pair load resultlib base
goxel-gate-ldlibs := $(load-ldlibs)

progs += goxel-pair
goxel-pair-srcs := loadgen/pair/pair_main.c
goxel-pair-libs := pair load resultlib base
goxel-pair-ldlibs := $(load-ldlibs)

bats += loadgen/test/load.bats loadgen/test/gate.bats loadgen/test/pair.bats

# The built-in workloads as initialisers: { "name", "line\n" "line\n" },
load-workloads := $(sort $(wildcard loadgen/workloads/*.wl))
generated += build/gen/workloads_builtin.h
build/gen/workloads_builtin.h: $(load-workloads) loadgen/module.mk
	@mkdir -p $(@D)
	$(q)for f in $(load-workloads); do n=$${f##*/}; printf '\t{ "%s",\n' "$${n%.wl}"; \
	    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/\t  "&\\n"/' "$$f"; printf '\t},\n'; done > $@

load-test-libs := load resultlib base
load-test-ldlibs := -lcmocka $(load-ldlibs)
tests += test_arrival test_options test_record test_reply test_run test_workload
test_arrival-srcs := loadgen/test/test_arrival.c
test_arrival-libs := $(load-test-libs)
test_arrival-ldlibs := $(load-test-ldlibs)
test_options-srcs := loadgen/test/test_options.c
test_options-libs := $(load-test-libs)
test_options-ldlibs := $(load-test-ldlibs)
test_record-srcs := loadgen/test/test_record.c
test_record-libs := $(load-test-libs)
test_record-ldlibs := $(load-test-ldlibs)
test_reply-srcs := loadgen/test/test_reply.c
test_reply-libs := $(load-test-libs)
test_reply-ldlibs := $(load-test-ldlibs)
test_workload-srcs := loadgen/test/test_workload.c
test_workload-libs := $(load-test-libs)
test_workload-ldlibs := $(load-test-ldlibs)
test_run-srcs := loadgen/test/test_run.c loadgen/test/fake_server.c
test_run-libs := $(load-test-libs)
test_run-ldlibs := $(load-test-ldlibs)

tests += test_gate
test_gate-srcs := loadgen/test/test_gate.c
test_gate-libs := gate pair $(load-test-libs)
test_gate-ldlibs := $(load-test-ldlibs)
tests += test_pair
test_pair-srcs := loadgen/test/test_pair.c
test_pair-libs := pair $(load-test-libs)
test_pair-ldlibs := $(load-test-ldlibs)

fuzz += fuzz_reply fuzz_workload
fuzz_reply-srcs := loadgen/test/fuzz_reply.c
fuzz_reply-libs := $(load-test-libs)
fuzz_reply-ldlibs := $(load-ldlibs)
fuzz_workload-srcs := loadgen/test/fuzz_workload.c
fuzz_workload-libs := $(load-test-libs)
fuzz_workload-ldlibs := $(load-ldlibs)
