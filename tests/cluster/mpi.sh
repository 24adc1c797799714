#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Explorations by ranks of MPI on this machine: on 2 and 4 of them, one of which
# is killed; with a rank that fails, one that is told to stop, and ranks that do
# not explore the same. Results, certificate and records are those of one
# process to the byte.
#
#   tests/cluster/mpi.sh PROGRAM [FOLDER]
#
# FOLDER has codesign-mpi; without, that of PROGRAM. Prints 'skip: REASON' and
# exits with 77 where it was not built, or where mpirun is missing.
set -u
program=$(realpath "${1:?PROGRAM}")
ranks=$(realpath "${2:-$(dirname "$program")}")/codesign-mpi
root=$(cd "$(dirname "$0")/../.." && pwd)
skip() {
  echo "skip: $1"
  exit 77
}
[[ -x $ranks ]] || skip 'codesign-mpi was not built: install libopenmpi-dev'
mpirun --version 2>/dev/null | grep -q 'Open MPI' ||
  skip "Open MPI's mpirun is missing: install openmpi-bin"
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
cd "$top" || exit 1
fail() {
  echo "$1"
  tail -n 25 said-* 2>/dev/null
  exit 1
}
# More ranks than cores, and as root: a test may. No network is looked for, nor
# is another machine.
start=(timeout 300 mpirun --oversubscribe --allow-run-as-root
  --mca btl 'vader,self' --mca plm isolated --mca oob_tcp_if_include lo)

small=("$root/tests/support/small_space.yaml"
  "$root/tests/support/small_network.yaml" -j 1)
question=("$root/archs/edge-npu.yaml" "$root/workloads/llm.yaml" --top 8 -j 1)
"$program" explore -q "${question[@]}" -o alone --certificate alone.json \
  >printed || fail 'one process fails'
"$program" explore -q "${small[@]}" -o small-alone --certificate small.json \
  >/dev/null || fail 'one process fails'

without_run() { sed '/^  "run": {/,$d' "$1"; }
# same ALONE FOLDER: results and records are those of one process.
same() {
  local file
  for file in designs.csv layers.csv result.json; do
    cmp <(without_run "$1/$file") <(without_run "$2/$file") ||
      fail "$2/$file differs"
  done
  cmp <(sort "$1/journal") <(records "$2" | sort) || fail "$2: records differ"
}
records() { find "$1" -regex '.*/journal\(-[0-9]\)?' -exec cat {} +; }
process_of() { sed -n 's/^process \([0-9]*\) .*/\1/p' "$1/journal-$2.lock" 2>/dev/null; }
# await FOLDER RANK COUNT: until its journal has so many records.
await() {
  local count
  for _ in $(seq 1200); do
    count=$(grep -c '' "$1/journal-$2" 2>/dev/null)
    [[ ${count:-0} -lt $3 ]] || return 0
    sleep 0.05
  done
  fail "rank $2 of $1 answers nothing"
}

for count in 1 2 3 4; do
  "${start[@]}" -n "$count" "$ranks" explore -q "${small[@]}" -o "small-$count" \
    --certificate "small-$count.json" >/dev/null 2>"said-$count" ||
    fail "$count ranks fail"
  same small-alone "small-$count"
  cmp small.json "small-$count.json" || fail 'certificates differ'
done
echo 'small space, 1 to 4 ranks: the same, with the same certificate'
"${start[@]}" -n 3 "$ranks" explore -q "${small[@]}" -o part \
  --set rows=8 --set vdd=0.7V --certificate part.json >/dev/null 2>said-part ||
  fail '3 ranks fail'
"$program" verify part.json >said-verify || fail 'the certificate is wrong'
echo 'a part of it, 3 ranks: the certificate is right'

"${start[@]}" -n 2 "$ranks" explore "${question[@]}" -o two \
  --certificate two.json --color never 2>said-two >printed-two ||
  fail '2 ranks fail'
same alone two
cmp alone.json two.json || fail 'certificates differ'
cmp <(sed '/^written/,$d' printed) <(sed '/^written/,$d' printed-two) ||
  fail 'another page is printed'
for rank in '' -1; do
  [[ -s two/journal$rank ]] || fail "rank '$rank' has answered nothing"
done
echo '2 ranks: the same to the byte, with the same certificate'

"${start[@]}" -n 4 "$ranks" explore "${question[@]}" -o four \
  >said-four 2>&1 &
group=$!
await four 3 1
kill -KILL "$(process_of four 3)" || fail 'rank 3 cannot be killed'
wait "$group" && fail 'a run without one of its ranks ends well'
[[ ! -e four/result.json ]] || fail 'the exploration has ended too soon'
cp -r four four-alone
before=$(records four | wc -l)
[[ $before -lt $(wc -l <alone/journal) ]] || fail 'nothing is left to do'
echo "1 of 4 ranks was killed, and with it the run: $before records are left"
"${start[@]}" -n 2 "$ranks" explore -q "${question[@]}" -o four --resume \
  --certificate four.json >/dev/null 2>said-resume || fail '2 ranks cannot go on'
same alone four
cmp alone.json four.json || fail 'certificates differ'
"$program" explore -q "${question[@]}" -o four-alone --resume >/dev/null ||
  fail 'one process cannot go on'
same alone four-alone
echo '2 ranks, and one process, went on: the same to the byte'

# All stop, and the best so far is written.
"${start[@]}" -n 3 "$ranks" explore "${question[@]}" -o told >said-told 2>&1 &
group=$!
await told 2 1
kill -TERM "$(process_of told 2)" || fail 'rank 2 cannot be told to stop'
wait "$group"
[[ $? -eq 143 ]] || fail 'a run that was told to stop does not say so'
[[ $(grep -c 'error: interrupted' said-told) -eq 1 ]] ||
  fail 'it is not said once that the run was interrupted'
[[ -s told/result.json ]] || fail 'the best so far was not written'
echo 'one rank was told to stop: all did'

# says CODE MESSAGE: of the run that has just ended, once.
says() {
  [[ $code -eq $1 ]] || fail "exit code $code instead of $1"
  [[ $(grep -c '^codesign: error' said-wrong) -eq 1 ]] ||
    fail 'there is not one message'
  grep -q "^codesign: error: $2" said-wrong || fail "it is not said: $2"
}
mkdir -p full/journal-1.lock # rank 1 cannot write there
"${start[@]}" -n 3 "$ranks" explore "${small[@]}" -o full >said-wrong 2>&1
code=$?
says 5 "cannot write 'full/journal-1"
"${start[@]}" -n 1 "$ranks" explore "${small[@]}" -o differ : \
  -n 1 "$ranks" explore "${small[@]}" --top 2 -o differ >said-wrong 2>&1
code=$?
says 3 'not all processes explore the same'
"${start[@]}" -n 2 "$ranks" map "${small[@]}" >said-wrong 2>&1
code=$?
says 2 "'map' takes one process"
echo 'a rank that fails ends all, with one message'
