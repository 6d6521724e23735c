#!/bin/sh
# golden.sh - writes reports/golden/ anew from the runs in reports/test/data. Read the difference
# before committing it: those files are what other programs and people rely on.
#
#	O=build/release reports/test/golden.sh
set -eu
report=${O:-build/release}/bin/goxel-report
a=reports/test/data/run-v14
b=reports/test/data/run-v15
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
"$report" compare "$a" "$b" --out "$out" | grep -v '^report: ' >reports/golden/compare.txt
jq -r '[paths | map(if type == "number" then "[]" else . end) | join(".")] | unique[]' \
	"$out/report.json" | grep -v -e '^parts\.' -e '^runs\.[a-z]*\.run\.' >reports/golden/compare-keys.txt
"$report" hlog "$a/latency.hlog" >reports/golden/hlog.txt
"$report" targets >reports/golden/targets.txt
