# helper.bash - what the bats files of scripts share.

bats_require_minimum_version 1.5.0

setup_run() {
	cd "$BATS_TEST_DIRNAME/../.." || return 1
	O=${O:-build/release}
	export BIN=$PWD/$O/bin RUNS=$BATS_TEST_TMPDIR/runs TMPDIR=$BATS_TEST_TMPDIR/tmp
	mkdir -p "$RUNS" "$TMPDIR"
	# What make was told must not reach into the tests.
	unset PRESET TARGET ARGS WORKLOAD DURATION WARMUP WORKERS DEPTH THREADS RATE SEED LABEL \
		BASELINE OPTIMIZED OUT BENCH ROUNDS
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

# Fails, naming them, when processes that were started from this test still run: their sockets are
# in its TMPDIR.
nothing_runs() {
	local left
	left=$(pgrep --full --list-full -- "$TMPDIR" | grep -v bats || true)
	[ -z "$left" ] || {
		echo "still running: $left"
		return 1
	}
	left=$(ls -A "$TMPDIR")
	[ -z "$left" ] || {
		echo "left behind: $left"
		return 1
	}
}
