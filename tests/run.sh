#!/bin/sh
# Runs test programs one after another; each closes with CMocka's own lines. Fails if one does.
set -u
failed=
for test in "$@"; do
	echo "== $test"
	"$test" || failed="$failed $test"
done
[ -z "$failed" ] && exit 0
echo "failed:$failed" >&2
exit 1
