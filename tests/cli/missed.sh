#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A program with wrong figures (spoiled_golden.c) says which bars are missed, each
# in a line at the end, and exits with 1; bars of right figures are met.
set -u
program=$1
printed=$("$program" validate carbon cost.yields heat.loops scaling -j1)
code=$?
expected='missed: heat.loops: temperature that leakage and cooling agree on: each 20 mK, mean infinite, max infinite
missed: cost.yields: share of good dies: each 0.1 %, mean 0.019 %, max 0.21 %
missed: carbon.eco-chip: greenhouse gases of making a die: each 0.1 %, mean 0.1 %, max 0.2 %'
if [[ $code -ne 1 || $(tail -n 3 <<<"$printed") != "$expected" ]] ||
  ! grep -q 'scaling.example .* met$' <<<"$printed"; then
  printf 'exit %s, expected 1 and these last lines:\n%s\nprinted:\n%s\n' \
    "$code" "$expected" "$printed"
  exit 1
fi
