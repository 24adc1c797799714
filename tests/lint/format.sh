#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every C file is as clang-format 14 writes it.
. "$(dirname "$0")/common.sh"
tool=$(command -v clang-format-14) || skip 'clang-format-14 is not installed'
while IFS= read -r file; do
  "$tool" --dry-run --Werror "$file" 2>/dev/null ||
    complain "$file" "run 'clang-format-14 -i $file'"
done < <(c_files src include tests)
finish
