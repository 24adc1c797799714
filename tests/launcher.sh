#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck disable=SC2317
# Tests ./codesign on a copy of the build files with a tiny program, in a
# folder whose name has a space.
set -uo pipefail
source=$(cd "$(dirname "$0")/.." && pwd)
top=$(mktemp -d)
trap 'chmod -R u+w "$top"; rm -rf "$top"' EXIT
root="$top/a clone"
unset CC CFLAGS LDFLAGS
wrong=0

check() { # check WHAT COMMAND...
  local what=$1
  shift
  if "$@"; then
    echo "ok: $what"
  else
    echo "FAILED: $what"
    wrong=1
  fi
}

# Runs the launcher; what it says is kept in $top/said, its status in $status.
launch() {
  status=0
  "$root/codesign" "$@" >"$top/printed" 2>"$top/said" || status=$?
}
said() { grep -q "$1" "$top/said"; }
printed() { [[ $(cat "$top/printed") == "$1" ]]; }
silent() { [[ ! -s $top/said ]]; }
status_is() { [[ $status == "$1" ]]; }

mkdir -p "$root/src/base" "$root/src/cli" "$root/src/import" "$root/archs/tech" "$root/workloads"
cp -R "$source"/{codesign,CMakeLists.txt,cmake,include} "$root"
cat >"$root/src/base/answer.c" <<'END'
const char *cds_answer(void);
const char *cds_answer(void) { return "one"; }
END
echo 'extern int cds_no_import;' >"$root/src/import/none.c"
cat >"$root/src/cli/main.c" <<'END'
#include <stdio.h>
const char *cds_answer(void);
int main(int argc, char **argv) {
  printf("%s %d %s\n", cds_answer(), argc - 1, argc > 1 ? argv[1] : "");
  return argc > 2 ? 3 : 0;
}
END

launch 'a b'
check 'the first start builds and says so' said 'building, once'
check 'arguments with spaces arrive whole' printed 'one 1 a b'
launch x y
check 'the second start builds nothing' silent
check 'the exit status is that of the program' status_is 3

start=$(date +%s%N)
for _ in 1 2 3 4 5 6 7 8 9 10; do
  "$root/codesign" >/dev/null
done
spent=$((($(date +%s%N) - start) / 10000000))
echo "start when up to date: $spent ms"
check 'a start that builds nothing takes less than 20 ms' test "$spent" -lt 20

ln -s "$root/codesign" "$top/link"
check 'a symbolic link runs it' \
  test "$(cd "$top" && ./link file)" = 'one 1 file'

sed -i.old 's/"one"/"two"/' "$root/src/base/answer.c"
for name in 1 2 3; do
  "$root/codesign" >"$top/parallel$name" 2>"$top/says$name" &
done
wait
check 'a newer source is built by one of three parallel starts' \
  test "$(cat "$top"/says? | grep -c rebuilding)" = 1
check 'all parallel starts run the new program' \
  test "$(sort -u "$top"/parallel?)" = 'two 0 '

echo 'int broken(' >"$root/src/base/broken.c"
launch
check 'a build that fails runs nothing' test ! -s "$top/printed"
check 'a build that fails exits 70' status_is 70
check 'a build that fails names its log' said "see '$root/out/build/"
launch
check 'a build that failed is tried again' status_is 70
rm "$root/src/base/broken.c"
launch
check 'a deleted source is noticed' printed 'two 0 '

mv "$root" "$top/moved clone"
root="$top/moved clone"
touch "$root/src/base/answer.c"
launch
check 'a folder that was moved is built anew' printed 'two 0 '

chmod -R a-w "$root"
launch
check 'a tree that cannot be written runs once it is built' printed 'two 0 '
chmod -R u+w "$root"

CC=no-such-compiler launch
check 'a compiler that does not work exits 69' status_is 69
check 'a compiler that does not work is named' said no-such-compiler
check 'the commands for other systems are shown' said 'dnf install'
exit "$wrong"
