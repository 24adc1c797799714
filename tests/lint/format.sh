#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every C file is as clang-format 14 writes it.
. "$(dirname "$0")/common.sh"
tool=$(command -v clang-format-14) || skip 'clang-format-14 is not installed'
# A line "FILE:LINE:COLUMN: error: ..." for each place; many files a run.
while IFS= read -r file; do
  complain "$file" "run 'clang-format-14 -i $file'"
done < <(c_files src include tests cmake |
  xargs -n 50 "$tool" --dry-run --Werror 2>&1 |
  sed -nE 's/^([^: ]+):[0-9]+:[0-9]+: error: .*/\1/p' | sort -u)
finish
