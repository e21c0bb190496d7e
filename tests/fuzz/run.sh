#!/bin/sh
# Runs fuzz targets, each on from the files of its corpus. The first argument is libFuzzer's options, the others are
# the targets. What is found on the way is kept beside the target, and an input that breaks one, too; corpus/ stays as it is.
set -eu
cd "$(dirname "$0")/../.."

options=$1
shift
passed=0
failed=0
for target in "$@"; do
	name=$(basename "$target" _fuzz)
	found=$target.found
	mkdir -p "$found"
	# shellcheck disable=SC2086 # several options
	if "$target" $options -max_len=8192 -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$target." -print_final_stats=1 \
		"$found" "tests/fuzz/corpus/$name" >"$target.log" 2>&1; then
		passed=$((passed + 1))
		echo "fuzz: $name: $(sed -n 's/^stat::number_of_executed_units: */ /p' "$target.log" | tr -d ' ') inputs, nothing broken"
	else
		failed=$((failed + 1))
		echo "fuzz: $name: broken; the end of $target.log:" >&2
		tail -n 40 "$target.log" >&2
	fi
done
echo "fuzz: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
