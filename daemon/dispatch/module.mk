libs += dispatch
dispatch-srcs := \
	daemon/dispatch/dispatch.c \
	daemon/dispatch/dispatch_hash.c \
	daemon/dispatch/dispatch_linear.c

# The words of the perfect hash come from the one list of method names.
generated += build/gen/method_words.h
build/gen/method_words.h: daemon/rpc/method_names.def daemon/dispatch/make-words.sh
	@mkdir -p $(@D)
	$(call say,GPERF,$@) sed -n 's/^METHOD(\([a-z0-9_]*\))$$/\1/p; s/^ALIAS(\([a-z0-9_]*\),.*/\1/p' $< | \
	    sh daemon/dispatch/make-words.sh > $@
$(O)/daemon/dispatch/dispatch_hash.o: build/gen/method_words.h

tests += test_dispatch
test_dispatch-srcs   := daemon/test/test_dispatch.c
test_dispatch-libs   := dispatch base
test_dispatch-ldlibs := -lcmocka
