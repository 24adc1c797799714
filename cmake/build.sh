# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2154
# The slow path of ./codesign: installs what is missing, and builds. Sourced,
# with root, build, binary, stamp and up_to_date() defined. POSIX sh.

# shellcheck source=cmake/packages.sh
. "$root/cmake/packages.sh"

# Adds to `missing` (for people) and `packages` (for apt) what is not there.
look_for_needs() {
  missing='' packages=''
  if has_compiler; then
    has_libyaml || need libyaml libyaml-dev
  elif [ -n "${CC-}" ]; then
    need "a C17 compiler (CC is '$CC')" ''
  else # only a compiler can tell whether libyaml is there
    need 'a C17 compiler' 'gcc libc6-dev libyaml-dev'
  fi
  has_cmake || need 'CMake 3.16 or newer' cmake
  has_make || need 'make or ninja' make
}

need() {
  missing="${missing:+$missing, }$1"
  packages="$packages${2:+ $2}"
}

explain_needs() {
  cat >&2 <<END
codesign: error: cannot build: missing: $missing
  Debian, Ubuntu: sudo apt-get install gcc libc6-dev cmake make libyaml-dev
  Fedora:         sudo dnf install gcc cmake make libyaml-devel
  macOS:          xcode-select --install && brew install cmake libyaml
  then run the same command again
  optional: OpenMP for several threads (gcc has it; macOS: brew install libomp)
  optional: ONNX models (Debian: $onnx_packages)
  optional: --optimizer milp (Debian: $glpk_packages)
  optional: databases of results (Debian: $sqlite_packages)
END
}

# Starts at the same time wait for each other, and only the first builds.
take_lock() {
  if command -v flock >/dev/null 2>&1; then
    exec 9>"$lock"
    flock -n 9 || {
      say 'waiting for another build of this folder'
      flock 9
    }
    return
  fi
  while ! mkdir "$lock.d" 2>/dev/null; do
    owner=$(cat "$lock.d/pid" 2>/dev/null)
    if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then
      rm -rf "$lock.d" # its owner died
    else
      sleep 1
    fi
  done
  echo $$ >"$lock.d/pid"
  trap 'rm -rf "$lock.d"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

drop_lock() {
  if [ -d "$lock.d" ]; then
    rm -rf "$lock.d"
    trap - EXIT INT TERM
  fi
  exec 9>&-
}

# A folder that was moved or made by another compiler is configured anew.
forget_foreign_tree() {
  cache=$build/CMakeCache.txt
  [ -f "$cache" ] || return 0
  made_by=$(cat "$build/.compiler" 2>/dev/null)
  if ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$cache" ||
    [ "${made_by:-$compiler}" != "$compiler" ]; then
    rm -rf "$cache" "$build/CMakeFiles"
  fi
}

run_build() {
  if [ ! -f "$build/CMakeCache.txt" ]; then
    generator='Unix Makefiles'
    command -v make >/dev/null 2>&1 || generator=Ninja
    CC=$compiler cmake -S "$root" -B "$build" -G "$generator" \
      -DCMAKE_BUILD_TYPE=Release || return 1
    echo "$compiler" >"$build/.compiler"
    grep -q '^OpenMP_C_FLAGS:.*=-' "$build/CMakeCache.txt" ||
      say 'OpenMP is missing: this build uses one thread' 2>&3
  fi
  jobs=${CMAKE_BUILD_PARALLEL_LEVEL:-$(getconf _NPROCESSORS_ONLN)}
  cmake --build "$build" --target codesign_cli --parallel "${jobs:-1}"
}

build_program() {
  lock=$root/out/build/lock
  if ! mkdir -p "$build" 2>/dev/null || [ ! -w "$build" ] ||
    [ ! -w "$root/out/build" ]; then
    say "error: cannot build: '$build' is not writable"
    exit 69
  fi
  take_lock
  if up_to_date; then # another start has built meanwhile
    drop_lock
    return
  fi
  look_for_needs
  if [ -n "$missing" ]; then
    # Word splitting is meant: a list of names.
    # shellcheck disable=SC2086
    [ -z "$packages" ] ||
      install_packages "$root/out/build/install.log" $packages
    look_for_needs
    if [ -n "$missing" ]; then
      explain_needs
      exit 69
    fi
  fi
  forget_foreign_tree
  [ -x "$binary" ] && verb=rebuilding || verb='building, once'
  log=$root/out/build/release.log
  say "$verb (log: $log)"
  # The stamp is taken before: what changes during the build is built again.
  rm -f "$stamp"
  echo "$compiler" >"$stamp.new"
  if ! run_build 3>&2 >"$log" 2>&1 </dev/null || [ ! -x "$binary" ]; then
    tail -n 20 "$log" >&2
    say "error: the build failed: see '$log'"
    exit 70
  fi
  mv "$stamp.new" "$stamp"
  drop_lock
}
