libs += formats
formats-srcs := \
	daemon/formats/bytes.c \
	daemon/formats/format_gltf.c \
	daemon/formats/format_obj.c \
	daemon/formats/format_ply.c \
	daemon/formats/format_png.c \
	daemon/formats/format_pov.c \
	daemon/formats/format_qb.c \
	daemon/formats/format_stl.c \
	daemon/formats/format_txt.c \
	daemon/formats/format_vox.c \
	daemon/formats/formats.c \
	daemon/formats/gox_read.c \
	daemon/formats/gox_write.c \
	daemon/formats/mesh.c \
	daemon/formats/palette.c \
	daemon/formats/tile_png.c \
	daemon/formats/vox_read.c \
	daemon/formats/vox_scene.c

formats-ldlibs := -lpng -lm

formats-tests-libs := formats voxel base
formats-tests-ldlibs := $(formats-ldlibs) -lcmocka -ljansson

tests += test_formats
test_formats-srcs := daemon/test/test_formats.c daemon/test/format_util.c
test_formats-libs := $(formats-tests-libs)
test_formats-ldlibs := $(formats-tests-ldlibs)

tests += test_formats_bad
test_formats_bad-srcs := daemon/test/test_formats_bad.c daemon/test/format_util.c
test_formats_bad-libs := $(formats-tests-libs)
test_formats_bad-ldlibs := $(formats-tests-ldlibs)

tests += test_png_bombs
test_png_bombs-srcs := daemon/test/test_png_bombs.c
test_png_bombs-libs := $(formats-tests-libs)
test_png_bombs-ldlibs := $(formats-tests-ldlibs) -lz

formats-fuzz := fuzz_gox fuzz_vox fuzz_qb fuzz_txt
fuzz += $(formats-fuzz)
$(foreach f,$(formats-fuzz),$(eval $f-srcs := daemon/fuzz/$f.c) \
    $(eval $f-libs := $(formats-tests-libs)) $(eval $f-ldlibs := $(formats-ldlibs)))

tests += test_mesh
test_mesh-srcs := daemon/test/test_mesh.c daemon/test/format_util.c
test_mesh-libs := $(formats-tests-libs)
test_mesh-ldlibs := $(formats-tests-ldlibs)
