# run.jq - composes run.json (schema goxel-run/1, reports/lib/rundir.h) from what the tools wrote.
# --slurpfile load, status, about (each may be empty); --arg and --argjson as used below.

($load[0] // {}) as $l
| ($status[0].result // {}) as $s
| ($about[0].result // {}) as $a
| {
	schema: "goxel-run/1",
	tool: $tool,
	version: ($l.version // $version),
	revision: ($l.revision // $revision),
	compiler: $l.compiler,
	variant: ($l.variant // $variant),
	flags: $l.flags,
	start_time: $start_time,
	start_wall_ns: $start_wall_ns,
	machine: $l.machine,
	machine_after: $machine_after,
	warnings: ($warnings + ($l.warnings // []) | unique),
	state: $state,
	reason: (if $reason == "" then null else $reason end),
	label: $run_label,
	target: $target,
	preset: ($s.preset // null),
	daemon: {
		version: $a.version,
		revision: $a.revision,
		variant: $a.variant,
		compiler: $a.compiler,
		flags: $a.flags,
		command: $command
	},
	axes: ($s.axes // {}),
	workload: ((($l.load // {}) | {
		name: .workload, seed, connections_count, depth, threads_count, rate_per_s,
		duration_s, warmup_s, mode
	}) + { asked: { $workload, $duration, $warmup, $workers, $rate } }),
	phases: $phases,
	files: $files
}
