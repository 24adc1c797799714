#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every ```yaml block of every page is YAML that our reader accepts, and each
# whole file among them (its first key says so) passes `codesign check`.
. "$(dirname "$0")/common.sh"
program=$build/codesign
parser=$build/tests/parse_yaml
[[ -x $program && -x $parser ]] || skip "'$build' is not built"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# A block is named after its page and line, so that messages point there.
mapfile -t pages < <(find . -name '*.md' ! -path './out/*' ! -path './.git/*')
for page in "${pages[@]}"; do
  awk -v base="$folder/$(tr / _ <<<"${page#./}")" '
    /^```yaml/ {file = base ":" NR ".yaml"; open = 1; next}
    /^```/ {if (open) close(file); open = 0; next}
    open {print > file}' "$page"
done

blocks=0
for block in "$folder"/*.yaml; do
  [[ -e $block ]] || break
  blocks=$((blocks + 1))
  if grep -qE '^(architecture|workload):' "$block"; then
    "$program" check "$block" >/dev/null || wrong=1
  else
    "$parser" "$block" || wrong=1
  fi
done
echo "$blocks blocks"
finish
