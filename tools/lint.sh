#!/bin/sh
# clang-tidy, cppcheck, shellcheck, mypy and pyflakes over everything that git tracks.
set -u
cd "$(dirname "$0")/.." || exit 1

sources=$(git ls-files '*.c')
scripts=$(git ls-files '*.sh' '.ci/run')
python=$(git ls-files '*.py')
status=0

# One file a process: given several, clang-tidy 14 carries what it knows of one into the next.
# shellcheck disable=SC2016,SC2086
printf '%s\n' $sources | xargs -P "$(nproc)" -I FILE sh -c \
	'clang-tidy --quiet FILE -- -std=gnu11 -D_GNU_SOURCE -Wall -Wextra 2>/dev/null || exit 1' || status=1
# shellcheck disable=SC2086
cppcheck --quiet -j "$(nproc)" --std=c11 --enable=warning,portability --inline-suppr --error-exitcode=1 \
	--suppressions-list=tools/cppcheck.suppressions -D_GNU_SOURCE -D__x86_64__ $sources || status=1
# shellcheck disable=SC2086
shellcheck $scripts || status=1
# shellcheck disable=SC2086
mypy --strict --no-error-summary $python || status=1
# shellcheck disable=SC2086
pyflakes3 $python || status=1
exit "$status"
