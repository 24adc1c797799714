/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Eyeriss on AlexNet, measured on silicon, against archs/eyeriss.yaml with the
 * mapping that the paper publishes: Chen, Krishna, Emer, Sze, IEEE JSSC 52(1),
 * 2017, table V (batch 4, 1 V, core 200 MHz, link 60 MHz). What is published,
 * what is inferred and why the two differ: tests/golden/eyeriss/README.md.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "price/price.h"
#include "spec/space.h"
#include "spec/workload.h"
#include "tests/support/close.h"

#define FOLDER CDS_SOURCE_DIR "/tests/golden/eyeriss/"

enum { LAYERS = 5, DRAM = 0, BYTES = 2 };

typedef struct published {
  const char *name;
  double processing_ms; /* DRAM traffic fully overlapped */
  double total_ms;
  unsigned elements; /* processing elements that work */
  double macs;       /* of four images */
  double dram_mb;    /* feature maps run-length coded */
  double ratio;      /* DRAM traffic without coding over that with it */
} published;

/* JSSC 2017, table V; the ratios: the same authors, ISSCC 2016. The products of
 * the shapes give the multiply-accumulates, which the table rounds. */
static const published chip[LAYERS] = {
    {"conv1", 16.5, 20.9, 154, 421617600, 5.0, 1.2},
    {"conv2", 39.2, 41.9, 135, 895795200, 4.0, 1.4},
    {"conv3", 21.8, 23.6, 156, 598081536, 3.0, 1.7},
    {"conv4", 16.0, 18.4, 156, 448561152, 2.1, 1.8},
    {"conv5", 10.0, 10.5, 156, 299040768, 1.3, 1.9},
};
static const double chip_fps = 34.7;            /* abstract and section VI */
static const double chip_dram_per_mac = 0.0029; /* abstract */

/* Shapes of a group (images, channels, filters of all groups, width of the
 * padded input, width of results, kernel, stride) and parameters of the
 * mapping, in the letters of the paper: m filters of sums in the buffer, n
 * images a pass, e rows of results, p filters and q channels in an element, r
 * and t sets of elements for channels and filters. e of conv2 is 28 for 27, of
 * conv1 7 for the last 6. */
typedef struct passes {
  uint64_t N, C, M, W, F, R, U, m, n, e, strips, p, q, r, t;
} passes;

static const passes mapped[LAYERS] = {
    {4, 3, 96, 227, 55, 11, 4, 96, 1, 7, 8, 16, 1, 1, 2},
    {4, 48, 256, 31, 27, 5, 1, 64, 1, 28, 1, 16, 2, 1, 1},
    {4, 256, 384, 15, 13, 3, 1, 64, 4, 13, 1, 16, 4, 1, 4},
    {4, 192, 384, 15, 13, 3, 1, 64, 4, 13, 1, 16, 3, 2, 2},
    {4, 192, 256, 15, 13, 3, 1, 64, 4, 13, 1, 16, 3, 2, 2},
};

typedef struct layer {
  double ms;       /* processing */
  double total_ms; /* all DRAM traffic waited for */
  unsigned elements;
  double macs;                    /* with padding */
  double dram_mb;                 /* not coded */
  uint64_t dram[CDS_TENSORS_MAX]; /* words: inputs, weights, results */
} layer;

typedef struct session {
  cds_arena *arena;
  cds_diag *diag;
  cds_workload workload;
  cds_mapping_entry *entry;
  layer model[LAYERS];
} session;

static void assert_fine(const session *it, cds_status status) {
  if (status != CDS_OK) {
    cds_diag_write(it->diag, stderr, CDS_DIAG_TEXT);
  }
  assert_int_equal(status, CDS_OK);
}

/* The architecture at a bandwidth of the link to DRAM. */
static void chip_read(cds_arch *out, session *it, const char *link) {
  cds_space *space = NULL;
  assert_fine(it, cds_space_read(&space, CDS_SOURCE_DIR "/archs/eyeriss.yaml",
                                 &link, 1, it->arena, it->diag));
  assert_fine(it, cds_space_design(out, space, 0, it->arena, it->diag));
}

static void add_dram(layer *out, const cds_counts *counts,
                     const cds_einsum *einsum) {
  out->dram_mb = 0;
  for (unsigned t = 0; t < einsum->tensors; t++) {
    out->dram[t] = 0;
    for (unsigned action = 0; action < CDS_ACTIONS; action++) {
      out->dram[t] += counts->at[DRAM][t].words[action];
    }
    out->dram_mb += 1e-6 * BYTES * (double)out->dram[t];
  }
}

/* Counts and prices layer `index` on the architecture; its time in ms. */
static double run(layer *out, session *it, const cds_arch *arch,
                  unsigned index) {
  const cds_reader reader = {.arena = it->arena, .diag = it->diag};
  const cds_einsum *einsum = &it->workload.layer[index].einsum;
  static cds_mapping mapping;
  static cds_counts counts;
  cds_cost cost;
  cds_misfit misfit;
  assert_string_equal(it->entry[index].layer, chip[index].name);
  assert_string_equal(it->workload.layer[index].name, chip[index].name);
  assert_fine(it, cds_mapping_read(&mapping, it->entry[index].nest, arch,
                                   einsum, &reader));
  assert_fine(it, cds_count(&counts, arch, einsum, &mapping, it->arena));
  assert_fine(it, cds_price_fits(&misfit, arch, einsum, &counts));
  assert_fine(it,
              cds_price_einsum(&cost, arch, einsum, &counts, (double)INFINITY));
  out->elements = (unsigned)counts.units;
  out->macs = (double)counts.macs;
  add_dram(out, &counts, einsum);
  return 1e3 * cost.latency_s;
}

static int set_up(void **state) {
  static session it;
  static cds_arch hidden, waited;
  it.arena = cds_arena_new();
  it.diag = cds_diag_new(it.arena);
  const cds_reader reader = {.arena = it.arena, .diag = it.diag};
  size_t entries = 0;
  assert_fine(&it, cds_workload_read(&it.workload, FOLDER "alexnet-conv.yaml",
                                     &reader));
  assert_fine(&it,
              cds_mapping_file_read(&it.entry, &entries,
                                    FOLDER "row-stationary.yaml", &reader));
  assert_int_equal(it.workload.layers, LAYERS);
  assert_int_equal(entries, LAYERS);
  chip_read(&hidden, &it, "link=1TB/s");
  chip_read(&waited, &it, "link=480MB/s");
  for (unsigned i = 0; i < LAYERS; i++) {
    it.model[i].total_ms = run(&it.model[i], &it, &waited, i);
    it.model[i].ms = run(&it.model[i], &it, &hidden, i);
  }
  *state = &it;
  return 0;
}

static int tear_down(void **state) {
  cds_arena_free(((session *)*state)->arena);
  return 0;
}

static double percent(double value, double published_value) {
  return 100 * (value / published_value - 1);
}

/* ---- what must hold ---- */

/* Elements as published, but conv2: 5 x 28 where the chip switches off one
 * column of the second strip. No layer computes more than 4 % of padding. */
static void elements_and_work_are_the_published_ones(void **state) {
  const session *it = *state;
  for (unsigned i = 0; i < LAYERS; i++) {
    const bool folded = strcmp(chip[i].name, "conv2") == 0;
    assert_int_equal(it->model[i].elements, folded ? 140 : chip[i].elements);
    assert_true(it->model[i].macs >= chip[i].macs);
    assert_true(it->model[i].macs <= 1.04 * chip[i].macs);
  }
}

/* The paper's passes, counted with a pencil. In a pass an element multiplies n
 * p q S F times, after the weights of all elements have come four a cycle. Each
 * strip reads its rows of inputs once for m filters, and all weights for n
 * images. */
static void passes_are_the_published_ones(void **state) {
  const session *it = *state;
  for (unsigned i = 0; i < LAYERS; i++) {
    const passes *a = &mapped[i];
    const uint64_t strips = a->N / a->n * a->strips;
    const uint64_t count =
        strips * (a->M / (a->p * a->t)) * (a->C / (a->q * a->r));
    const uint64_t busy = a->n * a->p * a->q * a->R * a->F;
    const uint64_t weights = a->p * a->t * a->q * a->r * a->R * a->R;
    const uint64_t rows = (a->e - 1) * a->U + a->R;
    const double ms = (double)(count * (busy + weights / 4)) / 200e3;
    assert_close(it->model[i].ms, ms, 5e-3);
    assert_int_equal(it->model[i].dram[0],
                     a->N * a->strips * (a->M / a->m) * a->C * rows * a->W);
    assert_int_equal(it->model[i].dram[1], strips * a->M * a->C * a->R * a->R);
    assert_int_equal(it->model[i].dram[2],
                     a->N * a->strips * a->M * a->e * a->F);
  }
}

static void processing_takes_the_measured_time(void **state) {
  const session *it = *state;
  double model = 0, measured = 0;
  for (unsigned i = 0; i < LAYERS; i++) {
    print_message("%s  %6.2f ms, measured %5.1f (%+.1f %%)\n", chip[i].name,
                  it->model[i].ms, chip[i].processing_ms,
                  percent(it->model[i].ms, chip[i].processing_ms));
    assert_close(it->model[i].ms, chip[i].processing_ms, 0.12);
    model += it->model[i].ms;
    measured += chip[i].processing_ms;
  }
  print_message("total  %6.2f ms, measured %5.1f (%+.1f %%)\n", model, measured,
                percent(model, measured));
  assert_close(measured, 103.5, 1e-6);
  assert_close(model, measured, 0.10);
}

/* What the chip does not hide of its DRAM traffic lies between nothing and all
 * of it. The rate of frames is that of the total time. */
static void measured_total_lies_between_all_hidden_and_none(void **state) {
  const session *it = *state;
  double hidden = 0, waited = 0, measured = 0;
  for (unsigned i = 0; i < LAYERS; i++) {
    hidden += it->model[i].ms;
    waited += it->model[i].total_ms;
    measured += chip[i].total_ms;
  }
  print_message("total with DRAM: %.1f ms hidden, %.1f measured, %.1f waited "
                "for\n",
                hidden, measured, waited);
  assert_close(4e3 / measured, chip_fps, 1e-3);
  assert_true(hidden < measured && measured < waited);
}

/* Coding is not modelled: the traffic without it is divided by the published
 * ratio of each layer. */
static void dram_traffic_is_the_measured_one(void **state) {
  const session *it = *state;
  double coded = 0, plain = 0, macs = 0;
  for (unsigned i = 0; i < LAYERS; i++) {
    const double mb = it->model[i].dram_mb / chip[i].ratio;
    print_message("%s  DRAM %5.2f MB, coded %5.2f, measured %4.1f (%+.1f %%)\n",
                  chip[i].name, it->model[i].dram_mb, mb, chip[i].dram_mb,
                  percent(mb, chip[i].dram_mb));
    assert_close(mb, chip[i].dram_mb, 0.08);
    coded += mb;
    plain += it->model[i].dram_mb;
    macs += chip[i].macs;
  }
  const double per_mac = 1e6 * coded / BYTES / macs;
  print_message("DRAM accesses of 16 bit a MAC: %.5f, published %.4f (%+.1f "
                "%%); without coding %.5f\n",
                per_mac, chip_dram_per_mac, percent(per_mac, chip_dram_per_mac),
                1e6 * plain / BYTES / macs);
  assert_close(per_mac, chip_dram_per_mac, 0.03);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(elements_and_work_are_the_published_ones),
      cmocka_unit_test(passes_are_the_published_ones),
      cmocka_unit_test(processing_takes_the_measured_time),
      cmocka_unit_test(measured_total_lies_between_all_hidden_and_none),
      cmocka_unit_test(dram_traffic_is_the_measured_one),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
