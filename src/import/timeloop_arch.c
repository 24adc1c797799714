/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Timeloop's architecture: a chain of `local` components, down one `subtree`
 * after another, each with instances on a mesh.
 */
#include <string.h>

#include "base/checked.h"
#include "import/timeloop.h"

enum { TEXT_SHOWN = 60 };
static const uint64_t instances_max = UINT64_C(1) << 40;

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
  return cds_tl_print(it, "%.*s", (int)(open - name), name);
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
  if (contains(name, "regfile")) {
    return "regfile";
  }
  *compute = contains(name, "mac") || contains(name, "compute");
  return *compute ? (contains(name, "fpmac") ? "fpmac" : "mac") : NULL;
}

/* ---- the chain ---------------------------------------------------------- */

/* A name of ours that no other component has. */
static const char *own_name(cds_tl *it, const char *foreign) {
  const char *base = cds_tl_name(it, foreign);
  const char *name = base;
  for (unsigned number = 2; number < 100; number++) {
    unsigned at = 0;
    while (at < it->components && strcmp(it->component[at].name, name) != 0) {
      at++;
    }
    if (at == it->components) {
      break;
    }
    name = cds_tl_print(it, "%s-%u", base, number);
  }
  return name;
}

typedef struct chain {
  const char *path;   /* "system.PE" */
  uint64_t instances; /* of the subtree */
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
    cds_tl_error(it, node->place, "more than %d components: expected fewer",
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
  to->path = cds_tl_print(it, "%s.%s", at->path, foreign);
  if (!cds_mul_u64(&to->instances, instances, at->instances) ||
      to->instances > instances_max) {
    cds_tl_error(it, node->place,
                 "'%.*s' has too many instances: expected at most 2^40",
                 TEXT_SHOWN, text);
    to->instances = 1;
  }
  it->components++;
  cds_tl_read_attributes(to, it, cds_tl_get(node, "attributes", NULL));
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
    at->path = at->path[0] == '\0' ? plain
                                   : cds_tl_print(it, "%s.%s", at->path, plain);
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
      cds_tl_error(
          it, next->place,
          "a mesh of %llu x %llu below one of %llu x %llu: expected "
          "multiples",
          (unsigned long long)next->mesh_x, (unsigned long long)next->mesh_y,
          (unsigned long long)at->mesh_x, (unsigned long long)at->mesh_y);
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
  it->name = cds_tl_name(it, it->name == NULL ? "system" : it->name);
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
  return cds_tl_print(it, "%s-array", at->name);
}
