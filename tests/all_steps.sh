# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
# What `tests/run --all` runs beyond the steps of steps.sh.

german=() # what puts a German locale in force, once it is made

# Debian packages that only --all uses. Without apt or a network the steps
# that need them are skipped, each by name.
install_companions() {
  local package wanted=()
  for package in clang-14:clang-14 clang-format-14:clang-format-14 \
    clang-tidy-14:clang-tidy-14 valgrind:valgrind localedef:locales g++:g++ \
    pkg-config:pkg-config shellcheck:shellcheck parallel:parallel \
    munge:munge sbatch:slurm-wlm mpicc:libopenmpi-dev mpirun:openmpi-bin; do
    command -v "${package%:*}" >/dev/null 2>&1 || wanted+=("${package#*:}")
  done
  # shellcheck disable=SC2154,SC2206
  has_compiler && { has_onnx || wanted+=($onnx_packages); }
  has_compiler && { has_glpk || wanted+=("$glpk_packages"); }
  has_compiler && { has_sqlite || wanted+=("$sqlite_packages"); }
  [[ -n $(find /usr/lib/llvm-14 -name omp.h 2>/dev/null) ]] ||
    wanted+=(libomp-14-dev)
  [[ -n $(find /usr/lib/llvm-14 -name 'libclang_rt.fuzzer-*' 2>/dev/null) ]] ||
    wanted+=(libclang-rt-14-dev)
  [[ ${#wanted[@]} -eq 0 ]] ||
    install_packages "$out/companions.log" "${wanted[@]}" ||
    say 'not all companions could be installed: their tests are skipped'
}

all_steps() {
  heading 'README'
  readme_steps

  heading 'clang-tidy'
  tests_of dev -L slow

  heading 'release build: the other tests'
  tests_of release -LE 'lint|property|oracle'

  heading 'clang build'
  has 'clang tests' clang-14 && clang_steps

  heading 'without OpenMP, GLPK, ONNX, SQLite and MPI'
  targets=(quick_tests)
  build valgrind -DCDS_WITH_OPENMP=OFF -DCDS_WITH_GLPK=OFF \
    -DCDS_WITH_ONNX=OFF -DCDS_WITH_SQLITE=OFF -DCDS_WITH_MPI=OFF &&
    tests_of valgrind -L quick -LE lint

  heading 'valgrind'
  has 'tests under valgrind' valgrind && valgrind_steps
  targets=()

  heading 'ThreadSanitizer'
  has 'tests with threads under ThreadSanitizer' clang-14 && tsan_steps

  heading 'German locale'
  has 'unit tests under de_DE.UTF-8' localedef && locale_steps

  heading 'same bytes for any number of threads and any compiler'
  identity_steps

  heading 'ONNX models of PyPI'
  has 'ONNX models' python3 && onnx_steps

  mutant_steps --tested

  heading 'clusters'
  cluster_steps

  heading 'fuzzing'
  has 'fuzzing' clang-14 && fuzz_steps

  heading 'installation'
  install_steps

  printf '\nnot needed yet, so not installed: %s\n' \
    'libxlsxwriter, LibreOffice, Chromium (later steps)'
}

# An exploration on a Slurm of one machine, with GNU parallel, and by ranks of
# MPI; each is skipped where it is missing, or where only root may start it.
cluster_steps() {
  local name
  for name in parallel slurm mpi; do
    step "cluster: $name" timeout 600 "tests/cluster/$name.sh" \
      out/build/release/codesign
  done
}

clang_steps() {
  build clang || return
  environment=(CODESIGN_TEST_QUICK=1)
  tests_of clang -LE lint
  environment=()
}

# The tests that start threads, with clang's OpenMP: gcc's warns falsely.
tsan_steps() {
  local name tests=(test_base_parallel test_explore_explore)
  local options=ignore_noninstrumented_modules=1
  step 'build tsan' build_tsan "${tests[@]}" || return
  for name in "${tests[@]}"; do
    step "tsan: $name" env OMP_NUM_THREADS=4 \
      TSAN_OPTIONS="$options:suppressions=tests/tsan.supp" \
      OMP_TOOL_LIBRARIES=/usr/lib/llvm-14/lib/libarcher.so \
      "out/build/tsan/tests/$name"
  done
}

build_tsan() {
  cmake --preset tsan && cmake --build --preset tsan --target "$@"
}

# Unit tests that take much longer under valgrind than what they alone run there
# is worth: unit tests and command lines enter 24,267 blocks of code (clang's
# edges, those of the tests not counted), of which 127 are entered by these and
# by the command lines that say '# Heavy:' alone. They take a third of the time.
# The sanitized build runs all of them.
long_under_valgrind=' test_explore_pareto test_network_fused test_network_network
  test_network_norms test_package_loop test_package_temperature
  test_tech_compare test_tech_speed test_tech_sram test_tech_sram_model '

# Most unit tests and command lines under valgrind, with what reads ONNX
# models and writes databases; only definite leaks count, because thread pools keep their stacks
# to the end.
valgrind_steps() {
  local file name names=()
  for file in tests/unit/test_*.c; do
    name=$(basename "$file" .c)
    if grep -q 'long double' "$file"; then
      skip_step "valgrind: $name" 'valgrind has no long double, its reference'
      continue
    fi
    if [[ $long_under_valgrind =~ [[:space:]]"$name"[[:space:]] ]]; then
      skip_step "valgrind: $name" 'long there, and others run nearly all of it'
      continue
    fi
    names+=("$name")
  done
  targets=(quick_tests "${names[@]}")
  step 'build valgrind with ONNX and SQLite' build_commands valgrind \
    -DCDS_WITH_ONNX=AUTO -DCDS_WITH_SQLITE=AUTO || return
  together 'valgrind: NAME' "${names[@]}" -- env CODESIGN_TEST_QUICK=1 \
    timeout 900 valgrind -q --error-exitcode=9 --leak-check=full \
    --errors-for-leak-kinds=definite --read-inline-info=no \
    out/build/valgrind/tests/NAME
  step 'valgrind: command line' tests/cli/run --valgrind \
    --jobs "$jobs" out/build/valgrind/codesign
}


# The quick unit tests with a German locale in force from the first instruction
# on: a preloaded object calls setlocale, as a host program might.
locale_steps() {
  local folder=$out/locale
  mkdir -p "$folder"
  step 'make the locale: 1.5 is printed 1,5' make_locale "$folder" || return
  # LANGUAGE: numbers in German, messages of the system in English.
  german=("LOCPATH=$folder" LC_ALL=de_DE.UTF-8 LANGUAGE=C
    "LD_PRELOAD=$folder/preload.so")
  environment=("${german[@]}") shown_as=German
  tests_of release -L unit -L quick
  environment=() shown_as=''
}

make_locale() {
  [[ -d $1/de_DE.UTF-8 ]] ||
    localedef -i de_DE -f UTF-8 "$1/de_DE.UTF-8" || return
  $compiler -shared -fPIC -x c - -o "$1/preload.so" <<'END' || return
#include <locale.h>
__attribute__((constructor)) static void german(void) {
  (void)setlocale(LC_ALL, "");
}
END
  $compiler -x c - -o "$1/print" <<'END' || return
#include <stdio.h>
int main(void) { return printf("%.1f", 1.5) < 0; }
END
  [[ $(LOCPATH=$1 LC_ALL=de_DE.UTF-8 LD_PRELOAD=$1/preload.so "$1/print") == \
  1,5 ]]
}

# explore on a small space with 1, 2, 3 and 8 threads, with the program built
# by clang, and in the German locale: the same three files each time.
identity_steps() {
  local threads first=$out/identity/1
  rm -rf "$out/identity"
  step 'explore with 1 thread' explore_small release 1 "$first" || return 0
  for threads in 2 3 8; do
    step "explore with $threads threads: same bytes" \
      same_as "$first" release "$threads" "$out/identity/$threads"
  done
  if [[ -x out/build/clang/codesign ]]; then
    step 'explore built by clang: same bytes' \
      same_as "$first" clang 2 "$out/identity/clang"
  else
    skip_step 'explore built by clang: same bytes' 'no build by clang'
  fi
  if [[ ${#german[@]} -gt 0 ]]; then
    environment=("${german[@]}")
    step 'explore in de_DE.UTF-8: same bytes' \
      same_as "$first" release 2 "$out/identity/locale"
    environment=()
  else
    skip_step 'explore in de_DE.UTF-8: same bytes' 'no German locale'
  fi
}

# explore_small PRESET THREADS FOLDER
explore_small() {
  env "${environment[@]}" "out/build/$1/codesign" explore -j "$2" -o "$3" \
    tests/support/small_space.yaml tests/support/small_network.yaml
}

# same_as FIRST PRESET THREADS FOLDER: effort (the object "run" of the result)
# may differ, nothing else.
same_as() {
  local file
  explore_small "$2" "$3" "$4" || return
  for file in designs.csv layers.csv result.json; do
    diff <(without_effort "$1/$file") <(without_effort "$4/$file") || return 1
  done
}

without_effort() {
  sed '/^  "run": {/,/^  }/d' "$1"
}

# The models that the package onnx ships for the tests of its own runtimes.
onnx_steps() {
  local venv=$out/venv name
  if ! has_onnx; then
    skip_step 'ONNX models' "not all of $onnx_packages are there"
    return
  fi
  if ! "$venv/bin/python" -c 'import numpy, onnx' 2>/dev/null; then
    { python3 -m venv "$venv" && "$venv/bin/pip" install -q onnx==1.17.0 \
      numpy; } >"$out/venv.log" 2>&1 || {
      skip_step 'ONNX models' 'onnx of PyPI cannot be installed (python3-venv?)'
      return
    }
  fi
  for name in node_tests network_tests; do
    step "ONNX: $name" "$venv/bin/python" "tests/import/$name.py" \
      out/build/release/codesign "$out/onnx"
  done
  step 'ONNX: fixtures are what their script makes' same_fixtures "$venv"
}

same_fixtures() {
  "$1/bin/python" tests/import/make_fixtures.py "$out/fixtures" &&
    diff -r "$out/fixtures" tests/import/fixtures
}

fuzz_steps() {
  local names name
  mapfile -t names < <(basename -s .c tests/fuzz/fuzz_*.c)
  targets=("${names[@]}")
  build fuzz || names=()
  targets=()
  [[ ${#names[@]} -gt 0 ]] || return
  for name in "${names[@]}"; do
    mkdir -p "$out/corpus/$name"
  done
  # shellcheck disable=SC2016
  together 'NAME for 20 s' "${names[@]}" -- bash -c '
    exec "out/build/fuzz/tests/$1" -max_total_time=20 -timeout=10 \
      -rss_limit_mb=2048 -artifact_prefix="$2/" "$2/corpus/$1" \
      "tests/fuzz/corpus/${1#fuzz_}"' bash NAME "$out"
}

# A program of somebody else, built against the installed package.
install_steps() {
  local prefix=$out/prefix
  rm -rf "$prefix" "$out/consumer"
  step 'install' cmake --install out/build/release --prefix "$prefix" ||
    return 0
  step 'installed program runs' "$prefix/bin/codesign" --version
  step 'manual page and completions are installed' ls \
    "$prefix/share/man/man1/codesign.1" \
    "$prefix/share/bash-completion/completions/codesign" \
    "$prefix/share/zsh/site-functions/_codesign" \
    "$prefix/share/fish/vendor_completions.d/codesign.fish"
  step 'use the package from CMake' use_from_cmake "$prefix"
  has 'use the package by pkg-config' pkg-config &&
    step 'use the package by pkg-config' use_by_pkg_config "$prefix"
}

use_from_cmake() {
  mkdir -p "$out/consumer"
  cat >"$out/consumer/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.16)
project(consumer C)
find_package(codesign 0.1 REQUIRED)
add_executable(consumer consumer.c)
target_link_libraries(consumer codesign::codesign)
END
  cat >"$out/consumer/consumer.c" <<'END'
#include <codesign/codesign.h>
int main(void) { return CDS_OK; }
END
  cmake -S "$out/consumer" -B "$out/consumer/build" \
    -DCMAKE_PREFIX_PATH="$1" && cmake --build "$out/consumer/build" &&
    "$out/consumer/build/consumer"
}

use_by_pkg_config() {
  local flags
  flags=$(PKG_CONFIG_PATH=$(dirname "$(find "$1" -name codesign.pc)") \
    pkg-config --static --cflags --libs codesign)
  # shellcheck disable=SC2086
  $compiler "$out/consumer/consumer.c" $flags -o "$out/consumer/plain" &&
    "$out/consumer/plain"
}
