/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Certificates of explorations of random small spaces: written, read and
 * verified, all designs of spaces that the walks cover derived anew; refused at
 * the right place when something in them is not so; and what is found of a
 * design never rules out a value that it reaches.
 *
 *   test_verify_exploration [cases N] [seed N] [case N]
 */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "codesign/version.h"
#include "export/certificate.h"
#include "oracle/arguments.h"
#include "support/box_spaces.h"
#include "support/refused.h"
#include "support/tiny_network.h"
#include "verify/design_shown.h"

enum {
  BOXES = 60000,
  FEW_BOXES = 3000,
  TAMPERINGS = 19,
  LIMITS = BOX_LIMITS + 2,
  SLOW = 4,
  MADE_UP = 5,
  FLAT = 1, /* at limits that are just met the next ones take minutes */
  DEEP = 5,
  SHAPES = BOX_SPACES + 1
};
static test_arguments arguments = {.seed = 1, .cases = 20, .quick = 7};
static unsigned refused[TAMPERINGS];

/* ---- a space --------------------------------------------------------- */

typedef struct question {
  fixture f;
  uint64_t number;
  unsigned shape;
  bool foreign; /* walks do not cover it */
  cds_space *space;
  cds_workload workload;
  cds_explore_options options;
  cds_limit limit[LIMITS];
  char arch_text[2 * BOX_TEXT], workload_text[BOX_TEXT];
  cds_provenance provenance;
  cds_explore_result result;
} question;

static cds_status no_other(cds_worth *out, const cds_arch *arch,
                           const cds_einsum *einsum, const cds_mapping *mapping,
                           double power_limit_w) {
  (void)arch, (void)einsum, (void)mapping, (void)power_limit_w;
  memset(out, 0, sizeof *out);
  return CDS_OK;
}

static cds_status no_operation(cds_worth *out, const cds_arch *arch,
                               const cds_operation *operation,
                               double power_limit_w) {
  (void)arch, (void)operation, (void)power_limit_w;
  memset(out, 0, sizeof *out);
  return CDS_OK;
}

static cds_verify_options verifying = {.threads = 2,
                                       .boxes_most = BOXES,
                                       .other = no_other,
                                       .operation = no_operation};

static void digest(char out[CDS_SHA256_TEXT], const char *text) {
  cds_sha256 hash;
  cds_sha256_begin(&hash);
  cds_sha256_add(&hash, text, strlen(text));
  cds_sha256_end(&hash, out);
}

static void add_limit(question *q, const char *text) {
  assert_int_equal(cds_limit_parse(&q->limit[q->options.limits++], text,
                                   (cds_place){0}, q->f.arena, q->f.diag),
                   CDS_OK);
}

static void draw_limits(question *q, random_stream *random) {
  const box_limits drawn = {q->space, q->limit, 20};
  q->options.limits = box_limits_draw(&drawn, random, &q->f);
  if (cds_space_limits(q->space) > 0) { /* that of the file */
    add_limit(q, "area <= 1000 mm2");
  }
  q->options.limit = q->limit;
}

/* Products that hand on what they make, and attention with a mask. */
static const char chains[] =
    "workload: chains\n"
    "precision: int8\n"
    "layers:\n"
    "  - {name: up, einsum: \"T1[m,n1] += T0[m,n0] * W0[n0,n1]\",\n"
    "     ranks: {m: 8, n0: 4, n1: 8}, intermediate: [T1]}\n"
    "  - {name: down, einsum: \"T2[m,n2] += T1[m,n1] * W1[n1,n2]\",\n"
    "     ranks: {m: 8, n1: 8, n2: 4}, intermediate: [T1]}\n"
    "  - {name: att, attention: {heads: 2, kv_heads: 1, head_dim: 4, query: "
    "8,\n"
    "     context: 8, causal: true}}\n";
enum { CHAINED = 5 }; /* each so-manieth case */

static void write_texts(question *q, random_stream *random) {
  static char variables[BOX_TEXT];
  if (q->shape >= BOX_SPACES) {
    snprintf(q->arch_text, sizeof q->arch_text, "%s",
             q->shape == BOX_SPACES ? TINY_ARCH : TINY_COOLED);
    snprintf(q->workload_text, sizeof q->workload_text, "%s", TINY_WORKLOAD);
    return;
  }
  box_space_text(q->arch_text, q->shape);
  box_space_draw(variables, q->shape, random, 4, 10);
  strncat(variables, "  limits: [area <= 1000 mm2]\n",
          sizeof variables - strlen(variables) - 1);
  strncat(q->arch_text, variables,
          sizeof q->arch_text - strlen(q->arch_text) - 1);
  box_workload_text(q->workload_text, q->shape, random);
  if (q->number % CHAINED == 0) {
    snprintf(q->workload_text, sizeof q->workload_text, "%s", chains);
  }
  char *first = strstr(q->arch_text, "bond: [microbump"); /* cannot be built */
  if (first != NULL) {
    memcpy(first, "bond: [hybrid   ", 16);
  }
}

static void ask(question *q, uint64_t number) {
  static const cds_objective objectives[] = {
      CDS_OBJECTIVE_EDP, CDS_OBJECTIVE_ENERGY, CDS_OBJECTIVE_DELAY,
      CDS_OBJECTIVE_ED2P};
  random_stream random = random_start(arguments.seed, number);
  memset(q, 0, sizeof *q);
  q->number = number;
  q->shape = (unsigned)(number % SHAPES);
  q->shape += q->shape >= SLOW; /* takes long to explore */
  q->foreign = q->shape == MADE_UP;
  fixture_open(&q->f);
  write_texts(q, &random);
  tiny_read(&q->f, &q->space, &q->workload, q->arch_text, q->workload_text);
  const bool any = random_chance(&random, 8);
  cds_space_set_factors(q->space, any);
  q->options.objective = objectives[random_below(&random, 4)];
  q->options.search = (cds_search_options)CDS_SEARCH_OPTIONS_INIT;
  q->options.fuse = number % CHAINED == 0 ? CDS_FUSE_ALL : CDS_FUSE_NONE;
  q->options.heat_off = random_chance(&random, 60);
  q->options.threads = 2;
  draw_limits(q, &random);
  q->provenance = (cds_provenance){
      .version = "test", .model_version = CDS_MODEL_VERSION, .inputs = 2};
  q->provenance.input[0].role = "architecture";
  q->provenance.input[0].path = "arch.yaml";
  q->provenance.input[1].role = "workload";
  q->provenance.input[1].path = "workload.yaml";
  digest(q->provenance.input[0].sha256, q->arch_text);
  digest(q->provenance.input[1].sha256, q->workload_text);
  if (arguments.cases == 1) {
    print_message("shape %u, %" PRIu64 " designs, %s parts, objective %d, fuse "
                  "%d, heat off %d, %zu limits\n",
                  q->shape, cds_space_designs(q->space), any ? "any" : "equal",
                  q->options.objective, q->options.fuse, q->options.heat_off,
                  q->options.limits);
  }
}

static cds_explore_result explore(question *q, bool every,
                                  const uint64_t *only) {
  cds_explore_result result;
  cds_explore_options options = q->options;
  options.every = every;
  options.only = only;
  const cds_status status =
      cds_explore(&result, q->space, &q->workload, &options, q->f.arena,
                  cds_diag_new(q->f.arena));
  assert_true(status == CDS_OK || status == CDS_EINFEASIBLE);
  return result;
}

/* ---- certificates ---------------------------------------------------- */

static char *write_certificate(question *q, const cds_explore_result *result) {
  const char *text[] = {q->arch_text, q->workload_text};
  cds_report report = {.space = q->space,
                       .workload = &q->workload,
                       .arch = result->arch,
                       .options = &q->options,
                       .result = result,
                       .provenance = q->provenance};
  const cds_explored explored = {.report = &report, .text = text};
  char *out = NULL;
  size_t size = 0;
  FILE *stream = open_memstream(&out, &size);
  assert_true(cds_export_explored(stream, &explored, q->f.arena));
  fclose(stream);
  return out;
}

static cds_verified check(fixture *f, const char *text) {
  const cds_yaml *root = NULL;
  cds_verified verified;
  memset(&verified, 0, sizeof verified);
  const cds_status status = cds_yaml_read_text(&root, "c.json", text,
                                               strlen(text), f->arena, f->diag);
  if (status == CDS_OK) {
    (void)cds_exploration_check(&verified, root, &verifying, f->arena, f->diag);
  }
  return verified;
}

/* Whether bounds hold all that limits demand, and heat. Of equal times there
 * are too many mappings to walk through all. */
static bool is_whole(const question *q) {
  for (size_t i = 0; i < q->options.limits; i++) {
    if (q->limit[i].metric == CDS_METRIC_LATENCY) {
      return false;
    }
  }
  const bool warm = !q->options.heat_off && q->result.arch->sink_k_per_w > 0;
  return !q->foreign && q->result.proven && !warm &&
         q->options.objective != CDS_OBJECTIVE_DELAY;
}

/* How many are neither derived nor were too many boxes. */
static uint64_t not_derived(const cds_verified_designs *designs) {
  uint64_t count = 0;
  for (size_t i = 0; i < designs->listed; i++) {
    const char *why = designs->list[i].why;
    count += why == NULL || strstr(why, "limit on boxes") == NULL;
  }
  return count;
}

static void certificates_are_verified(void **state) {
  (void)state;
  static question q;
  uint64_t found = 0;
  uint64_t count[4] = {0};
  for (uint64_t i = 0; i < arguments.cases; i++) {
    ask(&q, arguments.first + i);
    q.result = explore(&q, false, NULL);
    if (q.result.found && !q.foreign) {
      char *text = write_certificate(&q, &q.result);
      const cds_verified verified = check(&q.f, text);
      const cds_verified_designs *designs = verified.explored;
      if (cds_diag_errors(q.f.diag) > 0 || designs == NULL ||
          designs->designs != cds_space_designs(q.space) ||
          designs->count[CDS_VERDICT_DESIGN_REFUSED] > 0 ||
          (is_whole(&q) && not_derived(designs) > 0)) {
        const char *why =
            designs != NULL && designs->listed > 0 ? designs->list[0].why : "";
        fail_msg("case %" PRIu64 ", objective %d, heat off %d, fuse %d: %s%s",
                 q.number, q.options.objective, q.options.heat_off,
                 q.options.fuse, fixture_messages(&q.f), why);
      }
      for (unsigned v = 0; v < 4; v++) {
        count[v] += designs->count[v];
      }
      if (arguments.cases == 1 && designs->listed > 0) {
        print_message("%s\n", designs->list[0].why);
      }
      found++;
      free(text);
    }
    fixture_close(&q.f);
  }
  print_message("%" PRIu64 " certificates: %" PRIu64
                " designs derived, %" PRIu64 " claimed, %" PRIu64
                " not shown\n",
                found, count[0], count[1], count[2]);
  assert_true(arguments.cases < 8 ||
              (found > 0 && count[0] > count[1] + count[2]));
}

/* A limit that the fastest design just meets, by sums in another order. */
static void limits_may_be_met_exactly(void **state) {
  (void)state;
  static question q;
  uint64_t found = 0;
  for (uint64_t i = 0; i < 4 * arguments.cases; i++) {
    char number[CDS_NUMBER_TEXT];
    char text[64];
    ask(&q, arguments.first + i);
    const cds_objective objective = q.options.objective;
    q.options.objective = CDS_OBJECTIVE_DELAY;
    q.options.heat_off = true;
    if (q.shape > FLAT && q.shape <= DEEP) {
      fixture_close(&q.f);
      continue;
    }
    cds_space_set_factors(q.space, false);
    q.result = explore(&q, false, NULL);
    if (q.result.found && !q.foreign && q.number % CHAINED != 0) {
      snprintf(text, sizeof text, "latency <= %s s",
               cds_format_double(number, q.result.network.latency_s));
      q.options.objective = objective;
      add_limit(&q, text);
      q.result = explore(&q, false, NULL);
      char *certificate = write_certificate(&q, &q.result);
      (void)check(&q.f, certificate);
      if (!q.result.found || cds_diag_errors(q.f.diag) > 0) {
        fail_msg("case %" PRIu64 ", %s: %s", q.number, text,
                 fixture_messages(&q.f));
      }
      found++;
      free(certificate);
    }
    fixture_close(&q.f);
  }
  print_message("%" PRIu64 " limits\n", found);
  assert_true(found > 0 || arguments.cases < 4);
}

/* ---- what is found of a design --------------------------------------- */

static cds_shown_question question_of(const question *q) {
  cds_shown_question of = {.space = q->space,
                           .workload = &q->workload,
                           .options = &verifying,
                           .objective = q->options.objective,
                           .heat_off = q->options.heat_off,
                           .best = UINT64_MAX,
                           .boxes_most = verifying.boxes_most};
  for (unsigned m = 0; m < CDS_SHOWN_METRICS; m++) {
    of.limit[m] = (double)INFINITY;
  }
  for (size_t i = 0; i < q->options.limits; i++) {
    double *limit = &of.limit[q->limit[i].metric];
    *limit = fmin(*limit, q->limit[i].bound);
  }
  assert_int_equal(
      cds_sum_plan_make(&of.plan, &q->workload, (cds_fusing)q->options.fuse,
                        of.objective == CDS_OBJECTIVE_DELAY, q->f.arena),
      CDS_OK);
  return of;
}

/* Nothing is shown that is not so: a design that reaches a value is not shown
 * to be no better than a larger one, nor to be over a limit. */
static void what_designs_reach_is_not_ruled_out(void **state) {
  (void)state;
  static question q;
  uint64_t designs = 0;
  uint64_t better = 0;
  uint64_t none = 0;
  for (uint64_t i = 0; i < arguments.cases; i++) {
    ask(&q, arguments.first + i);
    const cds_explore_result every = explore(&q, true, NULL);
    cds_shown_question of = question_of(&q);
    for (size_t d = 0; d < every.records; d += 1 + every.records / 12) {
      const cds_design_result *design = &every.design[d];
      cds_shown shown;
      const bool mapped = design->status == CDS_DESIGN_MAPPED;
      of.value = mapped ? design->value * (1 + 1e-6) : 1e300;
      assert_int_equal(cds_show_design(&shown, &of, design->index, q.f.arena),
                       CDS_OK);
      const bool open =
          shown.as == CDS_FOUND_BETTER || shown.as == CDS_FOUND_OPEN;
      if (mapped && !open) {
        fail_msg("case %" PRIu64 ", design %zu: found %d, it reaches %g",
                 q.number, d, shown.as, design->value);
      }
      if (!mapped && shown.as == CDS_FOUND_BETTER &&
          (design->status == CDS_DESIGN_INFEASIBLE || design->limit_proven)) {
        fail_msg("case %" PRIu64 ", design %zu: found better, not mapped",
                 q.number, d);
      }
      designs++;
      better += mapped && shown.as == CDS_FOUND_BETTER;
      none += !mapped;
    }
    fixture_close(&q.f);
  }
  print_message("%" PRIu64 " designs, %" PRIu64
                " found to reach what they reach, %" PRIu64 " cannot run\n",
                designs, better, none);
  assert_true(arguments.cases < 8 || better > designs / 10);
}

/* ---- tampering ------------------------------------------------------- */

/* The first message names a line on which `key` stands, and says `what`. */
static void expect_refused(const question *q, unsigned kind, const char *text,
                           const char *key, const char *what) {
  fixture f;
  fixture_open(&f);
  (void)check(&f, text);
  if (!refused_at(&f, text, key, what)) {
    fail_msg("case %" PRIu64 ", tampering %u: expected '%s' at '%s':\n%s",
             q->number, kind, what, key, fixture_messages(&f));
  }
  refused[kind]++;
  fixture_close(&f);
}

/* The text with what stands at `at`, so long, replaced. */
static char *replaced(const char *text, const char *at, size_t length,
                      const char *with) {
  const size_t size = strlen(text) + strlen(with) + 1;
  char *out = malloc(size);
  assert_non_null(out);
  snprintf(out, size, "%.*s%s%s", (int)(at - text), text, with, at + length);
  return out;
}

static void replace_and_expect(const question *q, unsigned kind,
                               const char *text, const char *from,
                               const char *with, const char *key,
                               const char *what) {
  const char *at = strstr(text, from);
  if (at == NULL) {
    return;
  }
  char *changed = replaced(text, at, strlen(from), with);
  expect_refused(q, kind, changed, key, what);
  free(changed);
}

/* The line of a claim with this status, from its brace on; NULL: none. */
static const char *claim_line(const char *text, const char *status) {
  const char *list = strstr(text, "\n  \"designs\": [");
  const char *at = list == NULL ? NULL : strstr(list, status);
  while (at != NULL && *at != '{') {
    at--;
  }
  return at;
}

static void tamper_claims(const question *q, const char *text) {
  const char *worse = claim_line(text, "\"worse\"");
  if (worse == NULL) {
    return;
  }
  const size_t length = strcspn(worse, "\n");
  const bool last = worse[length - 1] != ',';
  char line[256];
  char with[1024];
  snprintf(line, sizeof line, "%.*s", (int)strcspn(worse, "}") + 1, worse);
  const unsigned long number = strtoul(strstr(line, ": ") + 2, NULL, 10);
  const struct {
    unsigned kind;
    const char *tail, *key, *what;
  } claims[] = {{2, "\"worse\", \"lower_bound\": 1e-300}", "lower_bound",
                 "below the value"},
                {3, "\"worse\"}", "design", "below the value"},
                {4, "\"best\"}", "design", "is not the winner"},
                {5, "\"infeasible\"}", "design", "can run each layer"},
                {6, "\"over_limit\", \"limit\": \"area <= 1 nm2\"}", "design",
                 "names no limit"}};
  for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
    snprintf(with, sizeof with, "{\"design\": %lu, \"status\": %s", number,
             claims[i].tail);
    char *changed = replaced(text, worse, strlen(line), with);
    expect_refused(q, claims[i].kind, changed, claims[i].key, claims[i].what);
    free(changed);
  }
  snprintf(with, sizeof with, "%s, %s", line, line);
  char *doubled = replaced(text, worse, strlen(line), with);
  expect_refused(q, 1, doubled, "\"worse\"", "claimed before");
  free(doubled);
  snprintf(with, sizeof with,
           "%s, {\"design\": 99999999, \"status\": \"open\"}", line);
  char *more = replaced(text, worse, strlen(line), with);
  expect_refused(q, 7, more, "99999999", "none of the space");
  free(more);
  if (!last) { /* a hole */
    char *changed = replaced(text, worse, length, "");
    expect_refused(q, 0, changed, "\"designs\"", "nothing is claimed of");
    free(changed);
  }
}

static void tamper_result(const question *q, const char *text) {
  char from[128];
  char with[256];
  char number[CDS_NUMBER_TEXT];
  snprintf(from, sizeof from, "\"value\": %s,",
           cds_format_double(number, q->result.value));
  snprintf(with, sizeof with, "\"value\": %s,",
           cds_format_double(number, q->result.value * (1 - 1e-6)));
  replace_and_expect(q, 8, text, from, with, "", "'value' is");
  snprintf(from, sizeof from, "\"index\": %" PRIu64, q->result.winner);
  snprintf(with, sizeof with, "\"index\": %" PRIu64,
           q->result.winner == 0 ? 1 : q->result.winner - 1);
  replace_and_expect(q, 9, text, from, with, "\"text\"",
                     "not what the variable is");
  snprintf(from, sizeof from, "\"designs\": %zu,", q->result.designs);
  snprintf(with, sizeof with, "\"designs\": %zu,", q->result.designs + 1);
  replace_and_expect(q, 10, text, from, with, "\"designs\"",
                     "the architecture has");
  replace_and_expect(q, 11, text, "\"values\": [\"", "\"values\": [\"1",
                     "\"values\"", "what the architecture gives");
  replace_and_expect(q, 12, text, "\"text\": [\n", "\"text\": [\n\"#\",\n", "",
                     "was changed");
}

/* What is said of a layer is said of another one, which runs as often. */
static void tamper_layers(const question *q, const char *text) {
  const char *list = strstr(text, "\n    \"layers\": [");
  const char *name = list == NULL ? NULL : strstr(list, "\"name\": \"a\"");
  if (name != NULL) {
    char *changed =
        replaced(text, name, strlen("\"name\": \"a\""), "\"name\": \"b\"");
    expect_refused(q, 17, changed, "\"name\": \"b\"", "this is not layer 'a'");
    free(changed);
  }
}

/* Some power of one die arises in another, so little that leakage is as good as
 * the same. */
static void tamper_dies(const question *q, const char *text) {
  static const char key[] = "\"power_w\": ";
  const char *heat = strstr(text, "\"heat\": {");
  const char *dies = heat == NULL ? NULL : strstr(heat, "\"dies\": [");
  const char *one = dies == NULL ? NULL : strstr(dies, key);
  const char *two = one == NULL ? NULL : strstr(one + 1, key);
  if (two == NULL || two > strstr(dies, "]")) {
    return;
  }
  double one_w = 0;
  double two_w = 0;
  char number[CDS_NUMBER_TEXT];
  one += strlen(key);
  two += strlen(key);
  assert_true(cds_parse_double(&one_w, one, &(const char *){NULL}));
  assert_true(cds_parse_double(&two_w, two, &(const char *){NULL}));
  const double part_w = 4e-9 * (one_w + two_w);
  if (one_w < part_w) {
    return;
  }
  cds_format_double(number, two_w + part_w);
  char *changed = replaced(text, two, strcspn(two, ","), number);
  cds_format_double(number, one_w - part_w);
  char *both =
      replaced(changed, changed + (one - text), strcspn(one, ","), number);
  expect_refused(q, 18, both, "\"name\"", "'power_w' of die");
  free(both);
  free(changed);
}

/* Another design's answer, which is what it says, among all claims. */
static void tamper_winner(question *q) {
  const cds_explore_result every = explore(q, true, NULL);
  const cds_design_result *second = NULL;
  for (size_t i = 0; i < every.records; i++) {
    const cds_design_result *at = &every.design[i];
    const bool here = at->status == CDS_DESIGN_MAPPED &&
                      at->value > every.value * (1 + 1e-6) &&
                      at->bound == at->value;
    second =
        here && (second == NULL || at->value < second->value) ? at : second;
  }
  if (second == NULL || !is_whole(q)) {
    return;
  }
  cds_explore_result other = explore(q, false, &second->index);
  assert_true(other.found && other.winner == second->index);
  cds_design_result *design =
      cds_arena_array(q->f.arena, every.records, sizeof *design);
  for (size_t i = 0; i < every.records; i++) {
    design[i] = every.design[i];
    if (design[i].status == CDS_DESIGN_MAPPED) {
      design[i].bound = fmax(design[i].bound, other.value);
    }
  }
  other.design = design;
  other.records = every.records;
  char *text = write_certificate(q, &other);
  expect_refused(q, 13, text, "\"design\"", "has mappings with the value");
  free(text);
}

/* A limit of the file that is not held against. */
static void tamper_limits(question *q) {
  char *text = write_certificate(q, &q->result);
  const char *at = strstr(text, "\"limits\": [");
  if (at != NULL && cds_space_limits(q->space) > 0) {
    char *changed = replaced(text, at, strcspn(at, "]") + 1, "\"limits\": []");
    expect_refused(q, 14, changed, "\"limits\"", "is missing");
    free(changed);
  }
  free(text);
}

/* A limit that the best design does not meet: it was best without. */
static void tamper_more_limits(const question *q, const char *text) {
  static const struct {
    const char *metric, *unit;
    double scale; /* of pJ, s, um2 */
  } limits[] = {
      {"energy", "pJ", 1}, {"latency", "ns", 1e9}, {"area", "um2", 1}};
  const double found[] = {q->result.network.energy_pj,
                          q->result.network.latency_s, q->result.area_um2};
  const char *at = strstr(text, "\"limits\": [");
  for (size_t i = 0; at != NULL && i < sizeof limits / sizeof *limits; i++) {
    char number[CDS_NUMBER_TEXT];
    char with[160];
    cds_format_double(number, 0.999 * found[i] * limits[i].scale);
    snprintf(with, sizeof with, "\"limits\": [\"%s <= %s %s\"%s",
             limits[i].metric, number, limits[i].unit,
             at[strlen("\"limits\": [")] == ']' ? "" : ", ");
    char *changed = replaced(text, at, strlen("\"limits\": ["), with);
    expect_refused(q, 15, changed, limits[i].metric, "does not meet");
    free(changed);
  }
}

/* A narrower space of fusing than that of the best design. */
static void tamper_fuse(const question *q, const char *text) {
  static const char *const names[] = {"\"fuse\": \"none\"",
                                      "\"fuse\": \"attention\""};
  static const char all[] = "\"fuse\": \"all\"";
  const char *at = strstr(text, all);
  for (size_t i = 0; at != NULL && i < 2; i++) {
    bool outside = false;
    for (size_t k = 0; k < q->workload.layers; k++) {
      const cds_layer *layer = &q->workload.layer[k];
      const bool attention = strncmp(layer->name, "att", 3) == 0;
      outside = outside || (q->result.network.layer[k].fused != NULL &&
                            (i == 0 || !attention));
    }
    if (outside) {
      char *changed = replaced(text, at, sizeof all - 1, names[i]);
      expect_refused(q, 16, changed, "fused", "does not let it");
      free(changed);
    }
  }
}

static void tampered_certificates_are_refused(void **state) {
  (void)state;
  static question q;
  unsigned all = 0;
  for (uint64_t i = 0; i < arguments.cases; i++) {
    ask(&q, arguments.first + i);
    q.options.heat_off = q.options.heat_off || q.shape < BOX_SPACES;
    q.result = explore(&q, false, NULL);
    if (q.result.found && !q.foreign && q.number % CHAINED != 0) {
      char *text = write_certificate(&q, &q.result);
      const uint64_t boxes = verifying.boxes_most;
      verifying.boxes_most = FEW_BOXES;
      tamper_claims(&q, text);
      tamper_result(&q, text);
      tamper_layers(&q, text);
      tamper_limits(&q);
      tamper_more_limits(&q, text);
      verifying.boxes_most = boxes;
      tamper_winner(&q);
      free(text);
    }
    if (q.result.found && q.number % CHAINED == 0) {
      char *text = write_certificate(&q, &q.result);
      tamper_fuse(&q, text);
      free(text);
    }
    fixture_close(&q.f);
  }
  for (unsigned i = 0; i < TAMPERINGS; i++) {
    print_message("%u%s", refused[i], i + 1 < TAMPERINGS ? " " : " refused\n");
    all += refused[i];
  }
  assert_true(arguments.cases < 20 || all >= 100);
}

static void powers_of_other_dies_are_refused(void **state) {
  (void)state;
  static question q;
  const uint64_t boxes = verifying.boxes_most;
  verifying.boxes_most = 0;
  for (uint64_t i = 0; i < 4 * arguments.cases; i++) {
    ask(&q, arguments.first + i);
    if (!q.options.heat_off && q.number % CHAINED != 0) {
      q.result = explore(&q, false, NULL);
      if (q.result.found) {
        char *text = write_certificate(&q, &q.result);
        tamper_dies(&q, text);
        free(text);
      }
    }
    fixture_close(&q.f);
  }
  verifying.boxes_most = boxes;
  print_message("%u refused\n", refused[18]);
  assert_true(arguments.cases < 7 || refused[18] > 0);
}

int main(int argc, char **argv) {
  arguments = test_arguments_read(&arguments, argc, argv);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(certificates_are_verified),
      cmocka_unit_test(limits_may_be_met_exactly),
      cmocka_unit_test(what_designs_reach_is_not_ruled_out),
      cmocka_unit_test(tampered_certificates_are_refused),
      cmocka_unit_test(powers_of_other_dies_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
