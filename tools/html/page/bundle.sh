#!/bin/sh
# Puts the page of `tcpwaitspy report --html` together: styles and scripts go into page.html, and what their
# hashes are into its policy, so that nothing else can run in it. Leaves `head` and `tail` in the given
# directory: what stands before the data, and what stands after it.
set -eu
out=$1
shift
here=$(dirname "$0")
mkdir -p "$out"

cat "$here/page.css" "$here/parts.css" >"$out/style"
cat "$@" >"$out/script"

hash_of() {
	printf 'sha256-'
	sha256sum <"$1" | cut -c1-64 | tr 'a-f' 'A-F' | basenc --base16 -d | base64
}

awk -v style="$out/style" -v script="$out/script" -v style_hash="$(hash_of "$out/style")" \
	-v script_hash="$(hash_of "$out/script")" -v head="$out/head" -v tail="$out/tail" '
function put(mark, path,    at, line) {
	at = index($0, mark)
	printf "%s", substr($0, 1, at - 1) >to
	while ((getline line <path) > 0)
		print line >to
	print substr($0, at + length(mark)) >to
}
BEGIN { to = head }
/@STYLE@/ { put("@STYLE@", style); next }
/@SCRIPT@/ { put("@SCRIPT@", script); next }
/@DATA@/ {
	at = index($0, "@DATA@")
	printf "%s", substr($0, 1, at - 1) >to
	to = tail
	print substr($0, at + 6) >to
	next
}
{ sub(/@STYLE_HASH@/, style_hash); sub(/@SCRIPT_HASH@/, script_hash); print >to }
' "$here/page.html"
