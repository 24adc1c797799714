/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text of the scripts; see cluster_script.h. */
#include "cli/cluster_script.h"

#include <string.h>

bool cds_cluster_is_plain(const char *text) {
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "abcdefghijklmnopqrstuvwxyz0123456789%+,-./:=@_";
  return *text != '\0' && text[strspn(text, plain)] == '\0';
}

void cds_cluster_word(FILE *stream, const char *text) {
  if (cds_cluster_is_plain(text)) {
    fputs(text, stream);
    return;
  }
  fputc('\'', stream);
  for (; *text != '\0'; text++) {
    if (*text == '\'') {
      fputs("'\\''", stream);
    } else {
      fputc(*text, stream);
    }
  }
  fputc('\'', stream);
}

static void put_setting(FILE *stream, const char *name, const char *value) {
  fprintf(stream, "%s=", name);
  cds_cluster_word(stream, value);
  fputc('\n', stream);
}

static void put_explore(FILE *stream, const cds_cluster_call *call) {
  put_setting(stream, "folder", call->folder);
  put_setting(stream, "script", call->script);
  fputs("explore=(", stream);
  cds_cluster_word(stream, call->program);
  fputs(" explore", stream);
  for (size_t i = 0; i < call->arguments; i++) {
    fputs(" \\\n  ", stream);
    cds_cluster_word(stream, call->argument[i]);
  }
  fputs(" \\\n  -o \"$folder\")\n\ncd ", stream);
  cds_cluster_word(stream, call->here);
  fputs(" || exit\n", stream);
}

/* ---- Slurm --------------------------------------------------------------- */

static const char slurm_head[] =
    "#!/bin/bash\n"
    "# Written by 'codesign cluster slurm'. 'bash slurm.sh' submits an array "
    "of\n"
    "# jobs, each a shard of one exploration, and a job that merges them. It "
    "may\n"
    "# be submitted again: what was found before is not solved again.\n"
    "#\n"
    "# A shard that is told to stop ends with a whole journal. It is queued "
    "again\n"
    "# when its time is up, or when it was killed, 'requeues' times at most. "
    "The\n"
    "# merge begins once all shards have ended, however they did; it solves "
    "what\n"
    "# is missing and writes the result.\n"
    "set -u\n";

static const char slurm_body[] =
    "\n"
    "# One call of codesign, in the background so that signals are seen at "
    "once.\n"
    "stopped='' child=''\n"
    "stop() {\n"
    "  stopped=$1\n"
    "  [[ -z $child ]] || kill -TERM \"$child\" 2>/dev/null\n"
    "}\n"
    "run() {\n"
    "  trap 'stop time' USR1\n"
    "  trap 'stop end' TERM\n"
    "  \"${explore[@]}\" -j \"$((threads > 0 ? threads : "
    "${SLURM_CPUS_ON_NODE:-1}))\" "
    "\"$@\" &\n"
    "  child=$!\n"
    "  [[ -z $stopped ]] || kill -TERM \"$child\"\n"
    "  wait \"$child\"\n"
    "  code=$?\n"
    "  while [[ -n $stopped ]] && kill -0 \"$child\" 2>/dev/null; do\n"
    "    wait \"$child\"\n"
    "    code=$?\n"
    "  done\n"
    "  # Out of time, or killed by a signal: once more, unless the job is to "
    "end.\n"
    "  if [[ $stopped == time || ($code -ge 128 && -z $stopped) ]] &&\n"
    "    [[ ${SLURM_RESTART_COUNT:-0} -lt $requeues ]]; then\n"
    "    scontrol requeue "
    "\"${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}${SLURM_ARRAY_TASK_ID:+_$SLURM_"
    "ARRAY_"
    "TASK_ID}\"\n"
    "  fi\n"
    "  exit \"$code\"\n"
    "}\n"
    "\n"
    "submit() {\n"
    "  local all=(--parsable --requeue --open-mode=append --nodes=1 "
    "--ntasks=1\n"
    "    --signal=B:USR1@60)\n"
    "  [[ $threads -eq 0 ]] || all+=(--cpus-per-task=\"$threads\")\n"
    "  array=$(sbatch \"${all[@]}\" --job-name=codesign --array=\"1-$shards\" "
    "\\\n"
    "    --output=\"$folder/slurm-%A_%a.log\" ${options[@]+\"${options[@]}\"} "
    "\\\n"
    "    \"$script\" shard) || exit\n"
    "  merge=$(sbatch \"${all[@]}\" --job-name=codesign-merge \\\n"
    "    --dependency=\"afterany:${array%%;*}\" \\\n"
    "    --output=\"$folder/slurm-merge-%j.log\" "
    "${options[@]+\"${options[@]}\"} "
    "\\\n"
    "    \"$script\" merge) || exit\n"
    "  echo \"submitted     array ${array%%;*}, $shards shards\"\n"
    "  echo \"              job ${merge%%;*}, which merges them\"\n"
    "}\n"
    "\n"
    "case ${1-submit} in\n"
    "submit) submit ;;\n"
    "shard) run --shard \"$SLURM_ARRAY_TASK_ID/$shards\" ;;\n"
    "merge) run --resume ;;\n"
    "*)\n"
    "  echo \"usage: bash slurm.sh [submit]\" >&2\n"
    "  exit 2\n"
    "  ;;\n"
    "esac\n";

void cds_cluster_slurm(FILE *stream, const cds_cluster_call *call) {
  fputs(slurm_head, stream);
  fprintf(stream, "shards=%u\n", call->nodes);
  fprintf(stream, "threads=%u # of each; 0: as many as Slurm gives it\n",
          call->threads);
  fputs("requeues=20\noptions=(", stream);
  for (size_t i = 0; i < call->sbatch->count; i++) {
    fputs(i > 0 ? " " : "", stream);
    cds_cluster_word(stream, call->sbatch->text[i]);
  }
  fputs(") # of sbatch\n", stream);
  put_explore(stream, call);
  fputs(slurm_body, stream);
}

/* ---- GNU parallel -------------------------------------------------------- */

static const char parallel_head[] =
    "#!/bin/bash\n"
    "# Written by 'codesign cluster parallel'. 'bash parallel.sh' explores in\n"
    "# shards, here or on hosts that see the same files, and then merges them. "
    "It\n"
    "# may be started again, whatever was killed: shards that have ended are "
    "not\n"
    "# started again, the others go on, and nothing is solved twice.\n"
    "set -u\n";

static const char parallel_body[] =
    "\n"
    "stopped='' child=''\n"
    "stop() {\n"
    "  stopped=$1\n"
    "  [[ -z $child ]] || kill -INT \"$child\" 2>/dev/null\n"
    "}\n"
    "run() {\n"
    "  exec \"${explore[@]}\" -j \"$threads\" \"$@\"\n"
    "}\n"
    "\n"
    "all() {\n"
    "  command -v parallel >/dev/null || {\n"
    "    echo 'parallel.sh: GNU parallel is missing' >&2\n"
    "    exit 69\n"
    "  }\n"
    "  local where=(--jobs \"$shards\")\n"
    "  [[ -z $hosts ]] || where=(--sshloginfile \"$hosts\" --jobs 1)\n"
    "  trap 'stop 130' INT\n"
    "  trap 'stop 143' TERM\n"
    "  # A shard that fails is tried again; the merge does what is still "
    "missing.\n"
    "  # In the background, so that signals are seen at once: they end it all, "
    "and\n"
    "  # shards have ten seconds to leave whole journals.\n"
    "  parallel --termseq TERM,10000,KILL,25 --joblog \"$folder/parallel.log\" "
    "--resume-failed --retries 3 "
    "\\\n"
    "    \"${where[@]}\" bash \"$(printf %q \"$script\")\" shard {} ::: \\\n"
    "    $(seq \"$shards\") </dev/null &\n"
    "  child=$!\n"
    "  [[ -z $stopped ]] || kill -INT \"$child\"\n"
    "  local code=0\n"
    "  wait \"$child\" || code=$?\n"
    "  while kill -0 \"$child\" 2>/dev/null; do\n"
    "    wait \"$child\"\n"
    "    code=$?\n"
    "  done\n"
    "  [[ -z $stopped ]] || exit \"$stopped\"\n"
    "  [[ $code -eq 0 ]] || echo 'parallel.sh: shards have failed' >&2\n"
    "  trap - INT TERM\n"
    "  run --resume\n"
    "}\n"
    "\n"
    "case ${1-all} in\n"
    "all) all ;;\n"
    "shard) run --shard \"$2/$shards\" ;;\n"
    "merge) run --resume ;;\n"
    "*)\n"
    "  echo \"usage: bash parallel.sh [merge]\" >&2\n"
    "  exit 2\n"
    "  ;;\n"
    "esac\n";

void cds_cluster_parallel(FILE *stream, const cds_cluster_call *call) {
  fputs(parallel_head, stream);
  fprintf(stream, "shards=%u\n", call->nodes);
  fprintf(stream, "threads=%u # of each; 0: one for each core\n",
          call->threads);
  put_setting(stream, "hosts", call->hosts == NULL ? "" : call->hosts);
  put_explore(stream, call);
  fputs(parallel_body, stream);
}
