#!/bin/sh
# clang-format, clang-tidy, cppcheck, shellcheck, mypy and pyflakes over everything that git tracks.
# A minute or three, on two cores.
set -u
cd "$(dirname "$0")/.." || exit 1

sources=$(git ls-files '*.c')
headers=$(git ls-files '*.h')
scripts=$(git ls-files '*.sh' '.ci/run')
python=$(git ls-files '*.py')
jobs=$(nproc)
status=0

# shellcheck disable=SC2086
clang-format --dry-run --Werror $sources $headers || status=1
# One file a process: given several, clang-tidy 14 carries what it knows of one into the next.
# shellcheck disable=SC2016,SC2086
printf '%s\n' $sources | xargs -P "$jobs" -n 1 sh -c \
	'clang-tidy --quiet "$1" -- -std=gnu11 -D_GNU_SOURCE -Wall -Wextra 2>/dev/null' lint || status=1
# shellcheck disable=SC2086
cppcheck --quiet -j "$jobs" --std=c11 --enable=warning,portability --inline-suppr --error-exitcode=1 \
	--suppressions-list=tools/cppcheck.suppressions -D_GNU_SOURCE -D__x86_64__ $sources || status=1
# shellcheck disable=SC2086
shellcheck $scripts || status=1
# shellcheck disable=SC2086
mypy --strict --no-error-summary $python || status=1
# shellcheck disable=SC2086
pyflakes3 $python || status=1
exit "$status"
