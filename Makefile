# One Makefile, one process, one graph. Each folder lists its own modules in
# its module.mk; this file only knows how to turn lists into targets.
#
#   make                   release build of every program
#   make test              everything a commit must pass      (make help lists the rest)
#   make BUILD=asan check  unit tests of another variant
#   make V=1               show full command lines
#
# User-settable: CC CXX CFLAGS LDFLAGS BUILD OPT V WERROR
# The main job's knobs: DURATION WARMUP WORKERS DEPTH THREADS RATE SEED WORKLOAD LABEL TARGET ARGS RUNS
#   profile-compare: BASELINE OPTIMIZED OUT BENCH; profile-ab: A B C A_ARGS B_ARGS BLOCKS
#   REALTIME MODE=slices|runs PAIRS; gate: BASE HEAD REALTIME
#   (scripts/profile-baseline.sh --help, scripts/profile-ab.sh --help)

MAKEFLAGS += --no-builtin-rules --no-builtin-variables
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

# OPT=native is a name for a variant; before anything is derived from BUILD.
ifeq ($(OPT),native)
BUILD ?= native
endif
BUILD ?= release
V     ?= 0
# The prefix of a cross compiler, by the variant.
cross-arm64 := aarch64-linux-gnu-
cross := $(cross-$(BUILD))
ifneq ($(filter default undefined,$(origin CC)),)
CC := $(cross)gcc
endif
ifneq ($(filter default undefined,$(origin CXX)),)
CXX := $(cross)g++
endif
AR      := $(cross)ar
LD      := $(cross)ld
OBJCOPY := $(cross)objcopy
O     := build/$(BUILD)
arch  := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))

# ---- flags, one row per variant -------------------------------------------
arm64-root := build/arm64-root
warn := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
        -Wpointer-arith -Wwrite-strings -Wvla -Wundef -Wformat=2 \
        -Wimplicit-fallthrough -Wconversion
opt-release := -O2 -g
opt-native  := -O3 -g -march=native -flto=auto -ffunction-sections -fdata-sections
opt-pgo-train := -O3 -g -march=native -fprofile-generate -fprofile-update=prefer-atomic
opt-pgo     := -O3 -g -march=native -flto=auto -ffunction-sections -fdata-sections \
               -fprofile-use -fprofile-correction -fprofile-partial-training -Wno-missing-profile
opt-debug   := -O0 -g3
opt-asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all
opt-ubsan   := -O1 -g -fsanitize=undefined -fno-sanitize-recover=all
opt-tsan    := -O1 -g -fsanitize=thread
opt-cov     := -O0 -g --coverage
opt-arm64   := -O2 -g --sysroot=$(arm64-root)
opt-fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined
opt := $(opt-$(BUILD))
$(if $(opt),,$(error unknown BUILD=$(BUILD); use release native pgo debug asan ubsan tsan cov fuzz arm64))
link-fuzz   := -fsanitize=address,undefined
link-native := -O3 -flto=auto -march=native -Wl,--gc-sections
link-pgo    := $(link-native) -fprofile-use -fprofile-correction -fprofile-partial-training
link-arm64  := --sysroot=$(arm64-root)
link-pgo-train := -fprofile-generate
# A dry run has made no profile, and needs none.
dry-run := $(findstring n,$(firstword -$(MAKEFLAGS)))
ifeq ($(BUILD)$(wildcard build/pgo/daemon/server/*.gcda)$(dry-run),pgo)
$(error build/pgo has no profile yet: run make pgo)
endif

# Frame pointers stay in every variant: the profiles need stacks.
base-cppflags := -D_GNU_SOURCE -iquote . -iquote build/gen -MMD -MP
flags-x86_64  := -fcf-protection=none
base-cflags   := -std=c11 $(warn) $(opt) -fno-omit-frame-pointer \
                 -mno-omit-leaf-frame-pointer $(flags-$(arch)) -pthread \
                 $(if $(WERROR),-Werror)
base-cxxflags := -std=c++17 -Wall -Wextra $(opt) -fno-omit-frame-pointer -pthread
base-ldflags  := $(filter -fsanitize% --coverage,$(opt)) $(link-$(BUILD)) -pthread

revision := $(shell git describe --always --dirty 2>/dev/null || echo unknown)

# ---- printing --------------------------------------------------------------
ifeq ($(V),1)
say =
q   =
else
say = @printf '  %-6s %s\n' $(1) $(2);
q   = @
endif

# ---- collect the module lists ---------------------------------------------
libs  :=
progs :=
tests :=
stress :=
fuzz  :=
bats  :=
generated :=
include $(sort $(wildcard */module.mk */*/module.mk))

obj = $(patsubst %.c,$(O)/%.o,$(filter %.c,$(1))) \
      $(patsubst %.cc,$(O)/%.o,$(filter %.cc,$(1)))
lib = $(patsubst %,$(O)/lib%.a,$(1))

# $(1) = library name; uses $(1)-srcs and $(1)-cflags
define lib-rule
all-objs += $(call obj,$($(1)-srcs))
$(call lib,$(1)): $(call obj,$($(1)-srcs))
	$$(call say,AR,$$@) rm -f $$@ && $(AR) rcsD $$@ $$^
$(call obj,$($(1)-srcs)): module-cflags := $($(1)-cflags)
endef

# $(1) = program, $(2) = folder; uses $(1)-srcs, $(1)-libs, $(1)-ldlibs, $(1)-ldflags
define prog-rule
all-objs += $(call obj,$($(1)-srcs))
$(O)/$(2)/$(1): $(call obj,$($(1)-srcs)) $(call lib,$($(1)-libs))
	@mkdir -p $$(@D)
	$$(call say,LD,$$@) $(if $(filter %.cc,$($(1)-srcs)),$$(CXX),$$(CC)) $$(base-ldflags) \
	    $($(1)-ldflags) $$(LDFLAGS) -o $$@ $(call obj,$($(1)-srcs)) \
	    -Wl,--start-group $(call lib,$($(1)-libs)) -Wl,--end-group $($(1)-ldlibs)
endef

$(foreach l,$(libs),$(eval $(call lib-rule,$(l))))
$(foreach p,$(progs),$(eval $(call prog-rule,$(p),bin)))
$(foreach t,$(tests) $(stress),$(eval $(call prog-rule,$(t),test)))
ifeq ($(BUILD),fuzz)  # needs CC=clang
$(foreach f,$(fuzz),$(eval $(f)-ldlibs += -fsanitize=fuzzer)$(eval $(call prog-rule,$(f),fuzz)))
endif

all-c := $(sort $(foreach m,$(libs) $(progs) $(tests) $(stress) $(fuzz),$(filter %.c,$($(m)-srcs))))
cc-flags  = $(base-cppflags) $(CPPFLAGS) $(base-cflags) $(CFLAGS)
cxx-flags = $(base-cppflags) $(CPPFLAGS) $(base-cxxflags) $(CXXFLAGS)

# The daemon of the same objects, linked in an order that the number in the folder's name draws: what
# the layout of the code alone does to a figure (scripts/profile-ab.sh, C=twin). Links the objects that
# are there and makes none, so that the twin is of the same build.
twin-objs := $(call obj,$(goxel-daemon-srcs))
twin-members := $(foreach l,$(goxel-daemon-libs),$(call obj,$($(l)-srcs)))
shuffled = $$(printf '%s\n' $(1) | awk 'BEGIN { srand($(2)) } { print rand() "\t" $$0 }' | sort | cut -f 2)
$(O)/twin-%/bin/goxel-daemon: FORCE
	@mkdir -p $(@D)
	@rm -f $(@D)/../members.a
	$(q)$(AR) qcsD $(@D)/../members.a $(call shuffled,$(sort $(twin-members)),$*)
	$(call say,LD,$@) $(CC) $(base-ldflags) $(goxel-daemon-ldflags) $(LDFLAGS) -o $@ \
	    $(call shuffled,$(twin-objs),$*) $(@D)/../members.a $(goxel-daemon-ldlibs)

# ---- compile ---------------------------------------------------------------
# Objects depend on the flags file, so a changed flag rebuilds everything and
# an unchanged one rebuilds nothing.
flags-now := $(CC) $(cc-flags) | $(CXX) $(cxx-flags)
$(O)/.flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(flags-now)' | cmp -s - $@ || printf '%s\n' '$(flags-now)' > $@

# What --version and every result say of this build; changes with each commit, so only
# daemon/base/version.c sees it.
$(O)/version.flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(revision)' | cmp -s - $@ || printf '%s\n' '$(revision)' > $@
$(O)/daemon/base/version.o: $(O)/version.flags
$(O)/daemon/base/version.o: CPPFLAGS += -DVERSION_REVISION='"$(revision)"' \
    -DVERSION_VARIANT='"$(BUILD)"' -DVERSION_FLAGS='"$(opt)"'

$(O)/%.o: %.c $(O)/.flags | $(generated)
	@mkdir -p $(@D)
	$(call say,CC,$@) $(CC) $(cc-flags) $(module-cflags) -c -o $@ $<
$(O)/%.o: %.cc $(O)/.flags | $(generated)
	@mkdir -p $(@D)
	$(call say,CXX,$@) $(CXX) $(cxx-flags) -c -o $@ $<

-include $(all-objs:.o=.d)

# ---- targets ---------------------------------------------------------------
.PHONY: all tests pgo check check-arm64 check-unit check-cli check-fuzz check-journal check-speed check-stress test lint floors headers \
        format-check clean help FORCE profile-baseline profile-optimized profile-compare \
        profile-ab gate benchmark-all install soak
all: $(addprefix $(O)/bin/,$(progs))  ## build every program
tests: $(addprefix $(O)/test/,$(tests))  ## build every unit test

# ---- the main job: each target gets what it needs, builds, and runs ---------
# Recursive, because packages that the build needs may be installed first.
bootstrap = $(q)scripts/bootstrap.sh
make-fast = $(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$$(nproc))
build-all = $(q)+$(make-fast)
run-knobs := A A_ARGS ARGS B BASE BASELINE BENCH BLOCKS B_ARGS C DEPTH DURATION HEAD LABEL MODE OPTIMIZED OUT PAIRS RATE REALTIME RUNS \
             SEED TARGET THREADS TRANSPORT WARMUP WORKERS WORKLOAD
export $(foreach k,$(run-knobs) PRESET,$(if $($(k)),$(k)))
export BIN := $(CURDIR)/$(O)/bin

profile-baseline:  ## build, drive and profile the v14 daemon; see README for the knobs
	$(bootstrap) build run
	$(build-all) all
	$(q)scripts/profile-baseline.sh

profile-optimized:  ## the same with the v15 daemon
	$(bootstrap) build run
	$(build-all) all
	$(q)PRESET=v15 scripts/profile-baseline.sh

profile-compare:  ## compare BASELINE=dir and OPTIMIZED=dir, or the newest of each
	$(bootstrap) build run
	$(build-all) all
	$(q)scripts/compare-profiles.sh

profile-ab:  ## A=v14 and B=v15 side by side in slices of milliseconds: what a verdict should rest on
	$(bootstrap) build run
	$(build-all) all
	$(q)scripts/profile-ab.sh

gate:  ## fails when this tree's daemon is worse than that of BASE=main
	$(bootstrap) build run
	$(build-all) all
	$(q)scripts/gate.sh

benchmark-all:  ## the micro-benchmarks, then the speed targets in interleaved rounds
	$(bootstrap) build run
	$(build-all) all
	$(q)mkdir -p $(or $(RUNS),profiles/runs)
	$(q)$(O)/bin/goxel-bench --out $(or $(RUNS),profiles/runs)/bench.json $(ARGS)
	$(q)code=0; \
		$(O)/bin/goxel-report targets $(or $(RUNS),profiles/runs)/bench.json || code=$$?; \
		scripts/bench-ceiling.sh || code=$$?; exit $$code

# The counts lie beside the objects that they are of, under the names that gcc looks for beside the
# objects that it makes. Objects do not depend on them, so all are made anew.
pgo:  ## the fastest daemon for this machine, in build/pgo: laid out by a training load
	$(bootstrap) build run
	$(q)rm -rf build/pgo; [ ! -d build/pgo-train ] || find build/pgo-train -name '*.gcda' -delete
	$(build-all) BUILD=pgo-train OPT= all
	$(q)scripts/pgo-train.sh --bin $(CURDIR)/build/pgo-train/bin
	$(q)mkdir -p build/pgo && cd build/pgo-train && \
	    find . -name '*.gcda' -exec cp --parents -t ../pgo {} +
	$(build-all) BUILD=pgo OPT= all

PREFIX ?= /usr/local
version-text = $(shell sed -n 's/.*GOXEL_PERF_VERSION *"\(.*\)"/\1/p' daemon/base/version.h)
install: $(O)/install/libbenchshim.a  ## bench/shim.h and its library into PREFIX, for C programs
	$(q)install -d $(DESTDIR)$(PREFIX)/include/bench $(DESTDIR)$(PREFIX)/lib/pkgconfig
	$(q)install -m 644 bench/shim.h $(DESTDIR)$(PREFIX)/include/bench/
	$(q)install -m 644 $< $(DESTDIR)$(PREFIX)/lib/
	$(q)sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(version-text)|' bench/benchshim.pc.in \
	    > $(DESTDIR)$(PREFIX)/lib/pkgconfig/benchshim.pc

test:  ## everything a commit must pass, with what it needs
	$(bootstrap) build run test
	$(build-all) all tests
	$(q)+$(MAKE) --no-print-directory check

# Under an emulator, which starts no program by exec, is slow, and has another idea of time.
ifeq ($(BUILD),arm64)
tests-run := $(filter-out test_script% test_shim% test_run test_goxel_run test_calibration \
    test_methods_memory test_methods_stop test_transport_limits,$(tests))
else
tests-run := $(tests)
endif

check-unit: tests  ## run unit tests
	$(q)SKIPPED=$(O)/skipped-unit scripts/run-tests.sh $(addprefix $(O)/test/,$(tests-run))

check-cli: all  ## run the command-line tests (bats)
	$(q)O=$(O) SKIPPED=$(O)/skipped-cli scripts/run-bats.sh $(sort $(bats))

stress-build := $(O)/bin/goxel-daemon $(O)/test/goxel-stress $(O)/test/fail_alloc.so

soak:  ## clients of every kind for DURATION=10m, with a picture (PRESET TRANSPORT ARGS SEED RUNS)
	$(bootstrap) build run
	$(build-all) $(stress-build)
	$(q)scripts/soak.sh --stress $(O)/test/goxel-stress

check-stress: $(stress-build)  ## 30 s of every client and every fault at once, on each transport
	$(q)O=$(O) bats daemon/test/stress.bats
	$(q)$(O)/test/goxel-stress --duration $(or $(STRESS_TIME),30s)

check-speed: all $(addprefix $(O)/test/,$(tests))  ## a second build does nothing, and at once
	$(q)+sh scripts/check-speed.sh $(MAKE) $^

check-journal: $(O)/test/test_journal_kills  ## 200 times kill -9 under load, --journal-sync always
	$(q)GOXEL_JOURNAL_KILLS=$(or $(KILLS),200) GOXEL_JOURNAL_SYNC=always $<

check: check-unit check-cli check-stress check-speed floors headers  ## everything a commit must pass
	$(q)scripts/skipped.sh $(O)/skipped-unit $(O)/skipped-cli

floors:  ## check that #include arrows only point down, and that run files have one name
	$(q)sh scripts/check-floors.sh scripts/floors.txt
	$(q)sh scripts/check-run-files.sh

check-fuzz: $(addprefix $(O)/fuzz/,$(fuzz))  ## every fuzz target, FUZZ_SECONDS=20 each, FUZZ_JOBS=2 at a time (BUILD=fuzz CC=clang)
	$(q)FUZZ_SECONDS=$(or $(FUZZ_SECONDS),20) FUZZ_JOBS=$(or $(FUZZ_JOBS),2) \
	    scripts/check-fuzz.sh $(O) $^

check-arm64:  ## build all for arm64 and run the unit tests under qemu (SKIP without the packages)
	$(q)+scripts/check-arm64.sh $(make-fast) \
	    CC='$(filter ccache,$(CC)) aarch64-linux-gnu-gcc' CXX='$(filter ccache,$(CXX)) aarch64-linux-gnu-g++'

headers: | $(generated)  ## each header must compile alone
	$(q)git ls-files '*.h' | xargs -n 1 -P $$(nproc) \
	    $(CC) -std=c11 -D_GNU_SOURCE -iquote . -iquote build/gen $(warn) -fsyntax-only -x c

format-check:  ## clang-format finds nothing to change
	$(q)git ls-files '*.c' '*.h' '*.cc' | xargs clang-format --dry-run -Werror

lint: compile_commands.json | $(generated)  ## clang-tidy (one process per file), cppcheck, shellcheck
	$(q)printf '%s\n' $(filter-out $(foreach f,$(fuzz),$($(f)-srcs)),$(all-c)) | \
	    xargs -n1 -P$$(nproc) scripts/tidy.sh '$(CC) $(filter-out -MMD -MP,$(cc-flags))'
	$(q)mkdir -p build/lint/cppcheck
	$(q)cppcheck -q --cppcheck-build-dir=build/lint/cppcheck --std=c11 --enable=warning,performance,portability \
	    --inline-suppr --error-exitcode=1 -I. -j$$(nproc) $(all-c)
	$(q)git ls-files '*.sh' .ci/run | xargs shellcheck --external-sources

compile_commands.json: Makefile $(wildcard */module.mk */*/module.mk)
	$(q){ sep='['; for s in $(all-c); do \
	    printf '%s{"directory":"%s","file":"%s","command":"%s -c %s"}\n' \
	        "$$sep" '$(CURDIR)' "$$s" '$(CC) $(cc-flags)' "$$s"; sep=,; \
	done; echo ']'; } > $@

clean:  ## remove every build output
	rm -rf build compile_commands.json

help:  ## this text
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-18s %s\n",$$1,$$2}' Makefile

FORCE:
