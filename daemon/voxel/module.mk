libs += voxel
voxel-srcs := \
	daemon/voxel/analyze.c \
	daemon/voxel/block.c \
	daemon/voxel/box.c \
	daemon/voxel/camera.c \
	daemon/voxel/document.c \
	daemon/voxel/fill.c \
	daemon/voxel/history.c \
	daemon/voxel/history_step.c \
	daemon/voxel/layer.c \
	daemon/voxel/merge.c \
	daemon/voxel/project.c \
	daemon/voxel/project_layers.c \
	daemon/voxel/rgba.c \
	daemon/voxel/selection.c \
	daemon/voxel/shape_rows.c \
	daemon/voxel/shapes.c \
	daemon/voxel/slab.c \
	daemon/voxel/snapshot.c \
	daemon/voxel/table.c \
	daemon/voxel/transfer.c \
	daemon/voxel/volume.c \
	daemon/voxel/volume_many.c \
	daemon/voxel/volume_write.c

voxel-tests := blocks history selection shapes volume
tests += $(addprefix test_,$(voxel-tests))
$(foreach t,$(voxel-tests),$(eval test_$t-srcs := daemon/test/test_$t.c) \
    $(eval test_$t-libs := voxel alloccount base) $(eval test_$t-ldlibs := -lcmocka -lm) \
    $(eval test_$t-ldflags = $$(alloc-wrap-ldflags)))

# Its own malloc, which fails when told to.
tests += test_engine_faults
test_engine_faults-srcs    := daemon/test/test_engine_faults.c
test_engine_faults-libs    := voxel base
test_engine_faults-ldlibs  := -lcmocka -lm
test_engine_faults-ldflags := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc,--wrap=mmap,--wrap=budget_take
