/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Timeloop's architecture: a chain of `local` components, down one `subtree`
 * after another, each with instances on a mesh. Words, blocks and capacities
 * are worked out as Timeloop does.
 */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "import/timeloop.h"

enum { TEXT_SHOWN = 60 };
static const uint64_t instances_max = UINT64_C(1) << 40;
static const double default_word_bits = 16.0;

/* The end of a name, "[0..15]" or "[1..16]": how many that is. */
const char *cds_tl_strip(uint64_t *instances, cds_tl *it, const char *name,
                         cds_place place) {
  const char *open = strchr(name, '[');
  *instances = 1;
  if (open == NULL) {
    return name;
  }
  uint64_t bound[2] = {0, 0};
  unsigned at = 0;
  bool digits = false;
  const char *c = open + 1;
  for (; *c != '\0' && *c != ']'; c++) {
    if (*c >= '0' && *c <= '9' && bound[at] <= instances_max) {
      bound[at] = bound[at] * 10 + (uint64_t)(*c - '0');
      digits = true;
    } else if (c[0] == '.' && c[1] == '.' && at == 0 && digits) {
      at = 1;
      digits = false;
      c++;
    } else {
      at = 2;
      break;
    }
  }
  if (at != 1 || !digits || c[0] != ']' || c[1] != '\0' ||
      bound[1] < bound[0] || bound[1] - bound[0] >= instances_max) {
    cds_tl_error(it, place,
                 "'%.*s' has no range of instances: expected one such as "
                 "'[0..15]'",
                 TEXT_SHOWN, name);
    return name;
  }
  *instances = bound[1] - bound[0] + 1;
  const char *plain =
      cds_arena_strndup(it->reader->arena, name, (size_t)(open - name));
  return plain != NULL ? plain : name;
}

static bool contains(const char *text, const char *part) {
  return strstr(text, part) != NULL;
}

/* Lower case, in a buffer. */
static void lower(char *to, size_t room, const char *from) {
  size_t n = 0;
  for (; from[n] != '\0' && n + 1 < room; n++) {
    to[n] = (char)(from[n] >= 'A' && from[n] <= 'Z' ? from[n] - 'A' + 'a'
                                                    : from[n]);
  }
  to[n] = '\0';
}

/* Class of ours; NULL: neither memory nor compute. */
static const char *class_of(bool *compute, bool *network, const char *given) {
  char name[128];
  lower(name, sizeof name, given);
  *compute = false;
  *network = contains(name, "noc") || contains(name, "legacy") ||
             contains(name, "network") || contains(name, "reductiontree") ||
             contains(name, "multicast");
  if (*network) {
    return NULL;
  }
  if (contains(name, "dram")) {
    return "dram";
  }
  if (contains(name, "sram") || contains(name, "smartbuffer") ||
      contains(name, "storage")) {
    return "sram";
  }
  if (contains(name, "regfile") || contains(name, "register")) {
    return "regfile";
  }
  *compute = contains(name, "mac") || contains(name, "compute");
  return *compute ? "mac" : NULL;
}

/* ---- attributes --------------------------------------------------------- */

static double attribute(cds_tl *it, const cds_yaml *attributes,
                        const char *key, const char *also, double fallback) {
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
      const bool false_is_0 = strcmp(node->text, "false") == 0 ||
                              strcmp(node->text, "False") == 0;
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
      "addr_gen_energy", "allow_overbooking",
      "block-size", "block_size", "cluster-size", "cluster_size", "datawidth",
      "depth", "energy-per-hop", "energy-per-ingress", "energy_per_hop",
      "energy_per_ingress", "entries", "fill_latency", "global_cycle_seconds",
      "instances", "latency", "memory_depth", "memory_width", "meshX", "meshY",
      "min-utilization", "min_utilization", "multiple-buffering",
      "multiple_buffering", "n_banks", "n_ports", "n_rd_ports", "n_rdwr_ports",
      "n_wr_ports", "network_drain_latency", "network_fill_latency",
      "per_dataspace_bandwidth_consumption_scale", "power_gated_at",
      "read_bandwidth", "reduction-supported", "reduction_energy",
      "reduction_supported", "router_energy", "shared_bandwidth", "sizeKB",
      "technology", "tile_width", "type", "vector_access_energy",
      "vector-access-energy", "version", "width", "wire_energy", "word-bits",
      "word_bits", "write_bandwidth", NULL};
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
  const double width =
      attribute(it, attributes, "width", "memory_width", 0.0);
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
  const double depth =
      attribute(it, attributes, "depth", "memory_depth", 0.0);
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

static void read_attributes(cds_tl_component *to, cds_tl *it,
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

/* ---- the chain ---------------------------------------------------------- */

/* A name of ours that no other component has. */
static const char *own_name(cds_tl *it, const char *foreign) {
  const char *base = cds_tl_name(it, foreign);
  const char *name = base;
  for (unsigned number = 2; name != NULL && number < 100; number++) {
    unsigned at = 0;
    while (at < it->components &&
           strcmp(it->component[at].name, name) != 0) {
      at++;
    }
    if (at == it->components) {
      break;
    }
    name = cds_arena_printf(it->reader->arena, "%s-%u", base, number);
  }
  return name != NULL ? name : "component";
}

typedef struct chain {
  const char *path;    /* "system.PE" */
  uint64_t instances;  /* of the subtree */
} chain;

static void read_component(cds_tl *it, const chain *at, const cds_yaml *node) {
  const cds_yaml *name = cds_tl_get(node, "name", NULL);
  const cds_yaml *class_name = cds_tl_get(node, "class", NULL);
  const char *text = name == NULL ? NULL : cds_tl_text(it, name, "'name'");
  const char *kind =
      class_name == NULL ? NULL : cds_tl_text(it, class_name, "'class'");
  if (text == NULL || kind == NULL) {
    cds_tl_error(it, node->place,
                 "a component without name or class: expected both");
    return;
  }
  bool compute = false;
  bool network = false;
  const char *own = class_of(&compute, &network, kind);
  if (network) {
    cds_tl_error(it, node->place,
                 "network '%.*s' is not imported: expected those that Timeloop "
                 "infers",
                 TEXT_SHOWN, text);
    return;
  }
  if (own == NULL) {
    cds_diag_warning(it->reader->diag, node->place,
                     "component '%.*s' of class '%.*s' is left out, as "
                     "Timeloop does",
                     TEXT_SHOWN, text, TEXT_SHOWN, kind);
    return;
  }
  if (it->components == CDS_TL_COMPONENTS_MAX) {
    cds_tl_error(it, node->place,
                 "more than %d components: expected fewer",
                 CDS_TL_COMPONENTS_MAX);
    return;
  }
  uint64_t instances = 1;
  const char *foreign = cds_tl_strip(&instances, it, text, name->place);
  cds_tl_component *to = &it->component[it->components];
  *to = (cds_tl_component){.name = own_name(it, foreign),
                           .foreign = foreign,
                           .class_name = own,
                           .place = node->place,
                           .compute = compute};
  to->path = cds_arena_printf(it->reader->arena, "%s.%s", at->path, foreign);
  if (!cds_mul_u64(&to->instances, instances, at->instances) ||
      to->instances > instances_max || to->path == NULL) {
    cds_tl_error(it, node->place,
                 "'%.*s' has too many instances: expected at most 2^40",
                 TEXT_SHOWN, text);
    to->instances = 1;
  }
  it->components++;
  read_attributes(to, it, cds_tl_get(node, "attributes", NULL));
}

static void read_local(cds_tl *it, const chain *at, const cds_yaml *local) {
  for (size_t i = 0; i < cds_tl_items(local); i++) {
    const cds_yaml *node = cds_tl_item(local, i);
    if (node->kind != CDS_YAML_MAPPING) {
      cds_tl_error(it, node->place,
                   "a component is no mapping: expected name, class and "
                   "attributes");
      continue;
    }
    read_component(it, at, node);
  }
}

/* One subtree: its name, its components, and what stands below. */
static const cds_yaml *read_subtree(cds_tl *it, chain *at,
                                    const cds_yaml *node) {
  static const char *const known[] = {"attributes", "local",   "name",
                                      "subtree",    "version", NULL};
  if (node->kind != CDS_YAML_MAPPING) {
    cds_tl_error(it, node->place,
                 "a subtree is no mapping: expected name, local and subtree");
    return NULL;
  }
  if (cds_tl_get(node, "nodes", NULL) != NULL) {
    cds_tl_error(it, cds_tl_get(node, "nodes", NULL)->place,
                 "an architecture of 'nodes' is not imported: expected the "
                 "lowered form with 'subtree' and 'local', which "
                 "parsed-processed-input.yaml has");
    return NULL;
  }
  cds_tl_only(it, node, known, "a subtree");
  const cds_yaml *name = cds_tl_get(node, "name", NULL);
  const char *text = name == NULL ? NULL : cds_tl_text(it, name, "'name'");
  if (text != NULL) {
    uint64_t instances = 1;
    const char *plain = cds_tl_strip(&instances, it, text, name->place);
    it->name = it->name == NULL ? plain : it->name;
    at->path = at->path[0] == '\0'
                   ? plain
                   : cds_arena_printf(it->reader->arena, "%s.%s", at->path,
                                      plain);
    at->path = at->path == NULL ? plain : at->path;
    if (!cds_mul_u64(&at->instances, at->instances, instances) ||
        at->instances > instances_max) {
      cds_tl_error(it, name->place,
                   "subtrees have too many instances: expected at most 2^40");
      at->instances = 1;
    }
  }
  const cds_yaml *cycle = cds_tl_get(cds_tl_get(node, "attributes", NULL),
                                     "global_cycle_seconds", NULL);
  double seconds = 0.0;
  if (cycle != NULL &&
      cds_tl_number(&seconds, it, cycle, "global_cycle_seconds") &&
      seconds > 0.0) {
    it->clock_hz = 1.0 / seconds;
  }
  const cds_yaml *local = cds_tl_get(node, "local", NULL);
  if (local != NULL) {
    read_local(it, at, local);
  }
  const cds_yaml *below = cds_tl_get(node, "subtree", NULL);
  if (below != NULL && cds_tl_items(below) != 1) {
    cds_tl_error(it, below->place,
                 "%zu subtrees side by side: expected one, as Timeloop has a "
                 "chain of levels",
                 cds_tl_items(below));
    return NULL;
  }
  return below == NULL ? NULL : cds_tl_item(below, 0);
}

static void check_chain(cds_tl *it) {
  const cds_place place = it->architecture->place;
  const unsigned last = it->components - 1;
  if (it->components < 2 || !it->component[last].compute) {
    cds_tl_error(it, place,
                 "the chain has no memory or does not end in compute units: "
                 "expected one of class mac or compute, last");
    return;
  }
  for (unsigned c = 0; c < last; c++) {
    const cds_tl_component *at = &it->component[c];
    const cds_tl_component *next = &it->component[c + 1];
    if (at->compute) {
      cds_tl_error(it, at->place,
                   "compute units '%s' inside of the chain: expected them last",
                   at->foreign);
    }
    if (next->mesh_x % at->mesh_x != 0 || next->mesh_y % at->mesh_y != 0) {
      cds_tl_error(it, next->place,
                   "a mesh of %llu x %llu below one of %llu x %llu: expected "
                   "multiples",
                   (unsigned long long)next->mesh_x,
                   (unsigned long long)next->mesh_y,
                   (unsigned long long)at->mesh_x,
                   (unsigned long long)at->mesh_y);
    }
  }
  if (it->component[0].instances != 1) {
    cds_tl_error(it, it->component[0].place,
                 "the outermost memory has %llu instances: expected one",
                 (unsigned long long)it->component[0].instances);
  }
}

void cds_tl_read_architecture(cds_tl *it) {
  chain at = {"", 1};
  const cds_yaml *node = it->architecture;
  it->clock_hz = 1e9;
  /* Each step descends one level of the file, which has a limit. */
  while (node != NULL) {
    node = read_subtree(it, &at, node);
  }
  const char *name = cds_tl_name(it, it->name == NULL ? "system" : it->name);
  it->name = name == NULL ? "system" : name;
  if (!it->wrong) {
    check_chain(it);
  }
}

const char *cds_tl_array(uint64_t *cols, uint64_t *rows, cds_tl *it,
                         unsigned component) {
  const cds_tl_component *above = &it->component[component - 1];
  const cds_tl_component *at = &it->component[component];
  *cols = at->mesh_x / above->mesh_x;
  *rows = at->mesh_y / above->mesh_y;
  if (*cols == 1 && *rows == 1) {
    return NULL;
  }
  const char *name =
      cds_arena_printf(it->reader->arena, "%s-array", at->name);
  return name == NULL ? "array" : name;
}
