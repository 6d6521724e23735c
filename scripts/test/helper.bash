# helper.bash - what the bats files of scripts share.

bats_require_minimum_version 1.5.0

setup_run() {
	cd "$BATS_TEST_DIRNAME/../.." || return 1
	O=${O:-build/release}
	export BIN=$PWD/$O/bin RUNS=$BATS_TEST_TMPDIR/runs TMPDIR=$BATS_TEST_TMPDIR/tmp
	mkdir -p "$RUNS" "$TMPDIR"
	# What make was told must not reach into the tests.
	unset PRESET TARGET ARGS WORKLOAD DURATION WARMUP WORKERS DEPTH THREADS RATE SEED LABEL \
		BASELINE OPTIMIZED OUT BENCH ROUNDS A A_ARGS B B_ARGS BASE BLOCKS C HEAD MODE PAIRS \
		REALTIME
}

# The only run in $RUNS.
the_run() {
	local runs=("$RUNS"/*)
	[ ${#runs[@]} -eq 1 ] && [ -d "${runs[0]}" ] && printf '%s' "${runs[0]}"
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
	local ticks=$(($1 * 50))
	shift
	until "$@"; do
		[ $((ticks--)) -gt 0 ] || return 1
		sleep 0.02
	done
}

runs_here() {
	pgrep --full --list-full -- "$BATS_TEST_TMPDIR" | grep -v -e bats-exec -e bats-format
}

nobody_runs() {
	[ -z "$(runs_here)" ]
}

nothing_is_left() {
	nobody_runs && [ -z "$(ls -A "$TMPDIR")" ]
}

# nothing_runs [SECONDS]: fails, naming them, when processes that were started from this test still
# run (their files are in its folder), or files are left in its TMPDIR, SECONDS (2: a guard ends a
# moment after what it guards) later.
nothing_runs() {
	wait_for "${1:-2}" nothing_is_left || {
		echo "still running: $(runs_here)"
		echo "left behind: $(ls -A "$TMPDIR")"
		return 1
	}
}
