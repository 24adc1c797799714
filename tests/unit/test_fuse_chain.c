/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which layers of models are fused groups, what joins them, and accelerators
 * that cannot run them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fuse/fuse.h"
#include "fuse/least.h"
#include "spec/chain.h"
#include "spec/space.h"
#include "support/models.h"

#define SMALL_BERT                                                             \
  "model_type: bert, max_position_embeddings: 16, hidden_size: 8, "            \
  "num_hidden_layers: 4, num_attention_heads: 4, intermediate_size: 20, "      \
  "vocab_size: 50",                                                            \
      "{encode: {batch: 2, tokens: 6}}"

/* The chain that begins at the named layer. */
static cds_status find_chain(cds_chain_group *out, const cds_workload *w,
                             const char *name) {
  for (size_t i = 0; i < w->layers; i++) {
    if (strcmp(w->layer[i].name, name) == 0) {
      return cds_chain_find(out, w, i, CDS_CHAIN_WINDOWS);
    }
  }
  return CDS_EINTERNAL;
}

static cds_workload read_llama(fixture *f) {
  return read_model(f, "model_type: llama, " SMALL_SHAPE,
                    "{prefill: {batch: 2, tokens: 6}}");
}

static unsigned intermediates(const cds_fused_group *group) {
  unsigned count = 0;
  for (unsigned t = 0; t < group->tensors; t++) {
    count += group->tensor[t].intermediate;
  }
  return count;
}

static void attention_is_a_chain(void **state) {
  (void)state;
  fixture f;
  const cds_workload w = read_llama(&f);
  static cds_chain_group chain;
  assert_int_equal(find_chain(&chain, &w, "prefill.qk"), CDS_OK);
  const cds_fused_group *group = &chain.group;
  assert_int_equal(chain.layers, 3);
  assert_null(group->stage[0].operation);
  assert_string_equal(group->stage[1].operation->kind, "softmax");
  assert_int_equal(group->tensors, 6); /* Q K S P V O */
  assert_int_equal(intermediates(group), 2);
  /* b h g s t of both products are one; e is another in each. */
  assert_int_equal(group->ranks, 7);
  for (unsigned r = 0; r < 5; r++) {
    assert_null(cds_fused_loop_wrong(group, group->stage[0].rank[r]));
  }
  assert_true(group->stage[1].online); /* so that rows come in tiles */
  /* Scores need all of e. */
  assert_non_null(cds_fused_loop_wrong(group, group->stage[0].rank[5]));
  fixture_close(&f);
}

static void feed_forward_parts_share_their_input(void **state) {
  (void)state;
  fixture f;
  const cds_workload w = read_llama(&f);
  static cds_chain_group chain;
  assert_int_equal(find_chain(&chain, &w, "prefill.gate_proj"), CDS_OK);
  const cds_fused_group *group = &chain.group;
  assert_int_equal(chain.layers, 5); /* with the residual sum */
  assert_int_equal(group->stage[0].tensor[0], group->stage[1].tensor[0]);
  assert_int_not_equal(group->stage[0].tensor[1], group->stage[1].tensor[1]);
  assert_int_equal(group->tensors, 10); /* X Wg G Wu U H Wd Y R Z */
  assert_int_equal(intermediates(group), 4);
  assert_int_equal(group->ranks, 4); /* m k n, and n of down */
  fixture_close(&f);
}

static void a_layer_alone_is_no_chain(void **state) {
  (void)state;
  fixture f;
  const cds_workload w = read_llama(&f);
  static cds_chain_group chain;
  assert_int_equal(find_chain(&chain, &w, "prefill.rope"), CDS_EINFEASIBLE);
  assert_int_equal(find_chain(&chain, &w, "prefill.av"), CDS_EINFEASIBLE);
  fixture_close(&f);
}

/* The tensor that a stage makes. */
static const cds_fused_tensor *made_by(const cds_fused_group *group,
                                       unsigned stage) {
  const cds_fused_einsum *it = &group->stage[stage];
  return &group->tensor[it->tensor[it->einsum->tensors - 1]];
}

/* Norm, queries, keys, values; projection, sum, norm, gate, up, their product,
 * down, sum. */
static void norms_join_what_they_serve(void **state) {
  (void)state;
  fixture f;
  const cds_workload w = read_llama(&f);
  static cds_chain_group chain;
  const cds_fused_group *group = &chain.group;
  assert_int_equal(find_chain(&chain, &w, "prefill.input_norm"), CDS_OK);
  assert_int_equal(chain.layers, 4);
  assert_int_equal(intermediates(group), 1);
  assert_int_equal(made_by(group, 0)->last, 3);
  assert_int_equal(find_chain(&chain, &w, "prefill.o_proj"), CDS_OK);
  assert_int_equal(chain.layers, 8);
  assert_int_equal(intermediates(group), 7);    /* all but what leaves */
  assert_int_equal(made_by(group, 1)->last, 7); /* the sum, by the last one */
  assert_int_equal(made_by(group, 2)->last, 4); /* the norm, by gate and up */
  assert_int_equal(chain.seams, 1U << 2 | 1U << 3 | 1U << 8);
  /* Rows of the norm are whole, tokens are not. */
  const cds_fused_einsum *norm = &group->stage[2];
  assert_non_null(cds_fused_loop_wrong(group, norm->rank[1]));
  assert_null(cds_fused_loop_wrong(group, norm->rank[0]));
  /* Where layers behind want the sum, too, it is kept. */
  size_t first = 0;
  while (strcmp(w.layer[first].name, "prefill.o_proj") != 0) {
    first++;
  }
  assert_int_equal(cds_chain_part(&chain, &w, first, 3, 0), CDS_OK);
  assert_false(made_by(group, 1)->intermediate);
  assert_int_equal(made_by(group, 1)->last, 2);
  assert_true(cds_fused_may_hold(group, group->stage[1].tensor[2])); /* kept */
  assert_false(
      cds_fused_may_hold(group, group->stage[2].tensor[1])); /* used up */
  assert_false(
      cds_fused_may_hold(group, group->stage[1].tensor[1])); /* residual */
  /* Where something stays on chip chains end before norms. */
  assert_int_equal(cds_chain_find(&chain, &w, first, CDS_CHAIN_HANDED), CDS_OK);
  assert_int_equal(chain.layers, 2);
  assert_int_equal(cds_chain_find(&chain, &w, first + 2, CDS_CHAIN_HANDED),
                   CDS_EINFEASIBLE);
  fixture_close(&f);
}

/* The sum goes to the norm alone, whose result is a residual. */
static void norms_behind_sums_are_residuals(void **state) {
  (void)state;
  fixture f;
  const cds_workload w = read_model(&f, SMALL_BERT);
  static cds_chain_group chain;
  const cds_fused_group *group = &chain.group;
  assert_int_equal(find_chain(&chain, &w, "encode.q_proj"), CDS_OK);
  assert_int_equal(chain.layers, 6); /* each with its bias, on one input */
  assert_int_equal(group->stage[0].tensor[0], group->stage[4].tensor[0]);
  assert_int_equal(find_chain(&chain, &w, "encode.o_proj"), CDS_OK);
  assert_int_equal(chain.layers, 11);
  assert_int_equal(made_by(group, 2)->last, 3);
  assert_int_equal(made_by(group, 3)->last, 9);
  assert_int_equal(intermediates(group), 10);
  fixture_close(&f);
}

/* What a user alone names is kept; what its maker names, too, goes to all that
 * name it. */
static void einsums_may_share_what_they_take(void **state) {
  (void)state;
  static const char text[] =
      "workload: w\nprecision: 8 bit\nlayers:\n"
      "  - {name: a, einsum: \"T[m,k] += X[m,j] * W[j,k]\",\n"
      "     ranks: {m: 4, k: 6, j: 5}%s}\n"
      "  - {name: b, einsum: \"Y[m,n] += T[m,k] * V[k,n]\",\n"
      "     ranks: {m: 4, n: 3, k: 6}, intermediate: [T]}\n"
      "  - {name: c, einsum: \"Z[m,p] += T[m,k] * U[k,p]\",\n"
      "     ranks: {m: 4, p: 2, k: 6}, intermediate: [T]}\n";
  static cds_chain_group chain;
  for (unsigned named = 0; named < 2; named++) {
    fixture f;
    cds_workload w = {0};
    char given[600];
    snprintf(given, sizeof given, text,
             named == 1 ? ", intermediate: [T]" : "");
    fixture_open(&f);
    assert_fine(&f, read_text(&w, &f, given));
    assert_int_equal(find_chain(&chain, &w, "a"), CDS_OK);
    assert_int_equal(chain.layers, 3);
    assert_int_equal(intermediates(&chain.group), named);
    assert_int_equal(made_by(&chain.group, 0)->last, 2);
    /* Without the last it is wanted in any case. */
    assert_int_equal(cds_chain_part(&chain, &w, 0, 2, 0), CDS_OK);
    assert_int_equal(intermediates(&chain.group), 0);
    fixture_close(&f);
  }
}

/* What does not begin at its first layer finds that one's result outside. */
static void a_part_of_a_chain_is_one(void **state) {
  (void)state;
  fixture f;
  const cds_workload w = read_llama(&f);
  static cds_chain_group chain;
  assert_int_equal(find_chain(&chain, &w, "prefill.up_proj"), CDS_OK);
  assert_int_equal(chain.layers, 4);
  assert_int_equal(chain.group.tensors, 9); /* X Wu U G H Wd Y R Z */
  assert_int_equal(intermediates(&chain.group), 3);
  assert_false(chain.group.tensor[chain.group.stage[1].tensor[1]].intermediate);
  fixture_close(&f);
}

/* A block of MobileNetV2: the result of each layer, after what follows it. */
static const char BLOCK[] =
    "workload: w\nbatch: 2\nprecision: int8\nlayers:\n"
    "  - {name: a, conv2d: {channels: 4, filters: 24, input: 14, kernel: 1},\n"
    "     then: bias_relu6, intermediate: [O]}\n"
    "  - {name: b, conv2d: {channels: 24, input: 14, kernel: 3, stride: 2,\n"
    "     padding: 1, depthwise: true}, then: bias_relu6, intermediate: [I, "
    "O]}\n"
    "  - {name: c, conv2d: {channels: 24, filters: 4, input: 7, kernel: 1},\n"
    "     then: bias_add, intermediate: [I]}\n"
    "  - {name: d, matmul: {m: 8, n: 6, k: 4}, then: [bias, softmax]}\n";

static void layers_and_what_follows_them_are_chains(void **state) {
  (void)state;
  fixture f;
  cds_workload w = {0};
  static cds_chain_group chain;
  fixture_open(&f);
  assert_fine(&f, read_text(&w, &f, BLOCK));
  const cds_fused_group *group = &chain.group;
  assert_int_equal(find_chain(&chain, &w, "a"), CDS_OK);
  assert_int_equal(chain.layers, CDS_STAGES_SHORT);
  /* I W E E' W D D' W P R P': five are intermediates. */
  assert_int_equal(group->tensors, 11);
  assert_int_equal(intermediates(group), 5);
  assert_int_equal(group->tensor[group->stage[5].tensor[1]].maker,
                   CDS_STAGES_MAX); /* the residual connection */
  /* Filters of a are groups of b and channels of c: no loop, as c sums over
   * them for its own operation. Images may be cut. */
  const unsigned filters = group->stage[0].rank[2];
  assert_int_equal(group->stage[2].rank[1], filters);
  assert_int_equal(group->stage[4].rank[5], filters);
  assert_non_null(cds_fused_loop_wrong(group, filters));
  assert_null(cds_fused_loop_wrong(group, group->stage[0].rank[0]));
  for (unsigned r = 3; r < 5; r++) { /* rows and columns slide */
    assert_true(group->whole[group->stage[0].rank[r]]);
    assert_true(group->whole[group->stage[2].rank[r]]);
  }
  /* Rows are of filters, each with its groups. */
  assert_true(cds_fused_row_has(&group->stage[1], filters));
  assert_false(cds_fused_row_has(&group->stage[1], group->stage[0].rank[3]));
  assert_int_equal(find_chain(&chain, &w, "d"), CDS_OK);
  assert_int_equal(chain.layers, 3);
  assert_true(group->whole[group->stage[0].rank[2]] ||
              group->whole[group->stage[0].rank[1]]); /* rows of a softmax */
  fixture_close(&f);
}

static void chains_may_do_without_windows(void **state) {
  (void)state;
  fixture f;
  cds_workload w = {0};
  static cds_chain_group chain;
  fixture_open(&f);
  assert_fine(&f, read_text(&w, &f, BLOCK));
  assert_int_equal(cds_chain_find(&chain, &w, 0, 0), CDS_OK);
  assert_int_equal(chain.layers, 2); /* a and its operation */
  assert_int_equal(cds_chain_find(&chain, &w, 2, 0), CDS_EINFEASIBLE);
  assert_int_equal(cds_chain_find(&chain, &w, 4, 0), CDS_OK);
  assert_int_equal(chain.layers, 2);
  fixture_close(&f);
}

/* Einsums of a file, with what they hand on by name. */
static void einsums_of_a_file_say_what_they_hand_on(void **state) {
  (void)state;
  static const char text[] =
      "workload: w\nprecision: 8 bit\nlayers:\n"
      "  - {name: a, einsum: \"T[m,k] += X[m,j] * W[j,k]\",\n"
      "     ranks: {m: 4, k: 6, j: 5}, intermediate: [T]}\n"
      "  - {name: b, einsum: \"Y[m,n] += X[m,k] * V[k,n]\",\n"
      "     ranks: {m: 4, n: 3, k: 6}, intermediate: [X]}\n"
      "  - {name: c, einsum: \"T[m,k] += X[m,j] * W[j,k]\",\n"
      "     ranks: {m: 4, k: 6, j: 6}, intermediate: [T]}\n"
      "  - {name: d, einsum: \"Y[n,k] += X[n,m] * T[m,k]\",\n"
      "     ranks: {m: 4, n: 4, k: 6}, intermediate: [T]}\n"
      "  - {name: e, einsum: \"Y[n,k] += X[n,m] * T[m,k]\",\n"
      "     ranks: {m: 4, n: 4, k: 6}}\n";
  fixture f;
  cds_workload w = {0};
  static cds_chain_group chain;
  fixture_open(&f);
  assert_fine(&f, read_text(&w, &f, text));
  assert_int_equal(find_chain(&chain, &w, "a"), CDS_OK);
  assert_int_equal(chain.layers, 2);
  assert_int_equal(chain.group.tensors, 5); /* X W T V Y */
  assert_int_equal(intermediates(&chain.group), 1);
  /* The first operand of d is its own, though it looks like that of c. */
  assert_int_equal(find_chain(&chain, &w, "c"), CDS_OK);
  assert_int_equal(chain.group.tensors, 5);
  assert_int_equal(find_chain(&chain, &w, "d"), CDS_EINFEASIBLE);
  assert_int_equal(find_chain(&chain, &w, "e"), CDS_EINFEASIBLE);
  fixture_close(&f);
}

/* What the search says of attention on a shipped accelerator. */
static cds_status begin_on(fixture *f, const char *path) {
  static cds_chain_group chain;
  static cds_arch arch;
  cds_space *space = NULL;
  const cds_workload w = read_llama(f);
  assert_int_equal(find_chain(&chain, &w, "prefill.qk"), CDS_OK);
  assert_fine(f, cds_space_read(&space, path, NULL, 0, f->arena, f->diag));
  assert_fine(f, cds_space_design(&arch, space, 0, f->arena, f->diag));
  cds_fuser *fuser = cds_fuser_new();
  assert_non_null(fuser);
  const cds_status status =
      cds_fuser_begin(fuser, &arch, &chain.group, (double)INFINITY);
  cds_fuser_free(fuser);
  return status;
}

static void accelerators_need_the_format_and_few_layouts(void **state) {
  (void)state;
  static const struct {
    const char *path;
    cds_status status;
  } cases[] = {
      {CDS_SOURCE_DIR "/archs/npu-3d.yaml", CDS_OK},
      {CDS_SOURCE_DIR "/archs/tpu-v4i-like.yaml", CDS_OK},
      {CDS_SOURCE_DIR "/archs/gpu-like.yaml", CDS_EINPUT},    /* 10^7 layouts */
      {CDS_SOURCE_DIR "/archs/nvdla-like.yaml", CDS_EINPUT}}; /* int8 */
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture f;
    assert_int_equal(begin_on(&f, cases[i].path), cases[i].status);
    fixture_close(&f);
  }
}

/* The attention of a workload, and a design of npu-3d. */
static void open_attention(cds_chain_group *chain, cds_arch *arch, fixture *f,
                           const char *text, const char *const *sets,
                           size_t settings) {
  cds_workload w = {0};
  cds_space *space = NULL;
  assert_fine(f, read_text(&w, f, text));
  assert_int_equal(find_chain(chain, &w, "a.qk"), CDS_OK);
  assert_fine(f, cds_space_read(&space, CDS_SOURCE_DIR "/archs/npu-3d.yaml",
                                sets, settings, f->arena, f->diag));
  assert_fine(f, cds_space_design(arch, space, 0, f->arena, f->diag));
}

/* Half of the products is enough for causal attention, nearly: less than what
 * nothing undercuts that makes all of them. */
static void what_nothing_undercuts_knows_the_mask(void **state) {
  (void)state;
  static const char text[] =
      "workload: w\nprecision: fp16\nlayers:\n"
      "  - {name: a, attention: {heads: 4, head_dim: 64, query: 256,\n"
      "     context: 256, causal: true}}\n";
  static cds_chain_group chain;
  static cds_arch arch;
  static cds_fuse_result result;
  fixture f;
  fixture_open(&f);
  open_attention(&chain, &arch, &f, text, NULL, 0);
  cds_floor_asked asked;
  assert_int_equal(cds_floor_ask(&asked, &arch, (double)INFINITY, f.arena),
                   CDS_OK);
  double least[2][2]; /* energy, time; with the mask, without */
  for (unsigned i = 0; i < 2; i++) {
    chain.group.mask.here = i == 0;
    assert_int_equal(
        cds_fuse_least(&least[i][0], &least[i][1], &asked, &chain.group),
        CDS_OK);
  }
  chain.group.mask.here = true;
  cds_fuser *fuser = cds_fuser_new();
  assert_non_null(fuser);
  assert_int_equal(
      cds_fuser_begin(fuser, &arch, &chain.group, (double)INFINITY), CDS_OK);
  assert_int_equal(cds_fuser_solve(&result, fuser, 1e18, NULL), CDS_OK);
  assert_true(least[0][1] <= result.latency_s);
  assert_true(least[1][1] > result.latency_s);
  assert_true(least[0][0] <= result.energy_pj);
  cds_fuser_free(fuser);
  fixture_close(&f);
}

/* Heads and queries that the same tensors have: loops on some of the queries,
 * for the mask, with those of several heads in a pass. */
static void queries_are_cut_before_their_heads(void **state) {
  (void)state;
  static const char text[] =
      "workload: w\nprecision: fp16\nlayers:\n"
      "  - {name: a, attention: {heads: 8, kv_heads: 2, head_dim: 64,\n"
      "     query: 512, context: 768, causal: true}}\n";
  static const char *const sets[] = {"rows=64", "cols=64", "glb=1MiB",
                                     "vdd=0.7V"};
  static cds_chain_group chain;
  static cds_arch arch;
  static cds_fuse_result result;
  fixture f;
  fixture_open(&f);
  open_attention(&chain, &arch, &f, text, sets, 4);
  cds_fuser *fuser = cds_fuser_new();
  assert_non_null(fuser);
  const cds_fused_group *group = &chain.group;
  assert_int_equal(cds_fuser_begin(fuser, &arch, group, (double)INFINITY),
                   CDS_OK);
  assert_int_equal(cds_fuser_solve(&result, fuser, 3.5e12, NULL), CDS_OK);
  const cds_outer *outer = &result.mapping.outer;
  const unsigned heads = group->stage[0].rank[2]; /* of b h g s t */
  assert_true(cds_outer_trips_on(outer, group->mask.query) > 1);
  assert_true(cds_outer_trips_on(outer, group->mask.key) > 1);
  assert_true(cds_outer_trips_on(outer, heads) < group->rank[heads].size);
  cds_fuser_free(fuser);
  fixture_close(&f);
}

/* Queries, keys and the keys before them of a chain's mask; whether it has one.
 */
static bool mask_is(const cds_workload *w, const char *name, uint64_t queries,
                    uint64_t keys, uint64_t past) {
  static cds_chain_group chain;
  assert_int_equal(find_chain(&chain, w, name), CDS_OK);
  const cds_fused_group *group = &chain.group;
  const cds_fused_mask *mask = &group->mask;
  if (mask->here) {
    assert_int_equal(group->rank[mask->query].size, queries);
    assert_int_equal(group->rank[mask->key].size, keys);
    assert_int_equal(mask->offset, past);
  }
  return mask->here;
}

/* Each of 6 queries has the 4 keys before, and those up to its own. */
static void decoders_attend_to_what_is_before(void **state) {
  (void)state;
  fixture f;
  const cds_workload w =
      read_model(&f, "model_type: llama, " SMALL_SHAPE,
                 "{prefill: {batch: 2, context: 4, tokens: 6}}, "
                 "{decode: {batch: 2, context: 10, tokens: 2}}");
  assert_true(mask_is(&w, "prefill.qk", 6, 10, 4));
  const cds_layer *scores = find(&w, "prefill.qk");
  const cds_layer *values = find(&w, "prefill.av");
  assert_int_equal(scores->useful_macs,
                   macs(scores) / 60 * (5 + 6 + 7 + 8 + 9 + 10));
  assert_int_equal(values->useful_macs,
                   macs(values) / 60 * (5 + 6 + 7 + 8 + 9 + 10));
  const cds_layer *other = find(&w, "prefill.q_proj");
  assert_int_equal(other->useful_macs, macs(other));
  assert_false(mask_is(&w, "decode.qk.16", 0, 0, 0));
  fixture_close(&f);
}

static void encoders_attend_to_all(void **state) {
  (void)state;
  fixture f;
  const cds_workload w = read_model(&f, SMALL_BERT);
  assert_false(mask_is(&w, "encode.qk", 0, 0, 0));
  fixture_close(&f);
}

static void attention_layers_say_whether_they_are_causal(void **state) {
  (void)state;
  static const char text[] =
      "workload: w\nprecision: fp16\nlayers:\n"
      "  - {name: a, attention: {heads: 4, head_dim: 8, query: 6, context: 8,\n"
      "     causal: true}}\n"
      "  - {name: b, attention: {heads: 4, head_dim: 8, query: 6, context: "
      "8}}\n"
      "  - {name: c, attention: {heads: 4, head_dim: 8, query: 1, context: 8,\n"
      "     causal: true}}\n"
      "  - {name: d, attention: {heads: 4, head_dim: 8, query: 6, context: 7,\n"
      "     causal: true}, pad: {t: 16}}\n";
  fixture f;
  cds_workload w = {0};
  fixture_open(&f);
  assert_fine(&f, read_text(&w, &f, text));
  assert_true(mask_is(&w, "a.qk", 6, 8, 2));
  assert_false(mask_is(&w, "b.qk", 0, 0, 0));
  assert_false(mask_is(&w, "c.qk", 0, 0, 0)); /* nothing is masked */
  /* Pads are keys of the last query, so that each has one that needs it. */
  assert_true(mask_is(&w, "d.qk", 6, 16, 10));
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(attention_is_a_chain),
      cmocka_unit_test(feed_forward_parts_share_their_input),
      cmocka_unit_test(a_layer_alone_is_no_chain),
      cmocka_unit_test(norms_join_what_they_serve),
      cmocka_unit_test(norms_behind_sums_are_residuals),
      cmocka_unit_test(einsums_may_share_what_they_take),
      cmocka_unit_test(a_part_of_a_chain_is_one),
      cmocka_unit_test(layers_and_what_follows_them_are_chains),
      cmocka_unit_test(chains_may_do_without_windows),
      cmocka_unit_test(einsums_of_a_file_say_what_they_hand_on),
      cmocka_unit_test(decoders_attend_to_what_is_before),
      cmocka_unit_test(what_nothing_undercuts_knows_the_mask),
      cmocka_unit_test(queries_are_cut_before_their_heads),
      cmocka_unit_test(encoders_attend_to_all),
      cmocka_unit_test(attention_layers_say_whether_they_are_causal),
      cmocka_unit_test(accelerators_need_the_format_and_few_layouts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
