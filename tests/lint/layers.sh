#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A module includes only what its row of src/LAYERS allows; each foreign
# library stays in its files; the independent model of the tests stays so.
. "$(dirname "$0")/common.sh"

declare -A allowed
rows=''
while IFS=: read -r module names; do
  for name in $names; do
    [[ -v allowed[$name] ]] ||
      complain src/LAYERS "row '$module' names '$name', which is not above it"
  done
  allowed[$module]=" $module $names "
  rows+=" $module"
done < <(grep -v '^#' src/LAYERS)

# only_in PATTERN WHAT FILE...: the pattern stands in no other file of src.
only_in() {
  local pattern=$1 what=$2 hit file
  shift 2
  while read -r hit; do
    file=${hit%%:*}
    for place in "$@"; do
      # A place may be a pattern.
      # shellcheck disable=SC2053
      [[ $file == $place ]] && continue 2
    done
    complain "$hit" "$what is allowed only in: $*"
  done < <(grep -rnoE "$pattern" src include --include='*.[ch]' || true)
}

while IFS= read -r file; do
  module=${file#src/}
  module=${module%%/*}
  if [[ ! -v allowed[$module] ]]; then
    complain "$file" "module '$module' has no row in src/LAYERS"
    continue
  fi
  while IFS=: read -r line include; do
    target=${include#*\"}
    target=${target%\"*}
    case $target in
    codesign/*) continue ;;
    ../*) complain "$file:$line" "include '$target' climbs out of its module" ;;
    */*) ;;
    *) continue ;; # a file of its own folder
    esac
    case ${allowed[$module]} in
    *" ${target%%/*} "*) ;;
    *) complain "$file:$line" \
      "'$module' includes '$target', which its row in src/LAYERS forbids" ;;
    esac
  done < <(grep -nE '^ *# *include *"' "$file" || true)
done < <(find src -mindepth 2 -name '*.[ch]' | sort)

for module in $rows; do
  [[ -d src/$module ]] || complain src/LAYERS "no folder 'src/$module'"
done

only_in '# *include *<yaml.h>' libyaml 'src/yaml/*.c'
only_in '# *include *<glpk.h>' GLPK src/search/milp.c src/network/select.c
only_in '# *include *<sqlite3.h>' SQLite src/store/database.c
only_in '# *pragma +omp|# *include *<omp.h>' OpenMP src/base/parallel.c
only_in '# *include *["<](onnx.pb-c|protobuf-c)' protobuf-c \
  src/import/onnx_file.c
only_in '# *include *<mpi.h>' MPI src/mpi/ranks.c
only_in '# *include *<(locale|signal).h>' 'the locale or a signal' \
  'src/cli/*.c'

only_in '%[-+0-9.*]*l?[eEfFgG][^a-zA-Z]' \
  'a number in the form of the locale (see cds_format_double)' \
  src/base/text.c src/base/arena.h 'src/cli/*.c'

# The simulator and the brute force must be able to disagree.
while IFS= read -r hit; do
  complain "$hit" "the independent model shares source with what it checks"
done < <(find tests/support tests/oracle -name '*.c' ! -name 'test_*' \
  -exec grep -nHE '"(count|search)/[^"]*\.c"|cds_(count|search)_[a-z_]*\(' {} +)
finish
