#!/bin/sh
# Writes a C file with the pages of the rules as texts, for `tcpwaitspy explain`: embed.sh PAGE...
set -eu

echo '/* Made by tools/embed.sh. */'
echo '#include "tools/cli/pages.h"'
echo 'const struct page pages[] = {'
for page in "$@"; do
	name=${page##*/}
	[ "$name" != README.md ] || continue
	printf '{"%s",\n' "${name%.md}"
	sed 's/\\/\\\\/g; s/"/\\"/g; s/.*/"&\\n"/' "$page"
	echo '},'
done
echo '{0, 0}};'
