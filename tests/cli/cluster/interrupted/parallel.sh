#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Stands in for GNU parallel: hears SIGINT, and ends as that does.
[[ -n ${again-} ]] || again=1 exec env --default-signal=INT bash "$0"
trap 'echo told to stop; exit 255' INT
touch began
while :; do sleep 0.02; done
