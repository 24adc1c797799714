#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every planted bug still has its place: a change of format must not lose one.
. "$(dirname "$0")/common.sh"
tests/oracle/mutants/run.sh --applies || wrong=1
finish
