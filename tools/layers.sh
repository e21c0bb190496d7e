#!/bin/sh
# Includes point the way that design says: preload to the rest and never back; core to include/
# and itself. Each row names a folder and what it must not include.
set -eu
cd "$(dirname "$0")/.."

bad=0
forbid() {
	folder=$1
	pattern=$2
	if grep -nE "#include \"([^\"]*/)?($pattern)/" "$folder"/*.[ch]; then
		echo "layers: $folder must not include $pattern" >&2
		bad=1
	fi
}

forbid shim/core 'hooks|preload|observe|sink|config|tools'
forbid shim/config 'hooks|preload|observe|sink|tools'
forbid shim/observe 'hooks|preload|sink|config|tools'
forbid shim/preload 'hooks|tools'
forbid shim/sink 'hooks|preload|config|tools'
for folder in tools/*/; do
	ls "$folder"*.[ch] >/dev/null 2>&1 || continue # Shell completion.
	forbid "${folder%/}" 'hooks|preload|observe|sink'
done
forbid tools/read 'cli|run|ps|model|report|symbols|html'
forbid tools/symbols 'cli|run|ps|model|report|html'
forbid tools/model 'cli|run|ps|report|html'
forbid tools/html 'cli|run|ps|read|report'
forbid tools/report 'run|ps'
forbid tools/ps 'run|report|html'
forbid tools/run 'ps|report|html'
forbid include/tcpwaitspy 'shim|hooks|preload|observe|sink|config|core|tools'

# The core is pure: none of the headers by which it could ask the system for anything.
if grep -nE '#include <(unistd|time|pthread|dlfcn|stdlib|stdio|sys/syscall|sys/mman|fcntl|signal)\.h>' shim/core/*.[ch]; then
	echo "layers: shim/core must not ask the system for anything" >&2
	bad=1
fi

# Every header compiles alone.
for header in include/*.h include/tcpwaitspy/*.h shim/*/*.h tools/*/*.h; do
	if ! ${CC:-cc} -std=gnu11 -D_GNU_SOURCE -fsyntax-only -Wall -Werror -x c "$header"; then
		echo "layers: $header does not compile alone" >&2
		bad=1
	fi
done
exit "$bad"
