/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Attributes of a component: words, blocks and capacity as Timeloop works them
 * out, mesh, bandwidths, and what cannot be said in our files.
 */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "import/timeloop.h"

enum { TEXT_SHOWN = 60 };
static const double default_word_bits = 16.0;

static double attribute(cds_tl *it, const cds_yaml *attributes, const char *key,
                        const char *also, double fallback) {
  const cds_yaml *node = cds_tl_get(attributes, key, also);
  double value = fallback;
  if (node != NULL) {
    (void)cds_tl_number(&value, it, node, key);
  }
  return value;
}

/* Attributes that change what Timeloop computes in a way that our files cannot
 * say, unless they have the value at which they change nothing. */
static void check_unsupported(cds_tl *it, const cds_yaml *attributes) {
  static const struct {
    const char *name, *neutral;
  } known[] = {{"addr_gen_energy", "0"},
               {"allow_overbooking", "0"},
               {"cluster-size", "1"},
               {"cluster_size", "1"},
               {"energy-per-ingress", "0"},
               {"energy_per_ingress", "0"},
               {"fill_latency", "0"},
               {"min-utilization", "0"},
               {"min_utilization", "0"},
               {"multiple-buffering", "1"},
               {"multiple_buffering", "1"},
               {"network_drain_latency", "0"},
               {"network_fill_latency", "0"},
               {"per_dataspace_bandwidth_consumption_scale", NULL},
               {"power_gated_at", NULL},
               {"reduction_energy", "0"},
               {"router_energy", "0"},
               {"tile_width", "0"},
               {"wire_energy", "0"}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    const cds_yaml *node = cds_tl_get(attributes, known[i].name, NULL);
    if (node == NULL) {
      continue;
    }
    if (node->kind == CDS_YAML_SCALAR && known[i].neutral != NULL) {
      const bool false_is_0 =
          strcmp(node->text, "false") == 0 || strcmp(node->text, "False") == 0;
      double value = 0.0;
      const double neutral = known[i].neutral[0] == '0' ? 0.0 : 1.0;
      if ((false_is_0 && neutral == 0.0) ||
          (!false_is_0 && cds_tl_number(&value, it, node, known[i].name) &&
           !(value < neutral) && !(value > neutral))) {
        continue;
      }
    }
    cds_tl_error(it, node->place, "attribute '%s' is not imported: expected %s",
                 known[i].name,
                 known[i].neutral == NULL ? "none" : known[i].neutral);
  }
}

/* Attributes that are read here; others are of estimators. */
static void warn_others(cds_tl *it, const cds_yaml *attributes) {
  static const char *const silent[] = {
      "addr_gen_energy",
      "allow_overbooking",
      "block-size",
      "block_size",
      "cluster-size",
      "cluster_size",
      "datawidth",
      "depth",
      "energy-per-hop",
      "energy-per-ingress",
      "energy_per_hop",
      "energy_per_ingress",
      "entries",
      "fill_latency",
      "global_cycle_seconds",
      "instances",
      "latency",
      "memory_depth",
      "memory_width",
      "meshX",
      "meshY",
      "min-utilization",
      "min_utilization",
      "multiple-buffering",
      "multiple_buffering",
      "n_banks",
      "n_ports",
      "n_rd_ports",
      "n_rdwr_ports",
      "n_wr_ports",
      "network_drain_latency",
      "network_fill_latency",
      "per_dataspace_bandwidth_consumption_scale",
      "power_gated_at",
      "read_bandwidth",
      "reduction-supported",
      "reduction_energy",
      "reduction_supported",
      "router_energy",
      "shared_bandwidth",
      "sizeKB",
      "technology",
      "tile_width",
      "type",
      "vector_access_energy",
      "vector-access-energy",
      "version",
      "width",
      "wire_energy",
      "word-bits",
      "word_bits",
      "write_bandwidth",
      NULL};
  for (size_t i = 0; i < attributes->count; i++) {
    const char *key = attributes->keys[i]->text;
    size_t at = 0;
    while (silent[at] != NULL && strcmp(silent[at], key) != 0) {
      at++;
    }
    if (silent[at] == NULL) {
      cds_diag_warning(it->reader->diag, attributes->keys[i]->place,
                       "attribute '%.*s' is left out: Timeloop does not read "
                       "it",
                       TEXT_SHOWN, key);
    }
  }
}

/* Word, width, capacity. */
static void read_shape(cds_tl_component *to, cds_tl *it,
                       const cds_yaml *attributes) {
  to->word_bits = attribute(it, attributes, "word-bits", "word_bits", 0.0);
  if (to->word_bits <= 0.0) {
    to->word_bits =
        attribute(it, attributes, "datawidth", NULL, default_word_bits);
  }
  const double width = attribute(it, attributes, "width", "memory_width", 0.0);
  double block = attribute(it, attributes, "block-size", "block_size", 0.0);
  if (to->word_bits < 1.0 || to->word_bits > 4096.0 ||
      floor(to->word_bits) != to->word_bits) {
    cds_tl_error(it, to->place,
                 "words of '%s' have no whole number of bits: expected 1 to "
                 "4096",
                 to->foreign);
    to->word_bits = default_word_bits;
  }
  if (block <= 0.0) {
    block = width > 0.0 ? floor(width / to->word_bits) : 1.0;
  }
  if (block < 1.0) {
    cds_tl_error(it, to->place,
                 "an access of '%s' is narrower than its words: expected whole "
                 "words",
                 to->foreign);
    block = 1.0;
  }
  to->width_bits = block * to->word_bits;
  const double depth = attribute(it, attributes, "depth", "memory_depth", 0.0);
  const double entries = attribute(it, attributes, "entries", NULL, 0.0);
  const double kilobytes = attribute(it, attributes, "sizeKB", NULL, 0.0);
  to->size_words = entries > 0.0     ? entries
                   : depth > 0.0     ? depth * block
                   : kilobytes > 0.0 ? floor(kilobytes * 8192.0 / to->word_bits)
                                     : 0.0;
}

static void read_mesh(cds_tl_component *to, cds_tl *it,
                      const cds_yaml *attributes) {
  const cds_yaml *x = cds_tl_get(attributes, "meshX", NULL);
  const cds_yaml *y = cds_tl_get(attributes, "meshY", NULL);
  to->mesh_x = to->instances;
  to->mesh_y = 1;
  if ((x != NULL && !cds_tl_count(&to->mesh_x, it, x, "meshX")) ||
      (y != NULL && !cds_tl_count(&to->mesh_y, it, y, "meshY"))) {
    to->mesh_x = to->instances;
    to->mesh_y = 1;
    return;
  }
  if (x != NULL && y == NULL && to->instances % to->mesh_x == 0) {
    to->mesh_y = to->instances / to->mesh_x;
  }
  if (x == NULL && y != NULL && to->instances % to->mesh_y == 0) {
    to->mesh_x = to->instances / to->mesh_y;
  }
  uint64_t product = 0;
  if (!cds_mul_u64(&product, to->mesh_x, to->mesh_y) ||
      product != to->instances) {
    cds_tl_error(it, to->place,
                 "'%s' has %llu instances on a mesh of %llu x %llu: expected "
                 "their product",
                 to->foreign, (unsigned long long)to->instances,
                 (unsigned long long)to->mesh_x,
                 (unsigned long long)to->mesh_y);
    to->mesh_x = to->instances;
    to->mesh_y = 1;
  }
}

static bool is_true(const cds_yaml *node) {
  return node->kind == CDS_YAML_SCALAR &&
         (strcmp(node->text, "true") == 0 || strcmp(node->text, "True") == 0 ||
          strcmp(node->text, "1") == 0);
}

void cds_tl_read_attributes(cds_tl_component *to, cds_tl *it,
                            const cds_yaml *attributes) {
  for (unsigned a = 0; a < CDS_TL_ACTIONS; a++) {
    to->energy_pj[a] = (double)NAN;
  }
  to->area_um2 = (double)NAN;
  if (attributes != NULL && attributes->kind != CDS_YAML_MAPPING) {
    cds_tl_error(it, attributes->place,
                 "'attributes' is no mapping: expected names and values");
    attributes = NULL;
  }
  if (attributes != NULL) {
    check_unsupported(it, attributes);
    warn_others(it, attributes);
  }
  read_shape(to, it, attributes);
  read_mesh(to, it, attributes);
  to->read_bw = attribute(it, attributes, "read_bandwidth", NULL, (double)NAN);
  to->write_bw =
      attribute(it, attributes, "write_bandwidth", NULL, (double)NAN);
  to->shared_bw =
      attribute(it, attributes, "shared_bandwidth", NULL, (double)NAN);
  if (!isnan(to->shared_bw) && (!isnan(to->read_bw) || !isnan(to->write_bw))) {
    cds_tl_error(it, to->place,
                 "'%s' has a shared bandwidth and others: expected one or the "
                 "other",
                 to->foreign);
  }
  to->hop_pj =
      attribute(it, attributes, "energy_per_hop", "energy-per-hop", 0.0);
  const cds_yaml *adds =
      cds_tl_get(attributes, "reduction_supported", "reduction-supported");
  to->reduction =
      adds != NULL ? is_true(adds) : strcmp(to->class_name, "dram") != 0;
  const double vector = attribute(it, attributes, "vector_access_energy",
                                  "vector-access-energy", (double)NAN);
  if (!isnan(vector)) {
    to->energy_pj[CDS_TL_READ] = vector;
    to->energy_pj[CDS_TL_FILL] = vector;
    to->energy_pj[CDS_TL_UPDATE] = vector;
  }
}
