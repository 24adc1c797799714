# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
# Sourced by every lint. A lint prints what is wrong, a line each, and exits 1;
# one that lacks its tool prints `skip: why` and exits 77. Its argument is a
# build folder (only some need it). Files are found by `find`: a machine
# without git can run them too.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
build=${1:-out/build/dev}
wrong=0

# complain FILE[:LINE] WHAT...
complain() {
  printf '%s: error: %s\n' "$1" "${*:2}"
  wrong=1
}

skip() {
  printf 'skip: %s\n' "$*"
  exit 77
}

# c_files FOLDER...: the C files below the folders, in order.
c_files() {
  find "$@" -name '*.[ch]' | sort
}

finish() {
  exit "$wrong"
}
