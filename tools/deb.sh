#!/bin/sh
# Builds a Debian package from what `make install` installs: deb.sh BUILD VERSION. What it depends on is
# what the two files of machine code need, by the packages that are installed here.
set -eu
build=$1
version=$2
root=$build/deb/root
arch=$(dpkg --print-architecture)
doc=$root/usr/share/doc/tcpwaitspy

rm -rf "$build/deb"
mkdir -p "$root/DEBIAN"
make --no-print-directory -s install BUILD="$build" DESTDIR="$root" PREFIX=/usr ZSHDIR=/usr/share/zsh/vendor-completions
strip --strip-unneeded --remove-section=.comment --remove-section=.note "$root/usr/bin/tcpwaitspy" \
	"$root/usr/lib/libtcpwaitspy.so"
gzip -9n "$root"/usr/share/man/man*/*

# The library's package and the version here: built against it, it may use what only that one has.
package_of() {
	path=$(readlink -f "$1")
	owner=$(dpkg -S "$path" 2>/dev/null || dpkg -S "${path#/usr}" 2>/dev/null) || return 0
	owner=${owner%%:*}
	dpkg-query -W -f '${Package} (>= ${Version})\n' "$owner" | sed 's/-[^-]*)$/)/' | head -n 1
}
depends=$(for file in bin/tcpwaitspy lib/libtcpwaitspy.so; do
	needed=$(readelf -d "$root/usr/$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
	for name in $needed; do
		package_of "$(ldd "$root/usr/$file" | sed -n "s/^\t$name => \([^ ]*\) .*/\1/p")"
	done
done | sort -u | paste -sd, | sed 's/,/, /g')

cat >"$root/DEBIAN/control" <<END
Package: tcpwaitspy
Version: $version
Architecture: $arch
Maintainer: tcpwaitspy maintainers <maintainers@tcpwaitspy.invalid>
Installed-Size: $(du -k -s "$root/usr" | cut -f 1)
Depends: $depends
Recommends: libunwind8
Section: devel
Priority: optional
Description: leak detector and lint for TCP connections
 What heaptrack and AddressSanitizer are for memory, this is for TCP
 connections: preloaded into any dynamically linked program, it logs each
 socket call with the TCP state that the call led to, and says which line of
 code left a connection in CLOSE_WAIT, FIN_WAIT_2 or TIME_WAIT, why, and what
 to do about it.
END
mkdir -p "$root/usr/share/lintian/overrides"
cat >"$root/usr/share/lintian/overrides/tcpwaitspy" <<END
# It is preloaded and nothing links with it: there is no name to link by.
tcpwaitspy: sharedobject-in-library-directory-missing-soname [usr/lib/libtcpwaitspy.so]
END
mkdir -p "$doc"
cat >"$doc/copyright" <<END
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: tcpwaitspy

Files: *
Copyright: 2026 the authors of tcpwaitspy
License: unspecified
 See the sources that this package was built from.
END
gzip -9nc CHANGELOG.md >"$doc/CHANGELOG.md.gz"
{
	printf 'tcpwaitspy (%s) unstable; urgency=medium\n\n  * What is new stands in CHANGELOG.md.\n\n' "$version"
	printf ' -- tcpwaitspy maintainers <maintainers@tcpwaitspy.invalid>  %s\n' "$(LC_ALL=C date -u -R -r CHANGELOG.md)"
} | gzip -9n >"$doc/changelog.gz"
chmod 644 "$doc"/*
(cd "$root" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums)
find "$root" -type d -exec chmod 755 {} +
dpkg-deb --root-owner-group --build "$root" "$build/tcpwaitspy_${version}_$arch.deb"
