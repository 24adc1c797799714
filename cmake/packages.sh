# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2154
# Probes what the machine has by compiling a few lines, and installs what is
# missing with apt. Sourced by ./codesign (only when it must build) and by
# tests/run. POSIX sh. Everything is said on stderr.

say() {
  printf 'codesign: %s\n' "$*" >&2
}

# Compiles and links standard input with the user's compiler and flags.
# compiles FLAG...
compiles() {
  # CC, CPPFLAGS, CFLAGS and LDFLAGS may hold several words each.
  # shellcheck disable=SC2086
  $compiler ${CPPFLAGS-} ${CFLAGS-} -x c - -o /dev/null ${LDFLAGS-} "$@" \
    >/dev/null 2>&1
}

# Sets `compiler` to $CC, or else to the first of cc, gcc, clang that works.
has_compiler() {
  for compiler in ${CC:+"$CC"} ${CC:-cc gcc clang}; do
    if echo 'int main(void) { _Static_assert(1, ""); return 0; }' |
      compiles -std=c17; then
      return 0
    fi
    [ -z "${CC-}" ] || break
  done
  return 1
}

has_libyaml() {
  # shellcheck disable=SC2046
  printf '#include <yaml.h>\nint main(void) {
    return yaml_get_version_string() == 0; }\n' |
    compiles $(pkg-config --cflags yaml-0.1 2>/dev/null) \
      $(pkg-config --libs yaml-0.1 2>/dev/null) -lyaml
}

has_cmocka() {
  printf '#include <stdarg.h>\n#include <stddef.h>\n#include <stdint.h>
    #include <setjmp.h>\n#include <cmocka.h>
    static void t(void **s) { (void)s; }
    int main(void) { const struct CMUnitTest a[] = {cmocka_unit_test(t)};
    return cmocka_run_group_tests(a, 0, 0); }\n' | compiles -lcmocka
}

# What reading of ONNX models needs; optional.
# shellcheck disable=SC2034
onnx_packages='protobuf-c-compiler libprotobuf-c-dev libonnx-dev'
has_onnx() {
  command -v protoc-c >/dev/null 2>&1 &&
    { [ -f /usr/include/onnx/onnx.proto ] ||
      [ -f /usr/local/include/onnx/onnx.proto ]; } &&
    printf '#include <protobuf-c/protobuf-c.h>\nint main(void) {
      return protobuf_c_version() == 0; }\n' | compiles -lprotobuf-c
}

# What `--optimizer milp` needs; optional.
# shellcheck disable=SC2034
glpk_packages='libglpk-dev'
has_glpk() {
  printf '#include <glpk.h>\nint main(void) {
    return glp_version() == 0; }\n' | compiles -lglpk
}

# What `codesign merge` and `codesign results` need; optional.
# shellcheck disable=SC2034
sqlite_packages='libsqlite3-dev'
has_sqlite() {
  printf '#include <sqlite3.h>\nint main(void) {
    return sqlite3_libversion_number() == 0; }\n' | compiles -lsqlite3
}

has_openmp() {
  printf '#include <omp.h>\nint main(void) {
    return omp_get_max_threads() < 1; }\n' | compiles -fopenmp
}

has_make() {
  command -v make >/dev/null 2>&1 || command -v ninja >/dev/null 2>&1
}

has_cmake() {
  version=$(cmake --version 2>/dev/null | sed -n '1s/[^0-9]*//p')
  minor=${version#*.}
  minor=${minor%%.*}
  case $version in
  3.*) [ "$minor" -ge 16 ] ;;
  [4-9].*) true ;;
  *) false ;;
  esac
}

# Runs a command as root. sudo asks on the terminal, and fails without one.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

# install_packages LOG PACKAGE...: installs Debian packages, with the list of
# packages fetched anew only if the present one does not do.
install_packages() {
  log=$1
  shift
  command -v apt-get >/dev/null 2>&1 || return 1
  if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null 2>&1; then
    say "cannot install $*: neither root nor sudo"
    return 1
  fi
  rm -f "$log"
  say "installing $* (log: $log)"
  apt="env DEBIAN_FRONTEND=noninteractive apt-get -y -q
    -o DPkg::Lock::Timeout=300"
  # shellcheck disable=SC2086
  as_root $apt install --no-install-recommends "$@" >"$log" 2>&1 </dev/null ||
    { as_root $apt update >>"$log" 2>&1 </dev/null &&
      as_root $apt install --no-install-recommends "$@" \
        >>"$log" 2>&1 </dev/null; } || {
    say "apt could not install them: $(grep '^E: ' "$log" | tail -n 1)"
    return 1
  }
}
