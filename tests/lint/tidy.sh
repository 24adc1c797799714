#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# clang-tidy 14 with .clang-tidy on every source of the library and program.
# One file a run: within one run its va_list check is confused by the others.
# The analyser looks at a third of the paths of a function that it would by
# default (225000 nodes): its time grows with them. CODESIGN_TIDY_NODES has
# another number.
. "$(dirname "$0")/common.sh"
tool=$(command -v clang-tidy-14) || skip 'clang-tidy-14 is not installed'
[[ -f $build/compile_commands.json ]] ||
  skip "no compile_commands.json in '$build'"
nodes=()
for word in -Xclang -analyzer-config -Xclang \
  "max-nodes=${CODESIGN_TIDY_NODES:-75000}"; do
  nodes+=("--extra-arg=$word")
done
found=$(find src -name '*.c' | sort |
  xargs -P "$(getconf _NPROCESSORS_ONLN)" -n 1 \
    "$tool" -p "$build" --quiet --warnings-as-errors='*' "${nodes[@]}" \
    2>/dev/null) || wrong=1
grep -E 'error:' <<<"$found" | sort -u || true # a header is seen many times
finish
