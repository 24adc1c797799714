#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every bar on speed, a line each: what, measured, bar, met or not. CPU time;
# each entry has a time limit, all of it takes minutes at most.
#
#   tests/bench/bars.sh CODESIGN_BENCH TEST_TIMELOOP_MAPPER
#
# `cmake --build --preset release --target bench` calls it.
set -u
if (($# != 2)); then
  echo "usage: $0 CODESIGN_BENCH TEST_TIMELOOP_MAPPER" >&2
  exit 2
fi
status=0
"$1" bars || status=1

# How many times the CPU time of Timeloop's own mapper, from the table that the
# golden test prints: '..., 0.45 ms (2.42 s: 1/5400)'.
bar=1000
if ! timeout 120 "$2" 2>/dev/null | awk -v bar=$bar '
  match($0, /: 1\/[0-9]+\)$/) {
    times = substr($0, RSTART + 4, RLENGTH - 5)
    printf "%-46s %11.5g %-9s %9.5g  %s\n", "Timeloop'\''s mapper, " $1, times,
      "times", bar, (times + 0 >= bar ? "met" : "not met")
    lines++
  }
  END {exit lines == 0}'; then
  echo "'$2' printed no table" >&2
  status=1
fi
exit $status
