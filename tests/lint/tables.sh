#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Rows of the X-macro tables (src/*/*.def) are sorted by their first field
# in lower case; a table whose order has a meaning says so with "in this order".
. "$(dirname "$0")/common.sh"
while IFS= read -r file; do
  grep -q 'in this order' "$file" && continue
  last=''
  while IFS=: read -r line name; do
    [[ ! $last > $name ]] ||
      complain "$file:$line" "row '$name' stands after '$last': expected sorted"
    last=$name
  done < <(sed -nE 's/^[A-Z_]+\(([A-Z]+, *)?([a-z][^,)]*).*/\2/;T;=;p' "$file" | paste -d: - -)
done < <(find src -name '*.def' | sort)
finish
