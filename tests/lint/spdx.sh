#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every source, script and build file says its licence in the first lines.
. "$(dirname "$0")/common.sh"
while IFS= read -r file; do
  head -n 3 "$file" | grep -q 'SPDX-License-Identifier: GPL-3.0-or-later' ||
    complain "$file" 'no SPDX-License-Identifier in its first three lines'
done < <(find CMakeLists.txt codesign cmake src include tests .ci -type f \
  \( -name '*.[ch]' -o -name '*.sh' -o -name '*.def' -o -name '*.cmake' \
  -o -name 'CMakeLists.txt' -o -perm -u+x \) | sort)
finish
