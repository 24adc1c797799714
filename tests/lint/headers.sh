#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Each installed header compiles alone, under C17 and under C++17.
. "$(dirname "$0")/common.sh"
flags=(-Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only)
c=${CC:-cc}
cxx=$(command -v c++ g++ clang++ clang++-14 | head -n 1 || true)
while IFS= read -r header; do
  line="#include <${header#include/}>"$'\n''typedef int cds_not_empty;'
  $c -std=c17 "${flags[@]}" -x c - <<<"$line" ||
    complain "$header" 'does not compile alone as C17'
  [[ -z $cxx ]] || "$cxx" -std=c++17 "${flags[@]}" -x c++ - <<<"$line" ||
    complain "$header" 'does not compile alone as C++17'
done < <(c_files include)
[[ -n $cxx || $wrong == 1 ]] || skip 'no C++ compiler: checked under C17 only'
finish
