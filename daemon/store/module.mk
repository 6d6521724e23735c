libs += store
store-srcs := \
	daemon/store/journal.c \
	daemon/store/journal_folder.c \
	daemon/store/journal_items.c \
	daemon/store/journal_log.c \
	daemon/store/journal_read.c \
	daemon/store/journal_reader.c \
	daemon/store/journal_record.c \
	daemon/store/journal_replay.c \
	daemon/store/journal_scene.c \
	daemon/store/journal_snapshot.c \
	daemon/store/journal_status.c \
	daemon/store/journal_write.c \
	daemon/store/root.c

# Static, as liburing: one library less to load at start.
store-ldlibs := -l:libzstd.a

tests += test_root
test_root-srcs   := daemon/test/test_root.c
test_root-libs   := store voxel base
test_root-ldlibs := -lcmocka $(store-ldlibs)

tests += test_journal
test_journal-srcs   := daemon/test/test_journal.c daemon/test/journal_util.c
test_journal-libs   := store voxel base
test_journal-ldlibs := -lcmocka -lm $(store-ldlibs)

tests += test_journal_faults
test_journal_faults-srcs    := daemon/test/test_journal_faults.c daemon/test/journal_util.c
test_journal_faults-libs    := store voxel base
test_journal_faults-ldlibs  := -lcmocka -lm $(store-ldlibs)
test_journal_faults-ldflags := \
    -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=pwrite,--wrap=fdatasync,--wrap=fsync

fuzz += fuzz_journal
fuzz_journal-srcs   := daemon/fuzz/fuzz_journal.c
fuzz_journal-libs   := store voxel base
fuzz_journal-ldlibs := -lm $(store-ldlibs)
