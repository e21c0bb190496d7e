#!/bin/sh
# clang-tidy, cppcheck, shellcheck, mypy and pyflakes over everything that git tracks.
set -eu
cd "$(dirname "$0")/.."

sources=$(git ls-files '*.c')
scripts=$(git ls-files '*.sh' '.ci/run')
python=$(git ls-files 'tests/transparency/*.py')
status=0

# One file at a time: given several, clang-tidy 14 carries what it knows of one into the next.
for source in $sources; do
	clang-tidy --quiet "$source" -- -std=gnu11 -D_GNU_SOURCE -Wall -Wextra 2>/dev/null || status=1
done
# shellcheck disable=SC2086
cppcheck --quiet --std=c11 --enable=warning,portability --inline-suppr --error-exitcode=1 \
	--suppressions-list=tools/cppcheck.suppressions -D_GNU_SOURCE -D__x86_64__ $sources || status=1
# shellcheck disable=SC2086
shellcheck $scripts || status=1
# shellcheck disable=SC2086
mypy --strict --no-error-summary $python || status=1
# shellcheck disable=SC2086
pyflakes3 $python || status=1
exit "$status"
