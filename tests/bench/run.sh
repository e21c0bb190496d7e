#!/bin/sh
# Builds the workloads into BUILD_DIR/bench and measures them: `make bench`, or run.sh BUILD_DIR.
# What can be set is in bench.py's head.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(readlink -f "${1:-build}")
out=$build/bench
cc=${CC:-cc}
flags="-std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -pthread"

if [ ! -e "$build/libtcpwaitspy.so" ]; then
	echo "bench: $build/libtcpwaitspy.so is not built; run make first" >&2
	exit 1
fi
if ! command -v python3 >/dev/null 2>&1; then
	echo "bench: python3 is not installed; nothing is measured" >&2
	exit 1
fi
mkdir -p "$out"
for workload in rounds life floor untracked start nothing idle; do
	# shellcheck disable=SC2086
	$cc $flags "$here/$workload.c" -o "$out/$workload"
done
# shellcheck disable=SC2086
$cc $flags -fPIC -shared "$here/empty_hooks.c" -o "$out/empty_hooks.so" -ldl
# shellcheck disable=SC2086
$cc $flags -fPIC -shared -DWITH_TCP_INFO "$here/empty_hooks.c" -o "$out/tcp_info_hooks.so" -ldl
# shellcheck disable=SC2086
$cc $flags -fPIC -shared "$here/idle_thread.c" -o "$out/idle_thread.so"
PYTHONDONTWRITEBYTECODE=1 exec python3 "$here/bench.py" "$build"
