libs += render
render-srcs := \
	daemon/render/image.c \
	daemon/render/picture.c \
	daemon/render/renders.c \
	daemon/render/scene.c \
	daemon/render/shade.c \
	daemon/render/view.c
