#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A real Slurm on this machine alone, and an exploration on it: an array of
# eight shards, one of which is killed and queued again, another told to stop,
# and the job that merges them. The result is that of one process to the byte.
#
#   tests/cluster/slurm.sh PROGRAM
#
# Needs root, slurm-wlm and munge; prints 'skip: REASON' and exits with 77 where
# they are missing. Daemons listen on 127.0.0.1 and are ended with the test.
set -u
program=$(realpath "${1:?PROGRAM}")
root=$(cd "$(dirname "$0")/../.." && pwd)
skip() {
  echo "skip: $1"
  exit 77
}
fail() {
  echo "$1"
  tail -n 4 "$top"/work/out/slurm-*.log "$top"/log/* 2>/dev/null
  exit 1
}
[[ $(id -u) == 0 ]] || skip 'only root can start Slurm'
for tool in munged slurmctld slurmd sbatch squeue scontrol scancel; do
  command -v "$tool" >/dev/null || PATH=$PATH:/usr/sbin command -v "$tool" \
    >/dev/null || skip "'$tool' is missing: install slurm-wlm and munge"
done
PATH=$PATH:/usr/sbin

top=$(mktemp -d /tmp/slurm.XXXXXX)
host=$(hostname -s)
nodes=4
export SLURM_CONF=$top/slurm.conf

end() {
  local file
  scancel --user root >/dev/null 2>&1
  for file in "$top"/slurmd-*.pid "$top"/slurmctld.pid "$top"/socket/*.pid; do
    [[ ! -s $file ]] || kill "$(cat "$file")" 2>/dev/null
  done
  sleep 1
  rm -rf "$top"
}
trap end EXIT

# Ports that nothing listens on, so that other clusters here are left alone.
port=$((20000 + $$ % 20000))
mkdir -p "$top"/{state,log,key,socket,work} || exit 1
chmod 755 "$top" "$top/socket"
chmod 700 "$top/key"
dd if=/dev/urandom of="$top/key/munge.key" bs=1 count=128 status=none
chmod 600 "$top/key/munge.key"
munged --force --key-file="$top/key/munge.key" \
  --socket="$top/socket/munge.sock" --pid-file="$top/socket/munged.pid" \
  --log-file="$top/key/munged.log" --seed-file="$top/key/munged.seed" ||
  skip 'munged does not start'
{
  cat <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$top/socket/munge.sock
CredType=cred/munge
SlurmctldPidFile=$top/slurmctld.pid
SlurmdPidFile=$top/slurmd-%n.pid
SlurmdSpoolDir=$top/spool/%n
StateSaveLocation=$top/state
SlurmctldLogFile=$top/log/slurmctld.log
SlurmdLogFile=$top/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
MailProg=/bin/true
ReturnToService=2
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=5
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
KillWait=5
CONF
  for node in $(seq "$nodes"); do
    echo "NodeName=n$node NodeHostname=$host NodeAddr=127.0.0.1" \
      "Port=$((port + node)) CPUs=2 RealMemory=1000 State=UNKNOWN"
  done
  echo "PartitionName=all Nodes=n[1-$nodes] Default=YES MaxTime=INFINITE" \
    "State=UP"
} >"$SLURM_CONF"
printf 'CgroupPlugin=cgroup/v1\nCgroupMountpoint=/sys/fs/cgroup\n' \
  >"$top/cgroup.conf"
slurmctld || skip 'slurmctld does not start'
for node in $(seq "$nodes"); do
  mkdir -p "$top/spool/n$node"
  slurmd -N "n$node" || skip 'slurmd does not start'
done
for try in $(seq 60); do
  [[ $(sinfo -h -N -o %t 2>/dev/null | grep -c idle) != "$nodes" ]] || break
  [[ $try != 60 ]] || skip 'no node of Slurm becomes idle'
  sleep 0.5
done

# ---- the exploration --------------------------------------------------------
cd "$top/work" || exit 1
question=("$root/archs/edge-npu.yaml" "$root/workloads/llm.yaml" --top 20)
"$program" explore -q "${question[@]}" -o alone >/dev/null ||
  fail 'one process fails'
"$program" cluster slurm "${question[@]}" --nodes 8 -j 1 --sbatch=--time=20 \
  -o out --submit || fail 'submitting fails'

process_of() { sed -n 's/^process \([0-9]*\) .*/\1/p' "out/journal-$1.lock" 2>/dev/null; }
restarts_of() { scontrol show job "1_$1" | sed -n 's/.*Restarts=\([0-9]*\).*/\1/p'; }
# Waits until a shard is at work and has found something.
await_shard() {
  for _ in $(seq 400); do
    [[ ! -s out/journal-$1 || -z $(process_of "$1") ]] || return 0
    [[ -n $(squeue -h) ]] || fail 'all jobs have ended too soon'
    sleep 0.1
  done
  fail "shard $1 does not begin"
}
await_shard 3
kill -KILL "$(process_of 3)" || fail 'shard 3 cannot be killed'
echo 'shard 3 was killed'
await_shard 5
scontrol requeue 1_5 || fail 'shard 5 cannot be queued again'
echo 'shard 5 was told to stop and queued again'
# Slurm lets a job that was queued again wait for two minutes.
for try in $(seq 600); do
  [[ -n $(squeue -h) ]] || break
  for shard in 3 5; do # not at once: slurmd refuses what it has just ended
    [[ $try -lt 20 ]] ||
      scontrol update JobId=1_$shard StartTime=now 2>/dev/null
  done
  [[ $try != 600 ]] || fail "still queued: $(squeue)"
  sleep 0.5
done
for shard in 3 5; do
  [[ $(restarts_of $shard) -ge 1 ]] || fail "shard $shard was not queued again"
done
for log in out/slurm-1_*.log; do
  [[ $(grep -c '^shard . of 8' "$log") == 1 ]] || fail "no end in $log"
done

# ---- the result -------------------------------------------------------------
sed -i '/^  "run": {/,$d' alone/result.json out/result.json
for file in designs.csv layers.csv result.json; do
  cmp "alone/$file" "out/$file" || fail "$file differs"
done
cmp <(sort alone/journal) <(cat out/journal* | sort) || fail 'records differ'
echo 'same result to the byte'
