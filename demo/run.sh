#!/bin/sh
# Runs every scenario of the article under the shim with a short hold, and shows for each what the
# program printed, the changes of state of both sides, and the findings.
set -eu
build=${1:-build}
log=$(mktemp)
out=$(mktemp)
trap 'rm -f "$log" "$out"' EXIT

for scenario in $("$build/demo/tcpwaits" | awk '/^  [a-z]/ { print $1 }'); do
	: >"$log"
	echo
	echo "=== $scenario"
	TCPWAITSPY_OPTIONS="log=$log:close_wait=200ms:watch=50ms" \
		LD_PRELOAD="$(readlink -f "$build/libtcpwaitspy.so")" \
		"$build/demo/tcpwaits" "$scenario" --hold 0.5 --port 0 >"$out" || true
	echo "--- what the program printed"
	sed 's/^/    /' "$out"
	echo "--- changes of state (<- the server's side, -> the client's)"
	grep -E '\| [~A-Z_0-9]+ -> [~A-Z_0-9]+ \|' "$log" | sed 's/^==[0-9]*== //; s/^/    /' || true
	echo "--- findings"
	sed -n '/^==[0-9]*== \(ERROR\|WARNING\|NOTE\): /,/^==[0-9]*==   remedy: /p' "$log" | sed 's/^/    /'
	grep ' SUMMARY: ' "$log" | sed 's/^/    /' || true
done
