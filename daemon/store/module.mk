libs += store
store-srcs := daemon/store/root.c

tests += test_root
test_root-srcs   := daemon/test/test_root.c
test_root-libs   := store base
test_root-ldlibs := -lcmocka
