#!/bin/sh
# Installs what the build and the tests need from the distribution's packages. On a system
# without apt-get it prints the list, by Debian's names.
set -eu

build="gcc make libc6-dev libcmocka-dev libjson-c-dev libunwind-dev libdw-dev libelf-dev libiberty-dev clang libclang-rt-14-dev"
other="gcc-i686-linux-gnu libc6-dev-i386-cross libc6-i386 gcc-aarch64-linux-gnu libc6-dev-arm64-cross musl-tools linux-libc-dev"
lint="clang-tidy clang-format cppcheck shellcheck gcovr mypy pyflakes3"
run="libunwind8 libdebuginfod1 redis-server redis-tools nginx-light python3 curl socat iproute2 nftables procps git strace"
command="mandoc zsh bash"
companions="g++ valgrind libjemalloc2 libsocket-wrapper libfaketime proxychains4 tsocks openssh-server openssh-client"
fleet="prometheus prometheus-node-exporter sqlite3"
browser="chromium chromium-driver python3-selenium"
others="libpython3.11-testsuite netcat-openbsd openssl apache2-utils iperf3 stress-ng apache2-bin haproxy rsync openjdk-17-jdk-headless nodejs"
packages="$build $other $lint $run $command $fleet $browser $others $companions"

if ! command -v apt-get >/dev/null 2>&1; then
	echo "tcpwaitspy: no apt-get here. Install these, by the names that Debian gives them:"
	for package in $packages; do echo "  $package"; done
	exit 0
fi

missing=
for package in $packages; do
	state=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
	[ "$state" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
	as_root=sudo
	command -v sudo >/dev/null 2>&1 || {
		echo "tcpwaitspy: installing needs root; as root, run: apt-get install$missing" >&2
		exit 1
	}
fi

# Servers are started by the tests, on ports of their own: the packages shall start none.
policy=/usr/sbin/policy-rc.d
made_policy=
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
	$as_root chmod 755 "$policy"
	made_policy=yes
fi
status=0
$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q || status=$?
# shellcheck disable=SC2086
[ "$status" -ne 0 ] || $as_root env DEBIAN_FRONTEND=noninteractive \
	apt-get install -q -y --no-install-recommends $missing || status=$?
[ -z "$made_policy" ] || $as_root rm -f "$policy"
exit "$status"
