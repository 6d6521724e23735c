libs += render
# Rays are short loops over three axes; O3 unrolls them (6 % of a picture).
render-cflags := -O3
render-srcs := \
	daemon/render/band.c \
	daemon/render/cache.c \
	daemon/render/drawers.c \
	daemon/render/draw_thread.c \
	daemon/render/image.c \
	daemon/render/orders.c \
	daemon/render/picture.c \
	daemon/render/render_folder.c \
	daemon/render/renders.c \
	daemon/render/scene.c \
	daemon/render/set_work.c \
	daemon/render/shade.c \
	daemon/render/smooth.c \
	daemon/render/trace.c \
	daemon/render/tree.c \
	daemon/render/view.c

tests += test_drawers test_render test_render_cache test_renders
test_drawers-srcs   := daemon/test/test_drawers.c
test_drawers-libs   := render voxel base
test_drawers-ldlibs := -lpng -lcmocka -lm
test_render-srcs    := daemon/test/test_render.c
test_render-libs    := render voxel base
test_render-ldlibs  := -lpng -lcmocka -lm
test_render_cache-srcs   := daemon/test/test_render_cache.c
test_render_cache-libs   := render voxel base
test_render_cache-ldlibs := -lpng -lcmocka -lm
test_renders-srcs   := daemon/test/test_renders.c
test_renders-libs   := render voxel base
test_renders-ldlibs := -lpng -lcmocka -lm
test_renders-ldflags := -Wl,--wrap=unlink
