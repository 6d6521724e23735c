# The shim: what `make install` gives to other programs, and what goxel-bench is built on.
libs += benchshim
benchshim-srcs := \
	bench/counters.c \
	bench/shim.cc \
	bench/shim_report.cc \
	bench/shim_state.cc
