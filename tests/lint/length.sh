#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# No source file has more than 1000 lines; data tables are exempt.
. "$(dirname "$0")/common.sh"
while read -r lines file; do
  [[ $file == total || $lines -le 1000 ]] ||
    complain "$file" "$lines lines: expected at most 1000"
done < <(c_files src include tests cmake | xargs wc -l)
finish
