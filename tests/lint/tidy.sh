#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# clang-tidy 14 with .clang-tidy on every source of the library and program.
# One file a run: within one run its va_list check is confused by the others.
. "$(dirname "$0")/common.sh"
tool=$(command -v clang-tidy-14) || skip 'clang-tidy-14 is not installed'
[[ -f $build/compile_commands.json ]] ||
  skip "no compile_commands.json in '$build'"
found=$(find src -name '*.c' | sort |
  xargs -P "$(getconf _NPROCESSORS_ONLN)" -n 1 \
    "$tool" -p "$build" --quiet --warnings-as-errors='*' 2>/dev/null) || wrong=1
grep -E 'error:' <<<"$found" | sort -u || true # a header is seen many times
finish
