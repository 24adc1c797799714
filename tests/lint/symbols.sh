#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What the objects of the library may call and export: nothing that prints,
# ends the process or touches its locale and signals; memory only from base,
# and functions whose bits differ between machines too;
# the pure modules (count, price, search, network) see no clock, no file, no
# environment and hold no mutable global; every exported name is ours.
. "$(dirname "$0")/common.sh"
objects=$build/CMakeFiles/codesign.dir/src
[[ -d $objects ]] || skip "no objects in '$build'"

ends='exit|_exit|_Exit|quick_exit|abort|raise|kill|longjmp'
prints='printf|vprintf|puts|putchar|perror|stdout|stderr|__printf_chk'
global='setlocale|signal|sigaction|atexit|setenv|srand|rand|random|strtok'
memory='malloc|calloc|realloc|free|strdup|strndup|aligned_alloc|alloca'
outside='getenv|time|clock|clock_gettime|gettimeofday|fopen|open|read|write'
outside+='|fread|fwrite|fprintf|fputs|remove|rename|mkdir'
inexact='exp|exp2|expm1|exp10|log|log2|log10|log1p|pow|cbrt|hypot|sin|cos|tan'
inexact+='|sinh|cosh|tanh|asin|acos|atan|atan2|lgamma|tgamma|erf'

# forbid OBJECT MODULE NAMES WHY
forbid() {
  local name
  for name in $(grep -oxE "$3" <<<"$undefined" || true); do
    complain "src/${1#"$objects"/}" "'$2' uses '$name': $4"
  done
}

while IFS= read -r object; do
  module=${object#"$objects"/}
  module=${module%%/*}
  undefined=$(nm -u "$object" | awk '{print $2}')
  # Out of GLPK's error hook: to return from it ends the process.
  [[ $object == */search/milp.c.o ]] &&
    undefined=$(grep -vxE '_*longjmp(_chk)?' <<<"$undefined")
  forbid "$object" "$module" "$ends|$global" 'only cli may'
  forbid "$object" "$module" "$prints" 'the library prints nothing'
  [[ $module == base ]] ||
    forbid "$object" "$module" "$memory" 'allocation goes through base/arena.h'
  forbid "$object" "$module" "$inexact" 'take the one of base/math.h'
  case $module in
  count | price | search | network)
    forbid "$object" "$module" "$outside" 'the module is pure'
    while read -r name; do
      complain "src/${object#"$objects"/}" "mutable global '$name'"
    done < <(objdump -t "$object" | awk '
      NF > 2 && $(NF-2) ~ /^\.(data|bss|tdata|tbss)$/ && $NF !~ /^(\.|__)/ {print $NF}')
    ;;
  esac
  while read -r name; do
    complain "src/${object#"$objects"/}" "'$name' lacks the prefix cds_"
  done < <(nm -g --defined-only "$object" |
    awk '$NF !~ /^(cds_|__)/ {print $NF}')
done < <(find "$objects" -name '*.o' ! -path '*/cli/*' | sort)
finish
