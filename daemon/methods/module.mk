libs += methods
methods-srcs := \
	daemon/methods/args.c \
	daemon/methods/decode.c \
	daemon/methods/edit/edits.c \
	daemon/methods/file/file_args.c \
	daemon/methods/file/file_preview.c \
	daemon/methods/edit/m_batch.c \
	daemon/methods/picture/m_camera.c \
	daemon/methods/m_color.c \
	daemon/methods/m_config.c \
	daemon/methods/file/m_file.c \
	daemon/methods/file/m_file_out.c \
	daemon/methods/edit/m_fill.c \
	daemon/methods/edit/m_layer.c \
	daemon/methods/edit/m_layer_meta.c \
	daemon/methods/edit/m_ops.c \
	daemon/methods/m_project.c \
	daemon/methods/m_read.c \
	daemon/methods/picture/m_render.c \
	daemon/methods/picture/m_renders.c \
	daemon/methods/script/m_script.c \
	daemon/methods/edit/m_selection.c \
	daemon/methods/edit/m_shape.c \
	daemon/methods/m_system.c \
	daemon/methods/edit/m_voxel.c \
	daemon/methods/methods.c \
	daemon/methods/picture/render_params.c \
	daemon/methods/scope.c \
	daemon/methods/script/script_answer.c \
	daemon/methods/script/script_edits.c \
	daemon/methods/script/script_engine.c \
	daemon/methods/script/script_goxel.c \
	daemon/methods/script/script_heap.c \
	daemon/methods/script/script_json.c \
	daemon/methods/script/script_link.c \
	daemon/methods/script/script_pool.c \
	daemon/methods/script/script_process.c \
	daemon/methods/script/script_result.c \
	daemon/methods/script/script_run.c \
	daemon/methods/script/script_sandbox.c \
	daemon/methods/script/script_server.c \
	daemon/methods/script/script_text.c \
	daemon/methods/script/script_view.c

# What a program that runs methods links, in order.
methods-libs := methods context formats render store voxel telemetry rpc
methods-ldlibs := -lpng -lduktape -lseccomp

methods-tests := methods methods_edit methods_memory methods_stop
tests += $(methods-tests:%=test_%)
$(foreach t,$(methods-tests),\
    $(eval test_$t-srcs := daemon/test/test_$t.c daemon/test/method_checks.c daemon/test/caller.c) \
    $(eval test_$t-libs = $$(methods-libs) dispatch parser alloccount base) \
    $(eval test_$t-ldlibs = $$(methods-ldlibs) -lcmocka -lcjson -lm) \
    $(eval test_$t-ldflags = $$(alloc-wrap-ldflags)))

script-tests := script script_sandbox
tests += $(script-tests:%=test_%)
$(foreach t,$(script-tests),\
    $(eval test_$t-srcs := daemon/test/test_$t.c) \
    $(eval test_$t-libs = $$(methods-libs) dispatch base) \
    $(eval test_$t-ldlibs = $$(methods-ldlibs) -lcmocka -lcjson -lm))

fuzz += fuzz_script
fuzz_script-srcs := daemon/fuzz/fuzz_script.c
fuzz_script-libs := $(methods-libs) base
fuzz_script-ldlibs := $(methods-ldlibs) -ljansson -lcjson -lm

bats += daemon/test/contract.bats
bats += daemon/test/files.bats
bats += daemon/test/house.bats
bats += daemon/test/render.bats
bats += daemon/test/script.bats
