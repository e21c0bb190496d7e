#!/bin/sh
# Includes point the way that design says: from hooks down to the rest and never back. Each row names a
# folder and the others that it may include, besides include/ and itself; a folder without a row fails.
set -eu
cd "$(dirname "$0")/.."

bad=0
checked=' '
may_include() {
	folder=$1
	shift
	checked="$checked$folder "
	targets=$(grep -hoE '#include "[^"]*/' "$folder"/*.[ch] | sed -E 's|.*"(\.\./)*||; s|/$||' | sort -u)
	for target in $targets; do
		case $target in
		tcpwaitspy | include | include/tcpwaitspy) continue ;;
		esac
		case " $* " in
		*" ${target#shim/} "* | *" $target "*) ;;
		*)
			echo "layers: $folder must not include $target" >&2
			bad=1
			;;
		esac
	done
}

# No system call, no clock, no lock, no memory but the caller's; the command links them, too.
may_include include/tcpwaitspy
may_include shim/spell
may_include shim/core spell
may_include shim/config spell
# What asks and tells the world.
may_include shim/sys
may_include shim/observe sys spell
may_include shim/format core spell observe
may_include shim/sink sys observe spell
may_include shim/record sys observe format sink spell
# What lives in the program. The first three share the process, and may use each other.
process='calls preload report'
below='sys observe format sink record core config spell'
# shellcheck disable=SC2086
{
	may_include shim/report $process $below
	may_include shim/calls $process $below
	may_include shim/preload $process $below
	may_include shim/hooks $process $below
}
# The command.
may_include tools/read spell
may_include tools/symbols read
may_include tools/model read symbols
may_include tools/html model
may_include tools/report cli html model read spell
may_include tools/ps cli read symbols config spell
may_include tools/run cli read symbols config spell
may_include tools/cli run ps report spell

for folder in $(git ls-files 'shim/*.c' 'tools/*.c' | sed 's|/[^/]*$||' | sort -u); do
	case $checked in
	*" $folder "*) ;;
	*)
		echo "layers: $folder has no row in tools/layers.sh" >&2
		bad=1
		;;
	esac
done

# The pure ones have none of the headers by which they could ask the system for anything. (Those of constants
# that shim/spell names are none.)
if grep -nE '#include <(unistd|time|pthread|dlfcn|stdlib|stdio|sys/syscall|sys/mman)\.h>' shim/spell/*.[ch] shim/core/*.[ch] ||
	grep -nE '#include <(fcntl|signal)\.h>' shim/core/*.[ch]; then
	echo "layers: shim/spell and shim/core must not ask the system for anything" >&2
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
