#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The scripts pass shellcheck.
. "$(dirname "$0")/common.sh"
tool=$(command -v shellcheck) || skip 'shellcheck is not installed'
mapfile -t scripts < <(
  grep -rlE '^#!.*(sh|bash)$|^# shellcheck shell' codesign cmake tests .ci |
    sort
)
"$tool" -x -P SCRIPTDIR "${scripts[@]}" || wrong=1
finish
