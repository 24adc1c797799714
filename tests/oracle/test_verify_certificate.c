/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Certificates of random tiny layers: written, read and verified; and refused,
 * at the right place, when something in them is not so.
 *
 * Usage: test_verify_certificate [seed N] [cases N] [case N]
 */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "export/certificate.h"
#include "oracle/arguments.h"
#include "oracle/random_price.h"
#include "oracle/tiny_case.h"
#include "support/messages.h"
#include "support/nest.h"
#include "support/refused.h"
#include "verify/certificate.h"

enum { TAMPERINGS = 14, FEW = 100 /* cases show not all that there is */ };
static test_arguments arguments = {.seed = 1, .cases = 2000, .quick = 150};
static unsigned refused[TAMPERINGS];

/* ---- texts ----------------------------------------------------------- */

static const char *const action_name[] = {"read", "fill", "update", "drain"};

static void write_bandwidth(FILE *out, const cds_level *level) {
  if (isfinite(level->shared_bandwidth)) {
    fprintf(out, ", bandwidth: {shared: %g bit/cycle}",
            level->shared_bandwidth);
  } else if (isfinite(level->read_bandwidth) &&
             isfinite(level->write_bandwidth)) {
    fprintf(out, ", bandwidth: {read: %g bit/cycle, write: %g bit/cycle}",
            level->read_bandwidth, level->write_bandwidth);
  }
}

static void write_roles(FILE *out, const char *key, unsigned roles) {
  static const char *const name[] = {"input", "weight", "output"};
  const char *comma = "";
  if (roles == 0) {
    return;
  }
  fprintf(out, ", %s: [", key);
  for (unsigned r = 0; r < 3; r++) {
    if ((roles >> r & 1) != 0) {
      fprintf(out, "%s%s", comma, name[r]);
      comma = ", ";
    }
  }
  fputs("]", out);
}

static void write_level(FILE *out, const cds_level *level) {
  fprintf(out, "  - {level: %s, width: %" PRIu64 " bit", level->name,
          level->width_bits);
  if (level->size_bits != UINT64_MAX) {
    fprintf(out, ", size: %" PRIu64 " bit", level->size_bits);
  } else if (level->position > 0) {
    fputs(", size: 1 MiB", out);
  }
  fputs(", energy: {", out);
  for (unsigned a = 0; a < CDS_ACTIONS; a++) {
    const cds_access_price *price = &level->price[a];
    fprintf(out, "%s%s: %g pJ%s", a > 0 ? ", " : "", action_name[a],
            price->bit_pj > 0 ? price->bit_pj : price->access_pj,
            price->bit_pj > 0 ? "/bit" : "");
  }
  fprintf(out, "}, buffering: %s, leakage: %g mW",
          level->buffering == CDS_BUFFER_SINGLE ? "single" : "double",
          1e3 * level->leakage_w);
  write_bandwidth(out, level);
  write_roles(out, "keep", level->position > 0 ? level->keep.roles : 0);
  write_roles(out, "bypass",
              level->position > 0 ? level->bypass.roles & ~level->keep.roles
                                  : 0);
  fprintf(out, "%s}\n", level->accumulate ? ", accumulate: true" : "");
}

static void write_array(FILE *out, const cds_array *array) {
  fprintf(out, "  - {array: %s, rows: %" PRIu64, array->name, array->extent[0]);
  if (array->axes > 1) {
    fprintf(out, ", cols: %" PRIu64, array->extent[1]);
  }
  fprintf(out, ", network: {kind: bus, energy: %g pJ/bit, add: %g pJ",
          array->bit_pj, array->add_pj);
  if (isfinite(array->bandwidth)) {
    fprintf(out, ", bandwidth: %g bit/cycle", array->bandwidth);
  }
  fprintf(out, "}, multicast: %s, reduction: %s}\n",
          array->multicast ? "true" : "false",
          array->reduction ? "true" : "false");
}

static char *arch_text(const tiny_case *it, double mac_pj) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  fputs("architecture: tiny\nlevels:\n", out);
  for (unsigned l = 0; l <= it->arch.levels; l++) {
    if (it->arch.arrays > 0 &&
        (l == it->arch.levels ? it->arch.level[l - 1].depth == 0
                              : l > 0 && it->arch.level[l].depth >
                                             it->arch.level[l - 1].depth)) {
      write_array(out, &it->arch.array[0]);
    }
    if (l < it->arch.levels) {
      write_level(out, &it->arch.level[l]);
    }
  }
  fprintf(out, "  - {compute: MAC, energy: %g pJ}\noverlap: %s\n", mac_pj,
          it->arch.overlap == CDS_OVERLAP_PERFECT ? "perfect" : "native");
  if (isfinite(it->goal.power_limit_w)) {
    fprintf(out, "explore:\n  limits: [power <= %g W]\n",
            it->goal.power_limit_w);
  }
  fclose(out);
  return text;
}

static char *workload_text(const tiny_case *it) {
  const cds_einsum *einsum = &it->einsum;
  char *text = NULL;
  size_t size = 0;
  char *line = NULL;
  FILE *out = open_memstream(&line, &size);
  einsum_write(out, einsum);
  fclose(out);
  char *ranks = strchr(line, ';');
  out = open_memstream(&text, &size);
  fprintf(out,
          "workload: tiny\nlayers:\n  - {name: gemm, einsum: \"%.*s\", "
          "ranks: {",
          (int)(ranks - line), line);
  for (unsigned r = 0; r < einsum->ranks; r++) {
    fprintf(out, "%s%s: %" PRIu64, r > 0 ? ", " : "", einsum->rank[r].name,
            einsum->rank[r].size);
  }
  fprintf(out,
          "}, precision: {activations: %u bit, weights: %u bit, accumulator: "
          "%u bit}}\n",
          einsum->tensor[0].format.bits, einsum->tensor[1].format.bits,
          einsum->tensor[2].accumulator.bits > einsum->tensor[0].format.bits
              ? einsum->tensor[2].accumulator.bits
              : einsum->tensor[0].format.bits);
  fclose(out);
  free(line);
  return text;
}

/* ---- one case -------------------------------------------------------- */

typedef struct run {
  tiny_case tiny;
  fixture f;
  char *arch_text, *workload_text;
  cds_space *space;
  cds_arch arch;
  cds_workload workload;
  cds_provenance provenance;
  cds_objective objective;
  cds_network_result result;
  cds_status status;
} run;

static void digest(char out[CDS_SHA256_TEXT], const char *text) {
  cds_sha256 hash;
  cds_sha256_begin(&hash);
  cds_sha256_add(&hash, text, strlen(text));
  cds_sha256_end(&hash, out);
}

static void read_inputs(run *it) {
  const cds_yaml *root = NULL;
  cds_arena *arena = it->f.arena;
  cds_status status =
      cds_yaml_read_text(&root, "arch.yaml", it->arch_text,
                         strlen(it->arch_text), arena, it->f.diag);
  if (status == CDS_OK) {
    status = cds_space_of(&it->space, root, NULL, 0, arena, it->f.diag);
  }
  if (status == CDS_OK) { /* a third of them with unequal parts */
    cds_space_set_factors(it->space, it->tiny.number % 3 == 0);
    status = cds_space_design(&it->arch, it->space, 0, arena, it->f.diag);
  }
  if (status == CDS_OK) {
    status = cds_yaml_read_text(&root, "workload.yaml", it->workload_text,
                                strlen(it->workload_text), arena, it->f.diag);
  }
  if (status == CDS_OK) {
    status = cds_workload_read_tree(&it->workload, root, "", &it->f.reader);
  }
  if (status != CDS_OK) {
    fail_msg("%s\n%s%s", fixture_messages(&it->f), it->arch_text,
             it->workload_text);
  }
  it->workload.footprint_bits = 0;
}

static double power_of(const run *it) {
  return cds_space_limits(it->space) > 0 ? cds_space_limit(it->space, 0)->bound
                                         : (double)INFINITY;
}

static void solve(run *it, cds_network_result *out, uint64_t nodes_most) {
  cds_diag *unheard = cds_diag_new(it->f.arena);
  cds_network_options options = CDS_NETWORK_OPTIONS_INIT;
  options.objective = it->objective;
  options.power_limit_w = power_of(it);
  options.search.nodes_most = nodes_most;
  options.threads = 1;
  options.searchers = cds_searchers_new();
  it->status = cds_network_solve(out, &it->arch, &it->workload, it->f.arena,
                                 &options, unheard);
  cds_searchers_free(options.searchers);
}

static void open_run(run *it, uint64_t number) {
  memset(it, 0, sizeof *it);
  tiny_case_make(&it->tiny, arguments.seed, number);
  fixture_open(&it->f);
  it->arch_text = arch_text(&it->tiny, it->tiny.arch.compute.mac_pj[0]);
  it->workload_text = workload_text(&it->tiny);
  read_inputs(it);
  random_stream stream = random_start(arguments.seed + 2000, number);
  it->objective = (cds_objective)random_below(&stream, 4);
  solve(it, &it->result,
        random_chance(&stream, 30) ? 1 + random_below(&stream, 40)
                                   : UINT64_MAX);
  it->provenance =
      (cds_provenance){.version = "test", .model_version = 1, .inputs = 2};
  it->provenance.input[0].role = "architecture";
  it->provenance.input[0].path = "arch.yaml";
  it->provenance.input[1].role = "workload";
  it->provenance.input[1].path = "workload.yaml";
  digest(it->provenance.input[0].sha256, it->arch_text);
  digest(it->provenance.input[1].sha256, it->workload_text);
}

static void close_run(run *it) {
  free(it->arch_text);
  free(it->workload_text);
  fixture_close(&it->f);
}

/* ---- certificates ---------------------------------------------------- */

static cds_claimed_layer claim_of(const run *it,
                                  const cds_network_result *result) {
  return (cds_claimed_layer){.layer = &it->workload.layer[0],
                             .result = it->status == CDS_OK ? &result->layer[0]
                                                            : NULL,
                             .value = result->value,
                             .bound = result->bound,
                             .proven = result->proven};
}

static char *write_certificate(const run *it, const cds_claimed_layer *claim,
                               size_t claims, const char *arch) {
  const char *text[] = {arch, it->workload_text};
  const cds_certificate certificate = {.arch = &it->arch,
                                       .workload = &it->workload,
                                       .objective = it->objective,
                                       .power_limit_w = power_of(it),
                                       .provenance = &it->provenance,
                                       .text = text,
                                       .layers = claims,
                                       .layer = claim};
  char *out = NULL;
  size_t size = 0;
  FILE *stream = open_memstream(&out, &size);
  assert_true(cds_export_certificate(stream, &certificate, it->f.arena));
  fclose(stream);
  return out;
}

static uint64_t boxes_most = UINT64_MAX;

static cds_verified check(fixture *f, const char *text) {
  const cds_verify_options options = {.threads = 1, .boxes_most = boxes_most};
  const cds_yaml *root = NULL;
  cds_verified verified;
  memset(&verified, 0, sizeof verified);
  assert_int_equal(cds_yaml_read_text(&root, "c.json", text, strlen(text),
                                      f->arena, f->diag),
                   CDS_OK);
  (void)cds_certificate_check(&verified, root, &options, f->arena, f->diag);
  return verified;
}

static void certificates_are_verified(void **state) {
  (void)state;
  static run it;
  uint64_t certified = 0;
  uint64_t none = 0;
  uint64_t gaps = 0;
  for (uint64_t i = 0; i < arguments.cases; i++) {
    const uint64_t number = arguments.first + i;
    open_run(&it, number);
    if (it.status == CDS_OK || it.status == CDS_EINFEASIBLE) {
      const cds_claimed_layer claim = claim_of(&it, &it.result);
      char *text = write_certificate(&it, &claim, 1, it.arch_text);
      const cds_verified verified = check(&it.f, text);
      const cds_verdict expected =
          it.status == CDS_OK ? CDS_VERDICT_CERTIFIED : CDS_VERDICT_NONE_FITS;
      if (verified.layers != 1 || verified.layer[0].verdict != expected ||
          cds_diag_errors(it.f.diag) > 0) {
        fail_msg("case %" PRIu64 ": %s\n%s", number, fixture_messages(&it.f),
                 text);
      }
      certified += it.status == CDS_OK;
      none += it.status != CDS_OK;
      gaps += it.status == CDS_OK && !it.result.proven;
      free(text);
    }
    close_run(&it);
  }
  print_message("%" PRIu64 " certified, %" PRIu64
                " of them with a gap, %" PRIu64 " without a mapping\n",
                certified, gaps, none);
  assert_true(arguments.cases < FEW || certified > arguments.cases / 2);
}

/* ---- tampering ------------------------------------------------------- */

/* The first message names a line on which `key` stands, and says `what`. */
static void expect_refused(const run *it, unsigned kind, const char *text,
                           const char *key, const char *what) {
  fixture f;
  fixture_open(&f);
  (void)check(&f, text);
  if (!refused_at(&f, text, key, what)) {
    fail_msg("case %" PRIu64 ", tampering %u: expected '%s' at '%s':\n%s\n%s",
             it->tiny.number, kind, what, key, fixture_messages(&f), text);
  }
  refused[kind]++;
  fixture_close(&f);
}

/* Numbers of the claim. */
static void tamper_numbers(const run *it) {
  static const char *const key[] = {"\"energy_pj\"", "\"latency_s\"",
                                    "\"value\"", "\"lower_bound\""};
  for (unsigned kind = 0; kind < 4; kind++) {
    cds_layer_result result = it->result.layer[0];
    cds_claimed_layer claim = claim_of(it, &it->result);
    claim.result = &result;
    double *number[] = {&result.cost.energy_pj, &result.cost.latency_s,
                        &claim.value, &claim.bound};
    if (*number[kind] == 0 || (kind == 3 && !claim.proven)) {
      continue;
    }
    *number[kind] *= 1 + 1e-6;
    char *text = write_certificate(it, &claim, 1, it->arch_text);
    char name[16];
    snprintf(name, sizeof name, "%.*s", (int)strlen(key[kind]) - 2,
             key[kind] + 1);
    expect_refused(it, kind, text, key[kind], name);
    free(text);
  }
}

/* A bound above the value, where no other mapping is looked at. */
static void tamper_unwalked(const run *it) {
  cds_claimed_layer claim = claim_of(it, &it->result);
  claim.bound = claim.value * 2;
  char *text = write_certificate(it, &claim, 1, it->arch_text);
  boxes_most = 0;
  if (claim.value > 0) {
    expect_refused(it, 13, text, "\"lower_bound\"", "a mapping has the value");
  }
  boxes_most = UINT64_MAX;
  free(text);
}

/* A character of the text, at `after`, is another digit. */
static char *with_digit(const char *text, const char *after) {
  char *copy = strdup(text);
  char *at = strstr(copy, after);
  assert_non_null(at);
  at += strlen(after);
  *at = *at == '1' ? '2' : '1';
  return copy;
}

static void tamper_texts(run *it) {
  const cds_claimed_layer claim = claim_of(it, &it->result);
  char *other = arch_text(&it->tiny, it->tiny.arch.compute.mac_pj[0] + 1);
  /* The price of a multiply-accumulate, with the digest of the old text. */
  char *text = write_certificate(it, &claim, 1, other);
  expect_refused(it, 4, text, "\"text\"", "was changed");
  free(text);
  /* The same with the digest of the new one. */
  digest(it->provenance.input[0].sha256, other);
  text = write_certificate(it, &claim, 1, other);
  expect_refused(it, 5, text, "\"energy_pj\"", "'energy_pj'");
  free(text);
  digest(it->provenance.input[0].sha256, it->arch_text);
  free(other);
  /* A factor of the mapping. */
  text = write_certificate(it, &claim, 1, it->arch_text);
  const char *loop = strstr(text, "\"for ");
  if (loop != NULL) {
    char start[12];
    snprintf(start, sizeof start, "%.7s", loop);
    char *changed = with_digit(text, start);
    expect_refused(it, 6, changed, "", "");
    free(changed);
  }
  free(text);
}

static void tamper_claims(run *it) {
  cds_claimed_layer claim = claim_of(it, &it->result);
  char *text = write_certificate(it, &claim, 0, it->arch_text);
  expect_refused(it, 7, text, "\"layers\"", "nothing is claimed of");
  free(text);
  const cds_claimed_layer twice[] = {claim, claim};
  text = write_certificate(it, twice, 2, it->arch_text);
  expect_refused(it, 8, text, "\"name\"", "claimed before");
  free(text);
  const cds_objective objective = it->objective;
  it->objective = objective == CDS_OBJECTIVE_DELAY ? CDS_OBJECTIVE_EDP
                                                   : CDS_OBJECTIVE_DELAY;
  text = write_certificate(it, &claim, 1, it->arch_text);
  it->objective = objective;
  expect_refused(it, 9, text, "\"value\"", "'value'");
  free(text);
  if (!it->result.proven && claim.bound < claim.value * (1 - 1e-6)) {
    claim.proven = true;
    text = write_certificate(it, &claim, 1, it->arch_text);
    expect_refused(it, 10, text, "\"status\"", "'status'");
    free(text);
  }
  claim.result = NULL;
  text = write_certificate(it, &claim, 1, it->arch_text);
  expect_refused(it, 11, text, "\"status\"", "'infeasible'");
  free(text);
}

/* A mapping that is not the best is claimed to be. */
static void tamper_optimum(run *it) {
  cds_network_result best;
  cds_network_result other;
  solve(it, &best, UINT64_MAX);
  solve(it, &other, 1);
  if (it->status != CDS_OK || other.value <= best.value * (1 + 1e-6)) {
    return;
  }
  cds_claimed_layer claim = claim_of(it, &other);
  claim.bound = claim.value;
  claim.proven = true;
  char *text = write_certificate(it, &claim, 1, it->arch_text);
  expect_refused(it, 12, text, "\"lower_bound\"", "a mapping has the value");
  free(text);
}

static void tampered_certificates_are_refused(void **state) {
  (void)state;
  static run it;
  unsigned all = 0;
  for (uint64_t i = 0; i < arguments.cases; i++) {
    const uint64_t number = arguments.first + i;
    open_run(&it, number);
    if (it.status == CDS_OK && it.result.value > 0) {
      tamper_numbers(&it);
      tamper_unwalked(&it);
      tamper_texts(&it);
      tamper_claims(&it);
      tamper_optimum(&it);
    }
    close_run(&it);
  }
  for (unsigned i = 0; i < TAMPERINGS; i++) {
    print_message("%u%s", refused[i], i + 1 < TAMPERINGS ? " " : " refused\n");
    all += refused[i];
    assert_true(arguments.cases < FEW || refused[i] > 0);
  }
  assert_true(arguments.cases < FEW || all > arguments.cases);
}

int main(int argc, char **argv) {
  arguments = test_arguments_read(&arguments, argc, argv);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(certificates_are_verified),
      cmocka_unit_test(tampered_certificates_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
