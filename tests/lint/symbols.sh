#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What the objects of the library may call and export: nothing that prints,
# ends the process or touches its locale and signals; memory only from base,
# and functions whose bits differ between machines too;
# the pure modules (count, price, search, fuse,
# network) see no clock, no file, no
# environment and hold no mutable global; every exported name is ours.
. "$(dirname "$0")/common.sh"
mapfile -t objects < <(find "$build/CMakeFiles" -path '*/codesign*.dir/src/*' \
  -name '*.o' ! -path '*/src/cli/*' 2>/dev/null | sort)
[[ ${#objects[@]} -gt 0 ]] || skip "no objects in '$build'"

ends='exit|_exit|_Exit|quick_exit|abort|raise|kill|longjmp'
prints='printf|vprintf|puts|putchar|perror|stdout|stderr|__printf_chk'
global='setlocale|signal|sigaction|atexit|setenv|srand|rand|random|strtok'
memory='malloc|calloc|realloc|free|strdup|strndup|aligned_alloc|alloca'
outside='getenv|time|clock|clock_gettime|gettimeofday|fopen|open|read|write'
outside+='|fread|fwrite|fprintf|fputs|remove|rename|mkdir'
inexact='exp|exp2|expm1|exp10|log|log2|log10|log1p|pow|cbrt|hypot|sin|cos|tan'
inexact+='|sinh|cosh|tanh|asin|acos|atan|atan2|lgamma|tgamma|erf'

# Lines "OBJECT NAME", the object as src/MODULE/FILE.c.o.
undefined() {
  nm -A -u "${objects[@]}" | sed -E 's|^.*\.dir/([^:]*):.* ([^ ]+)$|\1 \2|'
}

defined() {
  nm -A -g --defined-only "${objects[@]}" |
    sed -E 's|^.*\.dir/([^:]*):.* ([^ ]+)$|\1 \2|'
}

# What stands in a section that a program may write to.
variables() {
  objdump -t "${objects[@]}" | awk '
    /: *file format / {object = $1; sub(/^.*\.dir\//, "", object)
      sub(/:$/, "", object)}
    NF > 2 && $(NF-2) ~ /^\.(data|bss|tdata|tbss)$/ && $NF !~ /^(\.|__)/ {
      print object, $NF}'
}

# Reads lines "OBJECT NAME", the name undefined there: what is wrong with it.
forbidden() {
  awk -v only_cli="$ends|$global" -v prints="$prints" -v memory="$memory" \
    -v inexact="$inexact" -v outside="$outside" '
    function forbid(names, why) {
      if ($2 ~ "^(" names ")$")
        printf "%s: error: \047%s\047 uses \047%s\047: %s\n", $1, module, $2, why
    }
    {
      module = $1
      sub(/^src\//, "", module)
      sub(/\/.*/, "", module)
    }
    # Out of the error hook of GLPK: to return from it ends the process.
    $1 == "src/search/milp.c.o" && $2 ~ /^_*longjmp(_chk)?$/ {next}
    {
      forbid(only_cli, "only cli may")
      forbid(prints, "the library prints nothing")
      if (module != "base")
        forbid(memory, "allocation goes through base/arena.h")
      forbid(inexact, "take the one of base/math.h")
      if (module ~ pure)
        forbid(outside, "the module is pure")
    }' pure='^(count|price|search|fuse|network)$'
}

{
  undefined | forbidden
  variables | grep -E '^src/(count|price|search|fuse|network)/' |
    sed -E "s/(.*) (.*)/\1: error: mutable global '\2'/" || true
  defined | grep -vE ' (cds_|__)' |
    sed -E "s/(.*) (.*)/\1: error: '\2' lacks the prefix cds_/" || true
} >"${found:=$(mktemp)}"
cat "$found"
[[ ! -s $found ]] || wrong=1
rm -f "$found"
finish
