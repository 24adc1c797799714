#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# An exploration with GNU parallel on this machine: a shard is killed, then
# everything is, and the script is started again and interrupted, alone and by
# Ctrl-C, which ends it without a merge. The result is that of one process to the
# byte.
#
#   tests/cluster/parallel.sh PROGRAM
#
# Prints 'skip: REASON' and exits with 77 where GNU parallel is missing.
set -u
program=$(realpath "${1:?PROGRAM}")
root=$(cd "$(dirname "$0")/../.." && pwd)
parallel --version 2>/dev/null | grep -q '^GNU parallel' || {
  echo 'skip: GNU parallel is missing'
  exit 77
}
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
cd "$top" || exit 1
export HOME=$top PARALLEL_HOME=$top/parallel
mkdir "$PARALLEL_HOME"
touch "$PARALLEL_HOME/will-cite"
fail() {
  echo "$1"
  cat said* out/parallel.log 2>/dev/null
  exit 1
}

question=("$root/archs/edge-npu.yaml" "$root/workloads/llm.yaml" --top 8)
"$program" explore -q "${question[@]}" -o alone >/dev/null ||
  fail 'one process fails'
"$program" cluster parallel "${question[@]}" --nodes 3 -j 1 -o out ||
  fail 'the script is not written'

process_of() { sed -n 's/^process \([0-9]*\) .*/\1/p' "out/journal-$1.lock" 2>/dev/null; }
# Waits until a process other than $2 is at work as the shard.
await_shard() {
  local process
  for _ in $(seq 400); do
    process=$(process_of "$1")
    [[ -z $process || $process == "${2-}" ]] || return 0
    sleep 0.05
  done
  fail "shard $1 does not begin"
}
# In a group of its own, so that all of it can be killed.
set -m
bash out/parallel.sh >said-1 2>&1 &
group=$!
set +m
await_shard 2
first=$(process_of 2)
kill -KILL "$first" || fail 'shard 2 cannot be killed'
await_shard 2 "$first"
echo 'shard 2 was killed and started again'
kill -KILL -- "-$group"
# GNU parallel gives its jobs groups of their own.
for shard in 1 2 3; do
  process=$(process_of $shard)
  [[ -z $process ]] || kill -KILL "$process" 2>/dev/null
done
wait "$group" 2>/dev/null
[[ ! -e out/result.json ]] || fail 'the exploration has ended too soon'
echo 'all was killed'

# SIGINT to the script alone, and to its group, as Ctrl-C in a terminal does.
for whom in '' -; do
  before=$(process_of 2)
  set -m
  "$program" cluster parallel "${question[@]}" --nodes 3 -j 1 -o out --submit \
    >>said-2 2>&1 &
  group=$!
  set +m
  await_shard 2 "$before"
  kill -INT -- "$whom$group"
  wait "$group"
  code=$?
  [[ $code == 130 ]] || fail "interrupted, it ends with $code"
  for shard in 1 2 3; do
    [[ ! -e out/journal-$shard.lock ]] || fail "shard $shard is still there"
  done
  [[ ! -e out/result.json ]] || fail 'it was merged'
  ! grep -q 'shards have failed' said-2 || fail 'shards have failed'
done
echo 'interrupted twice'
bash out/parallel.sh >said-3 2>&1 || fail 'the last start fails'

sed -i '/^  "run": {/,$d' alone/result.json out/result.json
for file in designs.csv layers.csv result.json; do
  cmp "alone/$file" "out/$file" || fail "$file differs"
done
cmp <(sort alone/journal) <(cat out/journal out/journal-? | sort) ||
  fail 'records differ'
echo 'same result to the byte'
